// Code generated from spec/openapi.yaml by gen. DO NOT EDIT.

package generated

import (
	"fmt"
	"regexp"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/oapi-codegen/nullable"
)

// Violation is a rule of the spec that a request does not follow.
type Violation struct {
	// Field is the JSON path of the value, or the name of the path parameter.
	Field string
	// Rule is the keyword of the schema, such as maxLength, or utf-8.
	Rule string
	// Message says what the value must be.
	Message string
}

// CheckModule returns the violations of the path parameter module.
func CheckModule(value string) []Violation {
	return checkString("module", value, stringRules{required: true, pattern: pattern0, mustBe: "an id of 1 to 19 digits, or an API name (a letter, then letters, digits and underscores)"})
}

// CheckContactRoleID returns the violations of the path parameter contact_role_id.
func CheckContactRoleID(value string) []Violation {
	return checkString("contact_role_id", value, stringRules{required: true, pattern: pattern1, mustBe: "an id of 1 to 19 digits"})
}

// CheckSingleContactRoleUpdateBody returns the violations of a request body.
func CheckSingleContactRoleUpdateBody(body SingleContactRoleUpdateBody) []Violation {
	violations := checkSingleContactRoleUpdateBody(&body)
	for i := range violations {
		violations[i].Field = "$" + violations[i].Field
	}
	return violations
}

// CheckContactRolesUpdateBody returns the violations of a request body.
func CheckContactRolesUpdateBody(body ContactRolesUpdateBody) []Violation {
	violations := checkContactRolesUpdateBody(&body)
	for i := range violations {
		violations[i].Field = "$" + violations[i].Field
	}
	return violations
}

// CheckCustomModuleUpdateBody returns the violations of a request body.
func CheckCustomModuleUpdateBody(body CustomModuleUpdateBody) []Violation {
	violations := checkCustomModuleUpdateBody(&body)
	for i := range violations {
		violations[i].Field = "$" + violations[i].Field
	}
	return violations
}

func checkSingleContactRoleUpdate(v *SingleContactRoleUpdate) []Violation {
	return slices.Concat(
		checkString(".id", v.ID, stringRules{required: false, pattern: pattern1, mustBe: "an id of 1 to 19 digits"}),
		checkString(".name", v.Name, stringRules{required: false, maxLength: 50}),
		checkPositive(".sequence_number", v.SequenceNumber),
	)
}

func checkSingleContactRoleUpdateBody(v *SingleContactRoleUpdateBody) []Violation {
	return slices.Concat(
		checkArray(".contact_roles", v.ContactRoles, 1, checkSingleContactRoleUpdate),
	)
}

func checkContactRoleUpdate(v *ContactRoleUpdate) []Violation {
	return slices.Concat(
		checkString(".id", v.ID, stringRules{required: true, pattern: pattern1, mustBe: "an id of 1 to 19 digits"}),
		checkString(".name", v.Name, stringRules{required: false, maxLength: 50}),
		checkPositive(".sequence_number", v.SequenceNumber),
	)
}

func checkContactRolesUpdateBody(v *ContactRolesUpdateBody) []Violation {
	return slices.Concat(
		checkArray(".contact_roles", v.ContactRoles, 100, checkContactRoleUpdate),
	)
}

func checkModuleProfile(v *ModuleProfile) []Violation {
	return slices.Concat(
		checkNull("._delete", v.Delete),
		checkString(".id", v.ID, stringRules{required: true, pattern: pattern1, mustBe: "an id of 1 to 19 digits"}),
	)
}

func checkCustomModuleUpdate(v *CustomModuleUpdate) []Violation {
	return slices.Concat(
		checkString(".plural_label", v.PluralLabel, stringRules{required: true, maxLength: 25, pattern: pattern2, mustBe: "only letters, digits and spaces"}),
		checkArray(".profiles", v.Profiles, 0, checkModuleProfile),
		checkString(".singular_label", v.SingularLabel, stringRules{required: true, maxLength: 25, pattern: pattern2, mustBe: "only letters, digits and spaces"}),
	)
}

func checkCustomModuleUpdateBody(v *CustomModuleUpdateBody) []Violation {
	return slices.Concat(
		checkArray(".modules", v.Modules, 1, checkCustomModuleUpdate),
	)
}

// Patterns are compiled when they are first used.
var (
	pattern0 = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("^([0-9]{1,19}|[A-Za-z][A-Za-z0-9_]*)$") })
	pattern1 = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("^[0-9]{1,19}$") })
	pattern2 = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("^[^\\x00-\\x1F!-/:-@\\[-`{-\\x7F]+$") })
)

type stringRules struct {
	required  bool
	maxLength int // in code points; 0 means no limit
	pattern   func() *regexp.Regexp
	mustBe    string // the pattern in words
}

func checkString(field, value string, rules stringRules) (violations []Violation) {
	if value == "" {
		if rules.required {
			violations = append(violations, Violation{field, "required", "is required"})
		}
		return violations
	}
	if !utf8.ValidString(value) {
		return append(violations, Violation{field, "utf-8", "must be valid UTF-8"})
	}
	if n := utf8.RuneCountInString(value); rules.maxLength > 0 && n > rules.maxLength {
		violations = append(violations, Violation{field, "maxLength", fmt.Sprintf("must have at most %d characters, has %d", rules.maxLength, n)})
	}
	if rules.pattern != nil && !rules.pattern().MatchString(value) {
		violations = append(violations, Violation{field, "pattern", "must be " + rules.mustBe})
	}
	return violations
}

// checkPositive accepts 0, which is not sent.
func checkPositive(field string, value int) []Violation {
	if value < 0 {
		return []Violation{{field, "minimum", fmt.Sprintf("must be at least 1, is %d", value)}}
	}
	return nil
}

func checkNull(field string, value nullable.Nullable[bool]) []Violation {
	if value.IsSpecified() && !value.IsNull() {
		return []Violation{{field, "not", "must be null or absent"}}
	}
	return nil
}

// checkArray checks an array and its items. A maxItems of 0 means no limit.
func checkArray[T any](field string, items []T, maxItems int, check func(*T) []Violation) (violations []Violation) {
	if len(items) == 0 {
		violations = append(violations, Violation{field, "minItems", "must have at least 1 element, has 0"})
	}
	if maxItems > 0 && len(items) > maxItems {
		violations = append(violations, Violation{field, "maxItems", fmt.Sprintf("must have at most %d elements, has %d", maxItems, len(items))})
	}
	for i := range items {
		for _, violation := range check(&items[i]) {
			violation.Field = fmt.Sprintf("%s[%d]%s", field, i, violation.Field)
			violations = append(violations, violation)
		}
	}
	return violations
}

// Code generated from spec/openapi.yaml by gen. DO NOT EDIT.

package generated

import (
	"fmt"
	"unicode/utf8"
)

// Violation is a rule of the document that a request breaks.
type Violation struct {
	// Field is the JSON path of the value, or the name of the path parameter.
	Field string
	// Rule is the keyword of the schema, such as maxLength.
	Rule string
	// Message says what the value must be.
	Message string
}

// CheckContactRoleID returns the rules that the path parameter contact_role_id breaks.
func CheckContactRoleID(value string) (broken []Violation) {
	switch {
	case value == "":
		broken = append(broken, Violation{"contact_role_id", "required", "is required"})
	case !utf8.ValidString(value):
		broken = append(broken, Violation{"contact_role_id", "type", "must be valid UTF-8"})
	default:
		if !matches0(value) {
			broken = append(broken, Violation{"contact_role_id", "pattern", "must be an id of 1 to 19 digits"})
		}
	}
	return broken
}

func checkSingleContactRoleUpdate(v *SingleContactRoleUpdate) (broken []Violation) {
	switch {
	case v.ID == "":
	case !utf8.ValidString(v.ID):
		broken = append(broken, Violation{".id", "type", "must be valid UTF-8"})
	default:
		if !matches0(v.ID) {
			broken = append(broken, Violation{".id", "pattern", "must be an id of 1 to 19 digits"})
		}
	}
	switch {
	case v.Name == "":
	case !utf8.ValidString(v.Name):
		broken = append(broken, Violation{".name", "type", "must be valid UTF-8"})
	default:
		if utf8.RuneCountInString(v.Name) > 50 {
			broken = append(broken, Violation{".name", "maxLength", fmt.Sprintf("must have at most 50 characters, has %d", utf8.RuneCountInString(v.Name))})
		}
	}
	if v.SequenceNumber < 1 && v.SequenceNumber != 0 {
		broken = append(broken, Violation{".sequence_number", "minimum", fmt.Sprintf("must be at least 1, is %d", v.SequenceNumber)})
	}
	return broken
}

func checkSingleContactRoleUpdateBody(v *SingleContactRoleUpdateBody) (broken []Violation) {
	if len(v.ContactRoles) < 1 {
		broken = append(broken, Violation{".contact_roles", "minItems", fmt.Sprintf("must have at least 1, has %d", len(v.ContactRoles))})
	}
	if len(v.ContactRoles) > 1 {
		broken = append(broken, Violation{".contact_roles", "maxItems", fmt.Sprintf("must have at most 1, has %d", len(v.ContactRoles))})
	}
	for i := range v.ContactRoles {
		for _, b := range checkSingleContactRoleUpdate(&v.ContactRoles[i]) {
			b.Field = fmt.Sprintf(".contact_roles[%d]%s", i, b.Field)
			broken = append(broken, b)
		}
	}
	return broken
}

// CheckSingleContactRoleUpdateBody returns the rules that body breaks.
func CheckSingleContactRoleUpdateBody(body SingleContactRoleUpdateBody) []Violation {
	broken := checkSingleContactRoleUpdateBody(&body)
	for i := range broken {
		broken[i].Field = "$" + broken[i].Field
	}
	return broken
}

func checkContactRoleUpdate(v *ContactRoleUpdate) (broken []Violation) {
	switch {
	case v.ID == "":
		broken = append(broken, Violation{".id", "required", "is required"})
	case !utf8.ValidString(v.ID):
		broken = append(broken, Violation{".id", "type", "must be valid UTF-8"})
	default:
		if !matches0(v.ID) {
			broken = append(broken, Violation{".id", "pattern", "must be an id of 1 to 19 digits"})
		}
	}
	switch {
	case v.Name == "":
	case !utf8.ValidString(v.Name):
		broken = append(broken, Violation{".name", "type", "must be valid UTF-8"})
	default:
		if utf8.RuneCountInString(v.Name) > 50 {
			broken = append(broken, Violation{".name", "maxLength", fmt.Sprintf("must have at most 50 characters, has %d", utf8.RuneCountInString(v.Name))})
		}
	}
	if v.SequenceNumber < 1 && v.SequenceNumber != 0 {
		broken = append(broken, Violation{".sequence_number", "minimum", fmt.Sprintf("must be at least 1, is %d", v.SequenceNumber)})
	}
	return broken
}

func checkContactRolesUpdateBody(v *ContactRolesUpdateBody) (broken []Violation) {
	if len(v.ContactRoles) < 1 {
		broken = append(broken, Violation{".contact_roles", "minItems", fmt.Sprintf("must have at least 1, has %d", len(v.ContactRoles))})
	}
	if len(v.ContactRoles) > 100 {
		broken = append(broken, Violation{".contact_roles", "maxItems", fmt.Sprintf("must have at most 100, has %d", len(v.ContactRoles))})
	}
	for i := range v.ContactRoles {
		for _, b := range checkContactRoleUpdate(&v.ContactRoles[i]) {
			b.Field = fmt.Sprintf(".contact_roles[%d]%s", i, b.Field)
			broken = append(broken, b)
		}
	}
	return broken
}

// CheckContactRolesUpdateBody returns the rules that body breaks.
func CheckContactRolesUpdateBody(body ContactRolesUpdateBody) []Violation {
	broken := checkContactRolesUpdateBody(&body)
	for i := range broken {
		broken[i].Field = "$" + broken[i].Field
	}
	return broken
}

// CheckModule returns the rules that the path parameter module breaks.
func CheckModule(value string) (broken []Violation) {
	switch {
	case value == "":
		broken = append(broken, Violation{"module", "required", "is required"})
	case !utf8.ValidString(value):
		broken = append(broken, Violation{"module", "type", "must be valid UTF-8"})
	default:
		if !matches1(value) {
			broken = append(broken, Violation{"module", "pattern", "must be an id of 1 to 19 digits, or an API name (a letter, then letters, digits and underscores)"})
		}
	}
	return broken
}

func checkModuleProfile(v *ModuleProfile) (broken []Violation) {
	if v.Delete.IsSpecified() && !v.Delete.IsNull() {
		broken = append(broken, Violation{"._delete", "not", "must be null or absent"})
	}
	switch {
	case v.ID == "":
		broken = append(broken, Violation{".id", "required", "is required"})
	case !utf8.ValidString(v.ID):
		broken = append(broken, Violation{".id", "type", "must be valid UTF-8"})
	default:
		if !matches0(v.ID) {
			broken = append(broken, Violation{".id", "pattern", "must be an id of 1 to 19 digits"})
		}
	}
	return broken
}

func checkCustomModuleUpdate(v *CustomModuleUpdate) (broken []Violation) {
	switch {
	case v.PluralLabel == "":
		broken = append(broken, Violation{".plural_label", "required", "is required"})
	case !utf8.ValidString(v.PluralLabel):
		broken = append(broken, Violation{".plural_label", "type", "must be valid UTF-8"})
	default:
		if utf8.RuneCountInString(v.PluralLabel) > 25 {
			broken = append(broken, Violation{".plural_label", "maxLength", fmt.Sprintf("must have at most 25 characters, has %d", utf8.RuneCountInString(v.PluralLabel))})
		}
		if !matches2(v.PluralLabel) {
			broken = append(broken, Violation{".plural_label", "pattern", "must be only letters, digits and spaces"})
		}
	}
	if len(v.Profiles) < 1 {
		broken = append(broken, Violation{".profiles", "minItems", fmt.Sprintf("must have at least 1, has %d", len(v.Profiles))})
	}
	for i := range v.Profiles {
		for _, b := range checkModuleProfile(&v.Profiles[i]) {
			b.Field = fmt.Sprintf(".profiles[%d]%s", i, b.Field)
			broken = append(broken, b)
		}
	}
	switch {
	case v.SingularLabel == "":
		broken = append(broken, Violation{".singular_label", "required", "is required"})
	case !utf8.ValidString(v.SingularLabel):
		broken = append(broken, Violation{".singular_label", "type", "must be valid UTF-8"})
	default:
		if utf8.RuneCountInString(v.SingularLabel) > 25 {
			broken = append(broken, Violation{".singular_label", "maxLength", fmt.Sprintf("must have at most 25 characters, has %d", utf8.RuneCountInString(v.SingularLabel))})
		}
		if !matches2(v.SingularLabel) {
			broken = append(broken, Violation{".singular_label", "pattern", "must be only letters, digits and spaces"})
		}
	}
	return broken
}

func checkCustomModuleUpdateBody(v *CustomModuleUpdateBody) (broken []Violation) {
	if len(v.Modules) < 1 {
		broken = append(broken, Violation{".modules", "minItems", fmt.Sprintf("must have at least 1, has %d", len(v.Modules))})
	}
	if len(v.Modules) > 1 {
		broken = append(broken, Violation{".modules", "maxItems", fmt.Sprintf("must have at most 1, has %d", len(v.Modules))})
	}
	for i := range v.Modules {
		for _, b := range checkCustomModuleUpdate(&v.Modules[i]) {
			b.Field = fmt.Sprintf(".modules[%d]%s", i, b.Field)
			broken = append(broken, b)
		}
	}
	return broken
}

// CheckCustomModuleUpdateBody returns the rules that body breaks.
func CheckCustomModuleUpdateBody(body CustomModuleUpdateBody) []Violation {
	broken := checkCustomModuleUpdateBody(&body)
	for i := range broken {
		broken[i].Field = "$" + broken[i].Field
	}
	return broken
}

// ^[0-9]{1,19}$
func matches0(s string) bool {
	return matches(s, term{1, 19, func(r rune) bool { return '0' <= r && r <= '9' }})
}

// ^([0-9]{1,19}|[A-Za-z][A-Za-z0-9_]*)$
func matches1(s string) bool {
	return matches(s, term{1, 19, func(r rune) bool { return '0' <= r && r <= '9' }}) ||
		matches(s, term{1, 1, func(r rune) bool { return 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' }}, term{0, -1, func(r rune) bool {
			return '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || r == '_' || 'a' <= r && r <= 'z'
		}})
}

// ^[^\x00-\x1F!-/:-@\[-`{-\x7F]+$
func matches2(s string) bool {
	return matches(s, term{1, -1, func(r rune) bool {
		return r == ' ' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || '\u0080' <= r && r <= '\U0010ffff'
	}})
}

// term is a repeated character class; max is -1 where there is no limit.
type term struct {
	min, max int
	class    func(rune) bool
}

func matches(s string, terms ...term) bool {
	for _, t := range terms {
		n := 0
		for n != t.max && s != "" {
			r, size := utf8.DecodeRuneInString(s)
			if !t.class(r) {
				break
			}
			s = s[size:]
			n++
		}
		if n < t.min {
			return false
		}
	}
	return s == ""
}

package contracttest

import (
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-87e331f0/zohocrm-go/generated"
)

// The client checks requests by generated code, the contract tests by kin-openapi: both must find the same values
// invalid.

func TestGeneratedChecksOfPayloads(t *testing.T) {
	t.Parallel()
	for _, p := range readPayloads(t) {
		if p.part != "request" {
			continue
		}
		switch p.operation {
		case "updateCustomModule":
			compareDecoded(t, p, generated.CheckCustomModuleUpdateBody)
		case "updateContactRoles":
			compareDecoded(t, p, generated.CheckContactRolesUpdateBody)
		case "updateContactRole":
			compareDecoded(t, p, generated.CheckSingleContactRoleUpdateBody)
		default:
			t.Errorf("add the generated check of %s", p.operation)
		}
	}
}

// compareDecoded compares the checks of a payload, and tests that the generated type has all of a valid payload and
// nothing more: an absent key stays absent, null stays null.
func compareDecoded[T any](t *testing.T, p payload, check func(T) []generated.Violation) {
	t.Helper()
	var body T
	err := json.Unmarshal(p.body, &body)
	if p.err == "" && (err != nil || !equalJSON(t, encode(t, body), p.body)) {
		t.Errorf("%s: the payload became %s: %v", p, encode(t, body), err)
	}
	if err == nil {
		compare(t, p.operation, body, check)
	}
}

// compare compares the violations that the generated code finds in a request body with those that kin-openapi finds.
func compare[T any](t *testing.T, operationID string, body T, check func(T) []generated.Violation) {
	t.Helper()
	violations, data := check(body), encode(t, body)
	var received T
	if err := json.Unmarshal(data, &received); err != nil || !reflect.DeepEqual(received, body) {
		// JSON cannot carry text that is not UTF-8, so kin-openapi cannot find it.
		if !slices.ContainsFunc(violations, func(v generated.Violation) bool { return v.Rule == "utf-8" }) {
			t.Errorf("%s: the generated check finds %v, not that a string is not UTF-8", data, violations)
		}
		return
	}
	schema := operations()[operationID].RequestBody.Value.Content["application/json"].Schema.Value
	want := schemaViolations(schema.VisitJSON(decode(t, data), openapi3.MultiErrors()))
	got := map[string]string{}
	for _, v := range violations {
		got[v.Field] = v.Rule
		if v.Rule == "required" || want[v.Field] == "nullable" {
			got[v.Field] = want[v.Field] // JSON has "" or null where the Go type has no value
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("%s: the generated check finds %v, kin-openapi finds %v", data, got, want)
	}
}

// schemaViolations returns the rules that an error of kin-openapi is about, by the JSON paths of the values.
func schemaViolations(err error) map[string]string {
	rules := map[string]string{}
	errs, several := err.(openapi3.MultiError)
	if err != nil && !several {
		errs = openapi3.MultiError{err}
	}
	for _, err := range errs {
		e := err.(*openapi3.SchemaError)
		path := "$"
		for _, key := range e.JSONPointer() {
			if _, err := strconv.Atoi(key); err == nil {
				path += "[" + key + "]"
			} else {
				path += "." + key
			}
		}
		rules[path] = e.SchemaField
	}
	return rules
}

func TestLabelsHaveLettersDigitsAndSpaces(t *testing.T) {
	t.Parallel()
	for c := range rune(utf8.RuneSelf) {
		body := generated.CustomModuleUpdateBody{Modules: []generated.CustomModuleUpdate{{
			PluralLabel: string(c), SingularLabel: string(c), Profiles: []generated.ModuleProfile{{ID: "7"}},
		}}}
		compare(t, "updateCustomModule", body, generated.CheckCustomModuleUpdateBody)
		violations := generated.CheckCustomModuleUpdateBody(body)
		valid := c == ' ' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
		if valid != (len(violations) == 0) {
			t.Errorf("label %q has the violations %v", c, violations)
		}
	}
}

func FuzzCustomModuleUpdateBody(f *testing.F) {
	f.Add("Cars", "Car", "7", 1, 1, 1)
	f.Add("", strings.Repeat("😀", 26), "12345678901234567890", 2, 2, 1)
	f.Add("Rock & Roll", strings.Repeat("é", 25), "7\n", 3, 3, 2)
	f.Add("A", "B", "", 0, -1, 0)
	f.Add("Cars\xff", "Car", "7", 0, 1, 1)
	f.Add("Cars", "\xff", "7", 0, 1, 1)
	f.Add("Cars", "Car", "7\xff", 0, 1, 1)
	f.Fuzz(func(t *testing.T, plural, singular, id string, deletion, profiles, modules int) {
		profile := generated.ModuleProfile{ID: id}
		switch deletion {
		case 1:
			profile.Delete.SetNull()
		case 2, 3:
			profile.Delete.Set(deletion == 2)
		}
		module := generated.CustomModuleUpdate{PluralLabel: plural, SingularLabel: singular, Profiles: several(profile, profiles%4)}
		body := generated.CustomModuleUpdateBody{Modules: several(module, modules%3)}
		compare(t, "updateCustomModule", body, generated.CheckCustomModuleUpdateBody)
	})
}

func FuzzContactRolesUpdateBody(f *testing.F) {
	f.Add("11", "Sales Lead", 5, 1)
	f.Add("", "", 0, 100)
	f.Add("12345678901234567890", strings.Repeat("é", 51), math.MinInt, 101)
	f.Add("11\n", strings.Repeat("😀", 50), math.MaxInt, 2)
	f.Add("11", "Sales Lead", -1, -1)
	f.Add("11\xff", "Sales Lead", 1, 1)
	f.Add("11", "\xff", 1, 1)
	f.Fuzz(func(t *testing.T, id, name string, number, n int) {
		role := generated.ContactRoleUpdate{ID: id, Name: name, SequenceNumber: number}
		bulk := generated.ContactRolesUpdateBody{ContactRoles: several(role, n)}
		compare(t, "updateContactRoles", bulk, generated.CheckContactRolesUpdateBody)
		single := generated.SingleContactRoleUpdateBody{ContactRoles: several(generated.SingleContactRoleUpdate(role), n)}
		compare(t, "updateContactRole", single, generated.CheckSingleContactRoleUpdateBody)
	})
}

// several returns a list of n, at most 101, times the same element. It is nil for a negative n.
func several[T any](element T, n int) []T {
	if n < 0 {
		return nil
	}
	return slices.Repeat([]T{element}, n%102)
}

func FuzzPathParameters(f *testing.F) {
	for _, value := range []string{
		"7", "9223372036854775807", "12345678901234567890", "Cars", "a", "Z", "Appointments__s", "CustomModule34", "_a", "7a", "Car-Park", "Ä",
		"", ".", "..", "a/b", "a b", "a?b", "a%20b", "7\n", " 7", "-7", "７", "\xff",
	} {
		f.Add(value)
	}
	module := operations()["updateCustomModule"].Parameters.GetByInAndName("path", "module").Schema.Value
	role := operations()["updateContactRole"].Parameters.GetByInAndName("path", "contact_role_id").Schema.Value
	f.Fuzz(func(t *testing.T, value string) {
		if got, want := generated.CheckModule(value) == nil, module.VisitJSON(value) == nil; got != want {
			t.Errorf("the generated check accepts module %q: %v, kin-openapi: %v", value, got, want)
		}
		if got, want := generated.CheckContactRoleID(value) == nil, role.VisitJSON(value) == nil; got != want {
			t.Errorf("the generated check accepts contact_role_id %q: %v, kin-openapi: %v", value, got, want)
		}
	})
}

package spec_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

const (
	badURL    = "404 INVALID_URL_PATTERN: Please check if the URL trying to access is a correct one"
	badScope  = "401 OAUTH_SCOPE_MISMATCH: Unauthorized"
	internal  = "500 INTERNAL_ERROR: Internal Server Error"
	badMethod = "400 INVALID_REQUEST_METHOD: The http request method type is not a valid one"
)

// documented are the operations as Zoho's pages describe them.
var documented = map[string]struct {
	page   string
	scopes []string
	errors []string
}{
	"GET /Contacts/roles": {
		"get-contact-roles", []string{"ZohoCRM.modules.contacts.READ", "ZohoCRM.modules.ALL"},
		[]string{badURL, badScope, "403 NO_PERMISSION: Permission denied to read records", internal, badMethod,
			"400 AUTHORIZATION_FAILED: User does not have sufficient privilege to read records"},
	},
	"PUT /Contacts/roles":                   {"update-contact-roles", updateRolesScopes, updateRolesErrors},
	"PUT /Contacts/roles/{contact_role_id}": {"update-contact-roles", updateRolesScopes, updateRolesErrors},
	"GET /settings/modules":                 {"modules-api", readModulesScopes, readModulesErrors},
	"GET /settings/modules/{module}": {
		"module-meta", readModulesScopes, slices.Concat([]string{"400 INVALID_MODULE: the module name given seems to be invalid"}, readModulesErrors),
	},
	"PUT /settings/modules/{module}": {
		"update-custom-module-api", []string{"ZohoCRM.settings.modules.UPDATE", "ZohoCRM.settings.modules.ALL", "ZohoCRM.settings.ALL"},
		[]string{"400 INVALID_MODULE: The URL contains invalid module data", "400 NOT_ALLOWED: API name cannot be updated for module",
			"400 MINIMUM_DATA_NOT_FOUND: Minimum one profile is needed", badMethod, badScope, "400 MANDATORY_NOT_FOUND: Mandatory fields are missing",
			"401 AUTHENTICATION_FAILURE: Authentication failed", badURL, internal},
	},
	"GET /settings/profiles": {
		"get-profiles", []string{"ZohoCRM.settings.profiles.READ", "ZohoCRM.settings.profiles.ALL"},
		[]string{badURL, badScope, "403 NO_PERMISSION: permission denied", internal, badMethod},
	},
}

var (
	updateRolesScopes = []string{"ZohoCRM.modules.contacts.UPDATE", "ZohoCRM.modules.ALL"}
	updateRolesErrors = []string{badURL, badScope, "403 NO_PERMISSION: Permission denied to update records", internal, badMethod,
		"400 AUTHORIZATION_FAILED: User does not have sufficient privilege to update records", "400 DUPLICATE_DATA: duplicate data",
		"400 INVALID_DATA: invalid data", "400 MANDATORY_NOT_FOUND: required field not found"}
	readModulesScopes = []string{"ZohoCRM.settings.modules.READ", "ZohoCRM.settings.modules.ALL", "ZohoCRM.settings.ALL"}
	readModulesErrors = []string{badURL, badScope, "403 NO_PERMISSION: Permission denied to read", internal, badMethod,
		"400 AUTHORIZATION_FAILED: User does not have sufficient privilege to read module details."}
)

func TestOperationsAreAsDocumented(t *testing.T) {
	t.Parallel()
	count := 0
	for path, item := range load(t).Paths.Map() {
		for method, op := range item.Operations() {
			count++
			t.Run(method+path, func(t *testing.T) {
				want := documented[method+" "+path]
				if op.ExternalDocs.URL != "https://www.zoho.com/crm/developer/docs/api/v7/"+want.page+".html" {
					t.Errorf("documentation is %s", op.ExternalDocs.URL)
				}
				if scopes := extension[[]string](t, op.Extensions, "x-zoho-scopes"); !slices.Equal(scopes, want.scopes) {
					t.Errorf("scopes are %q, want %q", scopes, want.scopes)
				}
				for _, scope := range want.scopes {
					if !strings.Contains(op.Description, "`"+scope+"`") {
						t.Errorf("description lacks the scope %s", scope)
					}
				}
				if op.Security == nil || len(*op.Security) != 1 || (*op.Security)[0]["zohoOAuthToken"] == nil {
					t.Errorf("security is %v", op.Security)
				}
				var got []string
				for _, e := range extension[[]zohoError](t, op.Extensions, "x-zoho-errors") {
					got = append(got, fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message))
					if e.Resolution == "" {
						t.Errorf("%s has no resolution", e.Code)
					}
					if example := examples(op, e.Status)[strings.ToLower(e.Code)]; !slices.ContainsFunc(results(example), e.equal) {
						t.Errorf("%d has no example %s with the message %q", e.Status, strings.ToLower(e.Code), e.Message)
					}
				}
				if !slices.Equal(got, want.errors) {
					t.Errorf("errors are %q, want %q", got, want.errors)
				}
			})
		}
	}
	if count != len(documented) {
		t.Errorf("%d operations, want %d", count, len(documented))
	}
}

func TestCommonErrorsHaveExamples(t *testing.T) {
	t.Parallel()
	doc := load(t)
	for _, e := range extension[[]zohoError](t, doc.Extensions, "x-zoho-common-errors") {
		found := false
		for _, item := range doc.Paths.Map() {
			for _, op := range item.Operations() {
				found = found || slices.ContainsFunc(results(examples(op, e.Status)[strings.ToLower(e.Code)]), e.equal)
			}
		}
		if !found || e.Resolution == "" {
			t.Errorf("%d %s: example %t, resolution %q", e.Status, e.Code, found, e.Resolution)
		}
	}
}

func (e zohoError) equal(result map[string]any) bool {
	return result["code"] == e.Code && result["message"] == e.Message && result["status"] == "error"
}

// examples returns the values of the named examples of a response.
func examples(op *openapi3.Operation, status int) map[string]any {
	values := map[string]any{}
	if response := op.Responses.Status(status); response != nil && response.Value.Content["application/json"] != nil {
		for name, example := range response.Value.Content["application/json"].Examples {
			values[name] = example.Value.Value
		}
	}
	return values
}

// results returns the results of a body: those in its array, or the bare error.
func results(body any) []map[string]any {
	object, _ := body.(map[string]any)
	for _, value := range object {
		if items, ok := value.([]any); ok {
			var all []map[string]any
			for _, item := range items {
				all = append(all, item.(map[string]any))
			}
			return all
		}
	}
	return []map[string]any{object}
}

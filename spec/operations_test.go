package spec_test

import (
	"encoding/json"
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
	"GET /settings/modules/{module}": {"module-meta", readModulesScopes,
		slices.Concat([]string{"400 INVALID_MODULE: the module name given seems to be invalid"}, readModulesErrors)},
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
	doc := load(t)
	count := 0
	for path, item := range doc.Paths.Map() {
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
				if named := "`" + strings.Join(want.scopes, "`, `") + "`"; !strings.Contains(op.Description, named) {
					t.Errorf("description lacks the scopes %s", named)
				}
				if op.Security == nil || len(*op.Security) != 1 || (*op.Security)[0]["zohoOAuthToken"] == nil {
					t.Errorf("security is %v", op.Security)
				}
				var got []string
				for _, e := range extension[[]zohoError](t, op.Extensions, "x-zoho-errors") {
					got = append(got, fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message))
					if !e.hasExample(t, op) || e.Resolution == "" {
						t.Errorf("%s has the example %t and the resolution %q", e.Code, e.hasExample(t, op), e.Resolution)
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
	for _, e := range extension[[]zohoError](t, doc.Extensions, "x-zoho-common-errors") {
		if update := doc.Paths.Value("/settings/modules/{module}").Put; !e.hasExample(t, update) || e.Resolution == "" {
			t.Errorf("%s has the example %t and the resolution %q", e.Code, e.hasExample(t, update), e.Resolution)
		}
	}
}

// zohoError is an entry of x-zoho-errors or x-zoho-common-errors.
type zohoError struct {
	Code, Message, Resolution string
	Status                    int
}

// hasExample tells whether an operation has an example of the error, named as the code in lower case.
func (e zohoError) hasExample(t *testing.T, op *openapi3.Operation) bool {
	t.Helper()
	example := op.Responses.Status(e.Status).Value.Content["application/json"].Examples[strings.ToLower(e.Code)]
	if example == nil {
		return false
	}
	data, err := json.Marshal(example.Value.Value)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(data), fmt.Sprintf("%q:%q", "code", e.Code)) && strings.Contains(string(data), fmt.Sprintf("%q:%q", "message", e.Message))
}

func extension[T any](t *testing.T, extensions map[string]any, name string) (value T) {
	t.Helper()
	data, err := json.Marshal(extensions[name])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

package zohotest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/generated"
)

const modulesPath = "/crm/v7/settings/modules"

func TestGetContactRoles(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	send(t, s, "PUT", rolePath, `{"contact_roles":[{"name":"Agent","sequence_number":3}]}`)
	want := `{"contact_roles":[{"id":"21","name":"Owner","sequence_number":2},{"id":"20","name":"Agent","sequence_number":3},{"id":"22","name":"Tenant","sequence_number":3}]}`
	if status, response := send(t, s, "GET", rolesPath, ""); status != 200 || !equalJSON(t, response, want) {
		t.Errorf("got  %d %s\nwant %s", status, response, want)
	}
}

func TestGetModule(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	send(t, s, "PUT", modulePath, strings.Replace(moduleBody, `{"id":"1","_delete":null}`, `{"id":"3"}`, 1))
	want := `{"modules":[{"id":"10","api_name":"Visits","module_name":"CustomModule1","singular_label":"Tour","actual_singular_label":"Tour",
		"plural_label":"Tours","actual_plural_label":"Tours","generated_type":"custom","status":"visible","visibility":1,"sequence_number":1,
		"access_type":"org_based","api_supported":true,"editable":true,"viewable":true,
		"profiles":[{"id":"1","name":"Administrator"},{"id":"2","name":"Standard"},{"id":"3","name":"Sales"}],"profile_count":3,"has_more_profiles":false,
		"description":null,"modified_time":null,"modified_by":null,"parent_module":{},"arguments":[],"web_link":null}]}`
	for _, path := range []string{modulePath, modulesPath + "/10"} {
		if status, response := send(t, s, "GET", path, ""); status != 200 || !equalJSON(t, response, want) {
			t.Errorf("got  %d %s\nwant %s", status, response, want)
		}
	}
}

func TestGetModules(t *testing.T) {
	t.Parallel()
	module := func(id, status string) Module {
		return Module{ID: id, APIName: "M" + id, PluralLabel: id + "s", SingularLabel: id, Profiles: []string{"1"}, Status: status}
	}
	s := newServer(t, WithModules(module("1", ""), module("2", "user_hidden"), module("3", "system_hidden"), module("4", "scheduled_for_deletion")))
	for query, want := range map[string]string{
		"":                                  "1 2 3 4",
		"?status=visible":                   "1",
		"?status=user_hidden,system_hidden": "2 3",
		"?status=scheduled_for_deletion":    "4",
		"?status=":                          "400 INVALID_DATA param_name=status",
		"?status=visible,hidden":            "400 INVALID_DATA param_name=status",
	} {
		status, response := send(t, s, "GET", modulesPath+query, "")
		var got string
		if status != 200 {
			got = summary(t, status, response)
		} else {
			var ids []string
			for _, part := range strings.Split(response, `"api_name":"M`)[1:] {
				ids = append(ids, part[:1])
			}
			got = strings.Join(ids, " ")
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
}

func TestGetModulesListsTenProfilesOfAModule(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		n             int
		inList, inOne string
	}{
		{10, `"has_more_profiles":false`, `"has_more_profiles":false`},
		{11, `"has_more_profiles":true`, `"has_more_profiles":false`},
	} {
		var profiles []Profile
		var ids []string
		for i := range test.n {
			ids = append(ids, fmt.Sprint(i+100))
			profiles = append(profiles, Profile{ID: ids[i]})
		}
		s := newServer(t, WithProfiles(profiles...), WithModules(Module{ID: "10", APIName: "Visits", PluralLabel: "Visits", SingularLabel: "Visit", Profiles: ids}))
		for path, want := range map[string]string{modulesPath: test.inList, modulePath: test.inOne} {
			_, response := send(t, s, "GET", path, "")
			listed := strings.Count(response, `"name":"Profile 1`)
			if !strings.Contains(response, want) || !strings.Contains(response, fmt.Sprintf(`"profile_count":%d`, test.n)) || listed != test.n && path == modulePath || listed != 10 && path == modulesPath {
				t.Errorf("%s with %d profiles: got %s, want %s", path, test.n, response, want)
			}
		}
	}
}

func TestGetProfiles(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithProfiles(Profile{"1", "Administrator"}, Profile{ID: "2"}))
	keys := `"type":"normal_profile","custom":false,"description":null,"created_time":null,"created_by":null,"modified_time":null,"modified_by":null}`
	want := `{"profiles":[{"id":"1","name":"Administrator","display_label":"Administrator",` + keys + `,{"id":"2","name":"Profile 2","display_label":"Profile 2",` + keys + `]}`
	if status, response := send(t, s, "GET", "/crm/v7/settings/profiles", ""); status != 200 || !equalJSON(t, response, want) {
		t.Errorf("got  %d %s\nwant %s", status, response, want)
	}
}

func TestNoContent(t *testing.T) {
	t.Parallel()
	hidden := Module{ID: "10", APIName: "Visits", PluralLabel: "Visits", SingularLabel: "Visit", Profiles: []string{"1"}, Status: "system_hidden"}
	s := newServer(t, WithModules(hidden), WithContactRoles())
	for _, path := range []string{rolesPath, modulesPath + "?status=visible", modulePath} {
		if status, response := send(t, s, "GET", path, ""); status != 204 || response != "" {
			t.Errorf("%s: got %d %q, want 204", path, status, response)
		}
	}
}

func TestErrorsOfReads(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, test := range []struct{ method, path, header, want string }{
		{"GET", modulesPath + "/Unknown", "", "400 INVALID_MODULE resource_path_index=2"},
		{"GET", rolePath, "", "400 INVALID_REQUEST_METHOD"},
		{"PUT", modulesPath, "", "400 INVALID_REQUEST_METHOD"},
		{"POST", modulePath, "", "400 INVALID_REQUEST_METHOD"},
		{"GET", "/crm/v7/settings/layouts", "", "404 INVALID_URL_PATTERN"},
		{"GET", "/crm/v7/settings/profiles", "Authorization: ", "401 AUTHENTICATION_FAILURE"},
		{"GET", rolesPath, "Authorization: Zoho-oauthtoken 1000.a.b", "401 INVALID_TOKEN"},
	} {
		status, response := send(t, s, test.method, test.path, "", test.header)
		if got := summary(t, status, response); got != test.want {
			t.Errorf("%s %s: got %s, want %s", test.method, test.path, got, test.want)
		}
	}
}

func TestEachOperationRequiresAScope(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	tests := []struct{ method, path, body, scopes string }{
		{"GET", rolesPath, "", "ZohoCRM.modules.contacts.READ ZohoCRM.modules.contacts.ALL ZohoCRM.modules.ALL"},
		{"GET", modulesPath, "", "ZohoCRM.settings.modules.READ ZohoCRM.settings.modules.ALL ZohoCRM.settings.ALL"},
		{"GET", modulePath, "", "ZohoCRM.settings.modules.READ ZohoCRM.settings.modules.ALL ZohoCRM.settings.ALL"},
		{"GET", "/crm/v7/settings/profiles", "", "ZohoCRM.settings.profiles.READ ZohoCRM.settings.profiles.ALL"},
		{"PUT", modulePath, moduleBody, "ZohoCRM.settings.modules.UPDATE ZohoCRM.settings.modules.ALL ZohoCRM.settings.ALL"},
		{"PUT", rolesPath, rolesBody, "ZohoCRM.modules.contacts.UPDATE ZohoCRM.modules.contacts.ALL ZohoCRM.modules.ALL"},
		{"PUT", rolePath, roleBody, "ZohoCRM.modules.contacts.UPDATE ZohoCRM.modules.contacts.ALL ZohoCRM.modules.ALL"},
	}
	if len(tests) != len(generated.Operations()) {
		t.Errorf("%d operations are tested, of %d", len(tests), len(generated.Operations()))
	}
	for _, test := range tests {
		if status, response := send(t, s, test.method, test.path, test.body, "Authorization: Zoho-oauthtoken "+s.AccessToken()); status != 200 {
			t.Errorf("%s %s with the default scopes: got %d %s", test.method, test.path, status, response)
		}
		for _, scope := range []string{
			"ZohoCRM.modules.contacts.READ", "ZohoCRM.modules.contacts.UPDATE", "ZohoCRM.modules.contacts.ALL", "ZohoCRM.modules.ALL",
			"ZohoCRM.settings.modules.READ", "ZohoCRM.settings.modules.UPDATE", "ZohoCRM.settings.modules.ALL",
			"ZohoCRM.settings.profiles.READ", "ZohoCRM.settings.profiles.ALL", "ZohoCRM.settings.ALL",
		} {
			status, response := send(t, s, test.method, test.path, test.body, "Authorization: Zoho-oauthtoken "+s.IssueToken(scope))
			covered := strings.Contains(test.scopes+" ", scope+" ")
			if covered != (status == 200) || !covered && summary(t, status, response) != "401 OAUTH_SCOPE_MISMATCH" {
				t.Errorf("%s %s with %s: got %d %s", test.method, test.path, scope, status, response)
			}
		}
	}
}

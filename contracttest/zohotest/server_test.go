package zohotest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	modulePath = "/crm/v7/settings/modules/Visits"
	rolesPath  = "/crm/v7/Contacts/roles"
	rolePath   = rolesPath + "/20"
	jsonHeader = "Content-Type: application/json"

	moduleBody = `{"modules":[{"plural_label":"Tours","singular_label":"Tour","profiles":[{"id":"1","_delete":null},{"id":"2"}]}]}`
	rolesBody  = `{"contact_roles":[{"id":"20","name":"Agent","sequence_number":5},{"id":"21","name":"Guest","sequence_number":6}]}`
	roleBody   = `{"contact_roles":[{"name":"Agent","sequence_number":5}]}`
)

// newServer starts a server with an org of short ids.
func newServer(t *testing.T, options ...Option) *Server {
	t.Helper()
	return NewServer(t, append([]Option{
		WithProfiles(Profile{"1", "Administrator"}, Profile{"2", "Standard"}, Profile{"3", "Sales"}),
		WithModules(
			Module{ID: "10", APIName: "Visits", PluralLabel: "Visits", SingularLabel: "Visit", Profiles: []string{"1"}},
			Module{ID: "11", APIName: "Leases", PluralLabel: "Leases", SingularLabel: "Lease", Profiles: []string{"1"}},
		),
		WithContactRoles(ContactRole{"20", "Buyer", 1}, ContactRole{"21", "Owner", 2}, ContactRole{"22", "Tenant", 3}),
	}, options...)...)
}

// ignoreProblems is for requests that Zoho accepts although the spec does not allow them.
var ignoreProblems = WithProblemFunc(func(string) {})

// send sends a request with a valid token, and with headers of the form "Key: value", which replace the default ones.
func send(t *testing.T, s *Server, method, path, body string, headers ...string) (status int, response string) {
	t.Helper()
	r, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	headers = append([]string{"Authorization: Zoho-oauthtoken " + s.IssueToken(), jsonHeader}, headers...)
	for _, header := range headers {
		key, value, _ := strings.Cut(header, ": ")
		if r.Header.Set(key, value); value == "" {
			r.Header.Del(key)
		}
	}
	res, err := s.HTTPClient().Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return res.StatusCode, err.Error()
	}
	return res.StatusCode, string(data)
}

// summary returns what matters of a response in one line, such as
// "400 modules: INVALID_DATA api_name=profiles json_path=$.modules[0].profiles", without the key if the error is bare.
func summary(t *testing.T, status int, body string) string {
	t.Helper()
	line := func(r result) string {
		parts := []string{string(r.Code)}
		for _, key := range slices.Sorted(maps.Keys(r.Details)) {
			parts = append(parts, fmt.Sprintf("%s=%v", key, r.Details[key]))
		}
		return strings.Join(parts, " ")
	}
	var bare result
	if err := json.Unmarshal([]byte(body), &bare); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if bare.Code != "" {
		return fmt.Sprint(status, " ", line(bare))
	}
	var wrapped map[string][]result
	if err := json.Unmarshal([]byte(body), &wrapped); err != nil || len(wrapped) != 1 {
		t.Fatalf("%v: %s", err, body)
	}
	var lines []string
	for _, r := range slices.Collect(maps.Values(wrapped))[0] {
		lines = append(lines, line(r))
	}
	return fmt.Sprint(status, " ", slices.Collect(maps.Keys(wrapped))[0], ": ", strings.Join(lines, "; "))
}

type updateTest struct {
	name string
	// replace and with change the valid body; without them, with is the body.
	replace, with string
	want          string
}

// testUpdates sends each body to a server of its own.
func testUpdates(t *testing.T, path, body string, tests []updateTest) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			changed := test.with
			if test.replace != "" || test.with == "" {
				changed = strings.Replace(body, test.replace, test.with, 1)
			}
			before := fmt.Sprint(s.Modules(), s.ContactRoles())
			status, response := send(t, s, http.MethodPut, path, changed)
			if got := summary(t, status, response); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if after := fmt.Sprint(s.Modules(), s.ContactRoles()); status >= 400 && after != before {
				t.Errorf("a rejected update changed the org to %s", after)
			}
		})
	}
}

func TestUpdateCustomModule(t *testing.T) {
	t.Parallel()
	const success = "200 modules: SUCCESS id=10"
	invalid := func(path, details string) string {
		return "400 modules: " + strings.TrimSpace(fmt.Sprintf("INVALID_DATA api_name=%s %s", path[strings.LastIndex(path, ".")+1:], details)) + " json_path=" + path
	}
	testUpdates(t, modulePath, moduleBody, []updateTest{
		{"documented request", "", "", success},
		{"labels of another script", "Tours", "डिजिटल 2", success},
		{"label of 25 characters", "Tours", strings.Repeat("ä", 25), success},
		{"label unchanged", "Tours", "Visits", success},
		{"label of 26 characters", "Tours", strings.Repeat("ä", 26), "400 modules: INVALID_DATA api_name=plural_label json_path=$.modules[0].plural_label maximum_length=25"},
		{"label with punctuation", `"Tour"`, `"R&D"`, invalid("$.modules[0].singular_label", "")},
		{"label empty", "Tours", "", invalid("$.modules[0].plural_label", "")},
		{"label null", `"Tours"`, "null", invalid("$.modules[0].plural_label", "expected_data_type=string")},
		{"label missing", `"plural_label":"Tours",`, "", "400 modules: MANDATORY_NOT_FOUND api_name=plural_label json_path=$.modules[0].plural_label"},
		{"plural label taken", "Tours", "Leases", "400 modules: DUPLICATE_DATA api_name=plural_label id=11 json_path=$.modules[0].plural_label"},
		{"singular label taken", `"Tour"`, `"Lease"`, "400 modules: DUPLICATE_DATA api_name=singular_label id=11 json_path=$.modules[0].singular_label"},
		{"api_name", `"profiles"`, `"api_name":"Tours","profiles"`, "400 modules: NOT_ALLOWED api_name=api_name json_path=$.modules[0].api_name"},
		{"undeclared key", `"profiles"`, `"visible":true,"profiles"`, invalid("$.modules[0].visible", "")},
		{"profiles missing", "", `{"modules":[{"plural_label":"a","singular_label":"b"}]}`, "400 modules: MANDATORY_NOT_FOUND api_name=profiles json_path=$.modules[0].profiles"},
		{"profiles empty", `{"id":"1","_delete":null},{"id":"2"}`, "", "400 modules: MINIMUM_DATA_NOT_FOUND api_name=profiles json_path=$.modules[0].profiles"},
		{"profiles null", `[{"id":"1","_delete":null},{"id":"2"}]`, "null", "400 modules: MINIMUM_DATA_NOT_FOUND api_name=profiles json_path=$.modules[0].profiles"},
		{"profiles a string", `[{"id":"1","_delete":null},{"id":"2"}]`, `"1"`, invalid("$.modules[0].profiles", "expected_data_type=jsonarray")},
		{"last profile removed", `,{"id":"2"}`, "", "400 modules: MINIMUM_DATA_NOT_FOUND api_name=profiles json_path=$.modules[0].profiles"},
		{"profile a string", `{"id":"2"}`, `"2"`, invalid("$.modules[0].profiles", "expected_data_type=jsonobject")},
		{"profile without id", `{"id":"1",`, `{`, "400 modules: MANDATORY_NOT_FOUND api_name=id json_path=$.modules.profiles[0].id"},
		{"profile unknown", `"2"`, `"9"`, invalid("$.modules.profiles[1].id", "")},
		{"profile with an undeclared key", `{"id":"2"`, `{"id":"2","name":"x"`, invalid("$.modules.profiles[1].name", "")},
		{"_delete true", `null`, "true", invalid("$.modules.profiles[0]._delete", "expected_data_type=jsonobject")},
		{"_delete false", `null`, "false", invalid("$.modules.profiles[0]._delete", "expected_data_type=jsonobject")},
		{"two modules", "", `{"modules":[{},{}]}`, "400 LIMIT_EXCEEDED limit=1"},
		{"modules missing", "", `{}`, "400 modules: MANDATORY_NOT_FOUND api_name=modules json_path=$.modules"},
	})
}

func TestUpdateContactRoles(t *testing.T) {
	t.Parallel()
	testUpdates(t, rolesPath, rolesBody, []updateTest{
		{"documented request", "", "", "200 contact_roles: SUCCESS id=20; SUCCESS id=21"},
		{"some fail", "Guest", "Agent", "207 contact_roles: SUCCESS id=20; DUPLICATE_DATA api_name=name id=20 json_path=$.contact_roles[1].name"},
		{"all fail", "", `{"contact_roles":[{"id":"20","name":"Tenant"},{"id":"29"}]}`, "400 contact_roles: DUPLICATE_DATA api_name=name id=22 json_path=$.contact_roles[0].name; INVALID_DATA id=29"},
		{"name unchanged", "Agent", "Buyer", "200 contact_roles: SUCCESS id=20; SUCCESS id=21"},
		{"id a fraction", "", `{"contact_roles":[{"id":20.5,"name":"Agent"}]}`, "400 contact_roles: INVALID_DATA api_name=id expected_data_type=string json_path=$.contact_roles[0].id"},
		{"id missing", "", `{"contact_roles":[{"name":"Agent"}]}`, "400 contact_roles: MANDATORY_NOT_FOUND api_name=id json_path=$.contact_roles[0].id"},
		{"role null", "", `{"contact_roles":[null]}`, "400 contact_roles: INVALID_DATA expected_data_type=jsonobject json_path=$.contact_roles[0]"},
		{"100 roles", "", `{"contact_roles":[` + strings.Repeat(`{"id":"20","name":"Agent"},`, 99) + `{"id":"20","name":"Agent"}]}`, "200 contact_roles: " + strings.Repeat("SUCCESS id=20; ", 99) + "SUCCESS id=20"},
		{"101 roles", "", `{"contact_roles":[` + strings.Repeat(`{},`, 100) + `{}]}`, "400 LIMIT_EXCEEDED limit=100"},
		{"no roles", "", `{"contact_roles":[]}`, "400 contact_roles: MANDATORY_NOT_FOUND api_name=contact_roles json_path=$.contact_roles"},
		{"roles an object", "", `{"contact_roles":{}}`, "400 INVALID_DATA api_name=contact_roles expected_data_type=jsonarray json_path=$.contact_roles"},
		{"undeclared key beside the roles", "]}", `],"trigger":[]}`, "400 INVALID_DATA api_name=trigger json_path=$.trigger"},
	})
}

func TestUpdateContactRole(t *testing.T) {
	t.Parallel()
	const success = "200 contact_roles: SUCCESS id=20"
	testUpdates(t, rolePath, roleBody, []updateTest{
		{"documented request", "", "", success},
		{"id of the path", `"name"`, `"id":"20","name"`, success},
		{"another id", `"name"`, `"id":"21","name"`, "400 contact_roles: INVALID_DATA id=21"},
		{"two roles", "", `{"contact_roles":[{},{}]}`, "400 LIMIT_EXCEEDED limit=1"},
		{"name of 50 characters", "Agent", strings.Repeat("ä", 50), success},
		{"name of 51 characters", "Agent", strings.Repeat("ä", 51), "400 contact_roles: INVALID_DATA api_name=name json_path=$.contact_roles[0].name maximum_length=50"},
		{"name empty", "Agent", "", "400 contact_roles: INVALID_DATA api_name=name json_path=$.contact_roles[0].name"},
		{"name a number", `"Agent"`, "1", "400 contact_roles: INVALID_DATA api_name=name expected_data_type=string json_path=$.contact_roles[0].name"},
		{"sequence_number a string", "5", `"5"`, "400 contact_roles: INVALID_DATA api_name=sequence_number expected_data_type=integer json_path=$.contact_roles[0].sequence_number"},
		{"sequence_number a fraction", "5", "5.5", "400 contact_roles: INVALID_DATA api_name=sequence_number expected_data_type=integer json_path=$.contact_roles[0].sequence_number"},
		{"sequence_number 1", "5", "1", success},
		{"sequence_number 0", "5", "0", "400 contact_roles: INVALID_DATA api_name=sequence_number json_path=$.contact_roles[0].sequence_number"},
		{"undeclared key", `"name"`, `"colour":"red","name"`, "400 contact_roles: INVALID_DATA api_name=colour json_path=$.contact_roles[0].colour"},
		{"no JSON", "", `{"contact_roles":`, "400 UNABLE_TO_PARSE_DATA_TYPE"},
		{"no body", "", " ", "400 UNABLE_TO_PARSE_DATA_TYPE"},
		{"two JSON values", "", roleBody + roleBody, "400 UNABLE_TO_PARSE_DATA_TYPE"},
		{"an array", "", "[]", "400 UNABLE_TO_PARSE_DATA_TYPE"},
		{"null", "", "null", "400 UNABLE_TO_PARSE_DATA_TYPE"},
		{"a body of 5 MiB", "Agent", strings.Repeat("x", 5<<20), "400 UNABLE_TO_PARSE_DATA_TYPE"},
	})
}

func TestIDsAsNumbersAreAccepted(t *testing.T) {
	t.Parallel()
	s := newServer(t, ignoreProblems)
	for _, test := range []struct{ path, body, want string }{
		{modulePath, strings.Replace(moduleBody, `"2"`, "2", 1), "200 modules: SUCCESS id=10"},
		{rolesPath, strings.Replace(rolesBody, `"20"`, "20", 1), "200 contact_roles: SUCCESS id=20; SUCCESS id=21"},
		{rolePath, strings.Replace(roleBody, `"name"`, `"id":20,"name"`, 1), "200 contact_roles: SUCCESS id=20"},
	} {
		status, response := send(t, s, "PUT", test.path, test.body)
		if got := summary(t, status, response); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.body, got, test.want)
		}
	}
}

func TestPathMethodAndToken(t *testing.T) {
	t.Parallel()
	const missingID = "400 contact_roles: MANDATORY_NOT_FOUND api_name=id json_path=$.contact_roles[0].id"
	for _, test := range []struct{ name, method, path, body, header, want string }{
		{"module by id", "PUT", "/crm/v7/settings/modules/10", moduleBody, "", "200 modules: SUCCESS id=10"},
		{"module in another case", "PUT", "/crm/v7/settings/modules/visits", moduleBody, "", "400 INVALID_MODULE resource_path_index=2"},
		{"module unknown", "PUT", "/crm/v7/settings/modules/12", moduleBody, "", "400 INVALID_MODULE resource_path_index=2"},
		{"role unknown", "PUT", rolesPath + "/29", roleBody, "", "400 contact_roles: INVALID_DATA id=29"},
		{"role id without digits", "PUT", rolesPath + "/x", roleBody, "", "400 contact_roles: INVALID_DATA id=x"},
		{"empty role id is the bulk update", "PUT", rolesPath + "/", roleBody, "", missingID},
		{"role id . is the bulk update", "PUT", rolesPath + "/.", roleBody, "", missingID},
		{"role id ..", "PUT", rolesPath + "/..", roleBody, "", "404 INVALID_URL_PATTERN"},
		{"other version", "PUT", "/crm/v8/Contacts/roles", rolesBody, "", "404 INVALID_URL_PATTERN"},
		{"no version", "PUT", "/Contacts/roles", rolesBody, "", "404 INVALID_URL_PATTERN"},
		{"unknown URL", "PUT", "/crm/v7/settings/layouts", moduleBody, "", "404 INVALID_URL_PATTERN"},
		{"token URL by GET", "GET", tokenPath, "", "", "404 INVALID_URL_PATTERN"},
		{"wrong method", "POST", rolesPath, rolesBody, "", "400 INVALID_REQUEST_METHOD"},
		{"no token", "PUT", rolesPath, rolesBody, "Authorization: ", "401 AUTHENTICATION_FAILURE"},
		{"Bearer", "PUT", rolesPath, rolesBody, "Authorization: Bearer 1000.a.b", "401 AUTHENTICATION_FAILURE"},
		{"unknown token", "PUT", rolesPath, rolesBody, "Authorization: Zoho-oauthtoken 1000.a.b", "401 INVALID_TOKEN"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			status, response := send(t, s, test.method, test.path, test.body, cmp.Or(test.header, jsonHeader))
			if got := summary(t, status, response); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestMessagesAreThoseOfTheDocumentation(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, test := range []struct{ path, body, message string }{
		{rolePath, roleBody, "record updated"},
		{modulePath, moduleBody, "module updated successfully"},
		{rolesPath, roleBody, "required field not found"},
		{modulePath, `{}`, "Mandatory fields are missing"},
		{modulePath + "x", moduleBody, "The URL contains invalid module data"},
	} {
		if _, response := send(t, s, "PUT", test.path, test.body); !strings.Contains(response, test.message) {
			t.Errorf("%s: %s lacks %q", test.path, response, test.message)
		}
	}
}

func TestContentType(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, path := range []string{rolesPath, tokenPath} {
		res, err := http.Post(s.URL+path, "text/plain", nil)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.Header.Get("Content-Type"); got != "application/json;charset=UTF-8" {
			t.Errorf("%s: Content-Type is %q", path, got)
		}
	}
}

func TestUpdatesChangeTheOrg(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	send(t, s, "PUT", modulePath, moduleBody)
	if got, want := s.Modules()[0], (Module{ID: "10", APIName: "Visits", PluralLabel: "Tours", SingularLabel: "Tour", Profiles: []string{"2"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("the module is %+v, want %+v", got, want)
	}
	// The second role takes the former name of the first, the third keeps its name.
	send(t, s, "PUT", rolesPath, `{"contact_roles":[{"id":"20","name":"Agent"},{"id":"21","name":"Buyer","sequence_number":9},{"id":"22","sequence_number":7}]}`)
	if got, want := s.ContactRoles(), []ContactRole{{"20", "Agent", 1}, {"21", "Buyer", 9}, {"22", "Tenant", 7}}; !slices.Equal(got, want) {
		t.Errorf("the roles are %+v, want %+v", got, want)
	}
	s.Modules()[0].Profiles[0], s.ContactRoles()[0].Name = "x", "x"
	if s.Modules()[0].Profiles[0] == "x" || s.ContactRoles()[0].Name == "x" {
		t.Error("a change of what Modules and ContactRoles return changed the org")
	}
}

func TestRequestsAreRecorded(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	send(t, s, "PUT", rolesPath, rolesBody, "X-Mine: 1")
	send(t, s, "POST", rolesPath+"?a=b", "")
	form := s.refreshForm().Encode()
	send(t, s, "POST", tokenPath, form, formHeader)
	got := s.Requests()
	for i, want := range []Request{
		{Operation: "updateContactRoles", Method: "PUT", Path: rolesPath, Body: []byte(rolesBody), Status: 200},
		{Operation: "", Method: "POST", Path: rolesPath + "?a=b", Body: []byte{}, Status: 400},
		{Operation: "token", Method: "POST", Path: tokenPath, Body: []byte(form), Status: 200},
	} {
		header := got[i].Header
		if got[i].Header = nil; !reflect.DeepEqual(got[i], want) || i == 0 && header.Get("X-Mine") != "1" {
			t.Errorf("recorded %+v %v, want %+v", got[i], header, want)
		}
	}
	got = s.Requests()
	got[0].Body[0] = 'x'
	got[0].Header.Set("X-Mine", "2")
	if recorded := s.Requests()[0]; recorded.Body[0] == 'x' || recorded.Header.Get("X-Mine") == "2" {
		t.Error("a change of what Requests returns changed the record")
	}
}

func TestRecordIsBounded(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	post := func(n int, body string) {
		for i := range n {
			s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, fmt.Sprint("/", i), strings.NewReader(body)))
		}
	}
	post(20, strings.Repeat("x", 2<<20))
	bytes := 0
	for _, r := range s.Requests() {
		bytes += len(r.Body)
	}
	if last := s.Requests()[len(s.Requests())-1]; bytes > maxRecordedBytes || last.Path != "/19" {
		t.Errorf("recorded %d bytes, the last path is %s", bytes, last.Path)
	}
	post(maxRequests+1, "")
	if got := s.Requests(); len(got) != maxRequests || got[0].Path != "/1" {
		t.Errorf("recorded %d requests, the first path is %s", len(got), got[0].Path)
	}
}

func TestServersHaveTheirOwnCredentials(t *testing.T) {
	t.Parallel()
	s, other := newServer(t), newServer(t)
	if s.Auth().RefreshToken == other.Auth().RefreshToken || s.Auth().ClientID == other.Auth().ClientID {
		t.Error("two servers share credentials")
	}
	if d := s.DataCenter(); d.Name != "zohotest" || d.APIURL != s.URL || d.AccountsURL != s.URL {
		t.Errorf("the data centre is %+v", d)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			s.Respond("updateCustomModule", "internal_error")
			send(t, s, "PUT", rolesPath, rolesBody)
			send(t, s, "PUT", modulePath, moduleBody)
			send(t, s, "POST", tokenPath, s.refreshForm().Encode(), formHeader)
			if i == 10 {
				s.ExpireTokens()
			}
			s.Requests()
			s.Modules()
			s.ContactRoles()
		})
	}
	all.Wait()
	if got := len(s.Requests()); got != 60 {
		t.Errorf("recorded %d requests, want 60", got)
	}
}

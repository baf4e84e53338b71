package zohotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	module    = "/crm/v7/settings/modules/Digital_Marketing"
	roles     = "/crm/v7/Contacts/roles"
	firstRole = roles + "/4150868000003611011"
)

var network = http.DefaultTransport

// The clients of the examples have the default transport.
func TestMain(m *testing.M) {
	http.DefaultTransport = CheckedTransport(network, func(problem string) { panic(problem) })
	os.Exit(m.Run())
}

var forbidden sync.Map // by the name of the test

// breaksContract says that a test sends, or has the server answer, what the document forbids.
func breaksContract(t *testing.T) {
	noticed := new(atomic.Bool)
	forbidden.Store(t.Name(), noticed)
	t.Cleanup(func() {
		if !noticed.Load() {
			t.Error("the test says that it breaks the contract, and it does not")
		}
	})
}

// exchange sends a request as the document has it, but for what change alters. An error is in the text,
// with the response as far as it came.
func exchange(t *testing.T, s *Server, method, path, body string, change func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Zoho-oauthtoken "+s.IssueToken())
	r.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(r)
	}
	checked := CheckedTransport(network, func(problem string) {
		if noticed, forbidden := forbidden.Load(t.Name()); forbidden {
			noticed.(*atomic.Bool).Store(true)
		} else {
			t.Error(problem)
		}
	})
	response, err := checked.RoundTrip(r)
	if err != nil {
		return &http.Response{}, err.Error()
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return response, err.Error()
	}
	return response, string(data)
}

func send(t *testing.T, s *Server, method, path, body string, change func(*http.Request)) (status int, answer string) {
	t.Helper()
	response, answer := exchange(t, s, method, path, body, change)
	return response.StatusCode, answer
}

func set(key, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(key, value) }
}

func item(code, message, details string) string {
	status := "error"
	if code == "SUCCESS" {
		status = "success"
	}
	return fmt.Sprintf(`{"code":%q,"details":%s,"message":%q,"status":%q}`, code, details, message, status)
}

func inRoles(items ...string) string { return `{"contact_roles":[` + strings.Join(items, ",") + `]}` }

func inModules(item string) string { return `{"modules":[` + item + `]}` }

func invalid(details string) string { return item("INVALID_DATA", "invalid data", details) }

func moduleBody(change ...string) string {
	return strings.NewReplacer(change...).Replace(`{"modules":[{"plural_label":"Digital Marketings",` +
		`"singular_label":"Digital Marketing","profiles":[{"id":"2423488000000015972","_delete":null},{"id":"2423488000000015975"}]}]}`)
}

const rolesSample = `{"contact_roles":[{"name":"Sales Lead","sequence_number":5,"id":"4150868000003611011"},` +
	`{"name":"Quality Control","sequence_number":6,"id":"4150868000003611012"}]}`

func TestAnswers(t *testing.T) {
	updatedRole := func(id string) string { return item("SUCCESS", "record updated", `{"id":"`+id+`"}`) }
	first, second := updatedRole("4150868000003611011"), updatedRole("4150868000003611012")
	updatedModule := inModules(item("SUCCESS", "module updated successfully", `{"id":"2423488000000834002"}`))
	badURL := item("INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one", "{}")
	badMethod := item("INVALID_REQUEST_METHOD", "The http request method type is not a valid one", "{}")
	badModule := item("INVALID_MODULE", "The URL contains invalid module data", `{"resource_path_index":2}`)
	badToken := item("INVALID_TOKEN", "invalid oauth token", "{}")
	noToken := item("AUTHENTICATION_FAILURE", "Authentication failed", "{}")
	notJSON := item("UNABLE_TO_PARSE_DATA_TYPE", "either the request body or parameters is in wrong format", "{}")
	lastProfile := inModules(item("MINIMUM_DATA_NOT_FOUND", "Minimum one profile is needed", `{"api_name":"profiles","json_path":"$.modules[0].profiles"}`))
	missing := func(key string) string {
		return inModules(item("MANDATORY_NOT_FOUND", "Mandatory fields are missing", `{"api_name":"`+key+`","json_path":"$.modules[0].`+key+`"}`))
	}
	oneRole := func(keys string) string { return `{"contact_roles":[{` + keys + `}]}` }
	rolesOf := func(n int) string {
		return inRoles(slices.Repeat([]string{`{"id":"4150868000003611011","sequence_number":5}`}, n)...)
	}

	// The document allows these requests, which the org as it is refuses. It allows no other that is refused.
	orgRefuses := []string{
		"module in another case", "plural label taken", "singular label taken", "last profile removed", "profile unknown", "all roles fail",
		"role with another id", "role unknown", "token URL by GET", "unknown token",
	}
	tests := []struct {
		name, method, path, body string
		change                   func(*http.Request)
		status                   int
		answer                   string
	}{
		// Update Custom Module
		{"module by API name", http.MethodPut, module, moduleBody(), nil, 200, updatedModule},
		{"module by id", http.MethodPut, "/crm/v7/settings/modules/2423488000000834002", moduleBody(), nil, 200, updatedModule},
		{"module in another case", http.MethodPut, "/crm/v7/settings/modules/digital_marketing", moduleBody(), nil, 400, badModule},
		{"module of bad characters", http.MethodPut, "/crm/v7/settings/modules/Digital-Marketing", moduleBody(), nil, 400, badModule},
		{"labels of another script", http.MethodPut, module, moduleBody("Digital Marketings", "डिजिटल 2"), nil, 200, updatedModule},
		{"labels of 25 characters", http.MethodPut, module, moduleBody("Digital Marketings", strings.Repeat("ä", 25)), nil, 200, updatedModule},
		{"label too long", http.MethodPut, module, moduleBody("Digital Marketings", strings.Repeat("ä", 26)), nil, 400,
			inModules(invalid(`{"api_name":"plural_label","json_path":"$.modules[0].plural_label","maximum_length":25}`))},
		{"label with punctuation", http.MethodPut, module, moduleBody(`"Digital Marketing"`, `"R&D"`), nil, 400,
			inModules(invalid(`{"api_name":"singular_label","json_path":"$.modules[0].singular_label"}`))},
		{"label empty", http.MethodPut, module, moduleBody(`"Digital Marketings"`, `""`), nil, 400,
			inModules(invalid(`{"api_name":"plural_label","json_path":"$.modules[0].plural_label"}`))},
		{"label null", http.MethodPut, module, moduleBody(`"Digital Marketings"`, `null`), nil, 400,
			inModules(invalid(`{"api_name":"plural_label","json_path":"$.modules[0].plural_label","expected_data_type":"string"}`))},
		{"label missing", http.MethodPut, module, moduleBody(`"plural_label":"Digital Marketings",`, ``), nil, 400, missing("plural_label")},
		{"profiles missing", http.MethodPut, module, inModules(`{"plural_label":"a","singular_label":"b"}`), nil, 400, missing("profiles")},
		{"plural label taken", http.MethodPut, module, moduleBody("Digital Marketings", "Print Marketings"), nil, 400,
			inModules(item("DUPLICATE_DATA", "duplicate data", `{"api_name":"plural_label","json_path":"$.modules[0].plural_label","id":"2423488000000834003"}`))},
		{"singular label taken", http.MethodPut, module, moduleBody(`"Digital Marketing"`, `"Print Marketing"`), nil, 400,
			inModules(item("DUPLICATE_DATA", "duplicate data", `{"api_name":"singular_label","json_path":"$.modules[0].singular_label","id":"2423488000000834003"}`))},
		{"api_name", http.MethodPut, module, moduleBody(`"profiles"`, `"api_name":"New_Name","profiles"`), nil, 400,
			inModules(item("NOT_ALLOWED", "API name cannot be updated for module", `{"api_name":"api_name","json_path":"$.modules[0].api_name"}`))},
		{"undeclared key", http.MethodPut, module, moduleBody(`"profiles"`, `"visible":true,"profiles"`), nil, 400,
			inModules(invalid(`{"api_name":"visible","json_path":"$.modules[0].visible"}`))},
		{"profiles empty", http.MethodPut, module, inModules(`{"plural_label":"a","singular_label":"b","profiles":[]}`), nil, 400, lastProfile},
		{"profiles null", http.MethodPut, module, inModules(`{"plural_label":"a","singular_label":"b","profiles":null}`), nil, 400, lastProfile},
		{"last profile removed", http.MethodPut, module, moduleBody(`,{"id":"2423488000000015975"}`, ``), nil, 400, lastProfile},
		{"profiles a string", http.MethodPut, module, inModules(`{"plural_label":"a","singular_label":"b","profiles":"1"}`), nil, 400,
			inModules(invalid(`{"api_name":"profiles","json_path":"$.modules[0].profiles","expected_data_type":"jsonarray"}`))},
		{"profile a string", http.MethodPut, module, inModules(`{"plural_label":"a","singular_label":"b","profiles":["1"]}`), nil, 400,
			inModules(invalid(`{"api_name":"profiles","json_path":"$.modules[0].profiles","expected_data_type":"jsonobject"}`))},
		{"profile without id", http.MethodPut, module, moduleBody(`"id":"2423488000000015972",`, ``), nil, 400,
			inModules(item("MANDATORY_NOT_FOUND", "Mandatory fields are missing", `{"api_name":"id","json_path":"$.modules.profiles[0].id"}`))},
		{"profile unknown", http.MethodPut, module, moduleBody("2423488000000015975", "1"), nil, 400,
			inModules(invalid(`{"api_name":"id","json_path":"$.modules.profiles[1].id"}`))},
		{"profile id a number", http.MethodPut, module, moduleBody(`"2423488000000015975"`, `2423488000000015975`), nil, 400,
			inModules(invalid(`{"api_name":"id","json_path":"$.modules.profiles[1].id","expected_data_type":"string"}`))},
		{"profile with an undeclared key", http.MethodPut, module, moduleBody(`{"id":"2423488000000015975"`, `{"id":"2423488000000015975","name":"x"`), nil, 400,
			inModules(invalid(`{"api_name":"name","json_path":"$.modules.profiles[1].name"}`))},
		{"_delete true", http.MethodPut, module, moduleBody("null", "true"), nil, 400,
			inModules(invalid(`{"api_name":"_delete","json_path":"$.modules.profiles[0]._delete","expected_data_type":"jsonobject"}`))},
		{"_delete false", http.MethodPut, module, moduleBody("null", "false"), nil, 400,
			inModules(invalid(`{"api_name":"_delete","json_path":"$.modules.profiles[0]._delete","expected_data_type":"jsonobject"}`))},
		{"two modules", http.MethodPut, module, `{"modules":[{},{}]}`, nil, 400, item("LIMIT_EXCEEDED", "limit exceeded", `{"limit":1}`)},
		{"modules missing", http.MethodPut, module, `{}`, nil, 400,
			inModules(item("MANDATORY_NOT_FOUND", "Mandatory fields are missing", `{"api_name":"modules","json_path":"$.modules"}`))},

		// Update Contact Roles
		{"roles", http.MethodPut, roles, rolesSample, nil, 200, inRoles(first, second)},
		{"some roles fail", http.MethodPut, roles, strings.Replace(rolesSample, "Quality Control", "Sales Lead", 1), nil, 207,
			inRoles(first, item("DUPLICATE_DATA", "duplicate data", `{"api_name":"name","json_path":"$.contact_roles[1].name","id":"4150868000003611011"}`))},
		{"all roles fail", http.MethodPut, roles, strings.NewReplacer("Sales Lead", "Purchasing", "4150868000003611012", "4150868000003611099").Replace(rolesSample), nil, 400,
			inRoles(item("DUPLICATE_DATA", "duplicate data", `{"api_name":"name","json_path":"$.contact_roles[0].name","id":"4150868000003611013"}`),
				invalid(`{"id":"4150868000003611099"}`))},
		{"role keeps its name", http.MethodPut, roles, oneRole(`"id":"4150868000003611012","name":"Decision Maker"`), nil, 200, inRoles(second)},
		{"role without id", http.MethodPut, roles, oneRole(`"name":"Sales Lead"`), nil, 400,
			inRoles(item("MANDATORY_NOT_FOUND", "required field not found", `{"api_name":"id","json_path":"$.contact_roles[0].id"}`))},
		{"role id a number", http.MethodPut, roles, oneRole(`"id":4150868000003611011,"name":"Sales Lead"`), nil, 400,
			inRoles(invalid(`{"api_name":"id","json_path":"$.contact_roles[0].id","expected_data_type":"string"}`))},
		{"role not an object", http.MethodPut, roles, `{"contact_roles":[null]}`, nil, 400,
			inRoles(invalid(`{"json_path":"$.contact_roles[0]","expected_data_type":"jsonobject"}`))},
		{"100 roles", http.MethodPut, roles, rolesOf(100), nil, 200, inRoles(slices.Repeat([]string{first}, 100)...)},
		{"101 roles", http.MethodPut, roles, rolesOf(101), nil, 400, item("LIMIT_EXCEEDED", "limit exceeded", `{"limit":100}`)},
		{"roles empty", http.MethodPut, roles, `{"contact_roles":[]}`, nil, 400,
			inRoles(item("MANDATORY_NOT_FOUND", "required field not found", `{"api_name":"contact_roles","json_path":"$.contact_roles"}`))},
		{"roles an object", http.MethodPut, roles, `{"contact_roles":{}}`, nil, 400,
			invalid(`{"api_name":"contact_roles","json_path":"$.contact_roles","expected_data_type":"jsonarray"}`)},
		{"undeclared key beside roles", http.MethodPut, roles, `{"contact_roles":[{"id":"4150868000003611011"}],"trigger":[]}`, nil, 400,
			invalid(`{"api_name":"trigger","json_path":"$.trigger"}`)},
		{"empty id is bulk", http.MethodPut, roles + "/", oneRole(`"name":"Sales Lead"`), nil, 400,
			inRoles(item("MANDATORY_NOT_FOUND", "required field not found", `{"api_name":"id","json_path":"$.contact_roles[0].id"}`))},
		{"dot id is bulk", http.MethodPut, roles + "/.", oneRole(`"name":"Sales Lead"`), nil, 400,
			inRoles(item("MANDATORY_NOT_FOUND", "required field not found", `{"api_name":"id","json_path":"$.contact_roles[0].id"}`))},

		// Update one contact role
		{"role", http.MethodPut, firstRole, oneRole(`"name":"Sales Lead","sequence_number":5`), nil, 200, inRoles(first)},
		{"role with its id", http.MethodPut, firstRole, oneRole(`"name":"Sales Lead","id":"4150868000003611011"`), nil, 200, inRoles(first)},
		{"role with another id", http.MethodPut, firstRole, oneRole(`"name":"Sales Lead","id":"4150868000003611012"`), nil, 400, inRoles(invalid(`{"id":"4150868000003611012"}`))},
		{"role unknown", http.MethodPut, roles + "/4150868000003611099", oneRole(`"name":"Sales Lead"`), nil, 400, inRoles(invalid(`{"id":"4150868000003611099"}`))},
		{"role id not of digits", http.MethodPut, roles + "/x", oneRole(`"name":"Sales Lead"`), nil, 400, inRoles(invalid(`{"id":"x"}`))},
		{"two roles in one", http.MethodPut, firstRole, rolesOf(2), nil, 400, item("LIMIT_EXCEEDED", "limit exceeded", `{"limit":1}`)},
		{"name of 50 characters", http.MethodPut, firstRole, oneRole(`"name":"` + strings.Repeat("ä", 50) + `"`), nil, 200, inRoles(first)},
		{"name too long", http.MethodPut, firstRole, oneRole(`"name":"` + strings.Repeat("ä", 51) + `"`), nil, 400,
			inRoles(invalid(`{"api_name":"name","json_path":"$.contact_roles[0].name","maximum_length":50}`))},
		{"name empty", http.MethodPut, firstRole, oneRole(`"name":"","sequence_number":9`), nil, 400,
			inRoles(invalid(`{"api_name":"name","json_path":"$.contact_roles[0].name"}`))},
		{"name a number", http.MethodPut, firstRole, oneRole(`"name":1`), nil, 400,
			inRoles(invalid(`{"api_name":"name","json_path":"$.contact_roles[0].name","expected_data_type":"string"}`))},
		{"position a string", http.MethodPut, firstRole, oneRole(`"name":"Sales Lead","sequence_number":"5"`), nil, 400,
			inRoles(invalid(`{"api_name":"sequence_number","json_path":"$.contact_roles[0].sequence_number","expected_data_type":"integer"}`))},
		{"position a fraction", http.MethodPut, firstRole, oneRole(`"sequence_number":5.5`), nil, 400,
			inRoles(invalid(`{"api_name":"sequence_number","json_path":"$.contact_roles[0].sequence_number","expected_data_type":"integer"}`))},
		{"position 0", http.MethodPut, firstRole, oneRole(`"sequence_number":0`), nil, 400,
			inRoles(invalid(`{"api_name":"sequence_number","json_path":"$.contact_roles[0].sequence_number"}`))},
		{"role with an undeclared key", http.MethodPut, firstRole, oneRole(`"name":"Sales Lead","colour":"red"`), nil, 400,
			inRoles(invalid(`{"api_name":"colour","json_path":"$.contact_roles[0].colour"}`))},

		// Any operation
		{"no JSON", http.MethodPut, firstRole, `{"contact_roles":`, nil, 400, notJSON},
		{"no body", http.MethodPut, firstRole, ``, nil, 400, notJSON},
		{"two values", http.MethodPut, firstRole, rolesSample + rolesSample, nil, 400, notJSON},
		{"an array", http.MethodPut, firstRole, `[]`, nil, 400, notJSON},
		{"null", http.MethodPut, firstRole, `null`, nil, 400, notJSON},
		{"a body of 5 MiB", http.MethodPut, firstRole, oneRole(`"name":"` + strings.Repeat("x", 5<<20) + `"`), nil, 400, notJSON},
		{"other URL", http.MethodPut, "/crm/v7/settings/modules", moduleBody(), nil, 404, badURL},
		{"other version", http.MethodPut, "/crm/v8/Contacts/roles", rolesSample, nil, 404, badURL},
		{"no version", http.MethodPut, "/Contacts/roles", rolesSample, nil, 404, badURL},
		{"double dot id", http.MethodPut, roles + "/..", rolesSample, nil, 404, badURL},
		{"token URL by GET", "GET", "/oauth/v2/token", "", nil, 404, badURL},
		{"POST", "POST", roles, rolesSample, nil, 400, badMethod},
		{"GET", "GET", module, "", nil, 400, badMethod},
		{"no Authorization", http.MethodPut, roles, rolesSample, func(r *http.Request) { r.Header.Del("Authorization") }, 401, noToken},
		{"Bearer", http.MethodPut, roles, rolesSample, func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "Zoho-oauthtoken", "Bearer", 1))
		}, 401, noToken},
		{"unknown token", http.MethodPut, roles, rolesSample, set("Authorization", "Zoho-oauthtoken 1000.a.b"), 401, badToken},
		{"scheme twice", http.MethodPut, roles, rolesSample, func(r *http.Request) {
			r.Header.Set("Authorization", "Zoho-oauthtoken "+r.Header.Get("Authorization"))
		}, 401, badToken},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.status >= 400 && !slices.Contains(orgRefuses, test.name) {
				breaksContract(t)
			}
			s := NewServer(t)
			modulesBefore, rolesBefore := s.Modules(), s.ContactRoles()
			response, answer := exchange(t, s, test.method, test.path, test.body, test.change)
			if response.StatusCode != test.status || !equalJSON(t, answer, test.answer) {
				t.Errorf("got  %d %s\nwant %d %s", response.StatusCode, answer, test.status, test.answer)
			}
			if got := response.Header.Get("Content-Type"); got != "application/json;charset=UTF-8" {
				t.Errorf("Content-Type is %q", got)
			}
			if test.status >= 400 && (!reflect.DeepEqual(modulesBefore, s.Modules()) || !reflect.DeepEqual(rolesBefore, s.ContactRoles())) {
				t.Error("a refused update changed the org")
			}
			if got := s.Requests(); len(got) != 1 || got[0].Status != test.status || got[0].Method != test.method {
				t.Errorf("recorded %+v", got)
			}
		})
	}
}

func equalJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var values [2]any
	for i, text := range []string{a, b} {
		if err := json.Unmarshal([]byte(text), &values[i]); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}

func TestUpdatesChangeTheOrg(t *testing.T) {
	s := NewServer(t)
	send(t, s, http.MethodPut, module, moduleBody(), nil)
	want := Module{"2423488000000834002", "Digital_Marketing", "Digital Marketings", "Digital Marketing", []string{"2423488000000015975"}}
	if got := s.Modules()[0]; !reflect.DeepEqual(got, want) {
		t.Errorf("module is %+v, want %+v", got, want)
	}
	// The second role takes the name that the first one gives up; the third keeps its name.
	send(t, s, http.MethodPut, roles, `{"contact_roles":[{"id":"4150868000003611011","name":"Sales Lead"},`+
		`{"id":"4150868000003611012","name":"Developer/Evaluator","sequence_number":9},{"id":"4150868000003611013","sequence_number":7}]}`, nil)
	wantRoles := []ContactRole{{"4150868000003611011", "Sales Lead", 1}, {"4150868000003611012", "Developer/Evaluator", 9}, {"4150868000003611013", "Purchasing", 7}}
	if got := s.ContactRoles()[:3]; !reflect.DeepEqual(got, wantRoles) {
		t.Errorf("roles are %+v, want %+v", got, wantRoles)
	}
	s.Modules()[0].Profiles[0], s.ContactRoles()[0].Name = "x", "x"
	if s.Modules()[0].Profiles[0] == "x" || s.ContactRoles()[0].Name == "x" {
		t.Error("the accessors return the org itself")
	}
}

func TestOptions(t *testing.T) {
	breaksContract(t)
	modules := []Module{{ID: "1", APIName: "Visits", PluralLabel: "Visits", SingularLabel: "Visit", Profiles: []string{"7"}}}
	s := NewServer(t, WithModules(modules...), WithProfiles("7", "8"), WithContactRoles(ContactRole{"5", "Buyer", 1}))
	status, answer := send(t, s, http.MethodPut, "/crm/v7/settings/modules/Visits", moduleBody("2423488000000015972", "7", "2423488000000015975", "8"), nil)
	if status != 200 || !slices.Equal(s.Modules()[0].Profiles, []string{"8"}) {
		t.Errorf("%d %s, module %+v", status, answer, s.Modules())
	}
	if modules[0].Profiles[0] != "7" {
		t.Error("the server changed the slice of its caller")
	}
	front := func(s *Server) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/", s)
		mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s.URL) })
		return mux
	}
	s = NewServer(t, WithHandler(front), WithContactRoles(ContactRole{"5", "Buyer", 1}))
	if status, answer = send(t, s, "GET", "/page", "", nil); status != 200 || answer != s.URL || len(s.Requests()) != 0 {
		t.Errorf("%d %s, recorded %v", status, answer, s.Requests())
	}
	if status, answer = send(t, s, http.MethodPut, roles+"/5", `{"contact_roles":[{"name":"Owner"}]}`, nil); status != 200 || s.ContactRoles()[0].Name != "Owner" {
		t.Errorf("%d %s", status, answer)
	}
}

func TestEveryNamedExampleIsServed(t *testing.T) {
	s := NewServer(t)
	paths := map[string]string{"updateCustomModule": module, "updateContactRoles": roles, "updateContactRole": firstRole}
	bodies := map[string]string{"updateCustomModule": moduleBody(), "updateContactRoles": rolesSample, "updateContactRole": `{"contact_roles":[{"name":"x"}]}`}
	for _, e := range s.contract.Examples() {
		body := bodies[e.Operation]
		if e.Operation == "updateContactRoles" && bytes.Count(e.Body, []byte(`"code"`)) == 1 {
			body = `{"contact_roles":[{"id":"4150868000003611011","name":"x"}]}`
		}
		s.Answer(e.Operation, fmt.Sprintf("%d %s", e.Status, e.Name))
		status, answer := send(t, s, http.MethodPut, paths[e.Operation], body, nil)
		if status != e.Status || !equalJSON(t, answer, string(e.Body)) {
			t.Errorf("%s %d %s: got %d %s", e.Operation, e.Status, e.Name, status, answer)
		}
		prefer := set("Prefer", fmt.Sprintf("code=%d, example=%s", e.Status, e.Name))
		status, answer = send(t, s, http.MethodPut, paths[e.Operation], body, prefer)
		if status != e.Status || !equalJSON(t, answer, string(e.Body)) {
			t.Errorf("%s %d %s by Prefer: got %d %s", e.Operation, e.Status, e.Name, status, answer)
		}
	}
}

func TestPrefer(t *testing.T) {
	breaksContract(t)
	for prefer, want := range map[string]struct {
		status int
		part   string
	}{
		"code=401":                  {401, "AUTHENTICATION_FAILURE"},
		"example=duplicate_data":    {400, "DUPLICATE_DATA"},
		"example=partial_success":   {200, "DUPLICATE_DATA"},
		"code=207":                  {207, "SUCCESS"},
		"code=418":                  {404, "it has: 200 partial_success, "},
		"code=teapot":               {404, "it has: 200 partial_success, "},
		"code=401, example=success": {404, "it has: 200 partial_success, "},
		"respond-async":             {200, "4150868000003611012"},
	} {
		s := NewServer(t)
		status, answer := send(t, s, http.MethodPut, roles, rolesSample, set("Prefer", prefer))
		if status != want.status || !strings.Contains(answer, want.part) || strings.Count(answer, "\n") != 1 {
			t.Errorf("%s: %d %q, want %d with %q", prefer, status, answer, want.status, want.part)
		}
	}
}

func TestQueuedAnswersComeInOrderToTheirRequests(t *testing.T) {
	breaksContract(t)
	s := NewServer(t)
	teapot := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%d bytes", len(body))
	}
	s.Answer("updateContactRoles", "207 partial_success")
	s.AnswerTokenWith(teapot)
	s.AnswerWith(teapot)
	s.Answer("updateContactRoles", "internal_error")
	s.AnswerWith(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		conn.Close()
	})
	s.AnswerWith(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("half"))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	s.AnswerWith(func(http.ResponseWriter, *http.Request) {})

	got := []string{}
	for _, path := range []string{firstRole, roles, roles, roles, roles, roles, roles, "/oauth/v2/token"} {
		method := http.MethodPut
		if path == "/oauth/v2/token" {
			method = "POST"
		}
		status, answer := send(t, s, method, path, rolesSample, nil)
		got = append(got, fmt.Sprint(status, " ", strings.TrimSpace(answer)))
	}
	whole := fmt.Sprintf("418 %d bytes", len(rolesSample))
	want := []string{whole, "207 {", "500 {", "0 EOF", "200 unexpected EOF", "200 ", `200 {"contact_roles":`, whole}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("answer %d is %q, want %q", i, got[i], want[i])
		}
	}
	statuses := []int{}
	for _, r := range s.Requests() {
		statuses = append(statuses, r.Status)
	}
	if !slices.Equal(statuses, []int{418, 207, 500, 0, 200, 200, 200, 418}) {
		t.Errorf("recorded the statuses %v", statuses)
	}
}

func TestRequestsAreRecorded(t *testing.T) {
	breaksContract(t)
	s := NewServer(t, WithProblemFunc(func(string) {}))
	send(t, s, http.MethodPut, roles+"?a=b", rolesSample, set("X-Mine", "1"))
	send(t, s, "GET", roles, "", nil)
	grant(t, s, s.refreshForm(), nil)
	got := s.Requests()
	for i, want := range []Request{
		{Operation: "updateContactRoles", Method: http.MethodPut, Path: roles + "?a=b", Body: []byte(rolesSample), Status: 200},
		{Operation: "", Method: "GET", Path: roles, Body: []byte{}, Status: 400},
		{Operation: "token", Method: "POST", Path: "/oauth/v2/token", Body: []byte(s.refreshForm().Encode()), Status: 200},
	} {
		header := got[i].Header
		if got[i].Header = nil; !reflect.DeepEqual(got[i], want) || i == 0 && header.Get("X-Mine") != "1" {
			t.Errorf("recorded %+v %v, want %+v", got[i], header, want)
		}
	}
	got = s.Requests()
	got[0].Body[0] = 'x'
	got[0].Header.Set("X-Mine", "2")
	if again := s.Requests()[0]; again.Body[0] == 'x' || again.Header.Get("X-Mine") == "2" {
		t.Error("Requests returns the records themselves")
	}
}

// A testBed is a testing.TB that notes what it is told.
type testBed struct {
	testing.TB
	told     []string
	cleanups []func()
}

func (b *testBed) Helper()           {}
func (b *testBed) Cleanup(f func())  { b.cleanups = append(b.cleanups, f) }
func (b *testBed) Error(args ...any) { b.told = append(b.told, fmt.Sprint(args...)) }
func (b *testBed) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func TestMistakesOfATestAreTold(t *testing.T) {
	bed := &testBed{TB: t}
	s := NewServer(bed)
	for _, test := range [][3]string{
		{"updateContactRoles", "duplicate", "duplicate_data"},
		{"updateContactRoles", "418 duplicate_data", "400 duplicate_data"},
		{"updateContactRoles", "four duplicate_data", "400 duplicate_data"},
		{"updateContactRolls", "duplicate_data", "updateContactRoles"},
	} {
		func() {
			defer func() {
				if told := fmt.Sprint(recover()); !strings.Contains(told, test[2]) || strings.Contains(told, "\n") {
					t.Errorf("Answer(%q, %q) says %s", test[0], test[1], told)
				}
			}()
			s.Answer(test[0], test[1])
		}()
	}
	s.Answer("updateContactRole", "duplicate_data")
	s.AnswerWith(nil)
	s.AnswerTokenWith(nil)
	for _, cleanup := range bed.cleanups {
		cleanup()
	}
	if want := []string{
		`zohotest: no request fetched Answer("updateContactRole", "duplicate_data")`,
		"zohotest: no request fetched AnswerWith", "zohotest: no request fetched AnswerTokenWith",
	}; !slices.Equal(bed.told, want) {
		t.Errorf("told %q, want %q", bed.told, want)
	}
	if _, err := (&http.Client{Transport: network}).Get(s.URL); err == nil {
		t.Error("the server runs on after the test")
	}
}

func TestContractProblemsAreTold(t *testing.T) {
	const refused = `{"code":"INVALID_DATA","details":{},"message":"invalid data","status":"error"}`
	success := inRoles(item("SUCCESS", "record updated", `{"id":"4150868000003611011"}`))
	for name, test := range map[string]struct {
		path, body string
		change     func(*http.Request)
		answer     *answer // instead of the server's own
		want       string
	}{
		"nothing":           {path: firstRole, body: `{"contact_roles":[{"name":"x"}]}`},
		"no Content-Type":   {path: roles, body: rolesSample, change: func(r *http.Request) { r.Header.Del("Content-Type") }, want: "is answered 200, but the OpenAPI document refuses the request: request body has an error: header Content-Type"},
		"key twice":         {path: firstRole, body: `{"contact_roles":[{"name":"x","name":"y"}]}`, want: "a key twice"},
		"query":             {path: roles + "?a=b", body: rolesSample, want: `no query parameter "a"`},
		"empty id":          {path: roles + "/", body: rolesSample, want: "no operation PUT /crm/v7/Contacts/roles/"},
		"queued success":    {path: roles, body: `{"contact_roles":[]}`, change: set("Prefer", "code=200"), want: "minimum number of items is 1"},
		"queued error":      {path: roles, body: `{"contact_roles":[]}`, change: set("Prefer", "code=500")},
		"undeclared status": {path: firstRole, answer: &answer{418, jsonType, []byte(refused)}, want: "updateContactRole has no response 418"},
		"undeclared key":    {path: firstRole, body: `{"contact_roles":[{"name":"x"}]}`, answer: &answer{200, jsonType, []byte(`{"a":1,` + success[1:])}, want: `"a" is unsupported`},
		"both shapes":       {path: firstRole, answer: &answer{400, jsonType, []byte(inRoles(refused)[:len(inRoles(refused))-1] + "," + refused[1:])}, want: "does not allow the answer to PUT"},
		"error in success":  {path: firstRole, body: `{"contact_roles":[{"name":"x"}]}`, answer: &answer{200, jsonType, []byte(inRoles(refused))}, want: "not one of the allowed values"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.want != "" && test.answer == nil || name == "queued error" {
				breaksContract(t)
			}
			var told []string
			s := NewServer(t, WithProblemFunc(func(problem string) { told = append(told, problem) }))
			if test.answer != nil {
				r, _ := http.NewRequest(http.MethodPut, s.URL+test.path, nil)
				r.Header.Set("Authorization", "Zoho-oauthtoken 1000.a.b")
				r.Header.Set("Content-Type", "application/json")
				s.check(newCall(r, []byte(test.body)), *test.answer)
			} else {
				send(t, s, http.MethodPut, test.path, test.body, test.change)
			}
			if all := strings.Join(told, "\n"); test.want == "" && all != "" || !strings.Contains(all, test.want) || len(told) > 1 {
				t.Errorf("told %q, want %q", told, test.want)
			}
		})
	}
	t.Run("fails the test", func(t *testing.T) {
		breaksContract(t)
		bed := &testBed{TB: t}
		s := NewServer(bed)
		defer s.Close()
		if send(t, s, http.MethodPut, roles+"/", rolesSample, nil); len(bed.told) != 1 {
			t.Errorf("told %q", bed.told)
		}
	})
}

func (s *Server) refreshForm() url.Values {
	return url.Values{
		"grant_type": {"refresh_token"}, "client_id": {s.Auth().ClientID}, "client_secret": {s.Auth().ClientSecret},
		"refresh_token": {s.Auth().RefreshToken},
	}
}

// grant sends a token request.
func grant(t *testing.T, s *Server, form url.Values, change func(*http.Request)) (status int, answer map[string]any) {
	t.Helper()
	status, body := send(t, s, "POST", "/oauth/v2/token", form.Encode(), func(r *http.Request) {
		r.Header.Del("Authorization")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if change != nil {
			change(r)
		}
	})
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return status, answer
}

func TestTokens(t *testing.T) {
	credentials := func(s *Server, scope string) url.Values {
		form := s.refreshForm()
		form.Del("refresh_token")
		form.Set("grant_type", "client_credentials")
		form.Set("soid", "ZohoCRM.600001")
		form.Set("scope", scope)
		return form
	}
	without := func(key, value string) func(*Server) (url.Values, func(*http.Request)) {
		return func(s *Server) (url.Values, func(*http.Request)) {
			form := s.refreshForm()
			form.Set(key, value)
			return form, nil
		}
	}
	inQuery := func(key string) func(*Server) (url.Values, func(*http.Request)) {
		return func(s *Server) (url.Values, func(*http.Request)) {
			return s.refreshForm(), func(r *http.Request) { r.URL.RawQuery = url.Values{key: s.refreshForm()[key]}.Encode() }
		}
	}
	const both = "ZohoCRM.modules.contacts.UPDATE ZohoCRM.settings.modules.UPDATE"
	for name, test := range map[string]struct {
		request func(*Server) (url.Values, func(*http.Request))
		failure string
		scope   string
	}{
		"refresh token": {func(s *Server) (url.Values, func(*http.Request)) { return s.refreshForm(), nil }, "", both},
		"client credentials": {func(s *Server) (url.Values, func(*http.Request)) {
			return credentials(s, "ZohoCRM.modules.ALL,ZohoCRM.settings.ALL"), nil
		}, "", "ZohoCRM.modules.ALL ZohoCRM.settings.ALL"},
		"scopes with spaces": {func(s *Server) (url.Values, func(*http.Request)) { return credentials(s, both), nil }, "invalid_scope", ""},
		"no scope":           {func(s *Server) (url.Values, func(*http.Request)) { return credentials(s, ""), nil }, "invalid_scope", ""},
		"org id without prefix": {func(s *Server) (url.Values, func(*http.Request)) {
			f := credentials(s, "ZohoCRM.modules.ALL")
			f.Set("soid", "600001")
			return f, nil
		}, "invalid_client", ""},
		"other refresh token": {without("refresh_token", "1000.a.b"), "invalid_code", ""},
		"other client":        {without("client_id", "1000.X"), "invalid_client", ""},
		"other secret":        {without("client_secret", "x"), "invalid_client_secret", ""},
		"other grant":         {without("grant_type", "password"), "unsupported_grant_type", ""},
		"secret in the URL":   {inQuery("client_secret"), "invalid_client", ""},
		"token in the URL":    {inQuery("refresh_token"), "invalid_client", ""},
		"client in the URL":   {inQuery("client_id"), "invalid_client", ""},
		"JSON": {func(s *Server) (url.Values, func(*http.Request)) {
			return s.refreshForm(), set("Content-Type", "application/json")
		}, "invalid_client", ""},
		"HTTP Basic": {func(s *Server) (url.Values, func(*http.Request)) {
			return s.refreshForm(), func(r *http.Request) { r.SetBasicAuth(s.Auth().ClientID, s.Auth().ClientSecret) }
		}, "invalid_client", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewServer(t)
			form, change := test.request(s)
			status, got := grant(t, s, form, change)
			token, _ := got["access_token"].(string)
			want := map[string]any{"error": test.failure}
			if test.failure == "" {
				want = map[string]any{"access_token": token, "expires_in": 3600.0, "api_domain": s.URL, "token_type": "Bearer", "scope": test.scope}
			}
			if status != 200 || !reflect.DeepEqual(got, want) {
				t.Fatalf("%d %v, want %v", status, got, want)
			}
			if test.failure != "" {
				return
			}
			if status, answer := send(t, s, http.MethodPut, roles, rolesSample, set("Authorization", "Zoho-oauthtoken "+token)); status != 200 {
				t.Errorf("the token is answered %d %s", status, answer)
			}
		})
	}
}

func TestTokensEnd(t *testing.T) {
	s := NewServer(t, WithScopes("ZohoCRM.settings.ALL"), WithTokenLifetime(2*time.Hour))
	var clock sync.Mutex
	now := time.Now()
	pass := func(d time.Duration) {
		clock.Lock()
		defer clock.Unlock()
		now = now.Add(d)
	}
	s.mu.Lock()
	s.now = func() time.Time {
		clock.Lock()
		defer clock.Unlock()
		return now
	}
	s.mu.Unlock()
	var tokens []string
	grants := func(n int) {
		t.Helper()
		for range n {
			status, answer := grant(t, s, s.refreshForm(), nil)
			if status != 200 || answer["expires_in"] != 7200.0 {
				t.Fatalf("%d %v", status, answer)
			}
			tokens = append(tokens, answer["access_token"].(string))
		}
	}
	live := func(token string) bool {
		t.Helper()
		status, answer := send(t, s, http.MethodPut, module, moduleBody(), set("Authorization", "Zoho-oauthtoken "+token))
		if status != 200 && !strings.Contains(answer, "INVALID_TOKEN") {
			t.Errorf("%d %s", status, answer)
		}
		return status == 200
	}
	throttled := map[string]any{
		"error": "Access Denied", "status": "failure",
		"error_description": "You have made too many requests continuously. Please try again after some time.",
	}

	grants(10)
	if status, answer := grant(t, s, s.refreshForm(), nil); status != 400 || !reflect.DeepEqual(answer, throttled) {
		t.Errorf("the 11th token is answered %d %v", status, answer)
	}
	pass(10*time.Minute - time.Second)
	if status, _ := grant(t, s, s.refreshForm(), nil); status != 400 {
		t.Error("the throttle ends before ten minutes")
	}
	pass(time.Second)
	grants(5)
	if !live(tokens[0]) {
		t.Error("the first of 15 tokens is dead")
	}
	grants(1)
	if live(tokens[0]) || !live(tokens[1]) || !live(tokens[15]) {
		t.Error("the 16th token kills not the oldest alone")
	}
	own := s.IssueToken()
	pass(2*time.Hour - time.Second)
	if live(tokens[1]) || !live(tokens[15]) || !live(own) {
		t.Error("tokens do not live for two hours")
	}
	pass(time.Second)
	if live(tokens[15]) || live(own) {
		t.Error("tokens live longer than two hours")
	}
	grants(1)
	s.ExpireTokens()
	if live(tokens[16]) {
		t.Error("ExpireTokens leaves a token")
	}
	for scope, want := range map[string]int{"ZohoCRM.modules.ALL": 200, "ZohoCRM.modules.contacts.UPDATE": 200, "ZohoCRM.settings.ALL": 401, "": 401} {
		var scopes []string
		if scope != "" {
			scopes = []string{scope}
		}
		status, answer := send(t, s, http.MethodPut, roles, rolesSample, set("Authorization", "Zoho-oauthtoken "+s.IssueToken(scopes...)))
		if status != want || status == 401 && !equalJSON(t, answer, item("OAUTH_SCOPE_MISMATCH", "Unauthorized", "{}")) {
			t.Errorf("scope %q: %d %s", scope, status, answer)
		}
	}
}

func TestStart(t *testing.T) {
	s, err := Start(WithAddress("localhost:0"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if s.Auth().RefreshToken == other.Auth().RefreshToken || s.Auth().ClientID == other.Auth().ClientID {
		t.Error("two servers share credentials")
	}
	if d := s.DataCenter(); d.Name != "zohotest" || d.APIURL != s.URL || d.AccountsURL != s.URL {
		t.Errorf("the data centre is %+v", d)
	}
	inUse := strings.TrimPrefix(s.URL, "http://")
	for address, want := range map[string]string{
		inUse: "choose another port", "0.0.0.0:0": "loopback", ":8080": "loopback", "8080": "loopback", "example.com:80": "loopback", "127.0.0.1": "loopback",
	} {
		if s, err := Start(WithAddress(address)); err == nil {
			s.Close()
			t.Errorf("listens on %q", address)
		} else if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %q lacks %q", address, err, want)
		}
	}
	s.Close()
	s.Close()
	if listener, err := net.Listen("tcp", inUse); err != nil {
		t.Errorf("Close leaves the port: %v", err)
	} else {
		listener.Close()
	}
}

func TestConcurrentUse(t *testing.T) {
	s := NewServer(t)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			s.Answer("updateCustomModule", "success")
			send(t, s, http.MethodPut, roles, rolesSample, nil)
			send(t, s, http.MethodPut, module, moduleBody(), nil)
			grant(t, s, s.refreshForm(), nil)
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
	if got := bytes.Count(s.Requests()[0].Body, []byte("{")); got == 0 {
		t.Error("the first request lost its body")
	}
}

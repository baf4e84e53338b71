package zohotest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/generated"
)

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

func TestPreferHeaderSelectsAnExample(t *testing.T) {
	t.Parallel()
	for prefer, want := range map[string]string{
		"code=401":                  "401 AUTHENTICATION_FAILURE",
		"example=duplicate_data":    "400 contact_roles: DUPLICATE_DATA",
		"code=207":                  "207 contact_roles: SUCCESS",
		"respond-async":             "200 contact_roles: SUCCESS id=20; SUCCESS id=21",
		"code=204":                  "404 it has: 200 partial_success, ",
		"code=418":                  "404 it has: 200 partial_success, ",
		"code=teapot":               "404 it has: 200 partial_success, ",
		"code=401, example=success": "404 it has: 200 partial_success, ",
	} {
		s := newServer(t)
		status, response := send(t, s, "PUT", rolesPath, rolesBody, "Prefer: "+prefer)
		if status == 404 {
			if _, want, _ = strings.Cut(want, " "); !strings.Contains(response, want) {
				t.Errorf("%s: got %d %s, want %q", prefer, status, response, want)
			}
		} else if got := summary(t, status, response); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", prefer, got, want)
		}
	}
	if status, response := send(t, newServer(t), "GET", rolesPath, "", "Prefer: code=204"); status != 204 || response != "" {
		t.Errorf("code=204: got %d %s", status, response)
	}
}

func TestExamplesAreAdaptedToTheRequest(t *testing.T) {
	t.Parallel()
	const three = `{"contact_roles":[{"id":"7","name":"a"},{"id":"8","name":"b"},{"id":"9","name":"c"}]}`
	for _, test := range []struct{ operation, example, path, body, want string }{
		{"updateCustomModule", "success", modulePath, moduleBody, "200 modules: SUCCESS id=10"},
		{"updateContactRole", "success", rolesPath + "/7", roleBody, "200 contact_roles: SUCCESS id=7"},
		{"updateContactRoles", "success", rolesPath, three, "200 contact_roles: SUCCESS id=7; SUCCESS id=8; SUCCESS id=9"},
		{"updateContactRoles", "success", rolesPath, `{"contact_roles":[{"id":"7"}]}`, "200 contact_roles: SUCCESS id=7"},
		{"updateContactRoles", "207 partial_success", rolesPath, three, "207 contact_roles: SUCCESS id=7; " +
			"DUPLICATE_DATA api_name=name id=4150868000003611011 json_path=$.contact_roles[1].name; " +
			"DUPLICATE_DATA api_name=name id=4150868000003611011 json_path=$.contact_roles[2].name"},
		{"updateContactRoles", "all_failed", rolesPath, `{"contact_roles":[{"id":"7"}]}`, "400 contact_roles: INVALID_DATA id=4150868000003611099"},
		{"updateContactRoles", "internal_error", rolesPath, three, "500 INTERNAL_ERROR"},
		{"updateContactRoles", "duplicate_data", rolesPath, `{}`, "400 contact_roles: DUPLICATE_DATA api_name=name id=4150868000003611012 json_path=$.contact_roles[0].name"},
	} {
		s := newServer(t)
		s.Respond(test.operation, test.example)
		status, response := send(t, s, "PUT", test.path, test.body)
		if got := summary(t, status, response); got != test.want {
			t.Errorf("%s of %s:\ngot  %s\nwant %s", test.example, test.operation, got, test.want)
		}
	}
}

func TestEveryExampleIsAvailable(t *testing.T) {
	t.Parallel()
	s := newServer(t, ignoreProblems) // the requests have no body
	for _, o := range generated.Operations() {
		path := generated.BasePath + regexp.MustCompile(`\{.*\}`).ReplaceAllString(o.Path, "1")
		for _, e := range s.contract.Examples() {
			if e.Operation != o.ID {
				continue
			}
			s.Respond(o.ID, fmt.Sprintf("%d %s", e.Status, e.Name))
			if status, response := send(t, s, o.Method, path, ""); status != e.Status || !equalJSON(t, response, string(e.Body)) {
				t.Errorf("%s %s: got %d %s, want %d %s", o.ID, e.Name, status, response, e.Status, e.Body)
			}
		}
	}
}

func TestQueuedResponsesAreSentInOrder(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	teapot := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%d bytes", len(body))
	}
	s.Respond("updateContactRoles", "207 partial_success")
	s.RespondTokenWith(teapot)
	s.RespondWith(teapot)
	s.Respond("updateContactRoles", "internal_error")
	s.RespondWith(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		conn.Close()
	})
	s.RespondWith(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("half"))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	s.RespondWith(func(http.ResponseWriter, *http.Request) {})

	whole := fmt.Sprintf("418 %d bytes", len(rolesBody))
	for i, want := range []struct{ path, response string }{
		{rolePath, whole}, {rolesPath, "207 {"}, {rolesPath, "500 {"}, {rolesPath, "0 "}, {rolesPath, "200 unexpected EOF"},
		{rolesPath, "200 "}, {rolesPath, `200 {"contact_roles":`}, {tokenPath, whole},
	} {
		method := "PUT"
		if want.path == tokenPath {
			method = "POST"
		}
		status, response := send(t, s, method, want.path, rolesBody)
		if got := fmt.Sprint(status, " ", response); !strings.HasPrefix(got, want.response) {
			t.Errorf("response %d is %q, want %q", i, got, want.response)
		}
	}
	var statuses []int
	for _, r := range s.Requests() {
		statuses = append(statuses, r.Status)
	}
	if want := []int{418, 207, 500, 0, 200, 200, 200, 418}; !slices.Equal(statuses, want) {
		t.Errorf("recorded the statuses %v, want %v", statuses, want)
	}
}

func TestAnswerIsAnAlias(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	teapot := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }
	s.Answer("updateContactRole", "internal_error")
	s.AnswerWith(teapot)
	s.AnswerTokenWith(teapot)
	for i, want := range []int{500, 418} {
		if status, _ := send(t, s, "PUT", rolePath, roleBody); status != want {
			t.Errorf("response %d has status %d, want %d", i, status, want)
		}
	}
	if status, _ := send(t, s, "POST", tokenPath, ""); status != 418 {
		t.Errorf("the token response has status %d, want 418", status)
	}
}

// testBed is a testing.TB that records failures.
type testBed struct {
	testing.TB
	errors   []string
	cleanups []func()
}

func (b *testBed) Helper()           {}
func (b *testBed) Cleanup(f func())  { b.cleanups = append(b.cleanups, f) }
func (b *testBed) Error(args ...any) { b.errors = append(b.errors, fmt.Sprint(args...)) }
func (b *testBed) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func TestUnknownExampleFailsTheTest(t *testing.T) {
	t.Parallel()
	s := NewServer(&testBed{TB: t})
	defer s.Close()
	for _, test := range []struct{ operation, example, want string }{
		{"updateContactRoles", "duplicate", "duplicate_data"},
		{"updateContactRoles", "418 duplicate_data", "400 duplicate_data"},
		{"updateContactRoles", "four duplicate_data", "400 duplicate_data"},
		{"updateContactRolls", "duplicate_data", "updateContactRoles"},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, test.want) || strings.Contains(got, "\n") {
					t.Errorf("Respond(%q, %q) fails with %q, want %q", test.operation, test.example, got, test.want)
				}
			}()
			s.Respond(test.operation, test.example)
		}()
	}
}

func TestUnusedResponseFailsTheTest(t *testing.T) {
	t.Parallel()
	bed := &testBed{TB: t}
	s := NewServer(bed)
	s.Respond("updateContactRole", "duplicate_data")
	s.RespondWith(nil)
	s.RespondTokenWith(nil)
	for _, cleanup := range bed.cleanups {
		cleanup()
	}
	if want := []string{
		`zohotest: queued response was not used: Respond("updateContactRole", "duplicate_data")`,
		"zohotest: queued response was not used: RespondWith", "zohotest: queued response was not used: RespondTokenWith",
	}; !slices.Equal(bed.errors, want) {
		t.Errorf("the test fails with %q, want %q", bed.errors, want)
	}
	if _, err := http.Get(s.URL); err == nil {
		t.Error("the server is not closed")
	}
}

func TestSuccessThatTheSpecDoesNotAllowFailsTheTest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ path, body, header, want string }{
		"no Content-Type":       {rolePath, roleBody, "Content-Type: ", "gets 200, but the spec does not allow the request: request body has an error: header Content-Type"},
		"key twice":             {rolePath, `{"contact_roles":[{"name":"x","name":"y"}]}`, "", "must not have a key twice"},
		"query parameter":       {rolePath + "?a=b", roleBody, "", `no query parameter "a"`},
		"empty id":              {rolesPath + "/", rolesBody, "", "the spec has no operation PUT /crm/v7/Contacts/roles/"},
		"id a number":           {rolesPath, `{"contact_roles":[{"id":20,"name":"x"}]}`, "", "gets 200, but the spec does not allow the request: request body has an error"},
		"line feed in the path": {rolesPath + "/%0A/..", rolesBody, "", "the spec has no operation PUT /crm/v7/Contacts/roles/ /.."},
		"success of an example": {rolesPath, `{"contact_roles":[]}`, "Prefer: code=200", "minimum number of items is 1"},
		"error of an example":   {rolesPath, `{"contact_roles":[]}`, "Prefer: code=500", ""},
		"valid request":         {rolePath, roleBody, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bed := &testBed{TB: t}
			s := NewServer(bed, WithContactRoles(ContactRole{"20", "Buyer", 1}, ContactRole{"21", "Owner", 2}))
			send(t, s, "PUT", test.path, test.body, test.header)
			s.Close()
			if got := strings.Join(bed.errors, "\n"); test.want == "" && got != "" || !strings.Contains(got, test.want) || strings.Contains(got, "\n") {
				t.Errorf("the test fails with %q, want %q", got, test.want)
			}
		})
	}
}

func TestOwnResponseThatTheSpecDoesNotAllowFailsTheTest(t *testing.T) {
	t.Parallel()
	bed := &testBed{TB: t}
	s := NewServer(bed)
	defer s.Close()
	r, _ := http.NewRequest(http.MethodPut, s.URL+rolePath, nil)
	s.check(newCall(r, []byte(roleBody)), jsonResponse(http.StatusTeapot, result{Code: "INVALID_DATA", Status: "error"}))
	if got := strings.Join(bed.errors, "\n"); !strings.Contains(got, "the spec does not allow the response to PUT /crm/v7/Contacts/roles/20: ") {
		t.Errorf("the test fails with %q", got)
	}
}

func TestCheckedTransportReportsViolations(t *testing.T) {
	t.Parallel()
	const success = `{"contact_roles":[{"code":"SUCCESS","details":{"id":"20"},"message":"record updated","status":"success"}]}`
	for name, test := range map[string]struct {
		body, response string
		status         int
		want           string
	}{
		"none":              {roleBody, success, 200, ""},
		"request":           {`{"contact_roles":[{"colour":"red"}]}`, success, 200, "the spec does not allow PUT /crm/v7/Contacts/roles/20: "},
		"undeclared key":    {roleBody, `{"a":1,` + success[1:], 200, "the spec does not allow the response to PUT /crm/v7/Contacts/roles/20: "},
		"undeclared status": {roleBody, success, 201, "the spec does not allow the response to PUT /crm/v7/Contacts/roles/20: "},
		"another input":     {roleBody, strings.Replace(success, `"20"`, `"21"`, 1), 200, "the spec does not allow the response to PUT /crm/v7/Contacts/roles/20: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.RespondWith(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", jsonType)
				w.WriteHeader(test.status)
				io.WriteString(w, test.response)
			})
			var problems []string
			transport := CheckedTransport(http.DefaultTransport, func(problem string) { problems = append(problems, problem) })
			r, _ := http.NewRequest(http.MethodPut, s.URL+rolePath, strings.NewReader(test.body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Zoho-oauthtoken 1000.a.b")
			res, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if got := strings.Join(problems, "\n"); test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("reported %q, want %q", got, test.want)
			}
		})
	}
}

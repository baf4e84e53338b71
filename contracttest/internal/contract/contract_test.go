package contract

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
)

// What depends on the payload alone is tested by contracttest/testdata/payloads.

const (
	role    = `{"contact_roles":[{"name":"Sales Lead"}]}`
	success = `{"contact_roles":[{"code":"SUCCESS","details":{"id":"1"},"message":"record updated","status":"success"}]}`
	failure = `{"code":"INVALID_TOKEN","details":{},"message":"invalid oauth token","status":"error"}`
	jsonUTF = "application/json;charset=UTF-8"
)

func newChecker(t *testing.T) *Checker {
	t.Helper()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRequestIsCheckedAgainstItsOperation(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		method, target, authorization, contentType, body string
		want                                             string // a part of the error
	}{
		"valid":               {"PUT", "/crm/v7/Contacts/roles/1", "Zoho-oauthtoken a", jsonUTF, role, ""},
		"wrong method":        {"POST", "/crm/v7/Contacts/roles/1", "Zoho-oauthtoken a", jsonUTF, role, "no operation POST"},
		"wrong path":          {"PUT", "/crm/v7/Contacts/roles/1/2", "Zoho-oauthtoken a", jsonUTF, role, "no operation PUT"},
		"wrong version":       {"PUT", "/crm/v8/Contacts/roles/1", "Zoho-oauthtoken a", jsonUTF, role, "no operation PUT"},
		"empty id":            {"PUT", "/crm/v7/Contacts/roles/", "Zoho-oauthtoken a", jsonUTF, role, "no operation PUT"},
		"invalid id":          {"PUT", "/crm/v7/Contacts/roles/x", "Zoho-oauthtoken a", jsonUTF, role, "contact_role_id"},
		"undeclared query":    {"PUT", "/crm/v7/Contacts/roles/1?a=b", "Zoho-oauthtoken a", jsonUTF, role, `no query parameter "a"`},
		"no Authorization":    {"PUT", "/crm/v7/Contacts/roles/1", "", jsonUTF, role, "must be Zoho-oauthtoken <token>"},
		"Bearer":              {"PUT", "/crm/v7/Contacts/roles/1", "Bearer a", jsonUTF, role, "must be Zoho-oauthtoken <token>"},
		"scheme twice":        {"PUT", "/crm/v7/Contacts/roles/1", "Zoho-oauthtoken Zoho-oauthtoken a", jsonUTF, role, "must be Zoho-oauthtoken <token>"},
		"no Content-Type":     {"PUT", "/crm/v7/Contacts/roles/1", "Zoho-oauthtoken a", "", role, "Content-Type"},
		"read":                {"GET", "/crm/v7/Contacts/roles", "Zoho-oauthtoken a", "", "", ""},
		"read with a query":   {"GET", "/crm/v7/settings/modules?status=visible", "Zoho-oauthtoken a", "", "", ""},
		"query of others":     {"GET", "/crm/v7/settings/modules/Cars?status=visible", "Zoho-oauthtoken a", "", "", `no query parameter "status"`},
		"read with a body":    {"GET", "/crm/v7/Contacts/roles", "Zoho-oauthtoken a", jsonUTF, role, "must be empty"},
		"two values":          {"PUT", "/crm/v7/Contacts/roles/1", "Zoho-oauthtoken a", jsonUTF, role + role, "must be one JSON value"},
		"truncated":           {"PUT", "/crm/v7/Contacts/roles/1", "Zoho-oauthtoken a", jsonUTF, role[:20], "must be one JSON value"},
		"no body":             {"PUT", "/crm/v7/Contacts/roles/1", "Zoho-oauthtoken a", jsonUTF, "", "must be one JSON value"},
		"key twice":           {"PUT", "/crm/v7/Contacts/roles/1", "Zoho-oauthtoken a", jsonUTF, `{"contact_roles":[{"name":"a","name":"b"}]}`, "a key twice"},
		"key in two objects":  {"PUT", "/crm/v7/Contacts/roles", "Zoho-oauthtoken a", jsonUTF, `{"contact_roles":[{"id":"1"},{"id":"2"}]}`, ""},
		"error with one line": {"PUT", "/crm/v7/Contacts/roles/1", "Zoho-oauthtoken a", jsonUTF, `{"a\nb":1,"contact_roles":[{}]}`, "is unsupported"},
	} {
		r := httptest.NewRequest(test.method, test.target, nil)
		r.Header = http.Header{"Authorization": {test.authorization}, "Content-Type": {test.contentType}}
		expect(t, name, newChecker(t).Request(r, []byte(test.body)), test.want)
	}
}

func TestResponseIsCheckedAgainstItsOperation(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		request     string
		status      int
		contentType string
		body        string
		want        string // a part of the error
	}{
		"success":                    {"PUT /crm/v7/Contacts/roles/1", 200, jsonUTF, success, ""},
		"undeclared status":          {"PUT /crm/v7/Contacts/roles/1", 418, jsonUTF, failure, "no response 418"},
		"redirect":                   {"PUT /crm/v7/Contacts/roles/1", 308, jsonUTF, failure, "no response 308"},
		"partial success of one":     {"PUT /crm/v7/Contacts/roles/1", 207, jsonUTF, success, "no response 207"},
		"no content after an update": {"PUT /crm/v7/Contacts/roles/1", 204, "", "", "no response 204"},
		"HTML":                       {"PUT /crm/v7/Contacts/roles/1", 500, "text/html", failure, "Content-Type"},
		"HTML labelled JSON":         {"PUT /crm/v7/Contacts/roles/1", 500, jsonUTF, "<html>", "must be one JSON value"},
		"empty":                      {"PUT /crm/v7/Contacts/roles/1", 500, jsonUTF, "", "must be one JSON value"},
		"list twice":                 {"PUT /crm/v7/Contacts/roles/1", 200, jsonUTF, `{"contact_roles":[],` + success[1:], "a key twice"},
		"all succeeded with 207":     {"PUT /crm/v7/Contacts/roles", 207, jsonUTF, success, "207 with 1 successes among 1 results"},
		"read":                       {"GET /crm/v7/Contacts/roles", 200, jsonUTF, `{"contact_roles":[{"id":"1","name":"Buyer"}]}`, ""},
		"read of nothing":            {"GET /crm/v7/Contacts/roles", 204, "", "", ""},
		"no content with content":    {"GET /crm/v7/Contacts/roles", 204, jsonUTF, `{}`, "must be empty"},
		"modules with a status":      {"GET /crm/v7/settings/modules", 200, jsonUTF, `{"modules":[{"id":"1","status":"visible"}]}`, ""},
		"read of an update":          {"PUT /crm/v7/Contacts/roles", 200, jsonUTF, `{"contact_roles":[{"id":"1","name":"Buyer"}]}`, `"id" is unsupported`},
		"results of a read":          {"GET /crm/v7/Contacts/roles", 200, jsonUTF, success, `"code" is unsupported`},
		"unknown path":               {"PUT /crm/v7/nothing", 404, jsonUTF, failure, "no path"},
		"unknown method":             {"POST /crm/v7/Contacts/roles", 400, jsonUTF, `{}`, `"contact_roles" is missing`},
	} {
		method, target, _ := strings.Cut(test.request, " ")
		r := httptest.NewRequest(method, target, nil)
		header := http.Header{"Content-Type": {test.contentType}}
		expect(t, name, newChecker(t).Response(r, test.status, header, []byte(test.body)), test.want)
	}
}

// expect fails unless err has one line and contains want, or is nil for an empty want.
func expect(t *testing.T, name string, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")) {
		t.Errorf("%s: the error is %v, want %q", name, err, want)
	}
}

func TestExampleIsFoundByStatusAndName(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		operation string
		status    int
		name      string
		want      string // status and name, or a part of the error
	}{
		{"updateContactRoles", 0, "partial_success", "200 partial_success"},
		{"updateContactRoles", 207, "", "207 partial_success"},
		{"updateContactRoles", 418, "", "no such example; it has: 200 partial_success, 200 success, 207 partial_success, 400 "},
		{"updateContactRoles", 207, "all_failed", "no such example"},
		{"nonsense", 0, "", `no operation "nonsense"; it has: `},
	} {
		e, err := newChecker(t).Example(test.operation, test.status, test.name)
		if got := fmt.Sprint(e.Status, " ", e.Name, " ", err); !strings.Contains(got, test.want) {
			t.Errorf("%s %d %q is %s, want %s", test.operation, test.status, test.name, got, test.want)
		}
	}
}

func TestTransportChecksWhatItSends(t *testing.T) {
	t.Parallel()
	const two = `{"contact_roles":[{"id":"1"},{"id":"2"}]}`
	for name, test := range map[string]struct {
		path, body   string
		response     io.Reader
		closeUnread  bool
		wantRequest  string // parts of the errors
		wantResponse string
	}{
		"valid":              {path: "/1", body: role, response: strings.NewReader(success)},
		"invalid request":    {path: "/1", body: two, response: strings.NewReader(success), wantRequest: "maximum number of items is 1", wantResponse: "1 results for 2 inputs"},
		"result missing":     {path: "", body: two, response: strings.NewReader(success), wantResponse: "1 results for 2 inputs"},
		"success of another": {path: "/2", body: role, response: strings.NewReader(success), wantResponse: "result 0 is the success of 1, not of 2"},
		"truncated":          {path: "/1", body: role, response: io.MultiReader(strings.NewReader(success), iotest.ErrReader(io.ErrUnexpectedEOF)), wantResponse: "truncated"},
		"closed":             {path: "/1", body: role, response: strings.NewReader(success), closeUnread: true, wantResponse: "closed before its end"},
	} {
		base := roundTripper(func(r *http.Request) (*http.Response, error) {
			if sent, _ := io.ReadAll(r.Body); string(sent) != test.body {
				t.Errorf("%s: sent %s", name, sent)
			}
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {jsonUTF}}, Body: io.NopCloser(test.response)}, nil
		})
		var seen []Exchange
		transport := Transport{Checker: newChecker(t), Base: base, Seen: func(e Exchange) { seen = append(seen, e) }}
		r := httptest.NewRequest(http.MethodPut, "/crm/v7/Contacts/roles"+test.path, strings.NewReader(test.body))
		r.Header = http.Header{"Authorization": {"Zoho-oauthtoken a"}, "Content-Type": {jsonUTF}}
		response, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if !test.closeUnread {
			_, _ = io.Copy(io.Discard, response.Body)
		}
		_ = response.Body.Close()
		if len(seen) != 1 || seen[0].Status != 200 || string(seen[0].Sent) != test.body {
			t.Fatalf("%s: seen %+v", name, seen)
		}
		expect(t, name, seen[0].RequestError, test.wantRequest)
		expect(t, name, seen[0].ResponseError, test.wantResponse)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

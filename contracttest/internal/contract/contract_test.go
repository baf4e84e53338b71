package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/generated"
)

func newChecker(t *testing.T) *Checker {
	t.Helper()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// request returns a request of an operation as the document has it.
func request(t *testing.T, operationID string) *http.Request {
	t.Helper()
	for _, o := range generated.Operations() {
		if o.ID == operationID {
			path := strings.NewReplacer("{module}", "Digital_Marketing", "{contact_role_id}", "4150868000003611011").Replace(o.Path)
			r := httptest.NewRequest(o.Method, "http://127.0.0.1:8080"+generated.BasePath+path, nil)
			r.Header.Set("Authorization", "Zoho-oauthtoken 1000.a.b")
			r.Header.Set("Content-Type", "application/json")
			return r
		}
	}
	t.Fatalf("no operation %q", operationID)
	return nil
}

var answerHeader = http.Header{"Content-Type": {"application/json;charset=UTF-8"}}

func TestExamplesKeepTheContract(t *testing.T) {
	c := newChecker(t)
	if len(c.RequestExamples()) != 3 || len(c.Examples()) < 60 {
		t.Fatalf("read %d requests and %d answers", len(c.RequestExamples()), len(c.Examples()))
	}
	for _, e := range c.RequestExamples() {
		if err := c.Request(request(t, e.Operation), e.Body); err != nil {
			t.Errorf("%s %s: %v", e.Operation, e.Name, err)
		}
	}
	for _, e := range c.Examples() {
		r := request(t, e.Operation)
		if err := c.Response(r, e.Status, answerHeader, e.Body); err != nil {
			t.Errorf("%s %d %s: %v", e.Operation, e.Status, e.Name, err)
		}
		if found, err := c.Example(e.Operation, e.Status, e.Name); err != nil || found.Name != e.Name || found.Status != e.Status {
			t.Errorf("%s %d %s is not found by its name: %v", e.Operation, e.Status, e.Name, err)
		}
	}
}

func TestExampleIsFoundByPart(t *testing.T) {
	c := newChecker(t)
	for _, test := range []struct {
		operation string
		status    int
		name      string
		want      string // status and name, or a part of the error
	}{
		{"updateContactRoles", 0, "partial_success", "200 partial_success"},
		{"updateContactRoles", 207, "", "207 partial_success"},
		{"updateContactRoles", 0, "", "200 partial_success"},
		{"updateContactRoles", 418, "", "400 all_failed, 400 api_not_supported"},
		{"updateContactRoles", 207, "all_failed", "no such answer"},
		{"updateContactRoles", 0, "nonsense", "no such answer"},
		{"nonsense", 0, "", `no operation "nonsense"; there are: update`},
	} {
		got, err := c.Example(test.operation, test.status, test.name)
		text := fmt.Sprint(got.Status, " ", got.Name)
		if err != nil {
			text = err.Error()
		}
		if !strings.Contains(text, test.want) {
			t.Errorf("%s %d %q is %q, want %q", test.operation, test.status, test.name, text, test.want)
		}
	}
}

func TestOperation(t *testing.T) {
	c := newChecker(t)
	for target, want := range map[string]string{
		"PUT /crm/v7/settings/modules/Digital_Marketing": "updateCustomModule",
		"PUT /proxy/crm/v7/Contacts/roles":               "updateContactRoles",
		"PUT /crm/v7/Contacts/roles/1":                   "updateContactRole",
		"GET /crm/v7/Contacts/roles":                     "",
		"PUT /crm/v7/Contacts/roles/":                    "",
		"PUT /crm/v7/Contacts/roles/1/2":                 "",
		"PUT /crm/v8/Contacts/roles":                     "",
		"PUT /Contacts/roles":                            "",
	} {
		method, path, _ := strings.Cut(target, " ")
		id, found := c.Operation(httptest.NewRequest(method, path, nil))
		if id != want || found != (want != "") {
			t.Errorf("%s is %q, %v, want %q", target, id, found, want)
		}
	}
}

func TestRequestRefusals(t *testing.T) {
	c := newChecker(t)
	valid := `{"contact_roles":[{"name":"Sales Lead","sequence_number":5}]}`
	tests := map[string]struct {
		body   string
		change func(r *http.Request)
		want   string
	}{
		"valid":             {body: valid},
		"charset":           {body: valid, change: header("Content-Type", "application/json; charset=UTF-8")},
		"extra key":         {body: `{"contact_roles":[{"name":"x","nickname":"y"}]}`, want: `"nickname" is unsupported`},
		"extra key, top":    {body: `{"contact_roles":[{"name":"x"}],"trigger":[]}`, want: `"trigger" is unsupported`},
		"key twice":         {body: `{"contact_roles":[{"name":"x","name":"y"}]}`, want: `"$.contact_roles[0].name" is there twice`},
		"odd key twice":     {body: `{"a\nb":1,"a\nb":2}`, want: `"$.a\nb" is there twice`},
		"odd key":           {body: `{"a\nb":1,"contact_roles":[{}]}`, want: "is unsupported"},
		"id as a number":    {body: `{"contact_roles":[{"id":4150868000003611011,"name":"x"}]}`, want: "must be a string"},
		"fraction":          {body: `{"contact_roles":[{"sequence_number":1.5}]}`, want: "must be an integer"},
		"two values":        {body: valid + valid, want: "after top-level value"},
		"half a value":      {body: valid[:20], want: "not one JSON value"},
		"no body":           {body: "", want: "not one JSON value"},
		"no Content-Type":   {body: valid, change: header("Content-Type", ""), want: "Content-Type"},
		"form":              {body: valid, change: header("Content-Type", "application/x-www-form-urlencoded"), want: "Content-Type"},
		"no Authorization":  {body: valid, change: header("Authorization", ""), want: "Zoho-oauthtoken <token>"},
		"Bearer":            {body: valid, change: header("Authorization", "Bearer 1000.a.b"), want: "Zoho-oauthtoken <token>"},
		"scheme twice":      {body: valid, change: header("Authorization", "Zoho-oauthtoken Zoho-oauthtoken 1000.a.b"), want: "Zoho-oauthtoken <token>"},
		"wrong method":      {body: valid, change: func(r *http.Request) { r.Method = http.MethodPost }, want: "no operation POST"},
		"wrong path":        {body: valid, change: func(r *http.Request) { r.URL.Path += "/1" }, want: "no operation PUT"},
		"id not of digits":  {body: valid, change: func(r *http.Request) { r.URL.Path += "x" }, want: "contact_role_id"},
		"undeclared query":  {body: valid, change: func(r *http.Request) { r.URL.RawQuery = "a=b" }, want: `no query parameter "a"`},
		"name too long":     {body: fmt.Sprintf(`{"contact_roles":[{"name":"%051d"}]}`, 0), want: "maximum string length is 50"},
		"name of 50 ä":      {body: fmt.Sprintf(`{"contact_roles":[{"name":"%s"}]}`, strings.Repeat("ä", 50))},
		"two roles in one":  {body: `{"contact_roles":[{"name":"x"},{"name":"y"}]}`, want: "maximum number of items is 1"},
		"null in the place": {body: `{"contact_roles":[null]}`, want: "not nullable"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := request(t, "updateContactRole")
			if test.change != nil {
				test.change(r)
			}
			expect(t, c.Request(r, []byte(test.body)), test.want)
		})
	}
}

func TestDeleteIsNullOrAbsent(t *testing.T) {
	c := newChecker(t)
	for value, want := range map[string]string{"null": "", "true": `"not"`, "false": `"not"`, `{}`: "must be a boolean"} {
		body := `{"modules":[{"plural_label":"a","singular_label":"b","profiles":[{"id":"1","_delete":` + value + `}]}]}`
		expect(t, c.Request(request(t, "updateCustomModule"), []byte(body)), want)
	}
}

func TestResponseRefusals(t *testing.T) {
	c := newChecker(t)
	const success = `{"code":"SUCCESS","details":{"id":"1"},"message":"record updated","status":"success"}`
	const refused = `{"code":"INVALID_DATA","details":{},"message":"invalid data","status":"error"}`
	tests := map[string]struct {
		status int
		body   string
		header http.Header
		want   string
	}{
		"one success":          {status: 200, body: `{"contact_roles":[` + success + `]}`},
		"one error as success": {status: 200, body: `{"contact_roles":[` + refused + `]}`, want: "not one of the allowed values"},
		"two successes":        {status: 200, body: `{"contact_roles":[` + success + `,` + success + `]}`, want: "maximum number of items is 1"},
		"extra key":            {status: 200, body: `{"contact_roles":[` + success + `],"info":{}}`, want: `"info" is unsupported`},
		"extra key, item":      {status: 400, body: `{"contact_roles":[` + strings.Replace(refused, "{", `{"a":1,`, 1) + `]}`, want: `"a" is unsupported`},
		"extra key, bare":      {status: 401, body: strings.Replace(refused, "{", `{"a":1,`, 1), want: `"a" is unsupported`},
		"new detail":           {status: 400, body: strings.Replace(refused, "{}", `{"a":1}`, 1)},
		"wrapped":              {status: 400, body: `{"contact_roles":[` + refused + `]}`},
		"bare":                 {status: 400, body: refused},
		"wrapped and bare":     {status: 400, body: `{"contact_roles":[` + refused + `],` + refused[1:], want: `"code" is unsupported Or`},
		"bare without details": {status: 400, body: strings.Replace(refused, `"details":{},`, "", 1), want: `"details" is missing`},
		"wrapped in 401":       {status: 401, body: `{"contact_roles":[` + refused + `]}`, want: "unsupported"},
		"other envelope":       {status: 400, body: `{"modules":[` + refused + `]}`, want: `"modules" is unsupported`},
		"empty object":         {status: 400, body: `{}`, want: `"contact_roles" is missing`},
		"undeclared status":    {status: 418, body: refused, want: "no answer 418"},
		"redirect":             {status: 308, body: refused, want: "no answer 308"},
		"207 of one role":      {status: 207, body: `{"contact_roles":[` + success + `]}`, want: "no answer 207"},
		"no content":           {status: 204, want: "no answer 204"},
		"HTML":                 {status: 500, body: refused, header: http.Header{"Content-Type": {"text/html"}}, want: "Content-Type"},
		"no content type":      {status: 500, body: refused, header: http.Header{}, want: "Content-Type"},
		"HTML labelled JSON":   {status: 500, body: "<html>", want: "not one JSON value"},
		"empty":                {status: 500, want: "not one JSON value"},
		"id as a number":       {status: 200, body: strings.Replace(`{"contact_roles":[`+success+`]}`, `"1"`, `1`, 1), want: "must be a string"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.header == nil {
				test.header = answerHeader
			}
			expect(t, c.Response(request(t, "updateContactRole"), test.status, test.header, []byte(test.body)), test.want)
		})
	}
	expect(t, c.Response(httptest.NewRequest(http.MethodPut, "/crm/v7/nothing", nil), 404, answerHeader, []byte(refused)), "no path")
	expect(t, c.Response(httptest.NewRequest(http.MethodHead, "/crm/v7/Contacts/roles", nil), 400, answerHeader, []byte("{}")), `"contact_roles" is missing`)
}

func header(key, value string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Del(key)
		if value != "" {
			r.Header.Set(key, value)
		}
	}
}

// expect fails unless err is of one line and holds want, or is nil where want is empty.
func expect(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want != "" && err == nil:
		t.Errorf("passed, want an error with %q", want)
	case want != "" && !strings.Contains(err.Error(), want):
		t.Errorf("error %q lacks %q", err, want)
	case err != nil && strings.Contains(err.Error(), "\n"):
		t.Errorf("error of several lines: %q", err)
	}
}

func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":null}]}`, `[]`, `1 2`, `{"a":1,"a":2}`, `{`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if checkJSON(body) == nil && !json.Valid(body) {
			t.Errorf("accepted %q, which is not JSON", body)
		}
	})
}

package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

// deviating is an exchange that a deviation may change before the program sees it.
type deviating struct {
	*http.Request
	sent, response string
	status         int
	header         http.Header
	// repeat sends another body to the server instead.
	repeat func(body string)
}

// deviation puts a deviation in front of the mock server.
func deviation(deviate func(*deviating)) zohotest.Option {
	return zohotest.WithHandler(func(s *zohotest.Server) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sent, _ := io.ReadAll(r.Body)
			x := &deviating{Request: r, sent: string(sent)}
			x.repeat = func(body string) { //nolint:contextcheck // a deviation of the server
				again := r.Clone(r.Context())
				again.Body = io.NopCloser(strings.NewReader(body))
				recorder := httptest.NewRecorder()
				s.ServeHTTP(recorder, again)
				x.status, x.header, x.response = recorder.Code, recorder.Header(), recorder.Body.String()
			}
			x.repeat(x.sent)
			deviate(x)
			for name, values := range x.header {
				w.Header()[name] = values
			}
			w.WriteHeader(x.status)
			_, _ = io.Copy(w, bytes.NewBufferString(x.response))
		})
	})
}

// replace replaces text in responses.
func replace(from, to string) func(*deviating) {
	return func(x *deviating) { x.response = strings.ReplaceAll(x.response, from, to) }
}

const bareError = `{"code":"INVALID_DATA","details":{},"message":"invalid data","status":"error"}`

var (
	ids       = regexp.MustCompile(`"id":"([0-9]+)"`)
	positions = regexp.MustCompile(`"sequence_number":([0-9]+)`)
)

// Each of these is reported for the probe, in the words of the table, and found again by a replay of the recording.
var deviations = []struct {
	name    string
	deviate func(*deviating)
	probe   string
	finding string
}{
	{"another status of a success", func(x *deviating) {
		if x.Method == http.MethodPut && x.status == 200 {
			x.status = 202
		}
	}, "a new name", "status: the tested server responded with HTTP 202, the mock server with 200"},
	{"another message of a success", replace("record updated", "contact role updated"), "a new name",
		`message: contact_roles/*/message is "contact role updated", the mock server sends "record updated"; the spec has it: true`},
	{"another message of an error", replace("duplicate data", "the data is duplicate"), "a duplicate name", `/message is "the data is duplicate"`},
	{"a key more in a result", replace(`"status":"success"`, `"status":"success","new_key":1`), "a new name",
		"extra key: contact_roles/*/new_key is not in the mock server's response; all objects have it, a number such as 0"},
	{"a key more in a list", replace(`"sequence_number":1}`, `"sequence_number":1,"new_key":1}`), "contact roles",
		"extra key: contact_roles/*/new_key is not in the mock server's response; 1 of 5 objects have it"},
	{"a key less in a list", replace(`"profile_count"`, `"number_of_profiles"`), "the module", "key: modules/*/profile_count is missing"},
	{"a key less in an error", replace(`"maximum_length":25`, `"json_path":"$"`), "a singular label of 26 characters", "details/maximum_length is missing"},
	{"an unknown code", replace("DUPLICATE_DATA", "ALREADY_THERE"), "a duplicate name", "code: ALREADY_THERE is not in the spec"},
	{"another known code", replace("NOT_ALLOWED", "NO_PERMISSION"), "the current api_name of the module", "value: modules/*/code is"},
	{"405 for a wrong method", func(x *deviating) {
		if x.Method == http.MethodPatch {
			x.status = 405
		}
	}, "a wrong method", "status: the tested server responded with HTTP 405, the mock server with 400"},
	{"404 for an unknown module", func(x *deviating) {
		if strings.Contains(x.response, "INVALID_MODULE") {
			x.status = 404
		}
	}, "an unknown module", "status: the tested server responded with HTTP 404, the mock server with 400"},
	{"numbers for ids in lists", func(x *deviating) {
		if x.Method == http.MethodGet {
			x.response = ids.ReplaceAllString(x.response, `"id":$1`)
		}
	}, "contact roles", "value: contact_roles/*/id is a number, the mock server sends a string"},
	{"numbers for ids in results", func(x *deviating) {
		if x.Method == http.MethodPut {
			x.response = ids.ReplaceAllString(x.response, `"id":$1`)
		}
	}, "a new name", "value: contact_roles/*/details/id is 10000"},
	{"a bare error", func(x *deviating) {
		if x.Method == http.MethodPut && strings.Contains(x.response, "INVALID_DATA") {
			x.response = bareError
		}
	}, "an unknown id", "key: contact_roles is missing"},
	{"a result less", func(x *deviating) {
		if strings.Contains(x.sent, probeName+" two") {
			x.response = x.response[:strings.Index(x.response, "},{")] + "}]}"
		}
	}, "one id twice", "value: contact_roles has 1 elements, the mock server sends 2"},
	{"a success of another contact role", func(x *deviating) {
		if x.Method == http.MethodPut {
			x.response = strings.ReplaceAll(x.response, "4150868000003611015", "4150868000003611014")
		}
	}, "a new name", "client: it reports an error"},
	{"an error with the status of a success", replace(`"status":"error"`, `"status":"success"`), "a swap of two names", "spec: "},
	{"no JSON", func(x *deviating) {
		if strings.Contains(x.sent, label51) {
			x.status, x.response = 500, "<html>"
			x.header.Set("Content-Type", "text/html")
		}
	}, "a singular label of 51 characters", "value: the Content-Type is text/html"},
	{"no list", replace(`"profiles":[{"id":"2423488000000015972","name":"Administrator"}]`, `"profiles":{}`), "the module", "spec: the response does not match the schema"},
	{"other contact roles move", func(x *deviating) {
		if x.sent == `{"contact_roles":[{"id":"4150868000003611015","sequence_number":1}]}` {
			response := x.response
			x.repeat(`{"contact_roles":[{"id":"4150868000003611011","sequence_number":2},{"id":"4150868000003611012","sequence_number":3}]}`)
			x.response = response
		}
	}, "what moves when one sequence_number changes", "state: in the mock server the request changes contact role"},
	{"a long label is accepted", func(x *deviating) {
		if strings.Contains(x.sent, label26) {
			x.repeat(strings.ReplaceAll(x.sent, label26, "Live check"))
		}
	}, "a singular label of 26 characters", "state: in the mock server the request changes nothing"},
	{"an update is lost", func(x *deviating) {
		if strings.Contains(x.sent, labelScript) {
			response := x.response
			x.repeat(strings.ReplaceAll(x.sent, labelScript, "Marketing"))
			x.response = response
		}
	}, "a singular label in other scripts", "state: in the mock server the request changes module"},
	{"Bearer is accepted", func(x *deviating) {
		if strings.HasPrefix(x.Header.Get("Authorization"), "Bearer ") {
			x.Header.Set("Authorization", "Zoho-oauthtoken "+strings.TrimPrefix(x.Header.Get("Authorization"), "Bearer "))
			x.repeat(x.sent)
		}
	}, "the token as Bearer", "key: code is missing"},
	{"a swap of names is accepted", func(x *deviating) {
		if strings.Contains(x.sent, `"Executive Sponsor"},{"id":"4150868000003611014"`) {
			x.repeat(strings.Replace(x.sent, "Executive Sponsor", "Between", 1))
			x.repeat(`{"contact_roles":[{"id":"4150868000003611014","name":"Engineering Lead"},{"id":"4150868000003611015","name":"Executive Sponsor"}]}`)
		}
	}, "a swap of two names", "status: the tested server responded with HTTP 200, the mock server with 400"},
	{"_delete: true grants access", func(x *deviating) {
		if strings.Contains(x.sent, `"_delete":true,`) {
			x.repeat(strings.Replace(x.sent, `"_delete":true,`, "", 1))
		}
	}, "_delete: true for a profile", "state: in the mock server the request changes nothing"},
	{"strings for positions", func(x *deviating) {
		x.response = positions.ReplaceAllString(x.response, `"sequence_number":"$1"`)
	}, "contact roles", "value: contact_roles/*/sequence_number is a string, the mock server sends a number"},
	{"a header more", func(x *deviating) { x.header.Set("X-Ratelimit-Limit", "1") }, "", ""},
}

func TestReportHasWhatIsNeededToAct(t *testing.T) {
	t.Parallel()
	l := newLive(t, deviation(func(x *deviating) {
		if strings.Contains(x.response, "DUPLICATE_DATA") {
			x.status, x.response = 409, strings.ReplaceAll(x.response, `"status"`, `"is_new":true,"status"`)
		}
	}))
	r, output, err := l.check(t.Context(), full...)
	if err != nil {
		t.Fatal(err, output)
	}
	markdown := string(r.markdown())
	for _, text := range []string{
		"# zohocrm-go compared with a server on this machine (a rehearsal: no evidence about Zoho)\n",
		"* extra key: `contact_roles/*/is_new` is not in the mock server's response; all objects have it, a boolean such as `true` (a duplicate name, a swap of two names)\n",
		"31 probes: 29 as expected, 2 differ (", "34 to set up and to restore", "Versions: spec 1.0.0, client zohocrm-go/",
		"operation updateContactRole of spec/openapi.yaml. The request is valid.",
		"does not allow, but the tested server accepted: an id as a number, no Content-Type header.\n", "allows, but the tested server rejected: an unknown module,",
		`{"contact_roles":[{"name":"Name8"}]}`, `"is_new":true,"message":"duplicate data"`,
		"* Go client: as expected, an error: zohocrm: updateContactRole: input 0, id 1000000000000000009: HTTP 409 DUPLICATE_DATA",
		"* one id twice: contact role 1000000000000000009: name Name10 → Live check two\n", "**differs**: extra key, spec, status |",
	} {
		if !strings.Contains(markdown, text) {
			t.Errorf("the report does not have %q:\n%s", text, markdown)
		}
	}
	if r.Totals[differs] != 2 || !r.Restored || r.NotRestored == nil || strings.Contains(r.Started, ":") {
		t.Errorf("%+v", r)
	}
}

func TestDeviationsAreReported(t *testing.T) {
	t.Parallel()
	for _, test := range deviations {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := newLive(t, deviation(test.deviate))
			r, output, err := l.check(t.Context(), full...)
			if err != nil {
				t.Fatal(err, output)
			}
			l.testRestored(t)
			if test.probe == "" {
				if len(r.Headers) != 1 || r.Headers["X-Ratelimit-Limit"] != "GET /Contacts/roles" {
					t.Errorf("headers: %s", r.Headers)
				}
				return
			}
			matches := func(f finding) bool {
				return strings.Contains(strings.ReplaceAll(f.Kind+": "+f.Text, "`", ""), test.finding)
			}
			reported := func(r result) bool {
				return r.Probe == test.probe && r.Verdict == differs && slices.ContainsFunc(r.Findings, matches)
			}
			if !slices.ContainsFunc(r.Results, reported) || r.count(notTried) > 0 && test.name != "no list" {
				t.Errorf("not reported:\n%s", r.markdown())
			}
			replayed := func(r result) bool { return r.Probe == test.probe && r.Verdict == differs }
			isRecorded := !strings.Contains(test.finding, "text/html")
			if isRecorded && !slices.ContainsFunc(replay(t, filepath.Join(l.dir, "recording.jsonl")), replayed) {
				t.Error("the replay does not find it")
			}
		})
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/internal/contract"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

var update = flag.Bool("update", false, "write testdata/mock.jsonl")

// Each difference of a recording from the spec, the client or the mock server fails this test. testdata/mock.jsonl was
// recorded from the mock server; put recordings of live orgs beside it.
func TestReplay(t *testing.T) {
	t.Parallel()
	if *update {
		l := newLive(t)
		if _, output, err := l.check(t.Context(), full...); err != nil {
			t.Fatal(err, output)
		}
		if err := os.Rename(filepath.Join(l.dir, "recording.jsonl"), "testdata/mock.jsonl"); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || files == nil {
		t.Fatalf("found no recordings: %v", err)
	}
	for _, file := range files {
		for _, r := range replay(t, file) {
			if r.Verdict != asExpected {
				t.Errorf("%s: %s: %+v", file, r.Probe, r)
			}
		}
	}
}

func replay(t *testing.T, file string) (results []result) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	checker, err := contract.New()
	if err != nil {
		t.Fatal(err)
	}
	c := &checks{checker, &anonymiser{aliases: map[string]string{}}}
	var state org
	for line := range bytes.Lines(content) {
		var e recorded
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		if e.Org != nil {
			state = org{}
			if err := json.Unmarshal(e.Org, &state); err != nil {
				t.Fatal(err)
			}
		}
		q := request{method: e.Method, path: e.Path, body: e.Body, bearer: e.Bearer, untyped: e.Untyped}
		x := exchange{request: q, status: e.Status, header: http.Header{"Content-Type": {e.ContentType}}, response: e.Response}
		r, err := c.judge(t.Context(), x, state, e.Changes)
		if err != nil {
			t.Fatal(err)
		}
		r.Probe = e.Probe
		results = append(results, r)
	}
	return results
}

// Every value of this org, and every text that its server adds, has a mark: "zqx" in names, 777 in numbers.
func TestNothingOfTheOrgIsInTheFiles(t *testing.T) {
	t.Parallel()
	private := regexp.MustCompile(`(?i)zqx|777|社長`)
	extra := deviation(func(x *deviating) {
		x.header.Set("X-Ratelimit-Org", "zqx")
		x.header.Set("X-Server", "crm.zqx-corp.example")
		x.response = strings.NewReplacer(
			`"description":null`, `"description":"about zqx","owner_email":"anna@zqx-corp.example","Zqx_Key":"zqx","fields":[{"name":"Zqx","id":"7770"}],"size":777`,
			`"modified_by":null`, `"modified_by":{"name":"Anna Zqx","id":"7771"}`,
			`"modified_time":null`, `"modified_time":"1777-07-07T07:17:77+01:00"`,
			`"message":"duplicate data"`, `"message":"Anna Zqx of https://zqx.example (anna@zqx.example, 社長zqx, 7772) has the name Zqx Lead 7773"`,
			`"code":"NOT_ALLOWED"`, `"code":"zqx"`,
			`"record updated"`, `"Zqx updated"`,
			`"maximum_length":25`, `"maximum_length":7777777777`,
			`"status":"visible"`, `"status":"zqx"`,
			`"json_path":"$.modules[0].singular_label"`, `"json_path":"$.Zqx"`,
		).Replace(x.response)
		if strings.Contains(x.sent, "Live check three") || x.Method == http.MethodPatch {
			x.status, x.response = 502, "<html>zqx.example</html>"
			x.header.Set("Content-Type", "text/html; zqx=7777777")
		}
	})
	l := newLive(t, extra,
		zohotest.WithProfiles(zohotest.Profile{ID: "777000000000000001", Name: "Zqx Admin"}, zohotest.Profile{ID: "777000000000000002", Name: "anna@zqx.example"}),
		zohotest.WithContactRoles(
			zohotest.ContactRole{ID: "777000000000000011", Name: "Zqx (Lead)", SequenceNumber: 1}, zohotest.ContactRole{ID: "777000000000000012", Name: "社長", SequenceNumber: 2},
			zohotest.ContactRole{ID: "777000000000000013", Name: "zqx.example", SequenceNumber: 3}, zohotest.ContactRole{ID: "777000000000000014", Name: "$zqx", SequenceNumber: 4}),
		zohotest.WithModules(zohotest.Module{ID: "777000000000000021", APIName: "Zqx_Module", SingularLabel: "Zqx 社長", PluralLabel: "Zqxs", Profiles: []string{"777000000000000001"}}),
		zohotest.WithAccessToken("1000.zqx777zqx.zqx777zqx"))
	r, output, err := l.check(t.Context(), "-run", "-module", "Zqx_Module")
	if err != nil || r.count(differs) < 5 {
		t.Fatal(err, output)
	}
	l.testRestored(t)
	for _, file := range []string{"report.md", "report.json", "recording.jsonl"} {
		content, err := os.ReadFile(filepath.Join(l.dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			if private.MatchString(line) {
				t.Errorf("%s: %s", file, line)
			}
		}
	}
	if markdown := string(r.markdown()); !strings.Contains(markdown, "has the name") || !strings.Contains(markdown, "name Name") {
		t.Errorf("the report leaves out too much:\n%s", markdown)
	}
}

package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/spec"
)

// report is what a run found. All texts are anonymised.
type report struct {
	// With is what the spec, the client and the mock server are compared with.
	With string `json:"compared_with"`
	// Started is a day: a time could identify the org in a log.
	Started  string            `json:"started"`
	Versions map[string]string `json:"versions"`
	Notice   string            `json:"notice"`
	Requests int               `json:"requests"`
	Credits  int               `json:"credit_budget"`
	Totals   map[string]int    `json:"totals"`
	// Stopped is why the run ended early.
	Stopped     string   `json:"stopped,omitempty"`
	Restored    bool     `json:"restored"`
	NotRestored []string `json:"not_restored"`
	// Headers are response headers that neither the spec nor HTTP has, with the first request that had each.
	Headers map[string]string `json:"unknown_headers"`
	Results []result          `json:"results"`
}

const setUp = "requests to set up and to restore"

func newReport(with string, credits int) report {
	versions := map[string]string{"spec": string(regexp.MustCompile(`(?m)^  version: (.+)$`).FindSubmatch(spec.YAML)[1])}
	if info, ok := debug.ReadBuildInfo(); ok {
		versions["program"] = strings.Replace(info.Main.Version, "(devel)", "of an unknown commit", 1) // or the commit
	}
	return report{
		With: with, Started: time.Now().UTC().Format(time.DateOnly), Versions: versions, Notice: strings.ReplaceAll(notice, "\n", " "), Credits: credits,
		Totals: map[string]int{}, NotRestored: []string{}, Headers: map[string]string{},
	}
}

var isHeader = regexp.MustCompile(`^[A-Za-z][A-Za-z-]{0,40}$`).MatchString

// knownHeaders are those of the spec and usual ones of HTTP.
var knownHeaders = strings.Fields(`Age Alt-Svc Cache-Control Connection Content-Disposition Content-Encoding Content-Language
	Content-Length Content-Security-Policy Content-Type Date Etag Expires Keep-Alive Last-Modified Pragma Referrer-Policy Retry-After
	Server Set-Cookie Strict-Transport-Security Transfer-Encoding Vary Via X-Api-Credits-Remaining X-Content-Type-Options
	X-Frame-Options X-Xss-Protection`)

func (r *report) addHeaders(header http.Header, request string) {
	for name := range header {
		if !isHeader(name) {
			name = leftOut
		}
		if !slices.Contains(knownHeaders, name) && r.Headers[name] == "" {
			r.Headers[name] = request
		}
	}
}

func (r report) count(verdict string) (n int) {
	for _, result := range r.Results {
		if result.Verdict == verdict {
			n++
		}
	}
	return n
}

// isClean reports whether nothing differs from the spec, the client and the mock server.
func (r report) isClean() bool {
	return r.count(asExpected)+r.count(notTried) == len(r.Results) && len(r.Headers) == 0 && len(r.NotRestored) == 0 && r.Stopped == ""
}

const introduction = `# zohocrm-go compared with %[1]s

A program sent requests and compared each response with three things: the OpenAPI spec of zohocrm-go (spec/openapi.yaml, written
from Zoho's documentation), what the Go client (package client) made of the response, and the response of the mock server, which
got the same request in the same state of the org. If the server is Zoho, a difference means that one of the three is wrong.

%[2]s
`

const notice = `Values of the org are replaced, the same value by the same text: names and labels by Name1, Name2 and so on, ids by numbers
that begin with 10000, times by 2020-01-01, other numbers by 0, other texts by …. Codes, texts of the spec, positions and limits
are kept. Some objects and lists are shown empty.
9000000000000000000 and the numbers after it are invented ids, which no org has. Texts that begin with Live check or Live_check
are those that the program wrote.`

const forms = `
## Requests

Responses are shown as HTTP status, form of the body and codes. Forms are wrapped: results in a list; bare: one object, not in a
list; list: result of a GET. As expected: the response is as the spec describes it and as the mock server responded, and the
client reports a success, or an error with the code of the response.
`

// shorten returns the beginning of a JSON value.
func shorten(value any, limit int) string {
	text := string(encode(value))
	if len(text) <= limit {
		return text
	}
	return fmt.Sprintf("%s … (%d bytes)", strings.ToValidUTF8(text[:limit], ""), len(text))
}

// markdown returns the report for a reader.
func (r report) markdown() []byte {
	var b, details, changes, table bytes.Buffer
	line := func(b *bytes.Buffer, format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	line(&b, introduction, r.With, r.Notice)
	var found []finding
	foundBy, clients, group := map[finding][]string{}, map[string][]string{}, ""
	surprising := map[bool][]string{} // accepted requests that the spec does not allow, and rejected ones that it allows
	for _, x := range r.Results {
		if x.Group != group {
			group = x.Group
			line(&table, "\n### %s\n\n| probe | request | mock server | tested server | verdict |\n| --- | --- | --- | --- | --- |", strings.ToUpper(group[:1])+group[1:])
		}
		verdict := x.Verdict
		switch verdict {
		case asExpected:
		case notTried:
			verdict = "**not tried**: " + x.Findings[0].Text
		default:
			line(&details, "### %s\n\n`%s`: operation %s of spec/openapi.yaml. The request is %s.\n", x.Probe, x.Request, cmp.Or(x.Operation, "none"), map[bool]string{true: "valid", false: "not valid by the spec"}[x.InSpec])
			line(&details, "* The mock server responded %s, the tested server %s.\n* Go client: %s.", x.Mock, x.Seen, cmp.Or(x.Client, noResponse))
			var kinds []string
			for _, f := range x.Findings {
				line(&details, "* %s: %s", f.Kind, f.Text)
				if foundBy[f] = append(foundBy[f], x.Probe); len(foundBy[f]) == 1 {
					found = append(found, f)
				}
				kinds = append(kinds, f.Kind)
			}
			slices.Sort(kinds)
			verdict = fmt.Sprintf("**%s**: %s", verdict, strings.Join(slices.Compact(kinds), ", "))
			line(&details, "\nRequest and response body, null if there is none in JSON:\n\n```json\n%s\n%s\n```\n", shorten(x.RequestBody, 600), shorten(x.ResponseBody, 600))
		}
		line(&table, "| %s | `%s` | %s | %s | %s |", x.Probe, x.Request, x.Mock, x.Seen, verdict)
		if len(x.Changes) > 0 {
			line(&changes, "* %s: %s", x.Probe, strings.Join(x.Changes, "; "))
		}
		if accepted := strings.HasPrefix(x.Seen, "2"); x.InSpec != accepted && x.Seen != "" {
			surprising[accepted] = append(surprising[accepted], x.Probe)
		}
		client, _, _ := strings.Cut(x.Client, ",")
		clients[client] = append(clients[client], x.Probe)
	}
	line(&b, "## Differences\n")
	for _, f := range found {
		line(&b, "* %s: %s (%s)", f.Kind, f.Text, strings.Join(foundBy[f], ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		line(&b, "* unknown header: `%s`, not counted as a difference (first seen in the response to `%s`)", name, r.Headers[name])
	}
	if len(found)+len(r.Headers) == 0 {
		line(&b, "* None.")
	}
	tried := "all ran"
	if n := r.count(notTried); n > 0 {
		tried = fmt.Sprintf("%d **not tried**", n)
	}
	line(&b, "\n## Totals\n\n* %d probes: %d as expected, %d differ (%d findings), %d without a response, %s.", len(r.Results), r.count(asExpected), r.count(differs), len(found), r.count(noResponse), tried)
	line(&b, "* %d requests, %d of %d credits: %d requests of the probes, %d to set up and to restore.", r.Requests, r.Requests, r.Credits, r.Requests-r.Totals[setUp], r.Totals[setUp])
	line(&b, "* The Go client handled %d responses as expected. None of its methods sends these requests: %s.",
		len(clients[asExpected]), cmp.Or(strings.Join(clients[notGiven], ", "), "none"))
	line(&b, "* Requests that the spec does not allow, but the tested server accepted: %s.", cmp.Or(strings.Join(surprising[true], ", "), "none"))
	line(&b, "* Requests that the spec allows, but the tested server rejected: %s.", cmp.Or(strings.Join(surprising[false], ", "), "none"))
	if r.Stopped != "" {
		line(&b, "* %s", r.Stopped)
	}
	if r.Restored {
		line(&b, "* The org is as it was before.")
	}
	for _, change := range r.NotRestored {
		line(&b, "* **Not restored**: %s", change)
	}
	line(&b, "* Started %s. Versions: spec %s, client %s, program %s.", r.Started, r.Versions["spec"], r.Versions["client"], r.Versions["program"])
	line(&b, "\n## Details of the differences\n\n%s## What the updates changed\n\n%s* All others: nothing.\n%s%s", details.String(), changes.String(), forms, table.String())
	return b.Bytes()
}

// recording is what a test replays against the spec, the client and the mock server: an anonymised exchange in each line.
type recording struct {
	lines   bytes.Buffer
	lastOrg []byte
}

type recorded struct {
	Probe string `json:"probe"`
	// Org is the org before the request, empty if it is that of the exchange before.
	Org         json.RawMessage `json:"org,omitempty"`
	Method      string          `json:"method"`
	Path        string          `json:"path"`
	Body        json.RawMessage `json:"body,omitempty"`
	Bearer      bool            `json:"bearer,omitempty"`
	Untyped     bool            `json:"no_content_type,omitempty"`
	Status      int             `json:"status"`
	ContentType string          `json:"content_type,omitempty"`
	Response    json.RawMessage `json:"response,omitempty"`
	// Changes are what the request changed in the org.
	Changes []string `json:"changes,omitempty"`
}

// add records an exchange, unless its response is not JSON or did not come.
func (r *recording) add(a *anonymiser, result result, x exchange, before org) {
	shown := a.exchange(x)
	if x.err != nil || len(x.response) > 0 && !json.Valid(shown.response) {
		return
	}
	e := recorded{
		Probe: result.Probe, Method: x.method, Path: shown.path, Body: shown.body, Bearer: x.bearer, Untyped: x.untyped,
		Status: x.status, ContentType: shown.header.Get("Content-Type"), Response: shown.response, Changes: result.Changes,
	}
	if state := a.json(encode(before)); !bytes.Equal(state, r.lastOrg) {
		e.Org, r.lastOrg = state, state
	}
	r.lines.Write(append(encode(e), '\n'))
}

// write writes the report and the recording to a folder.
func (r *runner) write(folder string) error {
	r.report.Restored = len(r.report.NotRestored) == 0
	for _, verdict := range []string{asExpected, differs, noResponse, notTried} {
		r.report.Totals[verdict] = r.report.count(verdict)
	}
	r.report.Totals[setUp] = r.report.Requests - len(r.report.Results) + r.report.count(notTried)
	reportJSON, err := json.MarshalIndent(r.report, "", "  ")
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"report.md": r.report.markdown(), "report.json": reportJSON, "recording.jsonl": r.recording.lines.Bytes()} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

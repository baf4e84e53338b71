package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// report is what a run found. All texts are anonymised.
type report struct {
	Started     time.Time `json:"started"`
	Environment string    `json:"environment"`
	Requests    int       `json:"requests"`
	Credits     int       `json:"credit_budget"`
	// Stopped is why the run ended early.
	Stopped     string   `json:"stopped,omitempty"`
	NotRestored []string `json:"not_restored"`
	// Headers are the names of response headers that neither the spec nor HTTP has.
	Headers []string `json:"unknown_headers"`
	Results []result `json:"results"`
}

var isHeader = regexp.MustCompile(`^[A-Za-z][A-Za-z-]{0,40}$`).MatchString

// knownHeaders are those of the spec and usual ones of HTTP.
const knownHeaders = " Age Alt-Svc Cache-Control Connection Content-Disposition Content-Encoding Content-Language Content-Length" +
	" Content-Security-Policy Content-Type Date Etag Expires Keep-Alive Last-Modified Pragma Referrer-Policy Retry-After Server Set-Cookie" +
	" Strict-Transport-Security Transfer-Encoding Vary Via X-Api-Credits-Remaining X-Content-Type-Options X-Frame-Options X-Xss-Protection "

func (r *report) addHeaders(header http.Header) {
	for name := range header {
		if !isHeader(name) {
			name = leftOut
		}
		if !strings.Contains(knownHeaders, " "+name+" ") && !slices.Contains(r.Headers, name) {
			r.Headers = append(r.Headers, name)
		}
	}
	slices.Sort(r.Headers)
}

func (r report) count(verdict string) (n int) {
	for _, result := range r.Results {
		if result.Verdict == verdict {
			n++
		}
	}
	return n
}

// clean reports whether nothing differs from the spec, the client and the mock server.
func (r report) clean() bool {
	return r.count(differs)+r.count(unknown)+len(r.Headers)+len(r.NotRestored) == 0 && r.Stopped == ""
}

const introduction = `# Zoho CRM v7 compared with zohocrm-go

A program sent the requests below to an org of Zoho CRM and compared each response with three things: the OpenAPI spec of
zohocrm-go, which was written from Zoho's documentation; the Go client; and the mock server, which got the same request in the
same state of the org. A difference means that one of the three is wrong about Zoho.

Ids, names, labels and other values of the org are replaced: Name1, Name2, … stand for names and labels, numbers from
1000000000000000001 for ids, and … for what is left out.
`

// markdown returns the report for a reader.
func (r report) markdown() []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s", introduction)
	line("* Started %s, environment %s, %d requests of at most %d.", r.Started.Format(time.RFC3339), r.Environment, r.Requests, r.Credits)
	line("* %d responses as expected, %d differ, %d requests without a response, %d probes not tried.", r.count(asExpected), r.count(differs), r.count(unknown), r.count(notTried))
	if r.Stopped != "" {
		line("* The run ended early: %s.", r.Stopped)
	}
	if len(r.NotRestored) == 0 {
		line("* The org is as it was before.")
	} else {
		line("\n## Not restored\n\nThese changes are left in the org (now → before):\n")
		for _, change := range r.NotRestored {
			line("* %s", change)
		}
	}
	line("\n## Requests\n\nExpected and seen are the HTTP status, the shape of the body (wrapped: in a list, bare: one object) and the codes.")
	group := ""
	for _, result := range r.Results {
		if result.Group != group {
			group = result.Group
			line("\n### %s\n\n| probe | request | expected | seen | verdict |\n| --- | --- | --- | --- | --- |", strings.ToUpper(group[:1])+group[1:])
		}
		verdict := result.Verdict
		if verdict != asExpected {
			verdict = "**" + verdict + "**"
		}
		if result.Reason != "" {
			verdict += ": " + result.Reason
		}
		line("| %s | `%s` | %s | %s | %s |", result.Probe, result.Request, result.Expected, result.Seen, verdict)
	}
	line("\n## Differences\n")
	for _, result := range r.Results {
		if result.Verdict != differs && result.Verdict != unknown {
			continue
		}
		line("### %s\n\n`%s`: expected %s, seen %s.\n", result.Probe, result.Request, result.Expected, result.Seen)
		for _, change := range result.Changes {
			line("* changed: %s", change)
		}
		for _, f := range result.Findings {
			line("* %s: %s", f.Kind, f.Text)
		}
		line("")
	}
	if r.count(differs)+r.count(unknown) == 0 {
		line("None.\n")
	}
	for _, kind := range []string{kindStatus, kindCode, kindKey, kindMessage} {
		r.list(line, "All differences of kind "+kind, r.all(kind))
	}
	r.list(line, "Unknown headers", r.Headers)
	return b.Bytes()
}

func (report) list(line func(string, ...any), title string, items []string) {
	if len(items) == 0 {
		return
	}
	line("## %s\n", title)
	for _, item := range items {
		line("* %s", item)
	}
	line("")
}

// all returns the distinct findings of a kind.
func (r report) all(kind string) (texts []string) {
	for _, result := range r.Results {
		for _, f := range result.Findings {
			if f.Kind == kind && !slices.Contains(texts, f.Text) {
				texts = append(texts, f.Text)
			}
		}
	}
	return texts
}

// recording is what a test replays against the spec, the client and the mock server. It is anonymised.
type recording struct {
	Exchanges []recorded `json:"exchanges"`
	last      []byte
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
func (r *recording) add(a *anonymiser, p probe, x exchange, before org, changes []string) {
	response := a.json(x.answer)
	if x.err != nil || response == nil && len(x.answer) > 0 {
		return
	}
	e := recorded{
		Probe: p.name, Method: x.method, Path: a.path(x.path), Body: a.json(x.body), Bearer: x.bearer, Untyped: x.untyped,
		Status: x.status, Response: response, Changes: changes,
	}
	if len(response) > 0 {
		e.ContentType = a.text(mediaType(x))
	}
	if state := a.json(encode(before)); !bytes.Equal(state, r.last) {
		e.Org, r.last = state, state
	}
	r.Exchanges = append(r.Exchanges, e)
}

// exchange returns what was recorded.
func (e recorded) exchange() exchange {
	x := exchange{request: request{method: e.Method, path: e.Path, body: e.Body, bearer: e.Bearer, untyped: e.Untyped}, status: e.Status, answer: e.Response, header: http.Header{}}
	if e.ContentType != "" {
		x.header.Set("Content-Type", e.ContentType)
	}
	return x
}

// writeAll writes the report and the recording to a folder.
func writeAll(folder string, r report, rec recording) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	reportJSON, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	recordingJSON, err := json.MarshalIndent(rec, "", "\t")
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"report.md": r.markdown(), "report.json": reportJSON, "recording.json": recordingJSON} {
		if err := os.WriteFile(filepath.Join(folder, name), append(content, '\n'), 0o644); err != nil {
			return err
		}
	}
	return nil
}

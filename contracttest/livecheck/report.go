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
var knownHeaders = strings.Fields(`Age Alt-Svc Cache-Control Connection Content-Disposition Content-Encoding Content-Language
	Content-Length Content-Security-Policy Content-Type Date Etag Expires Keep-Alive Last-Modified Pragma Referrer-Policy Retry-After
	Server Set-Cookie Strict-Transport-Security Transfer-Encoding Vary Via X-Api-Credits-Remaining X-Content-Type-Options
	X-Frame-Options X-Xss-Protection`)

func (r *report) addHeaders(header http.Header) {
	for name := range header {
		if !isHeader(name) {
			name = leftOut
		}
		if !slices.Contains(knownHeaders, name) && !slices.Contains(r.Headers, name) {
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

// isClean reports whether nothing differs from the spec, the client and the mock server.
func (r report) isClean() bool {
	return r.count(asExpected)+r.count(notTried) == len(r.Results) && len(r.Headers) == 0 && len(r.NotRestored) == 0 && r.Stopped == ""
}

const introduction = `# Zoho CRM v7 compared with zohocrm-go

A program sent the requests below to an org of Zoho CRM and compared each response with three things: the OpenAPI spec of
zohocrm-go, which was written from Zoho's documentation; the Go client; and the mock server, which got the same request in the
same state of the org. A difference means that one of the three is wrong about Zoho.

Ids, names, labels and other values of the org are replaced: Name1, Name2, … stand for names and labels, long numbers that
begin with 10000 for ids, and … for what is left out. Names that begin with "Live check" are those that the program wrote.
`

// markdown returns the report for a reader.
func (r report) markdown() []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s", introduction)
	line("* Started %s, environment: %s, %d requests; the budget was %d.", r.Started.Format(time.RFC3339), r.Environment, r.Requests, r.Credits)
	line("* %d responses as expected, %d differ, %d requests without a response, %d probes not tried.",
		r.count(asExpected), r.count(differs), r.count(noResponse), r.count(notTried))
	if r.Stopped != "" {
		line("* %s", r.Stopped)
	}
	if len(r.NotRestored) == 0 {
		line("* The org is as it was before.")
	}
	for _, change := range r.NotRestored {
		line("* **Not restored**: %s", change)
	}
	line("\n## Requests\n\nExpected and seen are the HTTP status, the form of the body (wrapped: results in a list; bare: one result; list: what was read)\nand the codes.")
	group := ""
	var details bytes.Buffer
	all := map[string][]string{"unknown header": r.Headers}
	for _, x := range r.Results {
		if x.Group != group {
			group = x.Group
			line("\n### %s\n\n| probe | request | expected | seen | verdict |\n| --- | --- | --- | --- | --- |", strings.ToUpper(group[:1])+group[1:])
		}
		verdict := "**" + x.Verdict + "**"
		switch x.Verdict {
		case asExpected:
			verdict = asExpected
		case notTried:
			verdict += ": " + x.Findings[0].Text
		default:
			fmt.Fprintf(&details, "### %s\n\n`%s`: expected %s, seen %s.\n\n", x.Probe, x.Request, x.Expected, x.Seen)
			for _, change := range x.Changes {
				fmt.Fprintf(&details, "* changed: %s\n", change)
			}
			for _, f := range x.Findings {
				fmt.Fprintf(&details, "* %s: %s\n", f.Kind, f.Text)
				if !slices.Contains(all[f.Kind], f.Text) {
					all[f.Kind] = append(all[f.Kind], f.Text)
				}
			}
			details.WriteString("\n")
		}
		line("| %s | `%s` | %s | %s | %s |", x.Probe, x.Request, x.Expected, x.Seen, verdict)
	}
	if details.Len() == 0 {
		details.WriteString("None.\n")
	}
	line("\n## Differences\n\n%s", details.String())
	for _, kind := range []string{kindStatus, kindCode, kindKey, kindMessage, "unknown header"} {
		if len(all[kind]) > 0 {
			line("All of the kind %s:\n\n* %s\n", kind, strings.Join(all[kind], "\n* "))
		}
	}
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
	response := a.json(x.response)
	if x.err != nil || response == nil && len(x.response) > 0 {
		return
	}
	e := recorded{
		Probe: result.Probe, Method: x.method, Path: a.path(x.path), Body: a.json(x.body), Bearer: x.bearer, Untyped: x.untyped,
		Status: x.status, ContentType: a.text(x.header.Get("Content-Type")), Response: response, Changes: result.Changes,
	}
	if state := a.json(encode(before)); !bytes.Equal(state, r.lastOrg) {
		e.Org, r.lastOrg = state, state
	}
	r.lines.Write(append(encode(e), '\n'))
}

// write writes the report and the recording to a folder.
func (r *runner) write(folder string) error {
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

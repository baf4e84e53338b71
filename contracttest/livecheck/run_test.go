package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

// live is a mock server in the place of Zoho.
type live struct {
	*zohotest.Server
	dir       string
	transport http.RoundTripper
	before    []any
}

func newLive(t testing.TB, options ...zohotest.Option) *live {
	t.Helper()
	// Probes send what the spec does not allow.
	s := zohotest.NewServer(t, append(options, zohotest.WithProblemFunc(func(string) {}))...)
	l := &live{Server: s, dir: t.TempDir(), transport: s.HTTPClient().Transport}
	l.before = l.org()
	return l
}

func (l *live) org() []any {
	modules := l.Modules()
	for _, m := range modules {
		slices.Sort(m.Profiles) // their order has no meaning
	}
	return []any{l.ContactRoles(), modules}
}

// check runs the program and returns its report and output.
func (l *live) check(ctx context.Context, args ...string) (r report, output string, err error) {
	var out bytes.Buffer
	getenv := func(name string) string { return map[string]string{"ZOHO_ACCESS_TOKEN": l.AccessToken()}[name] }
	err = run(ctx, append([]string{"-url", l.URL, "-dir", l.dir}, args...), getenv, l.transport, &out)
	if content, readErr := os.ReadFile(filepath.Join(l.dir, "report.json")); readErr == nil {
		readErr = json.Unmarshal(content, &r)
		err = errors.Join(err, readErr)
	}
	return r, out.String(), err
}

// testRestored tests that the org is as before and no journal is left.
func (l *live) testRestored(t *testing.T) {
	t.Helper()
	if now := l.org(); !reflect.DeepEqual(now, l.before) {
		t.Errorf("the org is\n%v, was\n%v", now, l.before)
	}
	if _, err := os.Stat(filepath.Join(l.dir, "journal.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a journal is left: %v", err)
	}
}

var full = []string{"-run", "-module", "Digital_Marketing"}

func TestPlanSendsNothing(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	_, output, err := l.check(t.Context(), "-module", "Digital_Marketing")
	if err != nil || len(l.Requests()) > 0 {
		t.Errorf("%d requests, %v", len(l.Requests()), err)
	}
	for _, text := range []string{"GET /crm/v7/Contacts/roles", `"_delete":null`, "- a duplicate name: changes the name of one contact role", "budget of 150 credits", "Nothing was sent"} {
		if !strings.Contains(output, text) {
			t.Errorf("the plan does not have %q:\n%s", text, output)
		}
	}
}

func TestReportIsCleanWithoutDeviations(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	r, output, err := l.check(t.Context(), full...)
	if err != nil {
		t.Fatal(err, output)
	}
	if !r.isClean() || r.count(notTried) > 0 || r.count(asExpected) < 30 {
		t.Errorf("the report is not clean:\n%s", r.markdown())
	}
	l.testRestored(t)
}

func TestOnlyTheProfileWithoutAccessIsRemoved(t *testing.T) {
	t.Parallel()
	l := newLive(t, zohotest.WithModules(zohotest.Module{ID: "1", APIName: "Digital_Marketing", SingularLabel: "One", PluralLabel: "Ones", Profiles: []string{"2423488000000015978"}}))
	if _, _, err := l.check(t.Context(), full...); err != nil {
		t.Fatal(err)
	}
	removed := 0
	for _, request := range l.Requests() {
		var sent struct {
			Modules []struct{ Profiles []map[string]any }
		}
		_ = json.Unmarshal(request.Body, &sent)
		for _, m := range sent.Modules {
			for _, p := range m.Profiles {
				if _, isRemoved := p["_delete"]; isRemoved {
					removed++
					if p["id"] != "2423488000000015975" { // Standard
						t.Errorf("removed: %s", request.Body)
					}
				}
			}
		}
	}
	if removed == 0 {
		t.Error("no profile was removed")
	}
}

func TestProbesThatCannotBeTried(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args    []string
		options []zohotest.Option
		reason  string
		least   int
	}{
		"no module":         {[]string{"-run"}, []zohotest.Option{zohotest.WithModules(zohotest.Module{ID: "1", Profiles: []string{"2423488000000015972"}})}, "use -module", 8},
		"an unknown module": {[]string{"-run", "-module", "Other"}, nil, "the module could not be read: the response was 400 bare INVALID_MODULE", 8},
		"one contact role":  {full, []zohotest.Option{zohotest.WithContactRoles(zohotest.ContactRole{ID: "1", Name: "One", SequenceNumber: 1})}, "two contact roles", 16},
		"contact roles cannot be read": {full, []zohotest.Option{deviation(replace(`"sequence_number":1`, `"sequence_number":true`))},
			"the contact roles could not be read: contact_roles.sequence_number is not of the type int", 16},
		"a module cannot be read": {full, []zohotest.Option{deviation(func(x *deviating) {
			if x.URL.Path == "/crm/v7/settings/modules/Digital_Marketing" {
				x.response = strings.Replace(x.response, `"profiles":[`, `"profiles":["",`, 1)
			}
		})}, "the module could not be read: modules.profiles is not of the type struct", 8},
		"every profile has access": {full, []zohotest.Option{zohotest.WithProfiles(zohotest.Profile{ID: "2423488000000015972", Name: "Any"})}, "every profile has access", 2},
		"a small budget":           {append([]string{"-credits", "30"}, full...), nil, "raise -credits", 10},
		"updates fail": {full, []zohotest.Option{deviation(func(x *deviating) {
			if x.Method == http.MethodPut {
				x.status, x.response = 403, `{"code":"NO_PERMISSION","details":{},"message":"permission denied","status":"error"}`
			}
		})}, "nothing could be restored", 20},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLive(t, test.options...)
			r, output, err := l.check(t.Context(), test.args...)
			if err != nil || r.count(notTried) < test.least || !strings.Contains(string(r.markdown()), test.reason) {
				t.Errorf("%d not tried, %v\n%s", r.count(notTried), err, output)
			}
			l.testRestored(t)
		})
	}
}

func TestUnsafeFlagsAreRejected(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-run -env production":                 "add -production",
		"-run -env other":                      "-env",
		"-run -dc XX":                          "-dc",
		"-run -url https://www.zohoapis.com":   "a server on this machine",
		"-run -url http://example.com:8080":    "a server on this machine",
		"-run -url http://127.0.0.1:1 surplus": "unexpected argument",
	} {
		noEnv := func(string) string { return "" }
		err := run(t.Context(), append(strings.Fields(args), "-dir", t.TempDir()), noEnv, nil, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// faulty is a transport that fails for some requests, counted from 1.
type faulty struct {
	base  http.RoundTripper
	count int
	// fail returns what happens to the n-th request: nil to send it.
	fail func(n int, send func() (*http.Response, error)) (*http.Response, error, bool)
}

func (f *faulty) RoundTrip(r *http.Request) (*http.Response, error) {
	f.count++
	send := func() (*http.Response, error) { return f.base.RoundTrip(r) }
	if res, err, failed := f.fail(f.count, send); failed {
		return res, err
	}
	return send()
}

// lose sends a request and loses its response.
func lose(send func() (*http.Response, error)) {
	if res, err := send(); err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
}

// A goroutine that ends within the transport, before or after a request was carried out, leaves everything as a killed process does: nothing of this program runs later.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for at := 6; at < 73; at++ { // after the reads, to the last request
		kills := []kill{{full, at, random.IntN(2) == 0}, {[]string{"-restore"}, 1 + random.IntN(10), random.IntN(2) == 0}} // the first restore may be killed too
		t.Run(fmt.Sprint("request ", at), func(t *testing.T) {
			t.Parallel()
			l := newLive(t)
			reliable := l.transport
			for _, k := range kills {
				l.transport = &faulty{base: reliable, fail: func(n int, send func() (*http.Response, error)) (*http.Response, error, bool) {
					if n == k.at {
						if k.afterwards {
							lose(send)
						}
						runtime.Goexit()
					}
					return nil, nil, false
				}}
				ended := make(chan bool)
				go func() {
					defer close(ended)
					_, _, _ = l.check(t.Context(), k.args...) // its error depends on where it ended
				}()
				<-ended
			}
			l.transport = reliable
			if _, output, err := l.check(t.Context(), "-restore"); err != nil {
				t.Error(err, output)
			}
			l.testRestored(t)
		})
	}
}

// kill is a run that ends at a request, before or after it was carried out.
type kill struct {
	args       []string
	at         int
	afterwards bool
}

// inMemory runs a test in which waiting takes no time.
func inMemory(t *testing.T, test func(t *testing.T, l *live)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(t, newLive(t, zohotest.WithInMemory())) })
}

func TestNextRunRestores(t *testing.T) {
	inMemory(t, func(t *testing.T, l *live) {
		reliable := l.transport
		l.transport = &faulty{base: reliable, fail: func(n int, _ func() (*http.Response, error)) (*http.Response, error, bool) {
			return nil, errors.New("no network"), n > 12 // the read after a new name
		}}
		if _, output, err := l.check(t.Context(), full...); err == nil || !strings.Contains(err.Error(), "run again with -restore") {
			t.Error(err, output)
		}
		if reflect.DeepEqual(l.org(), l.before) {
			t.Fatal("nothing was left to restore")
		}
		l.transport = reliable
		before := l.org()
		if _, output, err := l.check(t.Context()); err != nil || !strings.Contains(output, "First, what the probe") || !reflect.DeepEqual(l.org(), before) {
			t.Error("without -run, the plan must name the journal and send nothing", err, output)
		}
		if r, output, err := l.check(t.Context(), full...); err != nil || !r.isClean() {
			t.Error(err, output)
		}
		l.testRestored(t)
	})
}

func TestWhatCannotBeRestoredIsNamed(t *testing.T) {
	inMemory(t, func(t *testing.T, l *live) {
		reliable := l.transport
		rejected := func() *http.Response {
			return &http.Response{StatusCode: http.StatusForbidden, Body: io.NopCloser(strings.NewReader(bareError))}
		}
		l.transport = &faulty{base: reliable, fail: func(n int, send func() (*http.Response, error)) (*http.Response, error, bool) {
			return rejected(), nil, n == 14 || n == 16 || n == 18 // the updates that restore a name
		}}
		r, output, err := l.check(t.Context(), full...)
		want := "contact role 10000"
		if err == nil || len(r.NotRestored) != 1 || !strings.HasPrefix(r.NotRestored[0], want) || !strings.Contains(output, "NOT RESTORED") {
			t.Errorf("%v: %q\n%s", err, r.NotRestored, output)
		}
		l.transport = reliable
		if _, output, err := l.check(t.Context(), "-restore"); err != nil {
			t.Error(err, output)
		}
		l.testRestored(t)
	})
}

// Whichever request is throttled or loses its connection, the org is restored by the same run.
func TestThrottledOrDisconnected(t *testing.T) {
	t.Parallel()
	throttled := func(func() (*http.Response, error)) (*http.Response, error) {
		body := `{"code":"TOO_MANY_REQUESTS","details":{},"message":"too many requests. please try again after some time","status":"error"}`
		return &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"30"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
	noConnection := func(func() (*http.Response, error)) (*http.Response, error) {
		return nil, errors.New("connection refused")
	}
	noResponse := func(send func() (*http.Response, error)) (*http.Response, error) {
		lose(send)
		return nil, io.ErrUnexpectedEOF
	}
	for name, failing := range map[string]func(func() (*http.Response, error)) (*http.Response, error){
		"throttled": throttled, "no connection": noConnection, "no response": noResponse,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for first := 6; first < 75; first += 7 { // after the reads
				synctest.Test(t, func(t *testing.T) {
					l := newLive(t, zohotest.WithInMemory())
					l.transport = &faulty{base: l.transport, fail: func(n int, send func() (*http.Response, error)) (*http.Response, error, bool) {
						if n < first || n > first+2 {
							return nil, nil, false
						}
						res, err := failing(send)
						return res, err, true
					}}
					r, output, err := l.check(t.Context(), full...)
					if err != nil && !strings.Contains(err.Error(), "Zoho throttles") || len(r.NotRestored) > 0 {
						t.Error(first, err, output)
					}
					l.testRestored(t)
				})
			}
		})
	}
}

func TestInterrupted(t *testing.T) {
	inMemory(t, func(t *testing.T, l *live) {
		for interrupted := 1; interrupted < 65; interrupted += 5 {
			reliable := l.transport
			ctx, interrupt := context.WithCancel(t.Context())
			l.transport = &faulty{base: reliable, fail: func(n int, send func() (*http.Response, error)) (*http.Response, error, bool) {
				if n == interrupted {
					lose(send)
					interrupt()
					return nil, context.Canceled, true
				}
				return nil, nil, false
			}}
			if r, output, err := l.check(ctx, full...); err == nil || !strings.Contains(r.Stopped, "interrupted") {
				t.Error(interrupted, err, r.Stopped, output)
			}
			l.testRestored(t)
			interrupt()
			l.transport = reliable
		}
	})
}

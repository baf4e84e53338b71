package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

type roundTrip = func(*http.Request) (*http.Response, error)

// attempts are those of one call, by the time since its beginning.
type attempts struct {
	began time.Time
	at    []time.Duration
	// answers are the responses in order, the last one for all further attempts.
	answers []roundTrip
}

func (a *attempts) RoundTrip(r *http.Request) (*http.Response, error) {
	a.at = append(a.at, time.Since(a.began))
	return a.answers[min(len(a.at), len(a.answers))-1](r)
}

func (a *attempts) update(t *testing.T, ctx context.Context, options ...client.Option) (time.Duration, error) {
	t.Helper()
	crm := newClient(t, client.EU, client.StaticToken("1000.token"), append(options, client.WithHTTPClient(&http.Client{Transport: a}))...)
	a.began = time.Now()
	_, err := crm.UpdateContactRole(ctx, roleID, rename)
	return time.Since(a.began), err
}

func status(status int, headers ...string) roundTrip {
	return func(*http.Request) (*http.Response, error) {
		res := answer(status, bare("CODE"))
		for i := 0; i < len(headers); i += 2 {
			res.Header.Set(headers[i], headers[i+1])
		}
		return res, nil
	}
}

func good(*http.Request) (*http.Response, error) { return answer(http.StatusOK, roleUpdated), nil }

func stall(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func stallInBody(r *http.Request) (*http.Response, error) {
	res := answer(http.StatusOK, "")
	res.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"contact_roles":[`), readFunc(func([]byte) (int, error) {
		<-r.Context().Done()
		return 0, r.Context().Err()
	})))
	return res, nil
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	const none = -1 // the call returns the error at once
	for _, test := range []struct {
		name, value string
		options     []client.Option
		wait        time.Duration
		retryAfter  time.Duration // of the error, if there is no wait
		text        string
	}{
		{"seconds", "7", nil, 7 * time.Second, 0, ""},
		{"less than the usual wait", "1", []client.Option{client.WithFirstWait(time.Hour)}, time.Second, 0, ""},
		{"a minute", "60", nil, time.Minute, 0, ""},
		{"more than a minute", "61", nil, none, 61 * time.Second, "(retry after 1m1s)"},
		{"a date", "Sat, 01 Jan 2000 00:00:42 GMT", nil, 42 * time.Second, 0, ""}, // the clock of synctest starts at midnight
		{"a date in an hour", "Sat, 01 Jan 2000 01:00:00 GMT", nil, none, time.Hour, "(retry after 1h0m0s)"},
		{"more than the timeout", "7", []client.Option{client.WithTimeout(6 * time.Second)}, none, 7 * time.Second, "(retry after 7s)"},
		{"after the last attempt", "7", []client.Option{client.WithMaxAttempts(1)}, none, 7 * time.Second, "(retry after 7s)"},
		{"a date before now", "Fri, 31 Dec 1999 23:59:59 GMT", []client.Option{client.WithMaxAttempts(1)}, none, 0, "HTTP 429"},
		{"negative", "-7", []client.Option{client.WithMaxAttempts(1)}, none, 0, "HTTP 429"},
		{"out of range", "99999999999999999999", nil, none, 24 * time.Hour, "(retry after 24h0m0s)"},
		{"0", "0", []client.Option{client.WithFirstWait(0)}, 0, 0, ""},
		{"unreadable", "soon", []client.Option{client.WithFirstWait(0)}, 0, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := &attempts{answers: []roundTrip{status(http.StatusTooManyRequests, "Retry-After", test.value), good}}
				elapsed, err := a.update(t, t.Context(), test.options...)
				e, _ := errors.AsType[*client.Error](err)
				switch {
				case test.wait != none && (err != nil || elapsed != test.wait):
					t.Errorf("the call took %s, want %s: %v", elapsed, test.wait, err)
				case test.wait == none && (e == nil || elapsed != 0 || errors.Is(err, context.DeadlineExceeded)):
					t.Errorf("the call must return the response at once, not after %s: %v", elapsed, err)
				case e != nil && (e.RetryAfter != test.retryAfter || !strings.Contains(err.Error(), test.text) || test.retryAfter == 0 && strings.Contains(err.Error(), "retry after")):
					t.Errorf("RetryAfter is %s, want %s: %v", e.RetryAfter, test.retryAfter, err)
				}
			})
		})
	}
}

func TestTokenRequestsAreRetriedLikeOthers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, retryAfter string
		responses        []int // statuses; a 200 has a token
		least, most      time.Duration
		text             string
		authRetryAfter   time.Duration
	}{
		{"at random times", "", []int{500, 502, 503, 200}, 0, 3500 * time.Millisecond, "", 0},
		{"up to the number of attempts", "", []int{500, 503, 504, 500}, 0, 3500 * time.Millisecond, "HTTP 500", 0},
		{"after Retry-After", "7", []int{503, 503, 200}, 14 * time.Second, 14 * time.Second, "", 0},
		{"not after a minute", "61", []int{503}, 0, 0, "HTTP 503", 0},
		{"not when throttled", "7", []int{429}, 0, 0, "(retry after 1m0s)", time.Minute},
		{"not when throttled for longer", "300", []int{429}, 0, 0, "(retry after 5m0s)", 5 * time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := 0
				crm := newClient(t, client.EU, credentials(), transport(func(r *http.Request) (*http.Response, error) {
					if r.Method == http.MethodPut {
						return good(r)
					}
					n++
					res := answer(test.responses[min(n, len(test.responses))-1], granted(n))
					if res.StatusCode != 200 {
						res = answer(res.StatusCode, page)
						res.Header.Set("Retry-After", test.retryAfter)
					}
					return res, nil
				}).option())
				began := time.Now()
				err := update(t, crm)
				if elapsed := time.Since(began); n != len(test.responses) || elapsed < test.least || elapsed > test.most {
					t.Errorf("%d token requests took %s, want %d and %s to %s", n, elapsed, len(test.responses), test.least, test.most)
				}
				authErr, _ := errors.AsType[*client.AuthError](err)
				if (authErr != nil) != (test.text != "") || authErr != nil && (!strings.Contains(err.Error(), test.text) || authErr.RetryAfter != test.authRetryAfter) {
					t.Errorf("the error must have %q: %v", test.text, err)
				}
			})
		})
	}
}

func TestTimeLimits(t *testing.T) {
	t.Parallel()
	const success = -1
	limits := func(call, attempt time.Duration) []client.Option {
		return []client.Option{client.WithTimeout(call), client.WithAttemptTimeout(attempt)}
	}
	hc := func(timeout time.Duration) client.Option {
		return client.WithHTTPClient(&http.Client{Timeout: timeout, Transport: transport(stall)})
	}
	for _, test := range []struct {
		name        string
		answers     []roundTrip // nil: those of the http.Client in options
		options     []client.Option
		context     time.Duration // its limit, 0 if it has none
		least, most time.Duration
		attempts    int
		status      int // of a response, 0 if there was none
	}{
		{"two minutes, by default", []roundTrip{stall}, nil, 0, 2 * time.Minute, 2 * time.Minute, 4, 0},
		{"two minutes, in bodies", []roundTrip{stallInBody}, nil, 0, 2 * time.Minute, 2 * time.Minute, 4, 200},
		{"30 seconds for an attempt", []roundTrip{stall, good}, nil, 0, 30 * time.Second, 30500 * time.Millisecond, 2, success},
		{"30 seconds for a body", []roundTrip{stallInBody, good}, nil, 0, 30 * time.Second, 30500 * time.Millisecond, 2, success},
		{"WithAttemptTimeout", []roundTrip{stall}, limits(time.Hour, time.Second), 0, 4 * time.Second, 7500 * time.Millisecond, 4, 0},
		{"WithTimeout", []roundTrip{stall}, limits(10*time.Second, time.Hour), time.Hour, 10 * time.Second, 10 * time.Second, 1, 0},
		{"the context", []roundTrip{stall}, nil, 10 * time.Second, 10 * time.Second, 10 * time.Second, 1, 0},
		{"the context, after a response", []roundTrip{status(502), stall}, nil, 10 * time.Second, 10 * time.Second, 10 * time.Second, 2, 502},
		{"the context, in the last attempt", []roundTrip{status(502), status(502), status(502), stall}, limits(time.Hour, time.Hour), 10 * time.Second, 10 * time.Second, 10 * time.Second, 4, 502},
		{"a shorter http.Client", nil, []client.Option{hc(time.Second), client.WithMaxAttempts(1)}, 0, time.Second, time.Second, 0, 0},
		{"a longer http.Client", nil, []client.Option{hc(time.Hour), client.WithMaxAttempts(1)}, 0, 30 * time.Second, 30 * time.Second, 0, 0},
		{"a shorter http.Client, then a longer option", nil, []client.Option{hc(time.Second), client.WithAttemptTimeout(time.Minute), client.WithMaxAttempts(1)}, 0, time.Second, time.Second, 0, 0},
		{"the last http.Client", nil, []client.Option{hc(time.Second), hc(0), client.WithMaxAttempts(1)}, 0, 30 * time.Second, 30 * time.Second, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ownContract(t)
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), max(test.context, 0))
				if test.context == 0 {
					ctx, cancel = context.WithCancel(t.Context())
				}
				defer cancel()
				a := &attempts{answers: test.answers}
				options := []client.Option{client.WithHTTPClient(&http.Client{Transport: a})}
				crm := newClient(t, client.EU, client.StaticToken("1000.token"), append(options, test.options...)...)
				a.began = time.Now()
				_, err := crm.UpdateContactRole(ctx, roleID, rename)
				if elapsed := time.Since(a.began); elapsed < test.least || elapsed > test.most || len(a.at) != test.attempts {
					t.Errorf("%d attempts took %s, want %d and %s to %s: %v", len(a.at), elapsed, test.attempts, test.least, test.most, err)
				}
				if test.status == success {
					if err != nil {
						t.Error(err)
					}
					return
				}
				e, _ := errors.AsType[*client.Error](err)
				if !errors.Is(err, context.DeadlineExceeded) || !client.MaybeApplied(err) || e == nil && test.status != 0 || e != nil && e.StatusCode != test.status {
					t.Errorf("the error must be of the deadline, and have status %d: %v", test.status, err)
				}
			})
		})
	}
}

func TestWaitForATokenIsNoPartOfAnAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		crm := newClient(t, client.EU, credentials(), transport(func(r *http.Request) (*http.Response, error) {
			switch n++; n {
			case 1, 2:
				return stall(r)
			case 3:
				return answer(http.StatusOK, granted(1)), nil
			default:
				time.Sleep(29 * time.Second)
				return good(r)
			}
		}).option())
		began := time.Now()
		if err := update(t, crm); err != nil || n != 4 || time.Since(began) < 89*time.Second {
			t.Errorf("%d requests took %s: %v", n, time.Since(began), err)
		}
	})
}

// TestEachAttemptSendsTheSameBody includes the repetition with another token, and a caller that reuses its slice meanwhile.
func TestEachAttemptSendsTheSameBody(t *testing.T) {
	t.Parallel()
	ownContract(t)
	roles := slices.Clone(renames)
	respond := scripted(t, "token, 401 INVALID_TOKEN, token, 500 INTERNAL_ERROR, 503, success", nil)
	want := `{"contact_roles":[{"id":"` + roleID + `","name":"Sales Lead"},{"id":"` + nextRoleID + `","name":"Quality Control"}]}`
	crm := newClient(t, client.EU, credentials(), client.WithFirstWait(0), transport(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if r.Method == http.MethodPut && (err != nil || string(body) != want || r.ContentLength != int64(len(want)) || r.Header.Get("Content-Type") != "application/json") {
			t.Errorf("the body is %s, %v; the headers are %v", body, err, r.Header)
		}
		roles[0].Name, roles[1] = "\xff", client.ContactRoleUpdate{}
		return respond(r)
	}).option())
	if _, err := crm.UpdateContactRoles(t.Context(), roles); err == nil || !strings.Contains(err.Error(), "1 results for 2 inputs") {
		t.Error(err)
	}
}

// TestScopesOfAnErrorBelongToTheCaller sorts them while another client uses the same operation.
func TestScopesOfAnErrorBelongToTheCaller(t *testing.T) {
	t.Parallel()
	crm := newClient(t, client.EU, client.StaticToken("1000.token"), transport(status(403)).option())
	want := "ZohoCRM.modules.contacts.UPDATE ZohoCRM.modules.ALL"
	done := make(chan bool)
	for range 2 {
		go func() {
			defer func() { done <- true }()
			for range 20 {
				e, _ := errors.AsType[*client.Error](update(t, crm))
				if got := strings.Join(e.Operation.Scopes, " "); got != want {
					t.Errorf("the scopes are %s, want %s", got, want)
				}
				slices.Sort(e.Operation.Scopes)
			}
		}()
	}
	<-done
	<-done
}

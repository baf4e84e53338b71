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

// attempts are those of one call, by the time since its begin.
type attempts struct {
	began time.Time
	at    []time.Duration
	// answers answer the attempts in order, the last one all that follow.
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

// stalledBody blocks until the context of its request ends.
type stalledBody struct{ context.Context }

func (b stalledBody) Read([]byte) (int, error) { <-b.Done(); return 0, b.Err() }

func stallInBody(r *http.Request) (*http.Response, error) {
	res := answer(http.StatusOK, "")
	res.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"contact_roles":[`), stalledBody{r.Context()}))
	return res, nil
}

func TestBackoff(t *testing.T) {
	breaksContract(t)
	bounds := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second, 8 * time.Second, 8 * time.Second}
	var below, above [8]int // half of the bound
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			a := &attempts{answers: []roundTrip{status(http.StatusServiceUnavailable)}}
			_, err := a.update(t, t.Context(), client.WithMaxAttempts(9))
			if failure, ok := errors.AsType[*client.Error](err); !ok || failure.Attempts != 9 || len(a.at) != 9 || !strings.Contains(err.Error(), "9 attempts") {
				t.Fatalf("%d attempts: %v", len(a.at), err)
			}
			for i, bound := range bounds {
				wait := a.at[i+1] - a.at[i]
				if wait < 0 || wait > bound {
					t.Errorf("wait %d is %s, the bound is %s", i, wait, bound)
				}
				if wait < bound/2 {
					below[i]++
				} else {
					above[i]++
				}
			}
		})
	}
	for i := range bounds {
		if min(below[i], above[i]) < 20 { // 1 in 10 million where the waits are spread evenly
			t.Errorf("wait %d is below half of its bound %d times, and above %d times", i, below[i], above[i])
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for name, test := range map[string]struct {
		value   string
		allowed time.Duration // by the context, where it is not 0
		options []client.Option
		wait    time.Duration // -1 where there is none
	}{
		"seconds":             {"7", 0, nil, 7 * time.Second},
		"less than its own":   {"1", 0, []client.Option{client.WithFirstWait(time.Hour)}, time.Second},
		"a minute":            {"60", 0, nil, time.Minute},
		"above a minute":      {"61", 0, nil, -1},
		"a date":              {"Sat, 01 Jan 2000 00:00:42 GMT", 0, nil, 42 * time.Second}, // the clock of synctest starts at midnight
		"a date in an hour":   {"Sat, 01 Jan 2000 01:00:00 GMT", 0, nil, -1},
		"within the context":  {"7", 8 * time.Second, nil, 7 * time.Second},
		"beyond the context":  {"7", 6 * time.Second, nil, -1},
		"beyond WithTimeout":  {"7", 0, []client.Option{client.WithTimeout(6 * time.Second)}, -1},
		"beyond the attempts": {"7", 0, []client.Option{client.WithMaxAttempts(1)}, -1},
	} {
		for _, code := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
			t.Run(name, func(t *testing.T) {
				if code == http.StatusServiceUnavailable {
					breaksContract(t)
				}
				synctest.Test(t, func(t *testing.T) {
					ctx := t.Context()
					if test.allowed > 0 {
						limited, cancel := context.WithTimeout(ctx, test.allowed)
						defer cancel()
						ctx = limited
					}
					a := &attempts{answers: []roundTrip{status(code, "Retry-After", test.value), good}}
					elapsed, err := a.update(t, ctx, test.options...)
					failure, isError := errors.AsType[*client.Error](err)
					switch {
					case test.wait >= 0 && (err != nil || elapsed != test.wait):
						t.Errorf("the call waited %s: %v", elapsed, err)
					case test.wait < 0 && (!isError || failure.StatusCode != code || elapsed != 0 || errors.Is(err, context.DeadlineExceeded)):
						t.Errorf("the call must end at once with the answer, it did after %s: %v", elapsed, err)
					}
				})
			})
		}
	}
}

// TestTimeLimits holds how long a call takes whose answers stall.
func TestTimeLimits(t *testing.T) {
	for name, test := range map[string]struct {
		answers     []roundTrip
		options     []client.Option
		allowed     time.Duration // by the context, where it is not 0
		least, most time.Duration
		attempts    int
		status      int // 0 where there was no answer, -1 for a success
	}{
		"by default":             {[]roundTrip{stall}, nil, 0, 2 * time.Minute, 2 * time.Minute, 4, 0},
		"bodies by default":      {[]roundTrip{stallInBody}, nil, 0, 2 * time.Minute, 2 * time.Minute, 4, 200},
		"one attempt by default": {[]roundTrip{stall, good}, nil, 0, 30 * time.Second, 30500 * time.Millisecond, 2, -1},
		"one body by default":    {[]roundTrip{stallInBody, good}, nil, 0, 30 * time.Second, 30500 * time.Millisecond, 2, -1},
		"attempts limited": {[]roundTrip{stall}, []client.Option{client.WithAttemptTimeout(time.Second)},
			0, 4 * time.Second, 7500 * time.Millisecond, 4, 0},
		"call limited": {[]roundTrip{stall}, []client.Option{client.WithTimeout(10 * time.Second)}, 0, 10 * time.Second, 10 * time.Second, 1, 0},
		"call limited below the context": {[]roundTrip{stall}, []client.Option{client.WithTimeout(10 * time.Second)},
			time.Hour, 10 * time.Second, 10 * time.Second, 1, 0},
		"call unlimited": {[]roundTrip{stall}, []client.Option{client.WithTimeout(time.Hour)}, 0, 2 * time.Minute, 123500 * time.Millisecond, 4, 0},
		"context":        {[]roundTrip{stall}, nil, 10 * time.Second, 10 * time.Second, 10 * time.Second, 1, 0},
		"context after an answer": {[]roundTrip{status(http.StatusBadGateway), stall}, nil,
			10 * time.Second, 10 * time.Second, 10 * time.Second, 2, http.StatusBadGateway},
	} {
		t.Run(name, func(t *testing.T) {
			if slices.Contains([]string{"bodies by default", "one body by default", "context after an answer"}, name) {
				breaksContract(t)
			}
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if test.allowed > 0 {
					limited, cancel := context.WithTimeout(ctx, test.allowed)
					defer cancel()
					ctx = limited
				}
				a := &attempts{answers: test.answers}
				elapsed, err := a.update(t, ctx, test.options...)
				if elapsed < test.least || elapsed > test.most || len(a.at) != test.attempts {
					t.Errorf("%d attempts took %s: %v", len(a.at), elapsed, err)
				}
				if test.status < 0 {
					if err != nil {
						t.Error(err)
					}
					return
				}
				failure, isError := errors.AsType[*client.Error](err)
				if !errors.Is(err, context.DeadlineExceeded) || isError != (test.status > 0) || isError && failure.StatusCode != test.status {
					t.Errorf("the error is %v", err)
				}
			})
		})
	}
}

// TestTimeoutOfHTTPClient holds that the caller's http.Client can only shorten an attempt.
func TestTimeoutOfHTTPClient(t *testing.T) {
	with := func(timeout time.Duration) client.Option {
		return client.WithHTTPClient(&http.Client{Transport: transport(stall), Timeout: timeout})
	}
	for name, test := range map[string]struct {
		options []client.Option
		want    time.Duration
	}{
		"none":               {[]client.Option{with(0)}, 30 * time.Second},
		"shorter":            {[]client.Option{with(time.Second)}, time.Second},
		"longer":             {[]client.Option{with(time.Hour)}, 30 * time.Second},
		"shorter, and after": {[]client.Option{client.WithAttemptTimeout(time.Minute), with(time.Second)}, time.Second},
		"shorter, before":    {[]client.Option{with(time.Second), client.WithAttemptTimeout(time.Minute)}, time.Second},
		"of another before":  {[]client.Option{with(time.Second), with(0)}, 30 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			crm := newClient(t, client.EU, client.StaticToken("1000.token"), append(test.options, client.WithMaxAttempts(1))...)
			began := time.Now()
			if err := update(t, crm); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != test.want {
				t.Errorf("%s: an attempt took %s, not %s: %v", name, time.Since(began), test.want, err)
			}
		})
	}
}

// TestSlowTokenEndpoint holds that the wait for a token is no part of an attempt's time.
func TestSlowTokenEndpoint(t *testing.T) {
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

// TestWaitEndsWithContext holds that a wait for another attempt ends when the context does.
func TestWaitEndsWithContext(t *testing.T) {
	for name, first := range map[string]roundTrip{
		"answer":    status(http.StatusTooManyRequests, "Retry-After", "50"),
		"no answer": func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Millisecond, cancel)
				a := &attempts{answers: []roundTrip{first}}
				elapsed, err := a.update(t, ctx, client.WithFirstWait(time.Minute))
				failure, isError := errors.AsType[*client.Error](err)
				if elapsed != time.Millisecond || !errors.Is(err, context.Canceled) {
					t.Errorf("%d attempts took %s: %v", len(a.at), elapsed, err)
				}
				if isError != (name == "answer") || isError && failure.StatusCode != http.StatusTooManyRequests {
					t.Errorf("the answer before must be in the error: %v", err)
				}
			})
		})
	}
}

// TestBodyIsSentWhole holds the body of each attempt, the replay with another token among them.
func TestBodyIsSentWhole(t *testing.T) {
	breaksContract(t)
	synctest.Test(t, func(t *testing.T) {
		answers := []string{granted(1), bare("INVALID_TOKEN"), granted(2), bare("INTERNAL_ERROR"), bare("INTERNAL_ERROR"), roleUpdated}
		statuses := []int{200, 401, 200, 500, 503, 200}
		n := 0
		crm := newClient(t, client.EU, credentials(), transport(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			const want = `{"contact_roles":[{"name":"Sales Lead","sequence_number":5}]}`
			if r.Method == http.MethodPut && (string(body) != want || r.ContentLength != int64(len(want)) || r.Header.Get("Content-Type") != "application/json") {
				t.Errorf("request %d has a body of %d bytes: %s, headers %v", n, r.ContentLength, body, r.Header)
			}
			n++
			return answer(statuses[n-1], answers[n-1]), nil
		}).option())
		if err := update(t, crm); err != nil || n != len(answers) {
			t.Errorf("after %d requests: %v", n, err)
		}
	})
}

func TestLongRetryAfter(t *testing.T) {
	a := &attempts{answers: []roundTrip{status(http.StatusTooManyRequests, "Retry-After", "400")}}
	_, err := a.update(t, t.Context())
	failure, isError := errors.AsType[*client.Error](err)
	if !isError || failure.RetryAfter != 400*time.Second || !strings.Contains(err.Error(), "asks to wait 6m40s") {
		t.Error(err)
	}
}

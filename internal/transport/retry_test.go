package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/internal/transport"
)

func TestWaitsAreSpreadBelowALimitThatDoublesUpToEightSeconds(t *testing.T) {
	t.Parallel()
	limits := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second}
	shortest, longest := slices.Clone(limits), make([]time.Duration, len(limits))
	synctest.Test(t, func(t *testing.T) {
		for range 200 {
			var previous time.Time
			attempt := 0
			transport.Retry(t.Context(), transport.Policy{MaxAttempts: 7, FirstWait: transport.FirstWait}, func() (int, transport.Verdict) {
				if i := attempt - 1; i >= 0 {
					wait := time.Since(previous)
					shortest[i], longest[i] = min(shortest[i], wait), max(longest[i], wait)
				}
				previous = time.Now()
				attempt++
				return 0, transport.Verdict{Retry: true}
			})
		}
	})
	for i, limit := range limits {
		if shortest[i] > limit/10 || longest[i] < limit*9/10 || longest[i] > limit {
			t.Errorf("wait %d was %s to %s, want from 0 to %s", i+1, shortest[i], longest[i], limit)
		}
	}
}

func TestRetryEnds(t *testing.T) {
	t.Parallel()
	again := transport.Verdict{Retry: true}
	after := func(d time.Duration) transport.Verdict { return transport.Verdict{Retry: true, After: d} }
	for _, test := range []struct {
		name      string
		timeLimit time.Duration
		verdicts  []transport.Verdict
		attempts  int
		took      time.Duration
	}{
		{"after a final verdict", time.Hour, []transport.Verdict{{}}, 1, 0},
		{"after a final verdict with a Retry-After", time.Hour, []transport.Verdict{{After: time.Second}}, 1, 0},
		{"after the last attempt, without a wait", time.Hour, []transport.Verdict{again, again, after(time.Second)}, 3, 0},
		{"after a wait as requested", time.Hour, []transport.Verdict{after(time.Minute), {}}, 2, time.Minute},
		{"before a longer wait than a minute", time.Hour, []transport.Verdict{after(time.Minute + 1)}, 1, 0},
		{"before a wait that the context does not last", 5 * time.Second, []transport.Verdict{after(5 * time.Second)}, 1, 0},
		{"after a wait that the context just lasts", 5 * time.Second, []transport.Verdict{after(5*time.Second - 1), {}}, 2, 5*time.Second - 1},
		{"when the context ends", -time.Second, []transport.Verdict{after(time.Minute)}, 1, time.Second}, // cancelled, without a deadline
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.timeLimit)
				if test.timeLimit < 0 {
					ctx, cancel = context.WithCancel(t.Context())
					time.AfterFunc(-test.timeLimit, cancel)
				}
				defer cancel()
				began, n := time.Now(), 0
				results := transport.Retry(ctx, transport.Policy{MaxAttempts: 3}, func() (int, transport.Verdict) {
					n++
					return n, test.verdicts[n-1]
				})
				if want := []int{1, 2, 3}[:test.attempts]; !slices.Equal(results, want) || time.Since(began) != test.took {
					t.Errorf("got attempts %v in %s, want %v in %s", results, time.Since(began), want, test.took)
				}
			})
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // whose clock starts at midnight on 1 January 2000
		for value, want := range map[string]time.Duration{
			"":                              0,
			"0":                             0,
			"7":                             7 * time.Second,
			"-1":                            0,
			"-99999999999999999999":         0,
			"86400":                         24 * time.Hour,
			"86401":                         24 * time.Hour,
			"99999999999999999999":          24 * time.Hour,
			"1.5":                           0,
			"soon":                          0,
			"Sat, 01 Jan 2000 00:00:42 GMT": 42 * time.Second,
			"Sun, 02 Jan 2000 00:00:01 GMT": 24 * time.Hour,
			"Fri, 31 Dec 1999 23:59:59 GMT": 0,
		} {
			if got := transport.RetryAfter(http.Header{"Retry-After": {value}}); got != want {
				t.Errorf("Retry-After %q is %s, want %s", value, got, want)
			}
		}
	})
}

func TestClassify(t *testing.T) {
	t.Parallel()
	status := func(code int) transport.Response { return transport.Response{Status: code} }
	truncated := func(code int) transport.Response {
		return transport.Response{Status: code, Err: fmt.Errorf("%w: %w", transport.ErrTruncated, io.ErrUnexpectedEOF)}
	}
	none := transport.Response{}
	for _, test := range []struct {
		name                string
		response            transport.Response
		err                 error
		retry, maybeApplied bool
	}{
		{"nothing sent", none, &transport.Error{}, true, false},
		{"nothing sent, final", none, &transport.Error{Final: true}, false, false},
		{"sent", none, &transport.Error{Sent: true}, true, true},
		{"sent, final", none, &transport.Error{Sent: true, Final: true}, false, true},
		{"another error", none, errors.New("text"), false, false},
		{"unusable 200", status(200), nil, false, true},
		{"unusable 299", status(299), nil, false, true},
		{"300", status(300), nil, false, false},
		{"400", status(400), nil, false, false},
		{"429", status(429), nil, true, false},
		{"499", status(499), nil, false, false},
		{"500", status(500), nil, true, true},
		{"501", status(501), nil, false, true},
		{"502", status(502), nil, true, true},
		{"503", status(503), nil, true, true},
		{"504", status(504), nil, true, true},
		{"505", status(505), nil, false, true},
		{"truncated 200", truncated(200), nil, true, true},
		{"truncated 302", truncated(302), nil, true, true},
		{"truncated 400", truncated(400), nil, true, false},
		{"truncated 500", truncated(500), nil, true, true},
	} {
		got := transport.Classify(test.response, test.err)
		if want := (transport.Verdict{Retry: test.retry, MaybeApplied: test.maybeApplied}); got != want {
			t.Errorf("%s: got %+v, want %+v", test.name, got, want)
		}
	}
	response := transport.Response{Status: 429, Header: http.Header{"Retry-After": {"7"}}}
	if got := transport.Classify(response, nil); got.After != 7*time.Second {
		t.Errorf("the verdict has the wait %s, want that of the Retry-After header", got.After)
	}
}

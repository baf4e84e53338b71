package tokens_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/internal/tokens"
)

// TestExternal has 100 callers at once, the first of which starts a call of the caller's code a moment before. That call
// returns token-1.
func TestExternal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		first       string // the rejected token, of the first caller
		rejected    string // of the others
		next        string // what later calls return
		calls       int
		replacement error
	}{
		{"all get the token of one call", "", "", "token-2", 1, nil},
		{"a token that was rejected meanwhile is not returned", "", "token-1", "token-2", 2, nil},
		{"nor after the call of another whose token was rejected", "token-1", "token-1", "token-2", 2, nil},
		{"there is no other token", "token-1", "token-1", "token-1", 2, tokens.ErrNoReplacement},
	} {
		synctest.Test(t, func(t *testing.T) {
			calls := 0
			source := &tokens.External{Timeout: 30 * time.Second, Get: func() (string, error) {
				calls++
				defer time.Sleep(time.Second)
				if calls == 1 {
					return "token-1", nil
				}
				return test.next, nil
			}}
			go func() { _, _, _ = source.Replace(t.Context(), test.first, true) }()
			synctest.Wait()
			var group sync.WaitGroup
			for range 99 {
				group.Go(func() {
					if token, origin, err := source.Replace(t.Context(), test.rejected, true); origin != tokens.Caller || !errors.Is(err, test.replacement) || err == nil && token == test.rejected {
						t.Errorf("%s: got %s from %s, %v", test.name, token, origin, err)
					}
				})
			}
			group.Wait()
			if calls != test.calls {
				t.Errorf("%s: %d calls, want %d", test.name, calls, test.calls)
			}
		})
	}
}

// late is a context whose deadline has passed, but which has not ended yet.
type late struct{ context.Context }

func (late) Deadline() (time.Time, bool) { return time.Now().Add(-time.Second), true }

func TestFailureAfterTheDeadlineIsTheEndOfTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		for _, failure := range []error{nil, errors.New("vault is sealed")} {
			source := &tokens.External{Timeout: time.Second, Get: func() (string, error) { return "token-1", failure }}
			_, _, before := source.Replace(t.Context(), "token-1", true)
			_, _, after := source.Token(late{ctx})
			if failure == nil && after != nil || failure != nil && (before != failure || !errors.Is(after, context.Canceled)) {
				t.Errorf("%v: before the deadline, the error is %v, and after it %v", failure, before, after)
			}
		}
	})
}

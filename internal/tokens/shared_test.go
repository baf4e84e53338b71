package tokens_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/internal/tokens"
)

var (
	errNoNetwork = &tokens.Failure{Err: errors.New("no network")}
	errRejected  = &tokens.Failure{Err: errors.New("invalid_code"), Pause: time.Minute}
)

// TestRefreshBegins finds out when a token is refreshed: in the last tenth of its lifetime, at most a minute, and spread over
// most of that.
func TestRefreshBegins(t *testing.T) {
	t.Parallel()
	for lifetime, margin := range map[time.Duration]time.Duration{
		time.Hour: time.Minute, 10 * time.Minute: time.Minute, time.Minute: 6 * time.Second, 10 * time.Second: time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			var after []time.Duration // the begin of the margin
			for range 200 {
				b := newBackend()
				b.lifetime = lifetime
				s := b.source(true)
				mustToken(t, s, "token-1", tokens.Endpoint)
				began := time.Now()
				time.Sleep(lifetime - margin - 1)
				for b.tokenRequests() == 1 && time.Since(began) < lifetime {
					mustToken(t, s, "token-1", tokens.Memory)
					synctest.Wait()
					time.Sleep(margin / 100)
				}
				after = append(after, b.requests[b.tokenRequests()-1].Sub(began)-lifetime+margin)
				mustToken(t, s, "token-2", tokens.Memory)
				mustReplace(t, s, "token-2", "token-3", tokens.Endpoint) // at once, because token-1 was not rejected
			}
			first, last := slices.Min(after), slices.Max(after)
			if first < 0 || first > margin/20 || last < margin*75/100 || last > margin*82/100 {
				t.Errorf("a token of %s was refreshed %s to %s after the begin of its margin of %s", lifetime, first, last, margin)
			}
		})
	}
}

func TestBackgroundRefresh(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		cached   time.Duration // the time that a token in the cache has left, 0: there is none
		failure  *tokens.Failure
		requests int
		next     string // the token at the end of the first one
	}{
		{"requests a token", 0, nil, 2, "token-2"},
		{"takes a fresh token from the cache", 73 * time.Second, nil, 1, "token-9"},
		{"takes no token in its margin from the cache", 59 * time.Second, nil, 2, "token-2"},
		{"is repeated after 10 seconds", 0, errNoNetwork, 3, ""},
		{"is not repeated for a minute if the error stays", 0, errRejected, 2, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend()
			s := b.source(true)
			mustToken(t, s, "token-1", tokens.Endpoint)
			time.Sleep(time.Hour - 12*time.Second)
			if b.failure = test.failure; test.cached > 0 {
				b.store("token-9", time.Hour, test.cached, 0)
			}
			for range 11 {
				if token, origin, err := s.Token(t.Context()); origin != tokens.Memory || err != nil || token != "token-1" && token != test.next {
					t.Errorf("%s: token %s from %s, %v", test.name, token, origin, err)
				}
				synctest.Wait()
				time.Sleep(time.Second)
			}
			if b.tokenRequests() != test.requests {
				t.Errorf("%s: %d token requests, want %d", test.name, b.tokenRequests(), test.requests)
			}
			time.Sleep(time.Second)
			if token, _, err := s.Token(t.Context()); token != test.next || test.failure != nil && !errors.Is(err, test.failure) {
				t.Errorf("%s: token %s, %v, want %s", test.name, token, err, test.next)
			}
		})
	}
}

func TestBackgroundRefreshDoesNotUseTheContextOfACall(t *testing.T) {
	t.Parallel()
	type contextKey struct{}
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		s := b.source(true)
		var values []any
		s.Request = func(ctx context.Context, retried func(error)) (tokens.Token, *tokens.Failure) {
			values = append(values, ctx.Value(contextKey{}))
			return b.request(ctx, retried)
		}
		for range 2 {
			_, _, _ = s.Token(context.WithValue(t.Context(), contextKey{}, "call"))
			synctest.Wait()
			time.Sleep(time.Hour - time.Second)
		}
		if !slices.Equal(values, []any{"call", nil}) {
			t.Errorf("the contexts had the values %v", values)
		}
	})
}

// TestRejectedTokens has the API reject every token, for 30 minutes with a call each second.
func TestRejectedTokens(t *testing.T) {
	t.Parallel()
	repeats := func(b *backend, s *tokens.Shared) {
		s.Get, s.Put = nil, nil
		s.Request = func(ctx context.Context, retried func(error)) (tokens.Token, *tokens.Failure) {
			token, failure := b.request(ctx, retried)
			token.Value = "token-1"
			return token, failure
		}
	}
	stale := func(b *backend, s *tokens.Shared) {
		b.store("token-0", 0, time.Hour, 0)
		s.Put = func(context.Context, string, []byte, time.Duration) error { return errors.New("disk full") }
	}
	for _, test := range []struct {
		name   string
		change func(b *backend, s *tokens.Shared)
		want   []time.Duration // the minutes of the token requests
	}{
		{"no token in the cache", func(*backend, *tokens.Shared) {}, []time.Duration{0, 0, 1, 3, 7, 15, 25}},
		{"an old token that stays in the cache", stale, []time.Duration{0, 1, 3, 7, 15, 25}},
		{"a token in the cache that follows two others", func(b *backend, _ *tokens.Shared) { b.store("token-0", time.Minute, time.Hour, 2) },
			[]time.Duration{1, 5, 13, 23}},
		{"an endpoint that repeats its token", repeats, []time.Duration{0, 0, 1, 3, 7, 15, 25}},
		{"an endpoint that repeats its token, which was accepted once", func(b *backend, s *tokens.Shared) {
			repeats(b, s)
			_, _, _ = s.Token(context.Background())
			s.Accepted("token-1")
		}, []time.Duration{0, 0, 0, 0, 1, 3, 7, 15, 25, 25, 25, 26, 28}},
		{"tokens that expire after 40 s", func(b *backend, _ *tokens.Shared) { b.lifetime = 40 * time.Second }, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend()
			s := b.source(true)
			test.change(b, s)
			began := time.Now()
			for range 30 * 60 {
				token, _, err := s.Token(t.Context())
				for replays := 0; err == nil && replays < 2; replays++ {
					rejected := token
					if token, _, err = s.Replace(t.Context(), rejected, true); err == nil && token == rejected {
						t.Errorf("%s: Replace returned the rejected token", test.name)
					}
				}
				if err != nil && !errors.Is(err, tokens.ErrNoReplacement) {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
			}
			var minutes []time.Duration
			for _, at := range b.requests {
				minutes = append(minutes, at.Sub(began)/time.Minute)
			}
			if test.want != nil && !slices.Equal(minutes, test.want) || len(minutes) > 30*60/36+2 {
				t.Errorf("%s: tokens were requested in the minutes %d, want %d", test.name, minutes, test.want)
			}
		})
	}
}

// TestRejectedTokensThatAreAcceptedInBetween has the API accept each token for one operation and reject it for another, for
// 30 minutes with a call of both each second.
func TestRejectedTokensThatAreAcceptedInBetween(t *testing.T) {
	t.Parallel()
	for _, processes := range []int{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend()
			sources := make([]*tokens.Shared, processes)
			for i := range sources {
				sources[i] = b.source(true)
			}
			began := time.Now()
			for range 30 * 60 {
				for _, s := range sources {
					token, _, _ := s.Token(t.Context())
					s.Accepted(token)
					if _, _, err := s.Replace(t.Context(), token, true); err != nil && !errors.Is(err, tokens.ErrPaused) {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Second)
			}
			var minutes []time.Duration
			for _, at := range b.requests {
				minutes = append(minutes, at.Sub(began)/time.Minute)
			}
			if want := []time.Duration{0, 0, 0, 0, 1, 3, 7, 15, 25, 25, 25, 26, 28}; !slices.Equal(minutes, want) {
				t.Errorf("%d processes: tokens were requested in the minutes %d, want %d", processes, minutes, want)
			}
		})
	}
}

// TestClockOfAnotherHostIsAhead has a token in the cache that was requested in three hours.
func TestClockOfAnotherHostIsAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		b.store("token-0", -3*time.Hour, 4*time.Hour, 1)
		s := b.source(true)
		mustToken(t, s, "token-0", tokens.Cache)
		time.Sleep(time.Minute)
		mustReplace(t, s, "token-0", "token-1", tokens.Endpoint)
	})
}

func TestReplace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		s := b.source(true)
		mustFail := func(rejected string, mayRequest bool, want error) {
			t.Helper()
			if token, origin, err := s.Replace(t.Context(), rejected, mayRequest); !errors.Is(err, tokens.ErrNoReplacement) || err != want || token != "" || origin != "" {
				t.Errorf("Replace returned %q from %q, %v, want %v", token, origin, err, want)
			}
		}
		mustToken(t, s, "token-1", tokens.Endpoint)
		mustFail("token-1", false, tokens.ErrNoReplacement)
		mustReplace(t, s, "token-1", "token-2", tokens.Endpoint)
		mustReplace(t, s, "token-1", "token-2", tokens.Memory)
		if token, _, err := s.Replace(t.Context(), "token-1", false); err != nil || token != "token-2" {
			t.Errorf("Replace returned %s from memory, %v", token, err)
		}
		mustFail("token-2", true, tokens.ErrPaused)
		s.Accepted("token-1") // which was replaced
		mustFail("token-2", true, tokens.ErrPaused)
		s.Accepted("token-2")
		mustFail("token-2", false, tokens.ErrNoReplacement)
		mustReplace(t, s, "token-2", "token-3", tokens.Endpoint)
		mustReplace(t, s, "token-3", "token-4", tokens.Endpoint) // which was never accepted
		mustFail("token-4", true, tokens.ErrPaused)
		b.store("token-0", 0, time.Hour, 0)
		mustReplace(t, s, "token-4", "token-0", tokens.Cache)
		mustToken(t, s, "token-0", tokens.Memory)
		time.Sleep(time.Hour)
		mustReplace(t, s, "token-4", "token-5", tokens.Endpoint) // because token-0 has expired
		s.Accepted("token-5")
		time.Sleep(10 * time.Minute)
		mustReplace(t, s, "token-5", "token-6", tokens.Endpoint)
		b.lifetime = 40 * time.Second
		mustReplace(t, s, "token-6", "token-7", tokens.Endpoint)
		mustFail("token-7", true, tokens.ErrPaused) // because token-6 was never accepted
		time.Sleep(b.lifetime)
		b.lifetime = time.Hour
		mustReplace(t, s, "token-6", "token-8", tokens.Endpoint) // because token-7 has expired
		time.Sleep(time.Minute)
		mustReplace(t, s, "token-8", "token-9", tokens.Endpoint) // token-6 was not counted twice
	})
}

func TestErrorOfAWaiterIsThatOfTheRefreshInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newBackend().source(true)
		for _, last := range []error{errors.New("unavailable"), nil} {
			s.Request = func(_ context.Context, retried func(error)) (tokens.Token, *tokens.Failure) {
				if last != nil {
					retried(last)
				}
				time.Sleep(time.Minute)
				return tokens.Token{}, errNoNetwork
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, _, err := s.Token(ctx)
			if waited, ok := errors.AsType[*tokens.WaitError](err); !ok || waited.Last != last {
				t.Errorf("the error is %v, want %v as the last one", err, last)
			}
			cancel()
			time.Sleep(time.Minute)
		}
	})
}

func TestFailureThatStaysIsRememberedForItsPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		b.failure = errRejected
		s := b.source(true)
		for range 60 {
			if _, _, err := s.Token(t.Context()); !errors.Is(err, errRejected) || b.tokenRequests() != 1 {
				t.Fatalf("after %d token requests: %v", b.tokenRequests(), err)
			}
			time.Sleep(time.Second)
		}
		_, _, _ = s.Token(t.Context())
		b.store("token-9", 0, time.Second, 0) // of a process with more luck
		mustToken(t, s, "token-9", tokens.Cache)
		time.Sleep(time.Second)
		b.failure, b.lifetime = nil, 0              // a token that expires at once is still returned
		mustToken(t, s, "token-3", tokens.Endpoint) // because token-9 showed that the failure is over
	})
}

// TestWaiters has 100 callers wait for the refresh that another caller started.
func TestWaiters(t *testing.T) {
	t.Parallel()
	nothing := func(int) {}
	for _, test := range []struct {
		name     string
		request  func(n int)     // runs in the nth token request
		failure  *tokens.Failure // of all token requests
		deadline time.Duration   // of the caller that started the refresh
		requests int
		failed   int // of the 100
	}{
		{"success", nothing, nil, time.Hour, 1, 0},
		{"short deadline of that caller", nothing, nil, 50 * time.Millisecond, 1, 0},
		{"panic in its request", func(n int) { panicUntil(n, 1) }, nil, time.Hour, 2, 0},
		{"panics in two requests", func(n int) { panicUntil(n, 2) }, nil, time.Hour, 3, 1},
		{"end of its goroutine", func(n int) {
			if n == 1 {
				runtime.Goexit()
			}
		}, nil, time.Hour, 2, 0},
		{"request that takes too long", func(n int) {
			if n == 1 {
				time.Sleep(3 * time.Minute)
			}
		}, nil, time.Hour, 2, 0},
		{"failures of the network", nothing, errNoNetwork, time.Hour, 3, 100},
		{"failure that stays", nothing, errRejected, time.Hour, 1, 100},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend()
			b.failure, b.hook = test.failure, func(function, _ string) error {
				if function == "request" {
					time.Sleep(time.Second)
					test.request(b.tokenRequests())
				}
				return nil
			}
			s := b.source(true)
			s.Get, s.Put, s.Lock = nil, nil, nil
			ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
			defer cancel()
			go func() { _, _, _ = s.Token(ctx) }()
			synctest.Wait()
			results := make(chan error)
			for range 100 {
				go func() { _, _, err := s.Token(t.Context()); results <- err }()
			}
			failed := 0
			for range 100 {
				if <-results != nil {
					failed++
				}
			}
			if b.tokenRequests() != test.requests || failed != test.failed {
				t.Errorf("%s: %d token requests, want %d; %d calls failed, want %d", test.name, b.tokenRequests(), test.requests, failed, test.failed)
			}
			time.Sleep(3 * time.Minute)
		})
	}
}

func panicUntil(n, last int) {
	if n <= last {
		panic("broken")
	}
}

// The refresh in flight began before the token was rejected, and finds it in the cache.
func TestRejectedTokenIsNotReturnedToWhoJoinsARefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		b.store("token-0", 0, time.Hour, 0)
		b.hook = func(string, string) error { time.Sleep(500 * time.Millisecond); return nil }
		s := b.source(true)
		go func() { _, _, _ = s.Token(t.Context()) }()
		synctest.Wait()
		mustReplace(t, s, "token-0", "token-1", tokens.Endpoint)
	})
}

// A caller reads an old token from the cache while another one requests a new one.
func TestTokenOfTheCacheDoesNotReplaceANewerOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		s := b.source(true)
		mustToken(t, s, "token-1", tokens.Endpoint)
		var gets atomic.Int64
		b.hook = func(function, _ string) error {
			if function == "get" {
				if gets.Add(1) == 1 {
					time.Sleep(500 * time.Millisecond)
					b.store("token-0", 0, time.Hour, 0)
				}
			}
			return nil
		}
		time.AfterFunc(100*time.Millisecond, func() { mustReplace(t, s, "token-1", "token-2", tokens.Endpoint) })
		if token, origin, err := s.Replace(t.Context(), "token-1", false); err != nil || token != "token-2" || origin != tokens.Memory {
			t.Errorf("Replace returned %s from %s, %v", token, origin, err)
		}
		mustToken(t, s, "token-2", tokens.Memory)
	})
}

// During the token request that two callers wait for, a third one takes a token from the cache, which then loses it.
func TestTokenThatComesDuringATokenRequest(t *testing.T) {
	t.Parallel()
	for origin, want := range map[tokens.Origin]string{tokens.Endpoint: "token-1", tokens.Memory: "token-9"} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend()
			s := b.source(true)
			b.hook = func(function, _ string) error {
				if function == "request" {
					time.Sleep(time.Second)
					b.store("token-9", 0, time.Hour, 0)
					_, _, _ = s.Replace(t.Context(), "token-0", false)
					b.store("", 0, 0, 0)
				}
				return nil
			}
			if origin == tokens.Memory {
				b.failure = errNoNetwork
			}
			go func() { _, _, _ = s.Token(t.Context()) }()
			synctest.Wait()
			mustToken(t, s, want, origin)
			mustToken(t, s, want, tokens.Memory)
		})
	}
}

func TestWaitIncludesARefreshThatIsAboutToStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		b.hook = func(function, _ string) error {
			if function == "request" {
				time.Sleep(time.Second)
			}
			return nil
		}
		s := b.source(true)
		mustToken(t, s, "token-1", tokens.Endpoint)
		time.Sleep(b.lifetime - 2*time.Second)
		mustToken(t, s, "token-1", tokens.Memory)
		if err := s.Wait(t.Context()); err != nil || b.tokenRequests() != 2 || len(b.locked) > 0 {
			t.Errorf("after %d token requests: %v", b.tokenRequests(), err)
		}
		mustToken(t, s, "token-2", tokens.Memory)
	})
}

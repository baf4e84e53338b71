package tokens_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/internal/tokens"
)

func TestOrderOfSteps(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		withLock bool
		change   func(b *backend, s *tokens.Shared)
		origin   tokens.Origin // of the token, empty if there is none
		want     string
	}{
		{"empty cache", true, func(*backend, *tokens.Shared) {}, tokens.Endpoint, "get lock get request put unlock"},
		{"token in the cache", true, func(b *backend, _ *tokens.Shared) { b.store("token-1", 0, time.Hour, 0) }, tokens.Cache, "get"},
		{"token stored before the lock is acquired", true, func(b *backend, _ *tokens.Shared) {
			b.hook = func(function, _ string) error {
				if function == "lock" {
					b.store("token-1", 0, time.Hour, 0)
				}
				return nil
			}
		}, tokens.Cache, "get lock get unlock"},
		{"failed token request", true, func(b *backend, _ *tokens.Shared) { b.failure = &tokens.Failure{Err: errors.New("throttled")} },
			"", "get lock get request get unlock"},
		{"token stored before the token request fails", true, func(b *backend, _ *tokens.Shared) {
			b.failure = &tokens.Failure{Err: errors.New("throttled")}
			b.hook = func(function, _ string) error {
				if function == "request" {
					b.store("token-1", 0, time.Hour, 0)
				}
				return nil
			}
		}, tokens.Cache, "get lock get request get unlock"},
		{"cache without a lock", false, func(*backend, *tokens.Shared) {}, tokens.Endpoint, "get get put get get request put get put"},
		{"lock without a function to unlock it", true, func(_ *backend, s *tokens.Shared) {
			s.Lock = func(context.Context, string) (func(), error) { return nil, nil }
		}, tokens.Endpoint, "get get request put"},
		{"cache that cannot be read", true, func(b *backend, _ *tokens.Shared) {
			b.store("token-9", 0, time.Hour, 0)
			b.hook = func(function, _ string) error {
				if function == "get" {
					return errors.New("broken")
				}
				return nil
			}
		}, tokens.Endpoint, "get request put"},
		{"no cache", false, func(_ *backend, s *tokens.Shared) { s.Get, s.Put = nil, nil }, tokens.Endpoint, "request"},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend()
			s := b.source(test.withLock)
			test.change(b, s)
			if test.origin != "" {
				mustToken(t, s, "token-1", test.origin)
				mustToken(t, s, "token-1", tokens.Memory)
			} else if _, _, err := s.Token(t.Context()); !errors.Is(err, b.failure) {
				t.Errorf("%s: the error is %v", test.name, err)
			}
			if got := strings.Join(b.steps, " "); got != test.want {
				t.Errorf("%s: the steps were %s, want %s", test.name, got, test.want)
			}
			if log := b.log.String(); strings.Contains(log, "WARN") != (test.name == "cache that cannot be read") {
				t.Errorf("%s: the log is %s", test.name, log)
			}
		})
	}
}

// TestCacheThatFails breaks functions of a cache in every way. Each call gets its token, after a bounded time.
func TestCacheThatFails(t *testing.T) {
	t.Parallel()
	for how, fail := range map[string]func(text string, done chan struct{}) error{
		"hangs":              func(_ string, done chan struct{}) error { <-done; return nil },
		"panics":             func(text string, _ chan struct{}) error { panic("broken: " + text) },
		"ends its goroutine": func(string, chan struct{}) error { runtime.Goexit(); return nil },
		"returns an error":   func(text string, _ chan struct{}) error { return errors.New("broken: " + text) },
		"fails after 600 ms": func(string, chan struct{}) error { time.Sleep(600 * time.Millisecond); return errors.New("broken") },
	} {
		for _, test := range []struct {
			functions string
			withLock  bool
			limit     time.Duration
			log       string
		}{
			{"get", true, time.Second, "reading the token cache failed"},
			{"get", false, time.Second, "reading the token cache failed"},
			{"put", true, time.Second, "storing a token in the cache failed"},
			{"put", false, time.Second, "storing a token in the cache failed"},
			{"get put", true, 2 * time.Second, "reading the token cache failed"},
			{"lock", true, 30 * time.Second, "locking the token cache failed"},
			{"unlock", true, time.Second, "unlocking the token cache failed"},
			{"get put lock unlock", true, 2 * time.Second, "reading the token cache failed"},
		} {
			synctest.Test(t, func(t *testing.T) {
				done := make(chan struct{})
				defer close(done)
				b := newBackend()
				b.hook = func(function, text string) error {
					if slices.Contains(strings.Fields(test.functions), function) {
						return fail(text, done)
					}
					return nil
				}
				began := time.Now()
				mustToken(t, b.source(test.withLock), "token-1", tokens.Endpoint)
				took, most := time.Since(began), 100*time.Millisecond
				if how == "hangs" || how == "fails after 600 ms" {
					most += test.limit
				}
				if took > most || how == "hangs" && took < test.limit {
					t.Errorf("%s %s: Token took %s, want %s", test.functions, how, took, test.limit)
				}
				synctest.Wait()
				if log := b.log.String(); !strings.Contains(log, test.log) || strings.Contains(log, "token-1") || strings.Contains(log, key) {
					t.Errorf("%s %s: the log is %s", test.functions, how, log)
				}
				if steps := strings.Join(b.steps, " "); test.functions == "put" && how == "hangs" && strings.Count(steps, "put") > 1 {
					t.Errorf("put hangs: it is called again: %s", steps)
				}
				time.Sleep(time.Second) // for a Put that was abandoned
			})
		}
	}
}

func TestCacheIsReadWhileAnotherProcessHoldsTheLock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		b.locked <- struct{}{}
		time.AfterFunc(time.Second, func() { b.store("token-9", 0, time.Hour, 0) })
		began := time.Now()
		mustToken(t, b.source(true), "token-9", tokens.Cache)
		took := time.Since(began)
		<-b.locked
		synctest.Wait()
		if took > 1200*time.Millisecond || len(b.locked) > 0 {
			t.Errorf("Token took %s, the lock is held by %d", took, len(b.locked))
		}
	})
}

func TestLockThatIsAcquiredTooLateIsReleased(t *testing.T) {
	t.Parallel()
	for _, origin := range []tokens.Origin{tokens.Endpoint, tokens.Cache} { // of the token that comes before the lock
		synctest.Test(t, func(t *testing.T) {
			b := newBackend()
			s := b.source(true)
			s.Lock = func(ctx context.Context, key string) (func(), error) {
				time.Sleep(time.Minute)
				return b.lock(context.WithoutCancel(ctx), key)
			}
			if origin == tokens.Cache {
				time.AfterFunc(time.Second, func() { b.store("token-1", 0, time.Hour, 0) })
			}
			mustToken(t, s, "token-1", origin)
			time.Sleep(time.Minute)
			synctest.Wait()
			if len(b.locked) > 0 || !slices.Contains(b.steps, "unlock") {
				t.Errorf("the lock is held: %s", b.steps)
			}
		})
	}
}

// TestDeadlinesOfCallsCauseNoTokenRequests has 20 processes come at once, each with a deadline.
func TestDeadlinesOfCallsCauseNoTokenRequests(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                        string
		withLock, lockIsHeld        bool
		endpoint, deadline, timeout time.Duration // timeout: of a refresh
		failures, requests          int
	}{
		{"no lock", false, false, 3 * time.Second, 9 * time.Second, 2 * time.Minute, 0, 1},
		{"no lock, short timeout", false, false, time.Second, time.Hour, 3 * time.Second, 0, 1},
		{"no lock, short deadline", false, false, 3 * time.Second, 2 * time.Second, 2 * time.Minute, 20, 1},
		{"no lock, endpoint slower than a refresh may be", false, false, 5 * time.Second, time.Hour, 3 * time.Second, 20, 1},
		{"lock", true, false, 7 * time.Second, 9 * time.Second, 2 * time.Minute, 0, 1},
		{"lock, short deadline", true, false, 7 * time.Second, 2 * time.Second, 2 * time.Minute, 20, 1},
		{"lock that is never released", true, true, 3 * time.Second, 9 * time.Second, 2 * time.Minute, 20, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend()
			if test.lockIsHeld {
				b.locked <- struct{}{}
			}
			b.hook = func(function, _ string) error {
				if function == "request" {
					time.Sleep(test.endpoint)
				} else {
					time.Sleep(rand.N(10 * time.Millisecond))
				}
				return nil
			}
			results := make(chan error)
			for range 20 {
				s := b.source(test.withLock)
				s.Timeout, s.LockTimeout = test.timeout, min(s.LockTimeout, test.timeout/3)
				go func() {
					ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
					defer cancel()
					_, _, err := s.Token(ctx)
					results <- err
				}()
			}
			failures := 0
			for range 20 {
				if <-results != nil {
					failures++
				}
			}
			time.Sleep(3 * time.Minute)
			if failures != test.failures || b.tokenRequests() != test.requests {
				t.Errorf("%s: %d calls failed, want %d; %d token requests, want %d", test.name, failures, test.failures, b.tokenRequests(), test.requests)
			}
		})
	}
}

// TestClaims has 20 processes come at once, whose cache has no lock.
func TestClaims(t *testing.T) {
	t.Parallel()
	die := func(b *backend) { // a process, before it ends its claim
		b.failure, b.hook = errNoNetwork, func(_, text string) error {
			if strings.HasSuffix(text, " none") {
				runtime.Goexit()
			}
			return nil
		}
		_, _, _ = b.source(false).Token(context.Background())
		b.failure, b.requests = nil, nil
	}
	for _, test := range []struct {
		name        string
		change      func(b *backend)
		requests    int
		least, most time.Duration
	}{
		{"empty cache", func(*backend) {}, 1, 0, 2 * time.Second},
		{"claim that ended", func(b *backend) {
			b.failure = errNoNetwork
			_, _, _ = b.source(false).Token(context.Background())
			b.failure, b.requests = nil, nil
		}, 1, 0, 2 * time.Second},
		{"claim of a process that died", die, 1, 10 * time.Second, 12 * time.Second},
		{"claim of a process that died, which the cache loses", func(b *backend) {
			die(b)
			time.AfterFunc(5*time.Second, func() { b.mu.Lock(); clear(b.values); b.mu.Unlock() })
		}, 1, 5 * time.Second, 7 * time.Second},
		{"token endpoint that fails", func(b *backend) { b.failure = errNoNetwork }, 20, 0, 32 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend()
			test.change(b)
			b.hook = func(function, _ string) error {
				if function == "request" {
					time.Sleep(300 * time.Millisecond)
				} else {
					time.Sleep(rand.N(40 * time.Millisecond))
				}
				return nil
			}
			began := time.Now()
			results := make(chan error)
			for range 20 {
				go func() { _, _, err := b.source(false).Token(t.Context()); results <- err }()
			}
			for range 20 {
				if err := <-results; (err == nil) != (b.failure == nil) {
					t.Errorf("%s: %v", test.name, err)
				}
			}
			if took := time.Since(began); b.tokenRequests() != test.requests || took < test.least || took > test.most {
				t.Errorf("%s: %d token requests in %s", test.name, b.tokenRequests(), took)
			}
		})
	}
}

func TestCacheThatStoresNothingDelaysNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newBackend().source(false)
		s.Put = func(context.Context, string, []byte, time.Duration) error { return nil }
		began := time.Now()
		mustToken(t, s, "token-1", tokens.Endpoint)
		if took := time.Since(began); took < 50*time.Millisecond || took > 100*time.Millisecond { // the wait for other claims
			t.Errorf("Token took %s", took)
		}
	})
}

// The second process comes just before the claim of the first one is stored.
func TestClaimsInACacheThatStoresSlowly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		b.hook = func(function, _ string) error {
			if function == "put" {
				time.Sleep(300 * time.Millisecond)
			}
			return nil
		}
		time.AfterFunc(290*time.Millisecond, func() { mustToken(t, b.source(false), "token-1", tokens.Endpoint) })
		mustToken(t, b.source(false), "token-1", tokens.Cache)
		time.Sleep(time.Second)
	})
}

func TestNobodyWaitsForAClaimLongerThanARefreshMayTake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		b.hook = func(function, _ string) error {
			if time.Sleep(10 * time.Millisecond); function == "request" {
				time.Sleep(time.Minute)
			}
			return nil
		}
		go func() { _, _, _ = b.source(false).Token(t.Context()) }()
		time.Sleep(time.Second)
		s := b.source(false)
		s.Timeout = 3 * time.Second
		if token, _, err := s.Token(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Token returned %s, %v", token, err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if steps := len(b.steps); steps < 28 || steps > 70 { // two every 200 ms, for 3 s
			t.Errorf("the processes took %d steps", steps)
		}
	})
}

func TestValuesThatAreNoTokensAreReplaced(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"\x00{",
		`["token-9"]`,
		`{"key":"cache-key","access_token":"token-9","expires_at":"2100-01-01`,
		`{"key":"cache-key","access_token":"","expires_at":"2100-01-01T00:00:00Z"}`,
		`{"key":"cache-key","access_token":"token 9","expires_at":"2100-01-01T00:00:00Z"}`,
		`{"key":"cache-key","access_token":"token-9","expires_at":"2100-01-01T00:00:00Z","unproven":"none"}`,
		`{"key":"another-key","access_token":"token-9","expires_at":"2100-01-01T00:00:00Z"}`,
		`{"key":"cache-key","access_token":"token-9","expires_at":"2000-01-01T00:00:00Z"}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend()
			b.values[key] = []byte(value)
			mustToken(t, b.source(true), "token-1", tokens.Endpoint)
			mustToken(t, b.source(true), "token-1", tokens.Cache)
		})
	}
}

func TestCacheOfOneValueForAllKeysKeepsTheToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		process := func() tokens.Source {
			s := b.source(false)
			s.Get = func(ctx context.Context, _ string) ([]byte, error) { return b.get(ctx, key) }
			s.Put = func(ctx context.Context, _ string, value []byte, ttl time.Duration) error {
				return b.put(ctx, key, value, ttl)
			}
			return s
		}
		mustToken(t, process(), "token-1", tokens.Endpoint)
		mustToken(t, process(), "token-1", tokens.Cache)
	})
}

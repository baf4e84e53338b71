package tokens

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// refreshPause is the wait after which a failed background refresh is repeated.
	refreshPause = 10 * time.Second
	// replacePause is the first wait before a token that never worked is replaced once more. It doubles each time.
	replacePause    = time.Minute
	maxReplacePause = 10 * time.Minute
)

// Token is an access token as it is stored.
type Token struct {
	Value       string
	RequestedAt time.Time
	ExpiresAt   time.Time
	// Unproven is the number of tokens in a row before this one that were rejected and had never worked.
	Unproven int
}

// margin is the end of the lifetime, in which a token is refreshed while it is still used.
func (t Token) margin() time.Duration {
	return min(t.ExpiresAt.Sub(t.RequestedAt)/10, time.Minute)
}

// Failure is a failed token request.
type Failure struct {
	Err error
	// Pause is how long Err is returned instead of another token request.
	Pause time.Duration
}

func (f *Failure) Error() string { return f.Err.Error() }

func (f *Failure) Unwrap() error { return f.Err }

// isFinal reports whether err is a response of the token endpoint that everyone would get.
func isFinal(err error) bool {
	f, ok := errors.AsType[*Failure](err)
	return ok && f.Pause > 0
}

// Config is what a [Shared] source works with.
type Config struct {
	// Key identifies the credentials in the cache.
	Key string
	// Request requests a token from the token endpoint, with retries.
	Request func(ctx context.Context) (Token, *Failure)
	// Timeout limits a refresh with all its waits. LockTimeout is the longest wait for a lock.
	Timeout, LockTimeout time.Duration
	Logger               *slog.Logger
	// Redact removes secrets from a text that is logged.
	Redact func(text string, token string) string

	// Get, Put and Lock are those of the caller's cache. Get and Put are both nil if there is none; Lock is nil if the
	// cache has none.
	Get  func(ctx context.Context, key string) ([]byte, error)
	Put  func(ctx context.Context, key string, value []byte, ttl time.Duration) error
	Lock func(ctx context.Context, key string) (unlock func(), err error)
}

// Shared is the source of tokens that are requested from Zoho. All callers share one token.
type Shared struct {
	Config
	refreshes singleflight.Group

	mu        sync.Mutex // not held during calls of Config's functions
	token     Token
	worked    bool      // whether the API ever accepted token
	refreshAt time.Time // when token is refreshed next, in the background
	failure   *Failure
	failureAt time.Time
}

// Token returns the token in memory, or waits for a refresh. A token in its margin is refreshed in the background.
func (s *Shared) Token(ctx context.Context) (string, Origin, error) {
	token, valid, due := s.current()
	if !valid {
		return s.wait(ctx, wanted{})
	}
	if due {
		go func() { _, _, _ = s.wait(context.WithoutCancel(ctx), wanted{not: token.Value, fresh: true}) }()
	}
	return token.Value, Memory, nil
}

// current returns the token in memory, and whether the caller is the one to refresh it.
func (s *Shared) current() (token Token, valid, due bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if !now.Before(s.token.ExpiresAt) {
		return Token{}, false, false
	}
	if due = !now.Before(s.refreshAt); due {
		s.refreshAt = now.Add(refreshPause)
	}
	return s.token, true, due
}

// Accepted records that a token worked.
func (s *Shared) Accepted(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.worked = s.worked || token == s.token.Value
}

// Replace returns another token than the rejected one. A token that never worked is replaced once at once, and
// after that in growing pauses: more tokens would not help, and Zoho issues only ten in ten minutes.
func (s *Shared) Replace(ctx context.Context, rejected string, mayRequest bool) (string, Origin, error) {
	s.mu.Lock()
	token, worked := s.token, s.worked
	s.mu.Unlock()
	if token.Value != rejected && time.Now().Before(token.ExpiresAt) {
		return token.Value, Memory, nil
	}
	if n := token.Unproven; token.Value == rejected && !worked && n > 0 {
		pause := min(replacePause<<min(n-1, 10), maxReplacePause)
		mayRequest = mayRequest && time.Since(token.RequestedAt) >= pause
	}
	return s.wait(ctx, wanted{not: rejected, cachedOnly: !mayRequest})
}

// wanted says which token a caller can use.
type wanted struct {
	not        string // another one than this
	fresh      bool   // one that is not in its margin
	cachedOnly bool   // none from the token endpoint
}

func (w wanted) accepts(t Token) bool {
	validUntil := t.ExpiresAt
	if w.fresh {
		validUntil = validUntil.Add(-t.margin())
	}
	return t.Value != "" && t.Value != w.not && time.Now().Before(validUntil)
}

type found struct {
	token  Token
	origin Origin
}

// wait joins the refresh in flight, or starts one, until it has a wanted token.
func (s *Shared) wait(ctx context.Context, w wanted) (string, Origin, error) {
	key := "refresh"
	if w.cachedOnly {
		key = "cache"
	}
	for range 3 {
		f, err := share(ctx, &s.refreshes, key, s.Timeout, func(ctx context.Context) (found, error) { return s.refresh(ctx, w) })
		if err != nil {
			return "", "", err
		}
		if f.token.Value != w.not {
			return f.token.Value, f.origin, nil
		}
		// A refresh that began earlier found the rejected token in the cache.
	}
	return "", "", ErrNoReplacement
}

// refresh returns a token from, in this order: memory, the cache, the cache once the lock is held, the token endpoint.
func (s *Shared) refresh(ctx context.Context, w wanted) (found, error) {
	s.mu.Lock()
	token, failure, failureAt := s.token, s.failure, s.failureAt
	s.mu.Unlock()
	if w.accepts(token) {
		return found{token, Memory}, nil
	}
	c := s.openCache()
	if token, ok := c.get(ctx, w); ok {
		return s.store(token, Cache), nil
	}
	if w.cachedOnly {
		return found{}, &Failure{Err: ErrNoReplacement}
	}
	if failure != nil && time.Since(failureAt) < failure.Pause {
		return found{}, failure
	}
	unlock, token, ok := c.lock(ctx, w)
	defer unlock()
	if ok {
		return s.store(token, Cache), nil
	}
	token, failure = s.Request(ctx)
	if failure != nil {
		s.fail(failure)
		if token, ok := c.get(ctx, w); ok {
			return s.store(token, Cache), nil
		}
		return found{}, failure
	}
	f := s.store(s.countUnproven(token, w.not), Endpoint)
	c.put(ctx, f.token)
	return f, nil
}

// countUnproven notes how many tokens in a row were rejected before this one without having worked.
func (s *Shared) countUnproven(token Token, rejected string) Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token.Value == rejected && !s.worked && time.Now().Before(s.token.ExpiresAt) {
		token.Unproven = s.token.Unproven + 1
	}
	return token
}

// store keeps a token in memory. It is refreshed at a random time in its margin, so that processes with the same token do
// not refresh it at once.
func (s *Shared) store(token Token, origin Origin) found {
	margin := token.margin()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.worked = s.worked && token.Value == s.token.Value
	s.token, s.failure = token, nil
	s.refreshAt = token.ExpiresAt.Add(-margin)
	if margin > 0 {
		s.refreshAt = s.refreshAt.Add(rand.N(margin * 8 / 10))
	}
	return found{token, origin}
}

func (s *Shared) fail(f *Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure, s.failureAt = f, time.Now()
}

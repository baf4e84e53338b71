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

// refreshPause is the wait after which a failed background refresh is repeated.
const refreshPause = 10 * time.Second

// Token is an access token as it is stored.
type Token struct {
	Value       string
	RequestedAt time.Time
	ExpiresAt   time.Time
	Rejections  // of the tokens before this one
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

// Config is what a [Shared] source works with.
type Config struct {
	// Key identifies the credentials in the cache.
	Key string
	// Request requests a token from the token endpoint, with retries. It calls retried with the error of each attempt that
	// another one follows.
	Request func(ctx context.Context, retried func(error)) (Token, *Failure)
	// Timeout limits a refresh with all its waits. LockTimeout is the longest wait for a lock, at most a third of it.
	Timeout, LockTimeout time.Duration
	Logger               *slog.Logger
	// Redact removes secrets, and these tokens, from a text that is logged.
	Redact func(text string, tokens ...string) string

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
	refreshAt time.Time // when token is refreshed next, in the background
	failure   *Failure  // of the last token request, nil if it succeeded
	failureAt time.Time
	retried   error         // of the last attempt of the refresh in flight, if another one follows
	running   int           // refreshes, and those about to start
	idle      chan struct{} // closed when running is 0 again; nil before the first refresh

	accepted    bool      // whether the API ever accepted token
	requestedAt time.Time // when the newest known token was requested
	rejections  Rejections
}

// Token returns the token in memory, or waits for a refresh. A token in its margin is refreshed in the background.
func (s *Shared) Token(ctx context.Context) (string, Origin, error) {
	token, valid, due := s.current()
	if !valid {
		return s.wait(ctx, wanted{})
	}
	if due {
		s.begin()   // not in the goroutine, which may run after Wait
		go func() { //nolint:gosec,contextcheck // serves all calls, so it has no context of one
			defer s.end()
			_, _, _ = s.wait(context.Background(), wanted{not: token.Value, fresh: true})
		}()
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

// Accepted records that the API accepted a token.
func (s *Shared) Accepted(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if token == s.token.Value {
		s.accepted, s.rejections.Unproven = true, 0
	}
}

// Wait waits until no refresh is in flight: its token is then in the cache, and the lock is released.
func (s *Shared) Wait(ctx context.Context) error {
	s.mu.Lock()
	idle := s.idle
	s.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Shared) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running++; s.running == 1 {
		s.idle = make(chan struct{})
	}
}

func (s *Shared) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running--; s.running == 0 {
		close(s.idle)
	}
}

// Replace returns another token than the rejected one, and requests one unless the rejections before ask for a pause.
func (s *Shared) Replace(ctx context.Context, rejected string, mayRequest bool) (string, Origin, error) {
	s.mu.Lock()
	token, paused := s.token, rejected == s.token.Value && s.rejections.isPaused(s.requestedAt)
	s.mu.Unlock()
	if token.Value != rejected && time.Now().Before(token.ExpiresAt) {
		return token.Value, Memory, nil
	}
	w := wanted{not: rejected}
	if mayRequest && !paused {
		return s.wait(ctx, w)
	}
	if cached, ok := s.openCache().get(ctx, w); ok {
		f := s.store(cached, Cache, token)
		return f.token.Value, f.origin, nil
	}
	if paused {
		return "", "", ErrPaused
	}
	return "", "", ErrNoReplacement
}

// wanted says which token a caller can use.
type wanted struct {
	not   string // another one than this, which was rejected, or is to be refreshed
	fresh bool   // one that is not in its margin
}

// accepts reports whether a token can be used. The zero Token cannot, because it has expired.
func (w wanted) accepts(t Token) bool {
	validUntil := t.ExpiresAt
	if w.fresh {
		validUntil = validUntil.Add(-t.margin())
	}
	return t.Value != w.not && time.Now().Before(validUntil)
}

type found struct {
	token  Token
	origin Origin
}

// wait joins the refresh in flight, or starts one.
func (s *Shared) wait(ctx context.Context, w wanted) (string, Origin, error) {
	usable := func(f found) bool { return f.token.Value != w.not }
	f, err := share(ctx, &s.refreshes, "", s.Timeout, usable, func(ctx context.Context) (found, error) {
		return s.refresh(ctx, w)
	})
	if waited, ok := errors.AsType[*WaitError](err); ok {
		s.mu.Lock()
		waited.Last = s.retried
		s.mu.Unlock()
	}
	if err == nil && !usable(f) {
		err = ErrNoReplacement
	}
	return f.token.Value, f.origin, err
}

// refresh returns a token from, in this order: memory, the cache, the cache once the lock is held, the token endpoint.
func (s *Shared) refresh(ctx context.Context, w wanted) (found, error) {
	s.mu.Lock()
	before, failure, failureAt := s.token, s.failure, s.failureAt
	s.retried = nil
	s.mu.Unlock()
	s.begin()
	defer s.end()
	if w.accepts(before) {
		return found{before, Memory}, nil
	}
	c := s.openCache()
	if token, ok := c.get(ctx, w); ok {
		return s.store(token, Cache, before), nil
	}
	if failure != nil && time.Since(failureAt) < failure.Pause {
		return found{}, failure
	}
	unlock, token, ok := c.lock(ctx, w)
	defer unlock()
	if ok {
		return s.store(token, Cache, before), nil
	}
	if err := ctx.Err(); err != nil { // nobody waits any more
		return found{}, err
	}
	token, failure = s.Request(ctx, func(err error) {
		s.mu.Lock()
		s.retried = err
		s.mu.Unlock()
	})
	if failure != nil {
		s.fail(failure)
		if token, ok := c.get(ctx, w); ok {
			return s.store(token, Cache, before), nil
		}
		return found{}, failure
	}
	token.Rejections = s.rejectionsBefore(token, w)
	f := s.store(token, Endpoint, before)
	c.put(ctx, token)
	return f, nil
}

// rejectionsBefore returns the rejections before a new token, with that of the token that it replaces, if it was rejected.
func (s *Shared) rejectionsBefore(t Token, w wanted) Rejections {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.fresh || w.not == "" {
		return s.rejections
	}
	return s.rejections.plus(s.accepted || w.not != s.token.Value, t.RequestedAt)
}

// store keeps a token in memory in place of the one before. It is refreshed at a random time in its margin, so that processes
// with the same token do not refresh it at once.
func (s *Shared) store(token Token, origin Origin, before Token) found {
	s.mu.Lock()
	defer s.mu.Unlock()
	if origin == Cache && s.token.Value != before.Value {
		return found{s.token, Memory} // another caller has stored one meanwhile, which may be newer
	}
	s.accepted = s.accepted && token.Value == s.token.Value
	if token.RequestedAt.After(s.requestedAt) {
		s.requestedAt = token.RequestedAt
	}
	s.rejections = s.rejections.merge(token.Rejections)
	s.token, s.failure = token, nil
	margin := max(0, token.margin())
	s.refreshAt = token.ExpiresAt.Add(-margin + rand.N(margin*8/10+1))
	return found{token, origin}
}

func (s *Shared) fail(f *Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure, s.failureAt = f, time.Now()
}

// Package tokens requests access tokens, and shares them between the calls of a client and, through a cache, between processes.
package tokens

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Origin is where a token came from.
type Origin string

// The origins of a token.
const (
	Memory   Origin = "memory"
	Cache    Origin = "cache"
	Endpoint Origin = "endpoint"
	Caller   Origin = "caller" // a static token or an external source
)

// ErrNoReplacement is returned where a rejected token is not replaced for now. ErrPaused wraps it where the tokens before
// were rejected too.
var (
	ErrNoReplacement = errors.New("no other access token for now")
	ErrPaused        = fmt.Errorf("%w: new ones were rejected as well", ErrNoReplacement)
)

// Source returns access tokens. It is safe for concurrent use.
type Source interface {
	// Token returns a valid access token.
	Token(ctx context.Context) (token string, origin Origin, err error)
	// Replace returns a token in place of one that the API rejected, or ErrNoReplacement. Without mayRequest it
	// requests none from the token endpoint.
	Replace(ctx context.Context, rejected string, mayRequest bool) (token string, origin Origin, err error)
	// Accepted records that the API accepted a token.
	Accepted(token string)
	// Wait waits until no token request is in flight, or until ctx ends.
	Wait(ctx context.Context) error
}

// maxReplays is how often a request is repeated with another token: with one from the cache, and with a new one.
const maxReplays = 2

// Replays counts how often a request was repeated with another token. The zero value is ready to use.
type Replays struct {
	Count     int
	requested bool // a token from the token endpoint
}

// Next returns another token than the rejected one for a replay, or ErrNoReplacement if there were enough.
func (r *Replays) Next(ctx context.Context, source Source, rejected string) (token string, origin Origin, err error) {
	if r.Count == maxReplays {
		return "", "", ErrNoReplacement
	}
	token, origin, err = source.Replace(ctx, rejected, !r.requested)
	if err == nil {
		r.Count++
		r.requested = r.requested || origin == Endpoint
	}
	return token, origin, err
}

// Static is the source of one token, which is never replaced.
type Static struct{ token string }

// NewStatic returns the source of a token.
func NewStatic(token string) *Static { return &Static{token} }

// Token returns the token.
func (s *Static) Token(context.Context) (string, Origin, error) { return s.token, Caller, nil }

// Replace returns ErrNoReplacement.
func (s *Static) Replace(context.Context, string, bool) (string, Origin, error) {
	return "", Caller, ErrNoReplacement
}

// Accepted does nothing.
func (s *Static) Accepted(string) {}

// Wait does nothing.
func (s *Static) Wait(context.Context) error { return nil }

// PanicError is a panic in a Cache, a TokenSource or a RoundTripper of the caller.
type PanicError struct{ Value any }

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// errGoexit is returned where a function ends its goroutine, as t.Fatal does.
var errGoexit = errors.New("the goroutine ended before the function returned")

// Guard calls f and returns its results. It returns the error of ctx once that ends, even if f ignores ctx, and an
// error if f panics or ends its goroutine.
func Guard[T any](ctx context.Context, f func(context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		r := result{err: errGoexit}
		defer func() {
			if p := recover(); p != nil {
				r.err = &PanicError{p}
			}
			done <- r
		}()
		r.value, r.err = f(ctx)
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var zero T
		return zero, ctx.Err()
	}
}

// sleep waits, at most until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// characters are those of https://www.rfc-editor.org/rfc/rfc6750#section-2.1.
const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="

// Check rejects what cannot be an access token, without showing it.
func Check(token string) error {
	lower := strings.ToLower(token)
	switch {
	case token == "":
		return errors.New("the access token is empty")
	case strings.HasPrefix(lower, "zoho-oauthtoken"), strings.HasPrefix(lower, "bearer "):
		return errors.New("the access token must be given without a scheme such as Zoho-oauthtoken")
	case strings.Trim(token, characters) != "":
		return errors.New("the access token has a space or another character that no access token has")
	default:
		return nil
	}
}

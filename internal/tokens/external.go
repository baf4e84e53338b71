package tokens

import (
	"context"
	"time"

	"golang.org/x/sync/singleflight"
)

// External is a source whose tokens the caller's code obtains and refreshes.
type External struct {
	// Get returns a token. It takes no context, so a call may hang.
	Get func() (string, error)
	// Timeout limits one call of Get, which is then abandoned.
	Timeout time.Duration

	calls singleflight.Group
}

// Token returns a token from Get.
func (e *External) Token(ctx context.Context) (string, Origin, error) { return e.get(ctx, "") }

// Replace returns a token from Get, or ErrNoReplacement if that is the rejected one again.
func (e *External) Replace(ctx context.Context, rejected string, _ bool) (string, Origin, error) {
	token, origin, err := e.get(ctx, rejected)
	if err == nil && token == rejected {
		err = ErrNoReplacement
	}
	return token, origin, err
}

// Accepted does nothing.
func (e *External) Accepted(string) {}

// get shares one call of Get among those who lost the same token: a call that began before a token was rejected
// may still return it.
func (e *External) get(ctx context.Context, rejected string) (string, Origin, error) {
	token, err := share(ctx, &e.calls, rejected, e.Timeout, func(context.Context) (string, error) { return e.Get() })
	return token, Caller, err
}

// share calls f once for all who wait with the same key, detached from their contexts and within timeout. A waiter whose
// shared call fails starts or joins one more.
func share[T any](ctx context.Context, calls *singleflight.Group, key string, timeout time.Duration, f func(context.Context) (T, error)) (T, error) {
	for again := false; ; again = true {
		started := false
		result := calls.DoChan(key, func() (any, error) {
			started = true
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
			defer cancel()
			return Guard(ctx, f)
		})
		select {
		case r := <-result:
			if value, ok := r.Val.(T); r.Err == nil && ok {
				return value, nil
			}
			if started || again || isFinal(r.Err) {
				var zero T
				return zero, r.Err
			}
		case <-ctx.Done():
			var zero T
			return zero, &WaitError{ctx.Err()}
		}
	}
}

// WaitError is the end of a caller's context while it waited for a token.
type WaitError struct{ Err error }

func (e *WaitError) Error() string {
	return "context ended while waiting for an access token: " + e.Err.Error()
}

func (e *WaitError) Unwrap() error { return e.Err }

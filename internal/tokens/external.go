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
func (e *External) Token(ctx context.Context) (string, Origin, error) {
	return e.get(ctx, "")
}

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

// Wait does nothing: the caller knows whether Get runs.
func (e *External) Wait(context.Context) error { return nil }

// get shares one call of Get among those who lost the same token. A call that began before the token was rejected may still
// return it.
func (e *External) get(ctx context.Context, rejected string) (string, Origin, error) {
	usable := func(token string) bool { return token != rejected }
	token, err := share(ctx, &e.calls, rejected, e.Timeout, usable, func(context.Context) (string, error) { return e.Get() })
	return token, Caller, err
}

// maxJoined is the number of calls of f that someone joins.
const maxJoined = 3

// share calls f once for all who wait with the same key, detached from their contexts and within timeout. Someone who joined a
// call that failed starts or joins another one, and so does someone who cannot use the value of the first call that they joined.
func share[T any](ctx context.Context, calls *singleflight.Group, key string, timeout time.Duration, usable func(T) bool, f func(context.Context) (T, error)) (T, error) {
	for joined := 1; ; joined++ {
		started := false
		result := calls.DoChan(key, func() (any, error) {
			started = true
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
			defer cancel()
			return Guard(ctx, f)
		})
		select {
		case r := <-result:
			value, _ := r.Val.(T)
			deadline, hasDeadline := ctx.Deadline()
			switch {
			case r.Err != nil && hasDeadline && !time.Now().Before(deadline):
				<-ctx.Done() // both ended at once: report the end of the call, whichever came first
				return value, &WaitError{Err: ctx.Err(), Cause: context.Cause(ctx)}
			case started, joined == maxJoined:
				return value, r.Err
			case r.Err == nil && (joined > 1 || usable(value)): // the first one may have begun before a token was rejected
				return value, nil
			}
		case <-ctx.Done():
			var zero T
			return zero, &WaitError{Err: ctx.Err(), Cause: context.Cause(ctx)}
		}
	}
}

// WaitError is the end of the context of a call that waited for a token, with the cause of that end. Last is the error of the
// token request that was about to be repeated, nil if there was none.
type WaitError struct{ Err, Cause, Last error }

func (e *WaitError) Error() string {
	return "context ended while waiting for an access token: " + e.Err.Error()
}

func (e *WaitError) Unwrap() error { return e.Err }

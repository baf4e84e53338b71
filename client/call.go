package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/generated"
)

// call is one call of an operation.
type call struct {
	operation *Operation
	// path and body are the rules that the path and the body break.
	path, body []generated.Violation
	// request builds the request, anew for each attempt.
	request func(server string) (*http.Request, error)
	// read reads an answer. Its error says what was not a success.
	read func(*answer) error

	attempts int
	renewed  bool
}

// do is the life of a call: check it, then attempt it until it succeeds or must not be repeated.
func (c *Client) do(ctx context.Context, call *call) error {
	if c == nil || c.auth == nil || ctx == nil {
		return errors.New("zohocrm: make the client with New, and pass a context")
	}
	if err := c.check(call); err != nil {
		return err
	}
	deadline := time.Now().Add(c.timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	var (
		last              verdict
		err, answerBefore error
	)
	c.retry(ctx, deadline, func() verdict {
		if _, answered := errors.AsType[*Error](err); answered {
			answerBefore = err
		}
		last, err = c.attempt(ctx, call, deadline)
		return last
	})
	if _, answered := errors.AsType[*Error](err); err == nil || answered && (!last.again || ctx.Err() == nil) {
		return err
	} else if answered { // the wait after the answer was ended
		answerBefore, err = err, call.noAnswer(ctx.Err(), "")
	}
	return withAnswerBefore(err, answerBefore)
}

// update calls an operation that answers with one result per input.
func (c *Client) update(ctx context.Context, operation *Operation, ids []string, items func(*envelope) []json.RawMessage,
	path, body []generated.Violation, request func(server string) (*http.Request, error),
) ([]Result, error) {
	var (
		results []Result
		readErr error
	)
	err := c.do(ctx, &call{operation: operation, path: path, body: body, request: request, read: func(a *answer) error {
		results, readErr = a.results(items, ids)
		return readErr
	}})
	if err != readErr { //nolint:errorlint // is it the very error that the results hold?
		results = failAll(ids, err)
	}
	return results, err
}

// check refuses what must not be sent.
func (c *Client) check(call *call) error {
	broken := call.path
	if c.validate {
		broken = append(broken, call.body...)
	}
	var faults []error
	for _, b := range broken {
		faults = append(faults, &ValidationError{Operation: *call.operation, Field: b.Field, Rule: b.Rule, Message: b.Message})
	}
	return joinErrors(faults)
}

// attempt authorizes and exchanges; once more where Zoho refused the token and there is another.
func (c *Client) attempt(ctx context.Context, call *call, deadline time.Time) (verdict, error) {
	if end := time.Now().Add(c.attemptTimeout); end.Before(deadline) {
		deadline = end
	}
	ctx, cancel := context.WithDeadline(context.WithValue(ctx, operationKey{}, call.operation), deadline)
	defer cancel()
	token, err := c.auth.token(ctx, c)
	if err != nil {
		return verdict{}, err
	}
	v, err := c.exchange(ctx, call, token)
	if call.renewed || !errors.Is(err, CodeInvalidToken) && !errors.Is(err, CodeAuthenticationFailure) {
		return v, err
	}
	call.renewed = true
	token, renewErr := c.auth.renew(ctx, c, token)
	if renewErr != nil {
		return verdict{}, withAnswerBefore(renewErr, err)
	}
	if token == "" {
		return v, err
	}
	return c.exchange(ctx, call, token)
}

// exchange sends one request and reads its answer.
func (c *Client) exchange(ctx context.Context, call *call, token string) (verdict, error) {
	if err := ctx.Err(); err != nil {
		return verdict{}, call.noAnswer(err, token)
	}
	req, err := call.request(c.server)
	if err != nil {
		return verdict{}, call.noAnswer(err, token)
	}
	started := time.Now()
	call.attempts++
	a, err := c.send(req.WithContext(ctx), call, token)
	v := verdict{after: a.retryAfter}
	if err != nil {
		v.again = isTransient(err)
		err = call.noAnswer(err, token)
	} else {
		err = call.read(&a)
		v.again = err != nil && (isRetryable(a.status) || a.cutOff)
	}
	c.log(ctx, call, &a, err, time.Since(started))
	return v, err
}

// noAnswer is the error of a call that ended without an answer.
func (c *call) noAnswer(cause error, token string) error {
	hint := ""
	if errors.Is(cause, context.DeadlineExceeded) {
		hint = ": allow more time by the context, WithAttemptTimeout or WithTimeout"
	}
	return &noAnswerError{causes: []error{cause}, text: oneLine(fmt.Sprintf("zohocrm: %s: no answer after %d attempts, which may have taken effect: %s%s",
		c.operation.ID, c.attempts, redact(cause.Error(), token), hint))}
}

// withAnswerBefore joins to err what Zoho answered to an earlier attempt, if it did.
func withAnswerBefore(err, answer error) error {
	if answer == nil {
		return err
	}
	return &noAnswerError{causes: []error{err, answer}, text: err.Error() + "; the answer before: " + answer.Error()}
}

func (c *Client) log(ctx context.Context, call *call, a *answer, err error, duration time.Duration) {
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelWarn
	}
	if !c.logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("operation", call.operation.ID),
		slog.String("method", call.operation.Method),
		slog.String("path", call.operation.Path),
		slog.Int("status", a.status),
		slog.Int("attempt", call.attempts),
		slog.Duration("duration", duration),
	}
	if failure, ok := errors.AsType[*Error](err); ok {
		attrs = append(attrs, slog.String("code", string(failure.Code)))
	} else if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	} else {
		attrs = append(attrs, slog.String("code", codeSuccess))
	}
	if a.credits >= 0 {
		attrs = append(attrs, slog.Int("credits_remaining", a.credits))
	}
	c.logger.LogAttrs(ctx, level, "zohocrm request", attrs...)
}

package client

import (
	"context"
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
	// key is that of the list of results in an answer.
	key string
	// ids are those of the inputs, "" where it is not known; id is that of an only one.
	ids []string
	id  [1]string

	ctx          operationContext
	attempts     int
	renewed      bool
	answer       answer
	results      []Result
	err          error
	answerBefore error
}

// do is the life of a call: check it, then attempt it until it succeeds or must not be repeated.
func (c *Client) do(ctx context.Context, call *call) ([]Result, error) {
	if call.ids == nil {
		call.ids = call.id[:]
	}
	if c == nil || c.auth == nil || ctx == nil {
		return call.fail(errors.New("zohocrm: make the client with New, and pass a context"))
	}
	if err := c.check(call); err != nil {
		return call.fail(err)
	}
	call.ctx = operationContext{ctx, call.operation}
	ctx, cancel := context.WithTimeout(&call.ctx, c.timeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return call.fail(call.noAnswer(err, nil))
	}
	v := c.attempt(ctx, call)
	if v.again {
		v = c.retry(ctx, v, func() verdict {
			if _, answered := errors.AsType[*Error](call.err); answered {
				call.answerBefore = call.err
			}
			return c.attempt(ctx, call)
		})
	}
	_, answered := errors.AsType[*Error](call.err)
	ended := v.again && ctx.Err() != nil // the attempt, or the wait for another one
	if call.err == nil || answered && !ended {
		return call.results, call.err
	}
	if answered {
		call.answerBefore = call.err
	}
	if ended {
		call.err = call.noAnswer(ctx.Err(), nil)
	}
	return call.fail(withAnswerBefore(call.err, call.answerBefore))
}

// fail gives each input the error that ended the whole call.
func (c *call) fail(err error) ([]Result, error) { return failAll(c.ids, err), err }

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
func (c *Client) attempt(ctx context.Context, call *call) (v verdict) {
	auth, err := c.auth.authorize(ctx, c)
	if err != nil {
		call.err = err
		return verdict{}
	}
	v = c.exchange(ctx, call, auth)
	if call.renewed || call.answer.status != http.StatusUnauthorized || !errors.Is(call.err, CodeInvalidToken) && !errors.Is(call.err, CodeAuthenticationFailure) {
		return v
	}
	call.renewed = true
	auth, err = c.auth.renew(ctx, c, auth)
	if err != nil {
		call.answerBefore, call.err = call.err, err
		return verdict{}
	}
	if auth == nil {
		return v
	}
	return c.exchange(ctx, call, auth)
}

// exchange sends one request and reads its answer.
func (c *Client) exchange(ctx context.Context, call *call, auth *authorization) (v verdict) {
	call.answer = answer{credits: -1}
	ctx, cancel := context.WithTimeout(ctx, c.attemptTimeout)
	defer cancel()
	req, err := call.request(c.server)
	if err != nil {
		call.err = call.noAnswer(err, auth)
		return verdict{}
	}
	started := time.Now()
	call.attempts++
	if err := c.send(req.WithContext(ctx), &call.answer, auth); err != nil {
		v.again = isTransient(err)
		call.err = call.noAnswer(err, auth)
	} else {
		call.results, call.err = call.read(auth)
		v.again = call.err != nil && (isRetryable(call.answer.status) || call.answer.cutOff)
		v.after = call.answer.retryAfter
	}
	c.log(ctx, call, time.Since(started))
	return v
}

// noAnswer is the error of a call that ended without an answer.
func (c *call) noAnswer(cause error, auth *authorization) error {
	hint, text, outcome := "", cause.Error(), "nothing was sent"
	if auth != nil {
		text = redact(text, auth.token)
	}
	if c.attempts > 0 {
		outcome = fmt.Sprintf("no answer after %d attempts, which may have taken effect", c.attempts)
	}
	if errors.Is(cause, context.DeadlineExceeded) {
		hint = ": allow more time by the context, WithAttemptTimeout or WithTimeout"
	}
	return &noAnswerError{causes: []error{cause}, text: oneLine(fmt.Sprintf("zohocrm: %s: %s: %s%s", c.operation.ID, outcome, text, hint))}
}

// withAnswerBefore joins to err what Zoho answered to an earlier attempt, if it did.
func withAnswerBefore(err, answer error) error {
	if answer == nil {
		return err
	}
	return &noAnswerError{causes: []error{err, answer}, text: err.Error() + "; the answer before: " + answer.Error()}
}

// log writes the line of one request.
func (c *Client) log(ctx context.Context, call *call, duration time.Duration) {
	level := slog.LevelInfo
	if call.err != nil {
		level = slog.LevelWarn
	}
	if !c.logger.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs,
		slog.String("operation", call.operation.ID),
		slog.String("method", call.operation.Method),
		slog.String("path", call.operation.Path),
		slog.Int("status", call.answer.status),
		slog.Int("attempt", call.attempts),
		slog.Duration("duration", duration),
	)
	if failure, ok := errors.AsType[*Error](call.err); ok {
		attrs = append(attrs, slog.String("code", string(failure.Code)))
	} else if call.err != nil {
		attrs = append(attrs, slog.String("error", call.err.Error()))
	} else {
		attrs = append(attrs, slog.String("code", codeSuccess))
	}
	if call.answer.credits >= 0 {
		attrs = append(attrs, slog.Int("credits_remaining", call.answer.credits))
	}
	c.logger.LogAttrs(ctx, level, "zohocrm request", attrs...)
}

package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
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
	deadline     time.Time
	attempts     int
	renewed      bool
	answer       answer
	results      []Result
	err          error
	answerBefore error
}

// do is the life of a call: check it, attempt it until it succeeds or must not be repeated, and say
// how it ended.
func (c *Client) do(ctx context.Context, call *call) ([]Result, error) {
	if call.ids == nil {
		call.ids = call.id[:]
	}
	if err := c.check(ctx, call); err != nil {
		return call.fail(err)
	}
	ctx = call.begin(ctx, c.timeout)
	v := c.attempt(ctx, call)
	if v.again {
		v = c.retry(ctx, call.deadline, v, func() verdict { return c.attempt(ctx, call) })
	}
	return call.end(v)
}

// begin sets the deadline of a call. Its context has no timer for that: each part of the call ends at the
// deadline by itself.
func (c *call) begin(ctx context.Context, timeout time.Duration) context.Context {
	c.deadline = time.Now().Add(timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(c.deadline) {
		c.deadline = d
	}
	c.ctx = operationContext{ctx, c.operation}
	return &c.ctx
}

// end returns what the last attempt brought, or what ended the call before there could be another.
func (c *call) end(v verdict) ([]Result, error) {
	if v.again {
		if ended := c.ended(); ended != nil {
			c.keepAnswer()
			c.err = c.noAnswer(ended, nil)
		}
	}
	if c.results != nil {
		return c.results, c.err
	}
	return c.fail(withAnswerBefore(c.err, c.answerBefore))
}

// ended returns why there is no time left, nil if there is.
func (c *call) ended() error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	if !time.Now().Before(c.deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// keepAnswer keeps the error of an answer that something else is about to replace.
func (c *call) keepAnswer() {
	if c.results != nil {
		c.answerBefore, c.results = c.err, nil
	}
}

// fail gives each input the error that ended the whole call.
func (c *call) fail(err error) ([]Result, error) {
	results := make([]Result, len(c.ids))
	for i := range results {
		results[i] = failed(err)
	}
	return results, err
}

// check refuses what must not be sent.
func (c *Client) check(ctx context.Context, call *call) error {
	if c == nil || c.auth == nil || ctx == nil {
		return errors.New("zohocrm: make the client with New, and pass a context")
	}
	broken := call.path
	if c.validate {
		broken = append(broken, call.body...)
	}
	var faults []error
	for _, b := range broken {
		faults = append(faults, &ValidationError{Operation: *call.operation, Field: b.Field, Rule: b.Rule, Message: b.Message})
	}
	if err := ctx.Err(); err != nil && len(faults) == 0 {
		return call.noAnswer(err, nil)
	}
	return joinErrors(faults)
}

// attempt gets an authorization and exchanges; once more where Zoho refused the token and there is another.
func (c *Client) attempt(ctx context.Context, call *call) (v verdict) {
	call.keepAnswer()
	auth := c.auth.ready()
	if auth == nil {
		if auth, call.err = c.authorize(ctx, call, nil); call.err != nil {
			if call.attempts > 0 && call.answerBefore == nil {
				call.err = call.noAnswer(call.err, nil)
			}
			return verdict{}
		}
	}
	v = c.exchange(ctx, call, auth)
	if call.renewed || call.answer.status != http.StatusUnauthorized || !errors.Is(call.err, CodeInvalidToken) && !errors.Is(call.err, CodeAuthenticationFailure) {
		return v
	}
	call.renewed = true
	another, err := c.authorize(ctx, call, auth)
	if err == nil && another.token == auth.token {
		return v
	}
	call.keepAnswer()
	if call.err = err; err != nil {
		return verdict{}
	}
	return c.exchange(ctx, call, another)
}

// authorize gets an authorization that is not ready, another one than refused.
func (c *Client) authorize(ctx context.Context, call *call, refused *authorization) (*authorization, error) {
	ctx, cancel := context.WithDeadline(ctx, call.deadline)
	defer cancel()
	return c.auth.authorize(ctx, c, refused)
}

// exchange sends one request and reads its answer.
func (c *Client) exchange(ctx context.Context, call *call, auth *authorization) (v verdict) {
	if call.attempts > 0 {
		call.answer = answer{}
	}
	call.answer.credits = -1
	started := time.Now()
	deadline := started.Add(c.attemptTimeout)
	if call.deadline.Before(deadline) {
		deadline = call.deadline
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	req, err := call.request(c.server)
	if err != nil {
		call.err = call.noAnswer(err, auth)
		return verdict{}
	}
	call.attempts++
	if err := c.send(req.WithContext(ctx), &call.answer, auth); err != nil {
		v.again = isTransient(err)
		call.err = call.noAnswer(err, auth)
	} else {
		call.results, call.err = call.read(auth)
		v.again = call.err != nil && (isRetryable(call.answer.status) || call.answer.cutOff)
		v.after = call.answer.retryAfter
	}
	c.log(ctx, call, started)
	return v
}

// noAnswer is the error of a call that ended without an answer.
func (c *call) noAnswer(cause error, auth *authorization) error {
	hint, text, outcome := "", cause.Error(), "nothing was sent"
	if auth != nil {
		text = redact(text, auth.token)
	}
	dial, isDial := errors.AsType[*net.OpError](cause)
	switch {
	case c.attempts == 1 && (!isTransient(cause) || isDial && dial.Op == "dial"):
		outcome, hint = "no connection (attempts: 1)", ": check DataCenter.APIURL and the network"
	case c.attempts > 0:
		outcome = fmt.Sprintf("no answer, but it may have taken effect (attempts: %d)", c.attempts)
	}
	if errors.Is(cause, context.DeadlineExceeded) {
		hint = ": allow more time by the context, WithAttemptTimeout or WithTimeout"
	}
	return &errorList{errs: []error{cause}, text: fmt.Sprintf("zohocrm: %s: %s: %s%s", c.operation.ID, outcome, shorten(text, maxMessage), hint)}
}

// withAnswerBefore joins to err what Zoho answered to an earlier attempt, if it did.
func withAnswerBefore(err, answer error) error {
	if answer == nil {
		return err
	}
	return &errorList{errs: []error{err, answer}, text: err.Error() + "; the answer before: " + answer.Error()}
}

// log writes the line of one request.
func (c *Client) log(ctx context.Context, call *call, started time.Time) {
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
		slog.Duration("duration", time.Since(started)),
	)
	if failure, ok := errors.AsType[*Error](call.err); ok {
		attrs = append(attrs, slog.String("code", shorten(string(failure.Code), maxSnippet)))
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

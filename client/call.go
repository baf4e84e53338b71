package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/internal/safetext"
	"github.com/seed-87e331f0/zohocrm-go/internal/tokens"
	"github.com/seed-87e331f0/zohocrm-go/internal/wire"
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

	deadline time.Time
	attempts int
	auth     *tokens.Authorization // of the last attempt
	renewed  bool
	answer   wire.Answer
	results  []Result // nil where the last attempt had no answer
	err      error
	answered error // that of the last answer, nil where it was a success
	unsure   bool  // whether an attempt that failed may have taken effect
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
	call.deadline = time.Now().Add(c.sender.Timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(call.deadline) {
		call.deadline = d
	}
	if _, nested := OperationFromContext(ctx); nested { // requests for tokens belong to none
		ctx = context.WithValue(ctx, operationKey{}, nil)
	}
	again := c.sender.Retry(ctx, call.deadline, func() (bool, time.Duration) {
		return c.attempt(ctx, call), call.answer.RetryAfter()
	})
	if err := ctx.Err(); again && err != nil {
		call.results, call.err = nil, call.noAnswer(err)
	}
	if call.results != nil {
		return call.results, call.err
	}
	return call.fail(withAnswerBefore(call.err, call.answered))
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
		return call.noAnswer(err)
	}
	return joinErrors(faults)
}

// attempt authorizes and exchanges; once more where Zoho refused the token and there is another. It
// reports whether another attempt is worth it.
func (c *Client) attempt(ctx context.Context, call *call) (again bool) {
	var refused *tokens.Authorization
	for {
		auth, failure := c.auth.Authorize(ctx, call.deadline, &c.sender, refused)
		if failure != nil {
			unanswered := call.attempts > 0 && call.results == nil
			call.results, call.err = nil, authError(failure)
			if unanswered {
				call.err = call.noAnswer(call.err)
			}
			return false
		}
		if refused != nil && auth.Token == refused.Token {
			return again
		}
		call.auth = auth
		again = c.exchange(ctx, call)
		if call.renewed || call.answer.Status != http.StatusUnauthorized || !errors.Is(call.err, CodeInvalidToken) && !errors.Is(call.err, CodeAuthenticationFailure) {
			return again
		}
		call.renewed, refused = true, auth
	}
}

// exchange sends one request and reads its answer.
func (c *Client) exchange(ctx context.Context, call *call) (again bool) {
	call.answer, call.results = wire.Answer{}, nil
	req, err := call.request(c.server)
	if err != nil {
		call.err = call.noAnswer(err)
		return false
	}
	call.attempts++
	started := time.Now()
	ctx = context.WithValue(ctx, operationKey{}, call.operation)
	ctx, cancel := context.WithTimeout(ctx, min(c.sender.AttemptTimeout, call.deadline.Sub(started)))
	defer cancel()
	req.Header["Authorization"], req.Header["User-Agent"] = call.auth.Header, c.userAgent
	if err := c.sender.Send(req.WithContext(ctx), &call.answer); err != nil {
		again = wire.IsTransient(err)
		dial, isDial := errors.AsType[*net.OpError](err)
		call.unsure = call.unsure || again && (!isDial || dial.Op != "dial")
		call.err = call.noAnswer(&url.Error{Op: req.Method, URL: req.URL.String(), Err: err})
	} else {
		call.results, call.err = call.read()
		call.answered = call.err
		again = wire.IsRetryable(call.answer.Status) || call.answer.CutOff
		call.unsure = call.unsure || again && call.answer.Status != http.StatusTooManyRequests
	}
	c.log(ctx, call, started)
	return again
}

// redact takes the access token out of text.
func (c *call) redact(text string) string {
	if c.auth == nil {
		return text
	}
	return safetext.Redact(text, c.auth.Token)
}

// fail gives each input the error that ended the whole call.
func (c *call) fail(err error) ([]Result, error) {
	results := make([]Result, len(c.ids))
	for i := range results {
		results[i] = failed(err)
	}
	return results, err
}

// noAnswer is the error of a call that ended without an answer.
func (c *call) noAnswer(cause error) error {
	outcome, hint := fmt.Sprintf("no connection (attempts: %d)", c.attempts), ": check DataCenter.APIURL and the network"
	switch {
	case c.attempts == 0:
		outcome, hint = "nothing was sent", ""
	case c.unsure:
		outcome, hint = fmt.Sprintf("no answer, but it may have taken effect (attempts: %d)", c.attempts), ""
	case c.answered != nil:
		outcome, hint = fmt.Sprintf("no other answer (attempts: %d)", c.attempts), ""
	}
	if errors.Is(cause, context.DeadlineExceeded) {
		hint = ": allow more time by the context, the http.Client, WithAttemptTimeout or WithTimeout"
	}
	return &errorList{errs: []error{cause}, text: fmt.Sprintf("zohocrm: %s: %s: %s%s", c.operation.ID, outcome, safetext.Shorten(c.redact(cause.Error()), maxMessage), hint)}
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
	level, outcome := slog.LevelInfo, slog.String("code", codeSuccess)
	if call.err != nil {
		level = slog.LevelWarn
	}
	if !c.sender.Logger.Enabled(ctx, level) {
		return
	}
	if failure, isError := errors.AsType[*Error](call.err); isError {
		outcome = slog.String("code", safetext.Shorten(string(failure.Code), maxSnippet))
	} else if call.err != nil {
		outcome = slog.String("error", call.err.Error())
	}
	attrs := []slog.Attr{
		slog.String("operation", call.operation.ID), slog.String("method", call.operation.Method), slog.String("path", call.operation.Path),
		slog.Int("status", call.answer.Status), slog.Int("attempt", call.attempts), slog.Duration("duration", time.Since(started)), outcome,
	}
	if credits := call.credits(); credits >= 0 {
		attrs = append(attrs, slog.Int("credits_remaining", credits))
	}
	c.sender.Logger.LogAttrs(ctx, level, "zohocrm request", attrs...)
}

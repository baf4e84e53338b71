package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/internal/envelope"
	"github.com/seed-87e331f0/zohocrm-go/internal/sanitize"
	"github.com/seed-87e331f0/zohocrm-go/internal/tokens"
	"github.com/seed-87e331f0/zohocrm-go/internal/transport"
)

const (
	maxResponse     = 4 << 20  // of an update
	maxReadResponse = 32 << 20 // of a read: the modules of a large org
)

// call describes a call of an operation. It does not change while the call runs.
type call struct {
	operation *generated.Operation
	// path and body are the rules that the path parameter and the body do not follow.
	path, body []generated.Violation
	// request builds the request.
	request func(server string) (*http.Request, error)
	// decode reads a response. It returns the result of the method, beside an error if some inputs succeeded.
	decode func(reply) (any, error)
}

// attempt is what one attempt returned.
type attempt struct {
	value    any
	err      error              // nil for a success
	response transport.Response // with Status 0 if none was received
	verdict  transport.Verdict
}

// progress counts what a call has done so far, over all attempts.
type progress struct {
	requests     int
	replays      tokens.Replays
	sent         bool // a request reached the network
	responded    bool // a response was received
	maybeApplied bool // a request may have taken effect
	last         transport.Response
}

// do runs a call and calls the hook. T is the type that call.decode returns.
func do[T any](ctx context.Context, c *Client, call call) (T, error) {
	value, err := c.do(ctx, call)
	if value == nil { // there is no response
		var zero T
		return zero, err
	}
	return value.(T), err //nolint:forcetypeassert // a test of the method shows another type
}

func (c *Client) do(ctx context.Context, call call) (any, error) {
	if c == nil || c.config == nil || ctx == nil {
		return nil, errNoClient
	}
	began := time.Now()
	var p progress
	value, err := c.run(ctx, call, &p)
	if c.hook != nil {
		c.hook(CallInfo{
			Context: ctx, Operation: newOperation(call.operation), Attempts: p.requests, Duration: time.Since(began),
			StatusCode: p.last.Status, Codes: codes(err), CreditsRemaining: p.last.Credits(), Err: err,
		})
	}
	return value, err
}

// run is the life of a call: validate, then attempt until one succeeds, fails for good, or time runs out.
func (c *Client) run(ctx context.Context, call call, p *progress) (any, error) {
	if err := c.validate(call.operation, call.path, call.body); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, noResponse(ctx, call.operation, err, "", p)
	}
	req, err := call.request(c.server) // encodes the body, once for all attempts
	if err != nil {
		return nil, noResponse(ctx, call.operation, err, "", p)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, errCallTimeout)
	defer cancel()
	attempts := transport.Retry(ctx, c.policy, func() (attempt, transport.Verdict) {
		a := c.tryWithReauth(ctx, call, req, p)
		return a, a.verdict
	})
	return outcome(ctx, call.operation, attempts, p)
}

const ruleUTF8 = "utf-8"

// validate returns the violations as one error. Text that is not UTF-8 would be sent as another text, so it is rejected
// without validation too.
func (c *Client) validate(operation *generated.Operation, path, body []generated.Violation) error {
	checked := path
	for _, v := range body {
		if !c.skipValidation || v.Rule == ruleUTF8 {
			checked = append(checked, v)
		}
	}
	return joinViolations(operation, checked)
}

// tryWithReauth gets a token and sends the request, again with another token if Zoho rejects it.
func (c *Client) tryWithReauth(ctx context.Context, call call, req *http.Request, p *progress) attempt {
	token, origin, err := c.tokens.Token(ctx)
	if err != nil {
		return attempt{err: newAuthError(err)}
	}
	for {
		a := c.roundTrip(ctx, call, req, token, origin, p)
		if !rejectsToken(a.response.Status, a.err) {
			if isFromZoho(a.err) {
				c.tokens.Accepted(token)
			}
			return a
		}
		token, origin, err = p.replays.Next(ctx, c.tokens, token)
		if errors.Is(err, tokens.ErrNoReplacement) {
			return explainRejection(a, p.replays.Count > 0 || errors.Is(err, tokens.ErrPaused))
		} else if err != nil {
			return attempt{err: withPrevious(newAuthError(err), a.err)}
		}
	}
}

// rejectsToken reports whether another token may help. OAUTH_SCOPE_MISMATCH would be the same for all tokens.
func rejectsToken(status int, err error) bool {
	return status == http.StatusUnauthorized &&
		(errors.Is(err, CodeInvalidToken) || errors.Is(err, CodeInvalidOAuthToken) || errors.Is(err, CodeAuthenticationFailure))
}

// isFromZoho reports whether err is nil or an error of Zoho's, rather than of a gateway or of the network.
func isFromZoho(err error) bool {
	return err == nil || len(codes(err)) > 0 || errors.Is(err, ErrIncomplete)
}

// explainRejection adds the likely cause to a rejected token, if a new one was rejected too.
func explainRejection(a attempt, newToo bool) attempt {
	if e, ok := errors.AsType[*Error](a.err); ok && newToo {
		e.Resolution = "A new token was rejected as well: look for a proxy that removes the Authorization header, " +
			"and check that the token is for this data centre and environment (production or sandbox)."
	}
	return a
}

// roundTrip sends the request once and decodes the response.
func (c *Client) roundTrip(ctx context.Context, call call, req *http.Request, token string, origin tokens.Origin, p *progress) (a attempt) {
	if c.slots != nil {
		if err := c.slots.Acquire(ctx, 1); err != nil {
			return attempt{err: noResponse(ctx, call.operation, fmt.Errorf("waiting for WithMaxConcurrent: %w", err), token, p)}
		}
		defer c.slots.Release(1)
	}
	if err := ctx.Err(); err != nil { // while a token was replaced, for example
		return attempt{err: noResponse(ctx, call.operation, err, token, p)}
	}
	ctx, cancel := context.WithTimeoutCause(context.WithValue(ctx, operationKey{}, call.operation), c.attemptTimeout, errAttemptTimeout)
	defer cancel()
	ctx, trace := transport.WithTrace(ctx)
	req, err := transport.Authorize(ctx, req, token, c.userAgent, p.requests > 0)
	if err != nil {
		return attempt{err: noResponse(ctx, call.operation, err, token, p)}
	}
	isRead := call.operation.Method == http.MethodGet
	limit := int64(maxResponse)
	if isRead {
		limit = maxReadResponse
	}
	p.requests++
	a.response, err = c.sender.Send(req, trace, limit, token)
	if err != nil {
		a.verdict = transport.Classify(a.response, err)
		a.verdict.MaybeApplied = a.verdict.MaybeApplied && !isRead
		failure, _ := errors.AsType[*transport.Error](err)
		p.sent = p.sent || failure.Sent
		p.maybeApplied = p.maybeApplied || a.verdict.MaybeApplied
		a.err = noResponse(ctx, call.operation, &url.Error{Op: req.Method, URL: req.URL.String(), Err: err}, token, p)
	} else {
		p.responded, p.last = true, a.response
		a.response.CheckJSON()
		a.value, a.err = call.decode(reply{call.operation, a.response, token, *p})
	}
	if a.err != nil && a.response.Status != 0 {
		a.verdict = transport.Classify(a.response, nil)
		a.verdict.MaybeApplied = MaybeApplied(a.err)
		p.maybeApplied = p.maybeApplied || a.verdict.MaybeApplied
	}
	a.response.Body = nil // results and errors have copies
	c.logRequest(ctx, call.operation, &a.response, a.err, origin, p.requests, trace.Began)
	return a
}

// outcome returns the result of the last attempt, its error with what happened before.
func outcome(ctx context.Context, operation *generated.Operation, attempts []attempt, p *progress) (any, error) {
	last := attempts[len(attempts)-1]
	if last.err == nil {
		return last.value, nil
	}
	var previous error
	for _, a := range attempts[:len(attempts)-1] {
		if a.response.Status != 0 {
			previous = a.err
		}
	}
	if err := ctx.Err(); err != nil && last.verdict.Retry && !errors.Is(last.err, err) {
		// The context ended during the wait for another attempt.
		return nil, withPrevious(noResponse(ctx, operation, err, "", p), last.err)
	}
	_, noToken := errors.AsType[*AuthError](last.err)
	if noToken && p.maybeApplied {
		last.err = noResponse(ctx, operation, last.err, "", p)
	}
	if noToken || last.response.Status == 0 {
		last.err = withPrevious(last.err, previous)
	}
	return last.value, last.err
}

// noResponse returns the error of a call that ended without a response to its last attempt.
func noResponse(ctx context.Context, operation *generated.Operation, err error, token string, p *progress) error {
	failure, _ := errors.AsType[*transport.Error](err)
	result := "nothing was sent"
	switch {
	case p.maybeApplied && p.responded:
		result = "no further response, may have taken effect"
	case p.maybeApplied:
		result = "no response, may have taken effect"
	case p.responded:
		result = "no further response"
	case p.sent:
		result = "no response"
	}
	if p.requests > 1 {
		result += fmt.Sprintf(" (%d attempts)", p.requests)
	}
	retryable := !errors.Is(err, context.Canceled) && (failure == nil || !failure.Final)
	if auth, ok := errors.AsType[*AuthError](err); ok {
		retryable = auth.transient
	}
	hint := ""
	switch {
	case failure != nil && failure.Proxy != "":
		hint = ": check the proxy"
	case errors.Is(err, context.DeadlineExceeded):
		hint = ": " + timeoutHint(context.Cause(ctx))
	case failure != nil && !failure.Sent && !errors.Is(err, context.Canceled):
		hint = ": check DataCenter.APIURL and the network"
	}
	return &noResponseError{
		text:         fmt.Sprintf("zohocrm: %s: %s: %s%s", operation.ID, result, sanitize.Text(strings.TrimPrefix(err.Error(), "zohocrm: "), maxMessage, token), hint),
		err:          err,
		retryable:    retryable,
		maybeApplied: p.maybeApplied,
	}
}

// The causes of a context that a limit of the client ended. net/http returns them in place of the error of the context.
var (
	errAttemptTimeout = fmt.Errorf("%w", context.DeadlineExceeded)
	errCallTimeout    = fmt.Errorf("%w", context.DeadlineExceeded)
)

// timeoutHint says which timeout to increase, from the cause of the end of a context.
func timeoutHint(cause error) string {
	limit := "context"
	switch cause {
	case nil:
		limit = "transport"
	case errAttemptTimeout: //nolint:errorlint // the causes themselves, not what wraps them
		limit = "WithAttemptTimeout or http.Client"
	case errCallTimeout:
		limit = "WithTimeout"
	}
	return "increase the timeout: " + limit
}

// logRequest writes the line of one request.
func (c *config) logRequest(ctx context.Context, operation *generated.Operation, response *transport.Response, err error, origin tokens.Origin, attempt int, began time.Time) {
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelWarn
	}
	if !c.logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("operation", operation.ID), slog.String("method", operation.Method), slog.String("path", operation.Path),
		slog.Int("status", response.Status), slog.Int("attempt", attempt), slog.Duration("duration", time.Since(began)),
		slog.String("token_from", string(origin)),
	}
	switch failure, isError := errors.AsType[*Error](err); {
	case isError && failure.Code != "":
		attrs = append(attrs, slog.String("code", sanitize.Text(string(failure.Code), maxSnippet)))
	case isError: // not of Zoho's: why, without its Snippet
		attrs = append(attrs, slog.String("error", sanitize.Text(failure.Message, maxMessage)))
	case err != nil:
		attrs = append(attrs, slog.String("error", err.Error()))
	default:
		attrs = append(attrs, slog.String("code", envelope.Success))
	}
	if n := response.Credits(); n >= 0 {
		attrs = append(attrs, slog.Int("credits_remaining", n))
	}
	c.logger.LogAttrs(ctx, level, "zohocrm request", attrs...)
}

package tokens

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/internal/jsonscan"
	"github.com/seed-87e331f0/zohocrm-go/internal/sanitize"
	"github.com/seed-87e331f0/zohocrm-go/internal/transport"
)

const (
	maxResponse    = 1 << 20
	maxDescription = 200
	// defaultLifetime is that of Zoho's tokens, for a response that does not say.
	defaultLifetime = time.Hour
	maxLifetime     = 24 * time.Hour
	// minLifetime keeps a wrong lifetime in a response from causing a token request for each call.
	minLifetime = 10 * time.Second
	// failurePause is how long a rejected token request is not repeated, and maxThrottlePause how long Zoho throttles.
	failurePause     = time.Minute
	maxThrottlePause = 10 * time.Minute
	// maxUnusablePause is the longest pause after tokens that cannot be used.
	maxUnusablePause = 10 * time.Minute
	// lostPause is the pause after the second token request in a row whose response was lost: Zoho may have counted tokens.
	lostPause = time.Second
	// accessDenied is the error of a throttled token request.
	accessDenied = "Access Denied"
)

// finalCodes are the codes of the token endpoint after which no request with the same credentials succeeds, whatever the status.
var finalCodes = []string{"invalid_code", "invalid_client", "invalid_client_secret"}

// isCode tells a code from the text that Zoho sends in its place.
func isCode(text string) bool {
	const others = "0123456789_"
	return text != "" && len(text) <= 40 &&
		(strings.Trim(text, "abcdefghijklmnopqrstuvwxyz"+others) == "" || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"+others) == "")
}

// Requester requests access tokens for one set of credentials. See
// https://www.zoho.com/crm/developer/docs/api/v7/refresh.html.
type Requester struct {
	URL  string
	Form url.Values
	// Secrets are removed from all texts.
	Secrets   []string
	Sender    *transport.Sender
	Policy    transport.Policy
	Timeout   time.Duration // of one request
	UserAgent []string
	Logger    *slog.Logger
	// CheckToken returns an error for a token that the client cannot use.
	CheckToken func(token, apiDomain string) error
	// Explain returns the error of a reply without a token.
	Explain func(Reply) error

	wasted atomic.Int32 // token requests since the last success that cost a token, or may have
}

// Reply is the response to a token request, or why there was none.
type Reply struct {
	Status int // 0 if there was no response
	// Token has no value if there is none, or none that the client can use: Unusable is then why.
	Token    Token
	Unusable error
	// Code is Zoho's error code, and Description a text of Zoho's in its place or beside it.
	Code, Description string
	// Throttled reports whether Zoho issues no more tokens for now, for at least RetryAfter.
	Throttled  bool
	RetryAfter time.Duration
	// Transient reports whether the same request may succeed later.
	Transient bool
	// Err is why there was no response, a *transport.Error, or why its body cannot be used.
	Err error

	err   error         // that of Explain
	pause time.Duration // how long err is remembered
}

// Request requests a token, with the retries of an operation. A throttled request is not repeated, one whose response was lost
// is repeated once.
func (q *Requester) Request(ctx context.Context, retried func(error)) (Token, *Failure) {
	attempts, lost := 0, 0
	replies := transport.Retry(ctx, q.Policy, func() (Reply, transport.Verdict) {
		attempts++
		began := time.Now()
		response, err := q.send(ctx)
		r := q.read(response, err, began)
		if r.Token.Value == "" {
			r.err = q.Explain(r)
		}
		verdict := transport.Classify(response, err)
		verdict.Retry = verdict.Retry && r.Transient && !r.Throttled
		// After a 500 or 503 Zoho itself says that there is no token.
		isLost := response.Status < http.StatusBadRequest || response.Status == http.StatusBadGateway || response.Status == http.StatusGatewayTimeout
		if verdict.MaybeApplied && isLost && r.Transient {
			lost++
			verdict.Retry = verdict.Retry && lost == 1
		}
		if verdict.Retry {
			retried(r.err)
		}
		q.log(ctx, r, attempts, began)
		return r, verdict
	})
	last := replies[len(replies)-1]
	switch {
	case last.err == nil:
		q.wasted.Store(0)
		return last.Token, nil
	case last.Unusable != nil: // the pause is longer for each in a row
		last.pause = Growing(failurePause, int(q.wasted.Add(1)), maxUnusablePause)
	case lost > 0 && last.pause == 0:
		// None after the first one: those who waited for it try by themselves.
		last.pause = Growing(lostPause, int(q.wasted.Add(1))-1, failurePause)
	}
	return Token{}, &Failure{Err: last.err, Pause: last.pause}
}

// send sends one token request. A transport that ignores its context is abandoned.
func (q *Requester) send(ctx context.Context) (transport.Response, error) {
	abandon, cancelAbandon := context.WithTimeout(ctx, q.Timeout+time.Second)
	defer cancelAbandon()
	ctx, cancel := context.WithTimeout(ctx, q.Timeout)
	defer cancel()
	ctx, trace := transport.WithTrace(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, q.URL, strings.NewReader(q.Form.Encode()))
	if err != nil {
		return transport.Response{}, &transport.Error{Final: true, Err: err}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header["User-Agent"] = q.UserAgent
	response, err := Guard(abandon, func(context.Context) (transport.Response, error) {
		return q.Sender.Send(req, trace, maxResponse, q.Secrets...)
	})
	if _, isSendError := errors.AsType[*transport.Error](err); err != nil && !isSendError {
		_, isPanic := errors.AsType[*PanicError](err)
		err = &transport.Error{Sent: true, Final: isPanic, Err: err}
	}
	return response, err
}

// read reads the response to a token request. Any response with a whole access token is a success, as Zoho has counted the
// token: even if the connection broke after it.
func (q *Requester) read(response transport.Response, err error, began time.Time) Reply {
	r := Reply{Status: response.Status, Err: response.Err}
	if err != nil {
		failure, ok := errors.AsType[*transport.Error](err)
		r.Err, r.Transient = err, !ok || !failure.Final
		return r
	}
	var b body
	isTruncated := errors.Is(r.Err, transport.ErrTruncated)
	if r.Err == nil || isTruncated {
		b = readBody(response.Body)
	}
	if value := jsonscan.String(b.accessToken); value != "" {
		domain := sanitize.Redact(jsonscan.String(b.apiDomain), slices.Concat(q.Secrets, []string{value})...)
		if r.Unusable = q.CheckToken(value, domain); r.Unusable == nil {
			// Without the monotonic clock, which stops while a machine sleeps.
			began = began.Round(0)
			r.Token = Token{Value: value, RequestedAt: began, ExpiresAt: began.Add(b.lifetime())}
		}
		return r
	}
	text := jsonscan.String(b.err)
	hasCode := isCode(text)
	r.Description = sanitize.Text(jsonscan.String(b.description), maxDescription, q.Secrets...)
	r.Transient = transport.IsRetryableStatus(r.Status) || isTruncated && !hasCode && r.Status < http.StatusBadRequest
	if isThrottle(r.Status, text, !hasCode && r.Description != "") {
		r.Throttled, r.Transient = true, true
		r.RetryAfter = max(failurePause, min(transport.RetryAfter(response.Header), maxThrottlePause))
		r.pause = r.RetryAfter
		return r
	}
	if hasCode {
		r.Code = text
		r.Transient = r.Transient && !slices.Contains(finalCodes, text)
	}
	if !r.Transient {
		r.pause = failurePause
	}
	return r
}

// body is the body of a response of the token endpoint.
type body struct {
	accessToken, apiDomain, expiresIn, expiresInSec, err, description json.RawMessage
}

// readBody reads the first JSON value of a body, if that is whole. Of equal keys it takes the first.
func readBody(data []byte) (b body) {
	var object json.RawMessage
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // a byte order mark
	_ = json.NewDecoder(bytes.NewReader(data)).Decode(&object)
	fields := map[string]*json.RawMessage{
		"access_token": &b.accessToken, "api_domain": &b.apiDomain, "expires_in": &b.expiresIn, "expires_in_sec": &b.expiresInSec,
		"error": &b.err, "error_description": &b.description,
	}
	for key, value := range jsonscan.Members(object) {
		if field := fields[string(key)]; field != nil && *field == nil {
			*field = value
		}
	}
	return b
}

// lifetime returns how long a token is valid, at least minLifetime. With expires_in_sec, expires_in is in milliseconds.
func (b *body) lifetime() time.Duration {
	for _, value := range []json.RawMessage{b.expiresInSec, b.expiresIn} {
		seconds, err := strconv.ParseFloat(strings.Trim(string(value), `"`), 64)
		if err == nil && seconds > 0 {
			return max(minLifetime, time.Duration(min(seconds, maxLifetime.Seconds())*float64(time.Second)))
		}
	}
	return defaultLifetime
}

// isThrottle reports whether Zoho issues no more tokens for now. It then sends a text in place of a code, which may be in the
// language of the account, with a description.
func isThrottle(status int, text string, isDescribed bool) bool {
	switch status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusOK, http.StatusBadRequest:
		return text != "" && isDescribed || strings.EqualFold(text, accessDenied)
	case http.StatusUnauthorized, http.StatusForbidden:
		return strings.EqualFold(text, accessDenied)
	}
	return false
}

// log writes the line of one token request.
func (q *Requester) log(ctx context.Context, r Reply, attempt int, began time.Time) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("from", string(Endpoint)), slog.Int("status", r.Status), slog.Int("attempt", attempt), slog.Duration("duration", time.Since(began)),
	}
	if r.err != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("error", r.err.Error()))
	} else {
		attrs = append(attrs, slog.Time("expires_at", r.Token.ExpiresAt))
	}
	q.Logger.LogAttrs(ctx, level, "zohocrm token", attrs...)
}

package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/internal/jsonscan"
	"github.com/seed-87e331f0/zohocrm-go/internal/sanitize"
	"github.com/seed-87e331f0/zohocrm-go/internal/tokens"
	"github.com/seed-87e331f0/zohocrm-go/internal/transport"
)

const (
	maxTokenResponse = 1 << 20
	// tokenLifetime is that of Zoho's tokens, for a response that does not say.
	tokenLifetime    = time.Hour
	maxTokenLifetime = 24 * time.Hour
	// minTokenLifetime keeps a wrong lifetime in a response from causing a token request for each call.
	minTokenLifetime = 10 * time.Second
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

// tokenEndpoint requests access tokens for one set of credentials.
type tokenEndpoint struct {
	*config
	dc      DataCenter
	form    url.Values
	secrets []string // the credentials, as they are and as a form encodes them
	cached  bool
	wasted  atomic.Int32 // token requests since the last success that cost a token, or may have
}

func newTokenEndpoint(dc DataCenter, c *config, form url.Values, cache Cache) tokens.Source {
	e := &tokenEndpoint{config: c, dc: dc, form: form, cached: cache != nil}
	for _, field := range []string{"client_secret", "refresh_token", "client_id"} {
		if value := form.Get(field); value != "" {
			e.secrets = append(e.secrets, value, url.QueryEscape(value))
		}
	}
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSuffix(dc.AccountsURL, "/")) + "\n" + form.Encode()))
	settings := tokens.Config{
		Key: hex.EncodeToString(sum[:]), Request: e.request,
		Timeout: c.timeout, LockTimeout: min(c.tokenTimeout(), c.timeout/3), Logger: c.logger,
		Redact: func(text string, tokens ...string) string {
			return sanitize.Text(text, maxMessage, append(tokens, e.secrets...)...)
		},
	}
	if cache != nil {
		settings.Get, settings.Put = cache.Get, cache.Put
		if locker, ok := cache.(Locker); ok {
			settings.Lock = locker.Lock
		}
	}
	return &tokens.Shared{Config: settings}
}

// tokenAttempt is what one token request returned: a token, or an error.
type tokenAttempt struct {
	token tokens.Token
	err   *AuthError
	// pause is how long err is remembered. It is longer for each unusable token in a row.
	pause    time.Duration
	unusable bool
}

// request requests a token, with the retries of an operation. A throttled request is not repeated, one whose response was lost
// is repeated once.
func (e *tokenEndpoint) request(ctx context.Context, retried func(error)) (tokens.Token, *tokens.Failure) {
	ctx = context.WithValue(ctx, operationKey{}, nil) // of a call within a call
	attempts, lost := 0, 0
	results := transport.Retry(ctx, e.policy, func() (tokenAttempt, transport.Verdict) {
		attempts++
		began := time.Now()
		response, err := e.send(ctx)
		a := e.read(response, err, began)
		verdict := transport.Classify(response, err)
		verdict.Retry = verdict.Retry && a.err != nil && a.err.transient && !a.err.Throttled
		if verdict.MaybeApplied && response.Status < http.StatusBadRequest && a.err != nil && a.err.transient {
			lost++
			verdict.Retry = verdict.Retry && lost == 1
		}
		if verdict.Retry {
			retried(a.err)
		}
		e.log(ctx, a, response.Status, attempts, began)
		return a, verdict
	})
	last := results[len(results)-1]
	if last.err == nil {
		e.wasted.Store(0)
		return last.token, nil
	}
	switch {
	case last.unusable:
		last.pause = tokens.Growing(failurePause, int(e.wasted.Add(1)), maxUnusablePause)
	case lost > 0 && last.pause == 0:
		// None after the first one: those who waited for it try by themselves.
		last.pause = tokens.Growing(lostPause, int(e.wasted.Add(1))-1, failurePause)
	}
	return tokens.Token{}, &tokens.Failure{Err: last.err, Pause: last.pause}
}

// send sends one token request. A transport that ignores its context is abandoned.
func (e *tokenEndpoint) send(ctx context.Context) (transport.Response, error) {
	abandon, cancelAbandon := context.WithTimeout(ctx, e.tokenTimeout()+time.Second)
	defer cancelAbandon()
	ctx, cancel := context.WithTimeout(ctx, e.tokenTimeout())
	defer cancel()
	ctx, trace := transport.WithTrace(ctx)
	address := strings.TrimRight(e.dc.AccountsURL, "/") + tokenPath
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(e.form.Encode()))
	if err != nil {
		return transport.Response{}, &transport.Error{Final: true, Err: err}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header["User-Agent"] = e.userAgent
	response, err := tokens.Guard(abandon, func(context.Context) (transport.Response, error) {
		return e.sender.Send(req, trace, maxTokenResponse, e.secrets...)
	})
	if _, isSendError := errors.AsType[*transport.Error](err); err != nil && !isSendError {
		_, isPanic := errors.AsType[*tokens.PanicError](err)
		err = &transport.Error{Sent: true, Final: isPanic, Err: err}
	}
	return response, err
}

// read reads the response to a token request. Any response with a whole access token is a success, as Zoho has counted the
// token: even if the connection broke after it.
func (e *tokenEndpoint) read(response transport.Response, err error, began time.Time) tokenAttempt {
	if err != nil {
		return tokenAttempt{err: e.noResponse(err)}
	}
	var body tokenResponse
	if response.Err == nil || errors.Is(response.Err, transport.ErrTruncated) {
		body = readTokenResponse(response.Body)
	}
	value := jsonscan.String(body.accessToken)
	if value == "" {
		a := tokenAttempt{err: e.explain(response, body)}
		switch {
		case a.err.Throttled:
			a.pause = max(failurePause, min(a.err.RetryAfter, maxThrottlePause))
			a.err.RetryAfter = a.pause
			a.err.retryAt = time.Now().Add(a.pause)
		case !a.err.transient:
			a.pause = failurePause
		}
		return a
	}
	rejected := tokens.Check(value)
	if rejected != nil {
		rejected = fmt.Errorf("unusable response from %s: %w: check DataCenter.AccountsURL", e.dc.AccountsURL, rejected)
	} else {
		rejected = e.dc.checkAPIDomain(sanitize.Redact(jsonscan.String(body.apiDomain), slices.Concat(e.secrets, []string{value})...))
	}
	if rejected != nil {
		return tokenAttempt{err: &AuthError{StatusCode: response.Status, Message: rejected.Error()}, unusable: true}
	}
	// Without the monotonic clock, which stops while a machine sleeps.
	began = began.Round(0)
	return tokenAttempt{token: tokens.Token{Value: value, RequestedAt: began, ExpiresAt: began.Add(lifetime(body))}}
}

// tokenResponse is the body of a response of the token endpoint.
type tokenResponse struct {
	accessToken, apiDomain, expiresIn, expiresInSec, err, description json.RawMessage
}

// readTokenResponse reads the first JSON value of a body, if that is whole. Of equal keys it takes the first.
func readTokenResponse(data []byte) (r tokenResponse) {
	var object json.RawMessage
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // a byte order mark
	_ = json.NewDecoder(bytes.NewReader(data)).Decode(&object)
	fields := map[string]*json.RawMessage{
		"access_token": &r.accessToken, "api_domain": &r.apiDomain, "expires_in": &r.expiresIn, "expires_in_sec": &r.expiresInSec,
		"error": &r.err, "error_description": &r.description,
	}
	for key, value := range jsonscan.Members(object) {
		if field := fields[string(key)]; field != nil && *field == nil {
			*field = value
		}
	}
	return r
}

// lifetime reads how long a token is valid, at least minTokenLifetime. With expires_in_sec, expires_in is in milliseconds.
func lifetime(body tokenResponse) time.Duration {
	for _, value := range []json.RawMessage{body.expiresInSec, body.expiresIn} {
		seconds, err := strconv.ParseFloat(strings.Trim(string(value), `"`), 64)
		if err == nil && seconds > 0 {
			return max(minTokenLifetime, time.Duration(min(seconds, maxTokenLifetime.Seconds())*float64(time.Second)))
		}
	}
	return tokenLifetime
}

// noResponse is the error of a token request without a response.
func (e *tokenEndpoint) noResponse(err error) *AuthError {
	text := sanitize.Text(err.Error(), maxMessage/2, e.secrets...)
	failure, _ := errors.AsType[*transport.Error](err)
	switch {
	case failure != nil && failure.Proxy != "":
		text += ": check the proxy"
	case errors.Is(err, context.DeadlineExceeded):
		text += ": " + timeoutHint(errAttemptTimeout)
	case failure != nil && !failure.Sent:
		text += ": check DataCenter.AccountsURL and the network"
	}
	transient := failure == nil || !failure.Final
	if errors.Is(err, context.Canceled) {
		err = nil // no call's context ends a token request
	}
	return &AuthError{Message: fmt.Sprintf("no response from %s: %s", e.dc.AccountsURL, text), err: err, transient: transient}
}

// explain says what a response without an access token means. The codes are documented at
// https://www.zoho.com/crm/developer/docs/api/v7/refresh.html.
func (e *tokenEndpoint) explain(response transport.Response, body tokenResponse) *AuthError {
	failure := &AuthError{StatusCode: response.Status, transient: transport.IsRetryableStatus(response.Status)}
	text, description := jsonscan.String(body.err), jsonscan.String(body.description)
	isCode := text != "" && len(text) <= 40 && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz_") == ""
	description = sanitize.Text(description, maxSnippet, e.secrets...)
	switch {
	case isThrottle(response.Status, text, !isCode && description != ""):
		failure.Throttled, failure.transient = true, true
		failure.RetryAfter = transport.RetryAfter(response.Header)
		failure.Message = "Zoho issues no more access tokens for now, the limit is 10 in 10 minutes for a refresh token"
		if !e.cached {
			failure.Message += ": share tokens between processes through a Cache"
		}
		return failure
	case response.Err != nil && !errors.Is(response.Err, transport.ErrEmpty) && !isCode:
		failure.err = response.Err
		failure.transient = failure.transient || errors.Is(response.Err, transport.ErrTruncated) && response.Status < http.StatusBadRequest
		failure.Message = fmt.Sprintf("unusable response from %s: %s: check DataCenter.AccountsURL", e.dc.AccountsURL, sanitize.Text(response.Err.Error(), maxSnippet, e.secrets...))
		return failure
	case isCode:
		failure.Code = Code(text)
	}
	if failure.Code == CodeInvalidCode || failure.Code == CodeInvalidClient || failure.Code == CodeInvalidClientSecret {
		failure.transient = false // whatever the status
	}
	switch {
	case failure.Code == CodeInvalidCode:
		failure.Message = "the refresh token is wrong, expired or revoked: create a new one in Zoho's API console"
	case failure.Code == CodeInvalidClient:
		failure.Message = fmt.Sprintf("the client id is wrong, or belongs to another data centre than %s (%s): check both", e.dc.Name, e.dc.AccountsURL)
	case failure.Code == CodeInvalidClientSecret:
		failure.Message = "the client secret does not belong to the client id: copy it again from Zoho's API console"
	case failure.Code != "" && description != "":
		failure.Message = "the token endpoint rejected the request: " + description
	case failure.Code != "":
		failure.Message = "the token endpoint rejected the request: check the credentials and the data centre"
	case response.Status >= http.StatusInternalServerError:
		failure.Message = e.dc.AccountsURL + " failed: try again later"
	default:
		failure.Message = "the response of " + e.dc.AccountsURL + " has no access token: check DataCenter.AccountsURL"
	}
	return failure
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
func (e *tokenEndpoint) log(ctx context.Context, a tokenAttempt, status, attempt int, began time.Time) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("from", string(tokens.Endpoint)), slog.Int("status", status), slog.Int("attempt", attempt), slog.Duration("duration", time.Since(began)),
	}
	if a.err != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("error", a.err.Error()))
	} else {
		attrs = append(attrs, slog.Time("expires_at", a.token.ExpiresAt))
	}
	e.logger.LogAttrs(ctx, level, "zohocrm token", attrs...)
}

// newAuthError returns the error of a call that got no token: err is that of a source of tokens.
func newAuthError(err error) *AuthError {
	if failure, ok := errors.AsType[*AuthError](err); ok {
		if failure.retryAt.IsZero() {
			return failure
		}
		again := *failure
		again.RetryAfter = max(0, time.Until(again.retryAt))
		return &again
	}
	if waited, ok := errors.AsType[*tokens.WaitError](err); ok {
		failure := &AuthError{Message: waited.Error(), err: waited.Err, transient: !errors.Is(waited, context.Canceled)}
		if errors.Is(waited, context.DeadlineExceeded) {
			failure.Message += ": " + timeoutHint(waited.Cause)
		}
		if last, ok := errors.AsType[*AuthError](waited.Last); ok {
			failure.StatusCode, failure.Code, failure.Message = last.StatusCode, last.Code, last.Message+"; "+failure.Message
		}
		return failure
	}
	if panicked, ok := errors.AsType[*tokens.PanicError](err); ok {
		return &AuthError{Message: "the TokenSource, Cache or RoundTripper panicked: " + sanitize.Text(withoutSecrets(fmt.Sprint(panicked.Value)), maxSnippet)}
	}
	// The time limit of a refresh, or a TokenSource that ended its goroutine.
	failure := &AuthError{Message: "getting an access token failed: " + sanitize.Text(err.Error(), maxSnippet), transient: true}
	if errors.Is(err, context.DeadlineExceeded) {
		failure.Message = "getting an access token took too long: increase the timeout: WithAttemptTimeout or WithTimeout"
	}
	return failure
}

// newExternalError returns the error of a call whose oauth2.TokenSource failed. Its message shows no credentials that the
// TokenSource sends.
func newExternalError(err error) *AuthError {
	failure := &AuthError{err: err, transient: true}
	text := err.Error()
	if response, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		failure.Code = Code(response.ErrorCode)
		text = cmp.Or(response.ErrorDescription, "the token endpoint rejected the request") // not the body, which may hold a token
		if response.Response != nil {
			failure.StatusCode = response.Response.StatusCode
		}
		failure.transient = failure.StatusCode >= http.StatusInternalServerError
	}
	if inURL, ok := errors.AsType[*url.Error](err); ok {
		plain, quoted := *inURL, strconv.Quote(inURL.URL)
		plain.URL = plainURL(inURL.URL)
		text = strings.ReplaceAll(text, quoted[1:len(quoted)-1], plain.URL)
		failure.err = &plain
	}
	// The context of the TokenSource is not that of the call.
	if errors.Is(failure.err, context.Canceled) || errors.Is(failure.err, context.DeadlineExceeded) {
		failure.err = nil
	}
	failure.Message = "the oauth2.TokenSource failed: " + sanitize.Text(withoutSecrets(text), maxMessage)
	return failure
}

// plainURL returns a URL, even an invalid one, without user, query and fragment.
func plainURL(address string) string {
	if i := strings.IndexAny(address, "?#"); i >= 0 {
		address = address[:i]
	}
	scheme := ""
	if i := strings.Index(address, "://"); i >= 0 {
		scheme, address = address[:i+3], address[i+3:]
	}
	return scheme + address[strings.LastIndexByte(address, '@')+1:]
}

// secretField matches a form field with a secret, and partsOfURLs users, queries and fragments: of a URL in quotes, in which
// net/url puts it, of one up to a space, and without a scheme.
var (
	secretField = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(\b(?:refresh_token|client_secret|access_token|code)=)["']?[^\s&"']+`)
	})
	partsOfURLs = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`("[^"\s:/]*://)(?:[^\s/"?#]*@)?([^"?#]*)(?:[?#](?:[^"\\]|\\.)*)?` +
			`|(://)(?:[^\s/"?#]*@)?([^\s"?#]*)(?:[?#]\S*)?` +
			`|[^\s/"=?#:]+:[^\s/"?#]+@` +
			`|[?#][^\s"]*=(?:[^"\\\s]|\\.)*`)
	})
)

// withoutSecrets removes from the text of an error what may be a credential.
func withoutSecrets(text string) string {
	text = secretField().ReplaceAllString(text, "$1"+sanitize.Placeholder)
	return partsOfURLs().ReplaceAllString(text, "$1$2$3$4")
}

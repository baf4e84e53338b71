package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/internal/sanitize"
	"github.com/seed-87e331f0/zohocrm-go/internal/tokens"
	"github.com/seed-87e331f0/zohocrm-go/internal/transport"
)

// Codes of the token endpoint. See https://www.zoho.com/crm/developer/docs/api/v7/refresh.html.
const (
	// CodeInvalidCode: the refresh token is wrong, expired or revoked.
	CodeInvalidCode Code = "invalid_code"
	// CodeInvalidClient: the client id is wrong, or belongs to another data centre.
	CodeInvalidClient Code = "invalid_client"
	// CodeInvalidClientSecret: the client secret does not belong to the client id.
	CodeInvalidClientSecret Code = "invalid_client_secret"
)

// AuthError is a failure to get an access token: the response of the token endpoint, or why there was none. See
// https://www.zoho.com/crm/developer/docs/api/v7/refresh.html.
type AuthError struct {
	// StatusCode is the HTTP status of the token endpoint, 0 if there was no response. Zoho sends 200 with most errors.
	StatusCode int
	// Code is the error code of the token endpoint, such as [CodeInvalidClient], for errors.Is.
	Code Code
	// Throttled reports whether Zoho issues no more tokens for now: the limit is 10 in 10 minutes for a refresh token.
	Throttled bool
	// RetryAfter is the time until this client requests a token again, if Throttled is true. With a Cache, a call may succeed
	// earlier, with a token that another process has stored.
	RetryAfter time.Duration
	// Message says what went wrong and what to do.
	Message string

	err       error
	transient bool
	retryAt   time.Time
}

// Error returns one line: what went wrong and what to do.
func (e *AuthError) Error() string {
	var b strings.Builder
	b.WriteString("zohocrm: no access token: ")
	if e.StatusCode != 0 {
		fmt.Fprintf(&b, "HTTP %d: ", e.StatusCode)
	}
	if e.Code != "" {
		fmt.Fprintf(&b, "%s: ", sanitize.Text(string(e.Code), maxSnippet))
	}
	b.WriteString(sanitize.Text(e.Message, maxMessage))
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, " (retry after %s)", e.RetryAfter.Round(time.Second))
	}
	return b.String()
}

// Is reports whether target is the code of e.
func (e *AuthError) Is(target error) bool { return e.Code.is(target) }

// Unwrap returns the error of the transport, of the context or of the caller's token source, nil if there was none.
func (e *AuthError) Unwrap() error { return e.err }

// newTokenError returns the error of a token request that returned no token. The codes are documented at
// https://www.zoho.com/crm/developer/docs/api/v7/refresh.html.
func newTokenError(dc DataCenter, hasCache bool, secrets []string, r tokens.Reply) *AuthError {
	if r.Status == 0 {
		e := &AuthError{Message: fmt.Sprintf("no response from %s: %s", dc.AccountsURL, whyNoResponse(r.Err, secrets)), transient: r.Transient}
		if !errors.Is(r.Err, context.Canceled) { // no call's context ends a token request
			e.err = r.Err
		}
		return e
	}
	e := &AuthError{StatusCode: r.Status, Code: Code(r.Code), Throttled: r.Throttled, RetryAfter: r.RetryAfter, transient: r.Transient}
	switch {
	case r.Unusable != nil:
		e.Message = r.Unusable.Error()
	case r.Throttled:
		e.retryAt = time.Now().Add(r.RetryAfter)
		e.Message = "Zoho issues no more access tokens for now, the limit is 10 in 10 minutes for a refresh token"
		if !hasCache {
			e.Message += ": share tokens between processes through a Cache"
		}
	case e.Code == CodeInvalidCode:
		e.Message = "the refresh token is wrong, expired or revoked: create a new one in Zoho's API console"
	case e.Code == CodeInvalidClient:
		e.Message = fmt.Sprintf("the client id is wrong, or belongs to another data centre than %s (%s): check both", dc.Name, dc.AccountsURL)
	case e.Code == CodeInvalidClientSecret:
		e.Message = "the client secret does not belong to the client id: copy it again from Zoho's API console"
	case e.Code != "":
		e.Message = "the token endpoint rejected the request: " + cmp.Or(r.Description, "check the credentials and the data centre")
	case r.Err != nil && !errors.Is(r.Err, transport.ErrEmpty):
		e.err = r.Err
		e.Message = unusableResponse(dc, sanitize.Text(r.Err.Error(), maxSnippet, secrets...))
	case r.Status >= http.StatusInternalServerError:
		e.Message = dc.AccountsURL + " failed: try again later"
	default:
		e.Message = "the response of " + dc.AccountsURL + " has no access token: check DataCenter.AccountsURL"
	}
	return e
}

func unusableResponse(dc DataCenter, why string) string {
	return fmt.Sprintf("unusable response from %s: %s: check DataCenter.AccountsURL", dc.AccountsURL, why)
}

// whyNoResponse says why a token request got no response, and what to do.
func whyNoResponse(err error, secrets []string) string {
	text := sanitize.Text(err.Error(), maxMessage/2, secrets...)
	failure, _ := errors.AsType[*transport.Error](err)
	switch {
	case failure != nil && failure.Proxy != "":
		text += ": check the proxy"
	case errors.Is(err, context.DeadlineExceeded):
		text += ": " + timeoutHint(errAttemptTimeout)
	case failure != nil && !failure.Sent:
		text += ": check DataCenter.AccountsURL and the network"
	}
	return text
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
		return &AuthError{Message: "the TokenSource, Cache or RoundTripper panicked: " + sanitize.Text(sanitize.Credentials(fmt.Sprint(panicked.Value)), maxSnippet)}
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
		plain.URL = sanitize.URL(inURL.URL)
		text = strings.ReplaceAll(text, quoted[1:len(quoted)-1], plain.URL)
		failure.err = &plain
	}
	// The context of the TokenSource is not that of the call.
	if errors.Is(failure.err, context.Canceled) || errors.Is(failure.err, context.DeadlineExceeded) {
		failure.err = nil
	}
	failure.Message = "the oauth2.TokenSource failed: " + sanitize.Text(sanitize.Credentials(text), maxMessage)
	return failure
}

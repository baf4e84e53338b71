package client_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

// script is a call whose requests, those for tokens included, get these responses in order:
//
//	token | 503 | 429 TOO_MANY_REQUESTS after 7 | success
//
// is a new token, a page of a gateway, an error of Zoho's with a Retry-After, and a success.
type script struct {
	name, responses string
	took            time.Duration // without random waits
	failure                       // whose number of requests does not matter: each response must be used
}

func (s script) run(t *testing.T, auth client.Auth, options ...client.Option) {
	t.Run(cmp.Or(s.name, s.responses), func(t *testing.T) {
		t.Parallel()
		allowViolations(t)
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			options = append([]client.Option{client.WithFirstWait(0), respond(t, s.responses, cancel).option()}, options...)
			crm := newClient(t, client.EU, auth, options...)
			began := time.Now()
			if s.responses == "" {
				cancel()
			}
			_, err := crm.UpdateContactRole(ctx, roleID, roleUpdate)
			if took := time.Since(began); took != s.took {
				t.Errorf("the call took %s, want %s", took, s.took)
			}
			time.Sleep(time.Hour) // for a token request that goes on
			s.check(t, err, s.requests)
		})
	})
}

// respond returns the transport of a script.
func respond(t *testing.T, responses string, cancel func()) roundTripFunc {
	words := slices.DeleteFunc(strings.Split(responses, " | "), func(word string) bool { return word == "" })
	if n := len(words) - 1; n > 0 && words[n] == "cancel in the wait" {
		words = words[:n]
		time.AfterFunc(time.Second, cancel)
	}
	t.Cleanup(func() {
		if len(words) > 0 {
			t.Errorf("these responses were not used: %q", words)
		}
	})
	tokens := 0
	return func(r *http.Request) (*http.Response, error) {
		if len(words) == 0 {
			t.Errorf("there is no response for %s %s", r.Method, r.URL)
			return nil, io.EOF
		}
		word := words[0]
		words = words[1:]
		what, inBody := strings.CutSuffix(word, " in the body")
		if wait := map[string]func(){"stall": func() { <-r.Context().Done() }, "cancel": cancel}[what]; wait != nil {
			read := readFunc(func([]byte) (int, error) {
				if wait(); r.Method == http.MethodPost {
					time.Sleep(time.Second) // a token request is not for one call alone
				}
				return 0, cmp.Or(r.Context().Err(), io.EOF)
			})
			if inBody {
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(io.MultiReader(strings.NewReader(`{"contact_roles":[`), read))}, nil
			} else if _, err := read(nil); err != io.EOF {
				return nil, err
			}
			return newResponse(200, tokenBody(1)), nil
		}
		switch word {
		case "token":
			tokens++
			return newResponse(200, tokenBody(tokens)), nil
		case "400 Access Denied":
			return newResponse(400, accessDenied), nil
		case "invalid_code":
			return newResponse(200, `{"error":"invalid_code"}`), nil
		case "success":
			return newResponse(200, roleUpdated), nil
		case "partial success":
			return newResponse(207, `{"contact_roles":[{"code":"DUPLICATE_DATA","details":{},"message":"text","status":"error"},`+errorBody("INVALID_DATA")+`]}`), nil
		case "lost":
			return nil, io.ErrUnexpectedEOF
		case "refused":
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		case "nothing":
			return nil, nil
		case "503 without a body":
			return &http.Response{StatusCode: http.StatusServiceUnavailable}, nil
		case "error of another call":
			return nil, fmt.Errorf("circuit open: %w", &client.Error{StatusCode: 503})
		}
		word, after, _ := strings.Cut(word, " after ")
		status, code, isZoho := strings.Cut(word, " ")
		n, err := strconv.Atoi(status)
		if err != nil {
			t.Errorf("unknown response %q", word)
		}
		res := newResponse(n, page)
		if isZoho {
			res = newResponse(n, errorBody(code))
		}
		res.Header.Set("Retry-After", after)
		return res, nil
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func TestRejectedTokensAreReplaced(t *testing.T) {
	t.Parallel()
	rejected := func(text string, is error) failure { return failure{text: text, is: is} }
	for _, test := range []script{
		{name: "once", responses: "token | 401 INVALID_TOKEN | token | success"},
		{name: "with a code of other pages", responses: "token | 401 INVALID_OAUTHTOKEN | token | success"},
		{name: "with the code of an unusable header", responses: "token | 401 AUTHENTICATION_FAILURE | token | success"},
		{name: "not as one of the attempts", responses: "token | 401 INVALID_TOKEN | token | 503 | 503 | 503 | success"},
		{"unless the new one is rejected too", "token | 401 INVALID_TOKEN | token | 401 INVALID_TOKEN", 0, rejected("A new token was rejected as well", client.CodeInvalidToken)},
		{"not once more in another attempt", "token | 401 INVALID_TOKEN | token | 429 | 401 INVALID_TOKEN", 0, rejected("(3 attempts)", client.CodeInvalidToken)},
		{"unless there is none", "token | 401 INVALID_TOKEN | invalid_code", 0, rejected("previous error: updateContactRole: HTTP 401 INVALID_TOKEN", client.CodeInvalidCode)},
		{"unless a scope is missing", "token | 401 OAUTH_SCOPE_MISMATCH", 0, rejected("one of the scopes of this operation: ZohoCRM.modules.contacts.UPDATE, ZohoCRM.modules.ALL", client.CodeOAuthScopeMismatch)},
		{"unless the status is another", "token | 400 INVALID_TOKEN", 0, rejected("HTTP 400 INVALID_TOKEN", client.CodeInvalidToken)},
		{"unless the 401 is that of a proxy", "token | 401", 0, rejected("HTTP 401: response is not valid JSON", nil)},
	} {
		test.run(t, credentials())
	}
	invalid := rejected("HTTP 401 INVALID_TOKEN", client.CodeInvalidToken)
	script{"unless it is static", "401 INVALID_TOKEN", 0, invalid}.run(t, static)
	script{"unless the caller has no other", "401 INVALID_TOKEN", 0, invalid}.run(t, client.TokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "1000.token"})))
	n := 0
	another := client.TokenSource(tokenSourceFunc(func() (*oauth2.Token, error) { n++; return &oauth2.Token{AccessToken: token(n)}, nil }))
	script{"twice at most", "401 INVALID_TOKEN | 401 INVALID_TOKEN | 401 INVALID_TOKEN", 0, rejected("(3 attempts)", client.CodeInvalidToken)}.run(t, another)
}

// TestGatewayDoesNotProveAToken tests that a token that only a gateway saw counts as one that never worked: the one in its place is not
// replaced at once.
func TestGatewayDoesNotProveAToken(t *testing.T) {
	t.Parallel()
	allowViolations(t)
	responses := respond(t, "token | 503 | 401 INVALID_TOKEN | token | 401 INVALID_TOKEN | 401 INVALID_TOKEN", nil)
	crm := newClient(t, client.EU, credentials(), client.WithFirstWait(0), responses.option())
	for range 2 {
		if err := update(t, crm); !errors.Is(err, client.CodeInvalidToken) {
			t.Error(err)
		}
	}
}

// TestErrorOfZohoProvesAToken tests that a token with which Zoho checked a request counts as one that worked.
func TestErrorOfZohoProvesAToken(t *testing.T) {
	t.Parallel()
	allowViolations(t)
	responses := respond(t, "token | 400 INVALID_DATA | 401 INVALID_TOKEN | token | 401 INVALID_TOKEN | 401 INVALID_TOKEN | token | success", nil)
	crm := newClient(t, client.EU, credentials(), client.WithFirstWait(0), responses.option())
	for _, want := range []error{client.CodeInvalidData, client.CodeInvalidToken, nil} {
		if err := update(t, crm); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

func TestErrorsSayWhatBecameOfTheAttempts(t *testing.T) {
	t.Parallel()
	for _, test := range []script{
		{responses: "400 INVALID_DATA", failure: failure{text: "HTTP 400 INVALID_DATA: text: "}},
		{responses: "429 | 400 INVALID_DATA", failure: failure{text: "(2 attempts)"}},
		{responses: "503 | 400 INVALID_DATA", failure: failure{text: "(2 attempts, an earlier one may have taken effect)", maybeApplied: true}},
		{responses: "lost | 400 INVALID_DATA", failure: failure{text: "(2 attempts, an earlier one may have taken effect)", maybeApplied: true}},
		{responses: "503 | 429 | 400 INVALID_DATA", failure: failure{text: "(3 attempts, an earlier one may have taken effect)", maybeApplied: true}},
		{responses: "refused | 400 INVALID_DATA", failure: failure{text: "(2 attempts)"}},
		{responses: "429 | 429 | 429 | 503", failure: failure{text: "Try again later. (4 attempts, may have taken effect)", maybeApplied: true, retryable: true}},
		{responses: "refused | refused | refused | refused", failure: failure{text: "nothing was sent (4 attempts): PUT", retryable: true}},
		{responses: "429 | refused | refused | refused", failure: failure{text: "no further response (4 attempts): PUT", retryable: true}},
		{responses: "refused | refused | refused | lost", failure: failure{text: "no response, may have taken effect (4 attempts): PUT", maybeApplied: true, retryable: true}},
		{responses: "lost | refused | refused | refused", failure: failure{text: "no response, may have taken effect (4 attempts): PUT", maybeApplied: true, retryable: true}},
	} {
		test.run(t, static)
	}
	single := client.WithMaxAttempts(1)
	script{responses: "503", failure: failure{text: "Try again later. (may have taken effect)", maybeApplied: true, retryable: true}}.run(t, static, single)
	script{responses: "refused", failure: failure{text: "nothing was sent: PUT", retryable: true}}.run(t, static, single)
	script{responses: "lost", failure: failure{text: "no response, may have taken effect: PUT", maybeApplied: true, retryable: true}}.run(t, static, single)
	script{responses: "429 TOO_MANY_REQUESTS", failure: failure{text: "WithMaxConcurrent limits the requests of a client.", is: client.CodeTooManyRequests, retryable: true}}.run(t, static, single)
	n := 0
	ending := client.TokenSource(tokenSourceFunc(func() (*oauth2.Token, error) {
		if n++; n == 1 {
			return &oauth2.Token{AccessToken: token(n)}, nil
		}
		return nil, io.ErrClosedPipe
	}))
	script{"no token after a lost attempt", "lost", 0, failure{"no response, may have taken effect: no access token: the oauth2.TokenSource failed", io.ErrClosedPipe, 0, applied, retryable}}.run(t, ending)
}

func TestTransportsThatMisbehave(t *testing.T) {
	t.Parallel()
	for _, test := range []script{
		{"", "nothing", 0, failure{text: "the RoundTripper returned neither a response nor an error", maybeApplied: true, retryable: true}},
		{"", "503 without a body", 0, failure{"HTTP 503: response is empty", client.ErrResponseEmpty, 0, applied, retryable}},
		{"", "error of another call", 0, failure{text: "no response, may have taken effect: PUT", maybeApplied: true, retryable: true}},
	} {
		test.run(t, static, client.WithMaxAttempts(1))
		test.failure = failure{text: "no access token: ", retryable: true}
		test.run(t, credentials(), client.WithMaxAttempts(1))
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	rejected := func(text string) failure { return failure{text: text, retryable: true} }
	for _, test := range []script{
		{"seconds", "429 after 7 | success", 7 * time.Second, failure{}},
		{"0", "429 after 0 | success", 0, failure{}},
		{"a minute", "429 after 60 | success", time.Minute, failure{}},
		{"more than a minute", "429 after 61", 0, rejected("(retry after 1m1s)")},
		{"out of range", "429 after 99999999999999999999", 0, rejected("(retry after 24h0m0s)")},
		{"negative", "429 after -7 | success", 0, failure{}},
		{"negative, at last", "429 | 429 | 429 | 429 after -7", 0, rejected("Try again later. (4 attempts)")},
		{"a date", "429 after Sat, 01 Jan 2000 00:00:42 GMT | success", 42 * time.Second, failure{}}, // the clock of synctest starts at midnight
		{"a date in an hour", "429 after Sat, 01 Jan 2000 01:00:00 GMT", 0, rejected("(retry after 1h0m0s)")},
		{"a date before now", "429 | 429 | 429 | 429 after Fri, 31 Dec 1999 23:59:59 GMT", 0, rejected("Try again later. (4 attempts)")},
		{"unreadable", "429 after soon | success", 0, failure{}},
		{"after the last attempt", "429 | 429 | 429 | 429 after 7", 0, rejected("(retry after 7s) (4 attempts)")},
	} {
		test.run(t, static)
	}
	script{"more than is left", "429 after 7 | 429 after 7", 7 * time.Second, rejected("(retry after 7s)")}.run(t, static, client.WithTimeout(12*time.Second))
	for _, test := range []script{
		{"of the token endpoint", "503 after 7 | 500 after 3 | token | success", 10 * time.Second, failure{}},
		{"of the token endpoint, more than a minute", "503 after 61", 0, rejected("no access token: HTTP 503")},
	} {
		test.run(t, credentials())
	}
}

func TestTimeLimits(t *testing.T) {
	t.Parallel()
	deadline := func(limit string) failure {
		return failure{"context deadline exceeded: increase the timeout: " + limit, context.DeadlineExceeded, 0, applied, retryable}
	}
	inBody := failure{"HTTP 200: response is truncated", context.DeadlineExceeded, 0, applied, retryable}
	limit := func(options ...client.Option) []client.Option { return options }
	for _, test := range []struct {
		script
		options []client.Option
	}{
		{script{"two minutes", "stall", 2 * time.Minute, deadline("WithTimeout")}, limit(client.WithAttemptTimeout(time.Hour))},
		{script{"two minutes of four attempts", "stall | stall | stall | stall", 2 * time.Minute, deadline("")}, nil},
		{script{"two minutes of four attempts, in bodies", "stall in the body | stall in the body | stall in the body | stall in the body", 2 * time.Minute, inBody}, nil},
		{script{"30 seconds for an attempt", "stall | success", 30 * time.Second, failure{}}, nil},
		{script{"30 seconds for a body", "stall in the body | success", 30 * time.Second, failure{}}, nil},
		{script{"WithAttemptTimeout", "stall | stall | stall | stall", 4 * time.Second, deadline("WithAttemptTimeout or http.Client")}, limit(client.WithAttemptTimeout(time.Second))},
		{script{"WithTimeout", "stall", 10 * time.Second, deadline("WithTimeout")}, limit(client.WithTimeout(10*time.Second), client.WithAttemptTimeout(time.Hour))},
		{script{"WithTimeout, after responses", "429 | 503 | 503 | stall", 10 * time.Second, failure{"previous error: updateContactRole: HTTP 503", context.DeadlineExceeded, 0, applied, retryable}}, limit(client.WithTimeout(10 * time.Second))},
	} {
		test.run(t, static, test.options...)
	}
}

func TestTimeoutOfHTTPClientCanOnlyShortenAnAttempt(t *testing.T) {
	t.Parallel()
	hc := func(timeout time.Duration) client.Option {
		return client.WithHTTPClient(&http.Client{Transport: roundTripFunc(stall), Timeout: timeout})
	}
	for name, test := range map[string]struct {
		options []client.Option
		want    time.Duration
	}{
		"none":              {[]client.Option{hc(0)}, 30 * time.Second},
		"shorter":           {[]client.Option{hc(time.Second), client.WithAttemptTimeout(time.Minute)}, time.Second},
		"longer":            {[]client.Option{hc(time.Hour)}, 30 * time.Second},
		"of another before": {[]client.Option{hc(time.Second), hc(0)}, 30 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			crm := newClient(t, client.EU, static, append(test.options, client.WithMaxAttempts(1))...)
			began := time.Now()
			if err := update(t, crm); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != test.want {
				t.Errorf("%s: an attempt took %s, want %s: %v", name, time.Since(began), test.want, err)
			}
		})
	}
}

func stall(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestWaitForATokenIsNoPartOfAnAttempt(t *testing.T) {
	t.Parallel()
	script{"", "stall | token | success", 31 * time.Second, failure{}}.run(t, credentials())
}

func TestCancelledCalls(t *testing.T) {
	t.Parallel()
	ended := func(text string, maybeApplied, retryable bool) failure {
		return failure{text, context.Canceled, 0, maybeApplied, retryable}
	}
	for _, test := range []script{
		{"before the call", "", 0, ended("nothing was sent: context canceled", !applied, !retryable)},
		{"during the token request", "cancel", 0, ended("no access token: context ended while waiting for an access token", !applied, !retryable)},
		{"in the response with a token", "cancel in the body", 0, ended("no access token: context ended", !applied, !retryable)},
		{"before the response", "token | cancel", 0, ended("no response, may have taken effect: PUT", applied, !retryable)},
		{"in the response", "token | cancel in the body", 0, ended("HTTP 200: response is truncated: context canceled", applied, retryable)},
		{"before the second response", "token | 503 | cancel", 0, ended("(2 attempts): PUT", applied, !retryable)},
		{"during the last attempt", "token | 503 | 503 | 503 | cancel", 0, ended("context canceled; previous error: updateContactRole: HTTP 503", applied, !retryable)},
		{"while a rejected token is replaced", "token | 401 INVALID_TOKEN | cancel", 0, ended("no access token: context ended", !applied, !retryable)},
		{"while it waits after a response", "token | 429 after 9 | cancel in the wait", time.Second, ended("no further response: context canceled; previous error: updateContactRole: HTTP 429", !applied, !retryable)},
	} {
		test.run(t, credentials())
	}
	script{"while it waits without a response", "lost | cancel in the wait", time.Second, ended("may have taken effect: context canceled; previous error", applied, !retryable)}.
		run(t, static, client.WithFirstWait(100*time.Hour), client.WithTimeout(200*time.Hour))
}

// TestCancelledCallIsNotSentWithAnotherToken cancels a call during a response that rejects its token, after another call
// has replaced that token.
func TestCancelledCallIsNotSentWithAnotherToken(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var crm *client.Client
	responses, first := respond(t, "token | 401 INVALID_TOKEN | token | success | 401 INVALID_TOKEN", nil), true
	crm = newClient(t, client.EU, credentials(), roundTripFunc(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPut && first {
			first = false
			mustUpdate(t, crm)
			cancel()
		}
		return responses(r)
	}).option())
	_, err := crm.UpdateContactRole(ctx, roleID, roleUpdate)
	failure{text: "no further response: context canceled", is: context.Canceled}.check(t, err, 0)
}

// TestEachAttemptSendsTheSameBody tests that with another token and although the caller reuses its slice.
func TestEachAttemptSendsTheSameBody(t *testing.T) {
	t.Parallel()
	allowViolations(t)
	roles, bodies := slices.Clone(roleUpdates), map[string]int{}
	responses := respond(t, "token | 401 INVALID_TOKEN | token | 500 INTERNAL_ERROR | 503 | 400 INVALID_DATA", nil)
	var requests []*http.Request
	crm := newClient(t, client.EU, credentials(), client.WithFirstWait(0), roundTripFunc(func(r *http.Request) (*http.Response, error) {
		if body, err := io.ReadAll(r.Body); r.Method == http.MethodPut {
			bodies[fmt.Sprintf("%s %v %d %s", body, err, r.ContentLength, r.Header["Content-Type"])]++
		}
		roles[0].Name, roles[1] = "\xff", client.ContactRoleUpdate{}
		requests = append(requests, r)
		return responses(r)
	}).option())
	_, err := crm.UpdateContactRoles(t.Context(), roles)
	want := `{"contact_roles":[{"id":"` + roleID + `","name":"Sales Lead"},{"id":"` + nextRoleID + `","name":"Quality Control"}]}`
	if !errors.Is(err, client.CodeInvalidData) || len(bodies) != 1 || bodies[fmt.Sprintf("%s <nil> %d [application/json]", want, len(want))] != 4 {
		t.Errorf("the requests were %v: %v", bodies, err)
	}
	if got := requests[1].Header.Get("Authorization"); got != "Zoho-oauthtoken "+token(1) { // a transport may still read it
		t.Errorf("the header of the first request was changed to %q", got)
	}
}

// TestScopesOfAnErrorBelongToTheCaller sorts them while another goroutine uses the same operation.
func TestScopesOfAnErrorBelongToTheCaller(t *testing.T) {
	t.Parallel()
	crm := newClient(t, client.EU, static, roundTripFunc(func(*http.Request) (*http.Response, error) { return newResponse(403, errorBody("NO_PERMISSION")), nil }).option())
	var calls sync.WaitGroup
	for range 10 {
		calls.Go(func() {
			e, _ := errors.AsType[*client.Error](update(t, crm))
			if got := strings.Join(e.Operation.Scopes, " "); got != "ZohoCRM.modules.contacts.UPDATE ZohoCRM.modules.ALL" {
				t.Errorf("the scopes are %s", got)
			}
			slices.Sort(e.Operation.Scopes)
		})
	}
	calls.Wait()
}

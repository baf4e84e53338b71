package client_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

// failure is what a call that fails must return. One without a text is a success.
type failure struct {
	text                    string // in the error
	is                      error  // for errors.Is, if not nil
	requests                int
	maybeApplied, retryable bool
}

func (want failure) check(t *testing.T, err error, requests int) {
	t.Helper()
	if requests != want.requests {
		t.Errorf("%d requests were sent, want %d", requests, want.requests)
	}
	if want.text == "" {
		if err != nil {
			t.Errorf("the call failed: %v", err)
		}
		return
	}
	if err == nil {
		t.Fatalf("the call must fail with %q", want.text)
	}
	text := err.Error()
	if !strings.HasPrefix(text, "zohocrm: ") || !strings.Contains(text, want.text) || strings.ContainsAny(text, "\n\r\t\x00") || len(text) > 1000 {
		t.Errorf("the error must be a line with %q: %q", want.text, text)
	}
	if want.is != nil && !errors.Is(err, want.is) {
		t.Errorf("the error must be %v: %v", want.is, err)
	}
	if got := client.MaybeApplied(err); got != want.maybeApplied {
		t.Errorf("MaybeApplied is %t: %v", got, err)
	}
	if got := client.Retryable(err); got != want.retryable {
		t.Errorf("Retryable is %t: %v", got, err)
	}
}

// callServer updates a contact role at a server that responds to token requests and to others in order, to further ones
// like to the last. Without responses to token requests the token is static.
func callServer(t *testing.T, token, api []http.HandlerFunc, options ...client.Option) (tokenRequests, requests int, err error) {
	t.Helper()
	ownContract(t)
	var counts [2]atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i, responses := 0, token
		if r.Method == http.MethodPut {
			i, responses = 1, api
		}
		n := int(counts[i].Add(1))
		responses[min(n, len(responses))-1](w, r)
	}))
	defer server.Close()
	dc, auth := client.DataCenter{Name: "test", APIURL: server.URL, AccountsURL: server.URL}, client.Auth(credentials())
	if token == nil {
		auth = client.StaticToken("1000.token")
	}
	err = update(t, newClient(t, dc, auth, append(options, client.WithFirstWait(0))...))
	return int(counts[0].Load()), int(counts[1].Load()), err
}

const (
	page         = "<!DOCTYPE html>\n<title>Service\tUnavailable</title>\x00"
	accessDenied = `{"error":"Access Denied","error_description":"You have made too many requests continuously. Please try again after some time.","status":"failure"}`
)

// send responds with JSON. Headers are names and values; one with an empty value is left out.
func send(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		for i := 0; i < len(headers); i += 2 {
			w.Header()[headers[i]] = slices.DeleteFunc([]string{headers[i+1]}, func(value string) bool { return value == "" })
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

var success = send(200, roleUpdated)

// reset resets the connection before a response, closeEarly closes it, and breakOff closes it in a response.
func reset(w http.ResponseWriter, _ *http.Request) {
	conn, _, _ := http.NewResponseController(w).Hijack()
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

func closeEarly(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func breakOff(w http.ResponseWriter, r *http.Request) {
	send(200, `{"contact_roles":[`)(w, r)
	http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// endless sends 100 MiB of spaces, or as much as the client reads, gzipBomb the same in 100 KB.
func endless(w http.ResponseWriter, r *http.Request) { endlessly(w, strings.Repeat(" ", 1<<20)) }

func gzipBomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	var mebibyte bytes.Buffer
	zipper := gzip.NewWriter(&mebibyte)
	zipper.Write(bytes.Repeat([]byte(" "), 1<<20))
	zipper.Close()
	endlessly(w, mebibyte.String())
}

func endlessly(w http.ResponseWriter, chunk string) {
	w.Header().Set("Content-Type", "application/json")
	for range 100 {
		if _, err := io.WriteString(w, chunk); err != nil {
			return
		}
	}
}

// serverFailure is a failure that a server causes by its responses.
type serverFailure struct {
	name      string
	responses []http.HandlerFunc
	failure
}

func testServerFailures(t *testing.T, tests []serverFailure) {
	t.Parallel()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, requests, err := callServer(t, nil, test.responses)
			test.check(t, err, requests)
		})
	}
}

func TestFailuresAfterTheRequestWasSent(t *testing.T) {
	const applied, retryable = true, true
	on := func(handlers ...http.HandlerFunc) []http.HandlerFunc { return handlers }
	testServerFailures(t, []serverFailure{
		{"reset", on(reset), failure{"no response, may have taken effect (4 attempts): PUT", nil, 4, applied, retryable}},
		{"reset once", on(reset, success), failure{requests: 2}},
		{"reset three times", on(reset, reset, reset, success), failure{requests: 4}},
		{"closed", on(closeEarly), failure{"no response, may have taken effect (4 attempts)", io.EOF, 4, applied, retryable}},
		{"closed in the response", on(breakOff), failure{"HTTP 200: response is truncated", io.ErrUnexpectedEOF, 4, applied, retryable}},
		{"closed in the response once", on(breakOff, success), failure{requests: 2}},
		{"a response, then closed", on(send(503, page), closeEarly), failure{"previous error: updateContactRole: HTTP 503", io.EOF, 4, applied, retryable}},
		{"a different failure each time", on(send(502, page), reset, breakOff, success), failure{requests: 4}},
		{"closed, then rejected", on(closeEarly, send(400, bare("INVALID_DATA"))),
			failure{"(2 attempts, an earlier one may have taken effect)", client.CodeInvalidData, 2, applied, !retryable}},
		{"throttled, then rejected", on(send(429, page), send(400, bare("INVALID_DATA"))), failure{"(2 attempts)", client.CodeInvalidData, 2, !applied, !retryable}},
	})
}

func TestUnusableResponses(t *testing.T) {
	const applied, retryable = true, true
	body := func(status int, body string, headers ...string) []http.HandlerFunc {
		return []http.HandlerFunc{send(status, body, headers...)}
	}
	notJSON := "response is not valid JSON in the documented format"
	testServerFailures(t, []serverFailure{
		{"100 MiB", []http.HandlerFunc{endless}, failure{"the limit is 4 MiB", client.ErrResponseTooLarge, 1, applied, !retryable}},
		{"100 MiB of gzip", []http.HandlerFunc{gzipBomb}, failure{"the limit is 4 MiB", client.ErrResponseTooLarge, 1, applied, !retryable}},
		{"no gzip", body(200, roleUpdated, "Content-Encoding", "gzip"), failure{"gzip", client.ErrResponseTruncated, 4, applied, retryable}},
		{"truncated JSON", body(200, roleUpdated[:30]), failure{"response is truncated", client.ErrResponseTruncated, 4, applied, retryable}},
		{"truncated JSON of an error", body(400, bare("INVALID_DATA")[:30]), failure{"response is truncated", client.ErrResponseTruncated, 4, !applied, retryable}},
		{"no body", body(200, ""), failure{"response is empty", client.ErrResponseEmpty, 1, applied, !retryable}},
		{"204", body(204, ""), failure{"HTTP 204: response is empty", client.ErrResponseEmpty, 1, applied, !retryable}},
		{"304", body(304, ""), failure{"HTTP 304: response is empty", client.ErrResponseEmpty, 1, !applied, !retryable}},
		{"white space", body(200, " \r\n\t"), failure{"response is empty", client.ErrResponseEmpty, 1, applied, !retryable}},
		{"500 without a body", body(500, ""), failure{"HTTP 500: response is empty: Try again later", client.ErrResponseEmpty, 4, applied, retryable}},
		{"two JSON values", body(200, roleUpdated+roleUpdated), failure{notJSON, nil, 1, applied, !retryable}},
		{"a byte order mark", body(200, "\ufeff"+roleUpdated), failure{notJSON, nil, 1, applied, !retryable}},
		{"deeply nested JSON", body(200, strings.Repeat("[", 1<<20)), failure{notJSON, nil, 1, applied, !retryable}},
		{"HTML as JSON", body(200, page), failure{notJSON, nil, 1, applied, !retryable}},
		{"HTML", body(200, page, "Content-Type", "text/html"), failure{`"<!DOCTYPE html> <title>Service Unavailable</title>"`, nil, 1, applied, !retryable}},
		{"HTML of a gateway", body(502, page, "Content-Type", "text/html"), failure{"HTTP 502: " + notJSON, nil, 4, applied, retryable}},
		{"JSON as text", body(200, roleUpdated, "Content-Type", "text/plain"), failure{`response has the content type "text/plain"`, nil, 1, applied, !retryable}},
		{"JSON without a type", body(200, roleUpdated, "Content-Type", ""), failure{`response has the content type ""`, nil, 1, applied, !retryable}},
		{"500 with a success", body(500, roleUpdated), failure{"code, status and HTTP status of the result disagree", nil, 4, applied, retryable}},
	})
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("a redirect was followed: %s", r.URL) }))
	t.Cleanup(elsewhere.Close)
	secret := strings.Replace(elsewhere.URL, "http://", "http://user:hunter22@", 1) + "/x?code=hunter22"
	var tests []serverFailure
	for status, location := range map[int]string{301: secret, 302: secret, 303: secret, 307: secret, 308: secret, 309: "/crm/v7/x?code=hunter22", 399: "http://%zz"} {
		to := map[int]string{309: "/crm/v7/x:", 399: "a URL that cannot be parsed"}[status]
		tests = append(tests, serverFailure{fmt.Sprint(status), []http.HandlerFunc{send(status, roleUpdated, "Location", location)},
			failure{"redirects are not followed: the response redirects to " + cmp.Or(to, elsewhere.URL+"/x:"), client.ErrRedirect, 1, false, false}})
	}
	testServerFailures(t, append(tests,
		serverFailure{"without a Location", []http.HandlerFunc{send(307, roleUpdated)}, failure{"disagree", nil, 1, false, false}},
		serverFailure{"a Location of another status", []http.HandlerFunc{send(400, bare("INVALID_DATA"), "Location", secret)}, failure{"HTTP 400", client.CodeInvalidData, 1, false, false}},
	))
}

func TestStatusDecidesWhetherToRetry(t *testing.T) {
	var tests []serverFailure
	for _, status := range []int{429, 500, 502, 503, 504} {
		want := failure{fmt.Sprintf("HTTP %d NEW_CODE", status), client.Code("NEW_CODE"), 4, status >= 500, true}
		tests = append(tests, serverFailure{fmt.Sprint(status), []http.HandlerFunc{send(status, bare("NEW_CODE"))}, want},
			serverFailure{fmt.Sprint(status, " once"), []http.HandlerFunc{send(status, bare("NEW_CODE")), success}, failure{requests: 2}})
	}
	for _, status := range []int{400, 402, 403, 404, 405, 408, 409, 413, 415, 418, 501, 505} {
		want := failure{fmt.Sprintf("HTTP %d NEW_CODE", status), client.Code("NEW_CODE"), 1, status >= 500, false}
		tests = append(tests, serverFailure{fmt.Sprint(status), []http.HandlerFunc{send(status, bare("NEW_CODE"))}, want})
	}
	testServerFailures(t, tests)
}

func TestFailuresOfTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	const retryable, throttled = true, true
	elsewhere := "https://elsewhere.example.com/x"
	json := func(status int, body string) []http.HandlerFunc { return []http.HandlerFunc{send(status, body)} }
	on := func(handlers ...http.HandlerFunc) []http.HandlerFunc { return handlers }
	for _, test := range []struct {
		name                 string
		responses            []http.HandlerFunc
		status               int
		is                   error
		text                 string
		requests             int
		retryable, throttled bool
	}{
		{"reset", on(reset), 0, nil, "no response from http://127.0.0.1", 4, retryable, false},
		{"closed", on(closeEarly), 0, io.EOF, "no response from http://127.0.0.1", 4, retryable, false},
		{"closed in the response", on(breakOff), 200, client.ErrResponseTruncated, "response is truncated", 4, retryable, false},
		{"truncated JSON", json(200, granted(1)[:20]), 200, nil, "check DataCenter.AccountsURL", 1, false, false},
		{"100 MiB", on(endless), 200, client.ErrResponseTooLarge, "the limit is 1 MiB", 1, false, false},
		{"100 MiB of gzip", on(gzipBomb), 200, client.ErrResponseTooLarge, "the limit is 1 MiB", 1, false, false},
		{"HTML", json(200, page), 200, nil, "check DataCenter.AccountsURL", 1, false, false},
		{"no body", json(200, ""), 200, nil, "check DataCenter.AccountsURL", 1, false, false},
		{"204", json(204, ""), 204, nil, "check DataCenter.AccountsURL", 1, false, false},
		{"307", on(send(307, granted(1), "Location", elsewhere)), 307, client.ErrRedirect, "redirects to " + elsewhere, 1, false, false},
		{"500", json(500, page), 500, nil, "try again later", 4, retryable, false},
		{"503", json(503, page), 503, nil, "try again later", 4, retryable, false},
		{"throttled", json(400, accessDenied), 400, nil, "share tokens between processes through a Cache", 1, retryable, throttled},
		{"throttled with 200", json(200, accessDenied), 200, nil, "share tokens", 1, retryable, throttled},
		{"throttled with 429", json(429, page), 429, nil, "share tokens", 1, retryable, throttled},
		{"throttled, in German", json(400, `{"error":"Zugriff verweigert"}`), 400, nil, "share tokens", 1, retryable, throttled},
		{"wrong refresh token", json(200, `{"error":"invalid_code"}`), 200, client.CodeInvalidCode, "the refresh token is wrong, expired or revoked", 1, false, false},
		{"wrong client id", json(401, `{"error":"invalid_client"}`), 401, client.CodeInvalidClient, "another data centre than test", 1, false, false},
		{"wrong client secret", json(200, `{"error":"invalid_client_secret"}`), 200, client.CodeInvalidClientSecret, "the client secret does not belong", 1, false, false},
		{"another code", json(200, `{"error":"invalid_scope","error_description":"no\nsuch"}`), 200, client.Code("invalid_scope"), "no such", 1, false, false},
		{"a code that is too long", json(500, `{"error":"`+strings.Repeat("a", 100_000)+`"}`), 500, nil, "try again later", 4, retryable, false},
		{"an empty token", json(200, `{"access_token":""}`), 200, nil, "has no access token", 1, false, false},
		{"a token of two lines", json(200, `{"access_token":"1000.a\nb"}`), 200, nil, "the access token has a space", 1, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			n, requests, err := callServer(t, test.responses, on(success))
			failure{test.text, test.is, test.requests, false, test.retryable}.check(t, err, n)
			authErr, ok := errors.AsType[*client.AuthError](err)
			if !ok || authErr.StatusCode != test.status || authErr.Throttled != test.throttled || (authErr.Code != "") != (test.is == authErr.Code) || requests != 0 {
				t.Errorf("%d requests, and the error is %#v", requests, authErr)
			}
		})
	}
	for name, first := range map[string]http.HandlerFunc{"reset": reset, "closed in the response": breakOff, "500": send(500, page)} {
		t.Run(name+" once", func(t *testing.T) {
			t.Parallel()
			n, _, err := callServer(t, on(first, send(200, granted(1))), on(success))
			failure{requests: 2}.check(t, err, n)
		})
	}
}

// scripted responds to the requests of a test in order, those for tokens included. Each word of the script is a response: "503" is a page of a
// gateway, "400 INVALID_DATA" an error of Zoho's, "token" a new token. The test fails unless every one is used.
func scripted(t *testing.T, script string, cancel func()) transport {
	words := strings.Split(script, ", ")
	if script == "" {
		words = nil
	}
	t.Cleanup(func() {
		if len(words) > 0 {
			t.Errorf("these responses were not used: %q", words)
		}
	})
	issued := 0
	return func(r *http.Request) (*http.Response, error) {
		if len(words) == 0 {
			t.Errorf("no response is left for %s %s", r.Method, r.URL)
			return nil, io.EOF
		}
		word := words[0]
		words = words[1:]
		switch word {
		case "token":
			issued++
			return answer(200, granted(issued)), nil
		case "invalid_code":
			return answer(200, `{"error":"invalid_code"}`), nil
		case "success":
			return answer(200, roleUpdated), nil
		case "lost":
			return nil, io.ErrUnexpectedEOF
		case "refused":
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		case "cancel":
			cancel()
			if time.Sleep(time.Second); r.Method == http.MethodPost { // not of the call alone
				return answer(200, granted(1)), nil
			}
			return nil, r.Context().Err()
		case "cancel in the body":
			return &http.Response{StatusCode: 200, Body: io.NopCloser(readFunc(func([]byte) (int, error) {
				cancel()
				time.Sleep(time.Second)
				return 0, cmp.Or(r.Context().Err(), io.EOF)
			}))}, nil
		}
		status, code, isZoho := strings.Cut(word, " ")
		n, err := strconv.Atoi(status)
		if err != nil {
			t.Fatalf("unknown response %q", word)
		}
		if isZoho {
			return answer(n, bare(code)), nil
		}
		return answer(n, page), nil
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func TestCancelledCalls(t *testing.T) {
	t.Parallel()
	const applied, retryable = true, true
	for _, test := range []struct {
		name, script            string
		text                    string
		status                  int // of the *Error of an earlier response, 0 if none
		maybeApplied, retryable bool
	}{
		{"before the call", "", "nothing was sent: context canceled", 0, !applied, !retryable},
		{"during the token request", "cancel", "no access token: context ended while waiting for an access token: context canceled", 0, !applied, !retryable},
		{"in the response with a token", "cancel in the body", "no access token: context ended", 0, !applied, !retryable},
		{"before the response", "token, cancel", "no response, may have taken effect: PUT", 0, applied, !retryable},
		{"in the response", "token, cancel in the body", "HTTP 200: response is truncated: context canceled", 200, applied, retryable},
		{"before the second response", "token, 503, cancel", "(2 attempts): PUT", 503, applied, retryable},
		{"while a rejected token is replaced", "token, 401 INVALID_TOKEN, cancel", "no access token: context ended", 401, !applied, !retryable},
		{"while it waits after a response", "token, 429, wait", "no response: context canceled; previous error: updateContactRole: HTTP 429", 429, !applied, retryable},
		{"while it waits without a response", "token, lost, wait", "no response, may have taken effect: context canceled; previous error", 0, applied, retryable},
		{"during the last attempt", "token, 503, 503, 503, cancel", "(4 attempts): PUT", 503, applied, retryable},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ownContract(t)
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				script, waits := strings.CutSuffix(test.script, ", wait")
				options := []client.Option{client.WithFirstWait(0), scripted(t, script, cancel).option()}
				if waits {
					options = append(options, client.WithFirstWait(100*time.Hour), client.WithTimeout(200*time.Hour))
					time.AfterFunc(time.Millisecond, cancel)
				}
				if script == "" {
					cancel()
				}
				_, err := newClient(t, client.EU, credentials(), options...).UpdateContactRole(ctx, roleID, rename)
				time.Sleep(time.Minute) // for the token request, which goes on
				failure{test.text, context.Canceled, 0, test.maybeApplied, test.retryable}.check(t, err, 0)
				if e, ok := errors.AsType[*client.Error](err); ok != (test.status != 0) || ok && e.StatusCode != test.status {
					t.Errorf("the error must have an *Error with status %d: %v", test.status, err)
				}
			})
		})
	}
}

// TestCancelledCallIsNotSentWithAnotherToken cancels a call during a response that rejects its token, after another call has replaced that token.
func TestCancelledCallIsNotSentWithAnotherToken(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var crm *client.Client
	respond := scripted(t, "token, 401 INVALID_TOKEN, token, success, 401 INVALID_TOKEN", nil)
	first := true
	crm = newClient(t, client.EU, credentials(), transport(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPut && first {
			first = false
			mustUpdate(t, crm)
			cancel()
		}
		return respond(r)
	}).option())
	_, err := crm.UpdateContactRole(ctx, roleID, rename)
	failure{"no response: context canceled", context.Canceled, 0, false, false}.check(t, err, 0)
}

func TestRejectedTokensAreReplaced(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, script string
		text         string
		is           error
	}{
		{"once", "token, 401 INVALID_TOKEN, token, success", "", nil},
		{"code of other pages", "token, 401 INVALID_OAUTHTOKEN, token, success", "", nil},
		{"code without a usable header", "token, 401 AUTHENTICATION_FAILURE, token, success", "", nil},
		{"the new one is rejected too", "token, 401 INVALID_TOKEN, token, 401 INVALID_TOKEN", "A new token was rejected as well", client.CodeInvalidToken},
		{"not as one of the attempts", "token, 401 INVALID_TOKEN, token, 503, 503, 503, success", "", nil},
		{"not once more in a retry", "token, 401 INVALID_TOKEN, token, 503, 401 INVALID_TOKEN", "(3 attempts, an earlier one may have taken effect)", client.CodeInvalidToken},
		{"unless there is none", "token, 401 INVALID_TOKEN, invalid_code", "previous error: updateContactRole: HTTP 401 INVALID_TOKEN", client.CodeInvalidCode},
		{"unless its scopes are missing", "token, 401 OAUTH_SCOPE_MISMATCH", "needed: ZohoCRM.modules.contacts.UPDATE, ZohoCRM.modules.ALL", client.CodeOAuthScopeMismatch},
		{"unless the status is another", "token, 400 INVALID_TOKEN", "HTTP 400 INVALID_TOKEN", client.CodeInvalidToken},
		{"unless it is the 401 of a proxy", "token, 401", "HTTP 401: response is not valid JSON", nil},
		{"unless it is static", "static: 401 INVALID_TOKEN", "HTTP 401 INVALID_TOKEN", client.CodeInvalidToken},
		{"twice, if the caller has others", "caller: 401 INVALID_TOKEN, 401 INVALID_TOKEN, success", "", nil},
		{"not three times", "caller: 401 INVALID_TOKEN, 401 INVALID_TOKEN, 401 INVALID_TOKEN", "(3 attempts)", client.CodeInvalidToken},
		{"unless the caller has no other", "same: 401 INVALID_TOKEN", "HTTP 401 INVALID_TOKEN", client.CodeInvalidToken},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ownContract(t)
			n := 0
			source, script, found := strings.Cut(test.script, ": ")
			auth := map[string]client.Auth{
				"static": client.StaticToken("1000.token"),
				"caller": client.TokenSource(tokens(func() (*oauth2.Token, error) { n++; return &oauth2.Token{AccessToken: token(n)}, nil })),
				"same":   client.TokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "1000.token"})),
			}[source]
			if !found {
				script, auth = test.script, credentials()
			}
			err := update(t, newClient(t, client.EU, auth, client.WithFirstWait(0), scripted(t, script, nil).option()))
			if test.text == "" && err != nil || test.text != "" && (err == nil || !strings.Contains(err.Error(), test.text)) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("the error must have %q: %v", test.text, err)
			}
		})
	}
}

package client_test

import (
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

// failure is the error that a call must return. One without a text is a success.
type failure struct {
	text                    string // in the error
	is                      error  // for errors.Is, if not nil
	requests                int
	maybeApplied, retryable bool
}

// So that a row of a table reads well.
const applied, retryable = true, true

func (want failure) check(t *testing.T, err error, requests int) {
	t.Helper()
	text := fmt.Sprint(err)
	e, isError := errors.AsType[*client.Error](err)
	switch {
	case requests != want.requests:
		t.Errorf("%d requests were sent, want %d: %v", requests, want.requests, err)
	case (err == nil) != (want.text == "") || err != nil && !strings.Contains(text, want.text):
		t.Errorf("the error must have %q: %v", want.text, err)
	case err != nil && !strings.HasPrefix(text, "zohocrm: ") || strings.ContainsAny(text, "\n\r\t\x00") || len(text) > 1000:
		t.Errorf("the error must be a line of at most 1000 bytes: %.1000q", text)
	case want.is != nil && !errors.Is(err, want.is):
		t.Errorf("the error must be %v: %v", want.is, err)
	case client.MaybeApplied(err) != want.maybeApplied || client.Retryable(err) != want.retryable:
		t.Errorf("MaybeApplied is %t, and Retryable is %t: %v", client.MaybeApplied(err), client.Retryable(err), err)
	case isError && e.RetryAfter < 0:
		t.Errorf("RetryAfter is %s: %v", e.RetryAfter, err)
	}
}

// serverFailure is a failure that the responses of a server cause, in order, the last one for all further requests.
type serverFailure struct {
	name      string
	responses []http.HandlerFunc
	failure
}

// testServerFailures updates a contact role, or lets the token request before it fail. All other responses are good.
func testServerFailures(t *testing.T, ofToken bool, tests []serverFailure) {
	t.Parallel()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			allowViolations(t)
			var requests atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case ofToken == (r.Method == http.MethodPost):
					n := int(requests.Add(1))
					test.responses[min(n, len(test.responses))-1](w, r)
				case ofToken:
					success(w, r)
				default:
					send(200, tokenBody(1))(w, r)
				}
			}))
			defer server.Close()
			err := update(t, newClient(t, client.DataCenter{Name: "test", APIURL: server.URL, AccountsURL: server.URL}, credentials(), client.WithFirstWait(0)))
			test.check(t, err, int(requests.Load()))
			if _, isAuthError := errors.AsType[*client.AuthError](err); err != nil && isAuthError != ofToken {
				t.Errorf("whether the error is an *AuthError: %t: %v", isAuthError, err)
			}
		})
	}
}

func on(handlers ...http.HandlerFunc) []http.HandlerFunc { return handlers }

func respondJSON(status int, body string, headers ...string) []http.HandlerFunc {
	return on(send(status, body, headers...))
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

// closeEarly closes the connection before a response, and breakOff closes it in a response.
func closeEarly(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func breakOff(w http.ResponseWriter, r *http.Request) {
	send(200, `{"contact_roles":[`)(w, r)
	http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func garbage(w http.ResponseWriter, _ *http.Request) {
	hijack(w, "HTTP/1.1 "+strings.Repeat("A", 1<<20)+"\r\n\r\n").Close()
}

// switchProtocols leaves the connection open.
func switchProtocols(w http.ResponseWriter, _ *http.Request) {
	hijack(w, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
}

func hijack(w http.ResponseWriter, response string) net.Conn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(conn, response)
	return conn
}

// gzipBomb sends 100 MiB of spaces in 100 KB.
func gzipBomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	zipper := gzip.NewWriter(w)
	for range 100 {
		_, _ = io.WriteString(zipper, strings.Repeat(" ", 1<<20))
	}
	_ = zipper.Close()
}

func TestFailuresAfterTheRequestWasSent(t *testing.T) {
	testServerFailures(t, false, []serverFailure{
		{"closed", on(closeEarly), failure{"no response, may have taken effect (4 attempts): PUT", io.EOF, 4, applied, retryable}},
		{"closed three times", on(closeEarly, closeEarly, closeEarly, success), failure{requests: 4}},
		{"closed in the response", on(breakOff), failure{"HTTP 200: response is truncated", io.ErrUnexpectedEOF, 4, applied, retryable}},
		{"closed in the response once", on(breakOff, success), failure{requests: 2}},
		{"1 MiB of garbage", on(garbage), failure{"malformed HTTP status code", nil, 4, applied, retryable}},
		{"a response, then closed", on(send(503, page), closeEarly), failure{"previous error: updateContactRole: HTTP 503", io.EOF, 4, applied, retryable}},
		{"a different failure each time", on(send(502, page), closeEarly, breakOff, success), failure{requests: 4}},
		{"closed, then rejected", on(closeEarly, send(400, errorBody("INVALID_DATA"))),
			failure{"(2 attempts, an earlier one may have taken effect)", client.CodeInvalidData, 2, applied, !retryable}},
		{"throttled, then rejected", on(send(429, page), send(400, errorBody("INVALID_DATA"))), failure{"(2 attempts)", client.CodeInvalidData, 2, !applied, !retryable}},
	})
}

func TestUnusableResponses(t *testing.T) {
	notJSON := "response is not valid JSON in the documented format"
	testServerFailures(t, false, []serverFailure{
		{"100 MiB of gzip", on(gzipBomb), failure{"the limit is 4 MiB", client.ErrResponseTooLarge, 1, applied, !retryable}},
		{"no gzip", respondJSON(200, roleUpdated, "Content-Encoding", "gzip"), failure{"gzip", client.ErrResponseTruncated, 4, applied, retryable}},
		{"truncated JSON", respondJSON(200, roleUpdated[:30]), failure{"response is truncated", client.ErrResponseTruncated, 4, applied, retryable}},
		{"truncated JSON of an error", respondJSON(400, errorBody("INVALID_DATA")[:30]), failure{"response is truncated", client.ErrResponseTruncated, 4, !applied, retryable}},
		{"no body", respondJSON(200, ""), failure{"response is empty", client.ErrResponseEmpty, 1, applied, !retryable}},
		{"204", respondJSON(204, ""), failure{"HTTP 204: response is empty", client.ErrResponseEmpty, 1, applied, !retryable}},
		{"304", respondJSON(304, ""), failure{"HTTP 304: response is empty", client.ErrResponseEmpty, 1, !applied, !retryable}},
		{"101, whose body never ends", on(switchProtocols), failure{"HTTP 101: response is empty", client.ErrResponseEmpty, 1, applied, !retryable}},
		{"white space", respondJSON(200, " \r\n\t"), failure{"response is empty", client.ErrResponseEmpty, 1, applied, !retryable}},
		{"500 without a body", respondJSON(500, ""), failure{"HTTP 500: response is empty: Try again later", client.ErrResponseEmpty, 4, applied, retryable}},
		{"two JSON values", respondJSON(200, roleUpdated+roleUpdated), failure{notJSON, nil, 1, applied, !retryable}},
		{"a byte order mark", respondJSON(200, "\ufeff"+roleUpdated), failure{notJSON, nil, 1, applied, !retryable}},
		{"deeply nested JSON", respondJSON(200, strings.Repeat("[", 1<<20)), failure{notJSON, nil, 1, applied, !retryable}},
		{"HTML as JSON", respondJSON(200, page), failure{notJSON, nil, 1, applied, !retryable}},
		{"HTML", respondJSON(200, page, "Content-Type", "text/html"), failure{"<!DOCTYPE html> <title>Service Unavailable</title>", nil, 1, applied, !retryable}},
		{"HTML of a gateway", respondJSON(502, page, "Content-Type", "text/html"), failure{"HTTP 502: " + notJSON, nil, 4, applied, retryable}},
		{"JSON as text", respondJSON(200, roleUpdated, "Content-Type", "text/plain"), failure{`response has the content type "text/plain"`, nil, 1, applied, !retryable}},
		{"JSON without a type", respondJSON(200, roleUpdated, "Content-Type", ""), failure{`response has the content type ""`, nil, 1, applied, !retryable}},
		{"500 with a success", respondJSON(500, roleUpdated), failure{"code, status and HTTP status of the result disagree", nil, 4, applied, retryable}},
	})
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("a redirect was followed: %s", r.URL) }))
	t.Cleanup(elsewhere.Close)
	secret := strings.Replace(elsewhere.URL, "http://", "http://user:hunter22@", 1) + "/x?code=hunter22"
	var tests []serverFailure
	for status, location := range map[int]string{301: secret, 302: secret, 303: secret, 307: secret, 308: secret, 309: "/crm/v7/x?code=hunter22", 398: "/" + strings.Repeat("x", 1<<20), 399: "http://%zz"} {
		to := map[int]string{309: "/crm/v7/x:", 398: "/xxx", 399: "a URL that cannot be parsed"}[status]
		tests = append(tests, serverFailure{fmt.Sprint(status), []http.HandlerFunc{send(status, roleUpdated, "Location", location)},
			failure{"redirects are not followed: the response redirects to " + cmp.Or(to, elsewhere.URL+"/x:"), client.ErrRedirect, 1, true, false}})
	}
	testServerFailures(t, false, append(tests,
		serverFailure{"without a Location", respondJSON(307, roleUpdated), failure{"disagree", nil, 1, true, false}},
		serverFailure{"a Location of another status", respondJSON(400, errorBody("INVALID_DATA"), "Location", secret), failure{"HTTP 400", client.CodeInvalidData, 1, false, false}},
	))
}

func TestStatusDecidesWhetherToRetry(t *testing.T) {
	var tests []serverFailure
	for _, status := range []int{429, 500, 502, 503, 504} {
		want := failure{fmt.Sprintf("HTTP %d NEW_CODE", status), client.Code("NEW_CODE"), 4, status >= 500, true}
		tests = append(tests, serverFailure{fmt.Sprint(status), respondJSON(status, errorBody("NEW_CODE")), want},
			serverFailure{fmt.Sprint(status, " once"), []http.HandlerFunc{send(status, errorBody("NEW_CODE")), success}, failure{requests: 2}})
	}
	for _, status := range []int{400, 402, 403, 404, 405, 408, 409, 413, 415, 418, 501, 505} {
		want := failure{fmt.Sprintf("HTTP %d NEW_CODE", status), client.Code("NEW_CODE"), 1, status >= 500, false}
		tests = append(tests, serverFailure{fmt.Sprint(status), respondJSON(status, errorBody("NEW_CODE")), want})
	}
	testServerFailures(t, false, tests)
}

func TestFailuresOfTheTokenEndpoint(t *testing.T) {
	const noResponse, throttled = "no access token: no response from http://127.0.0.1", "Zoho issues no more access tokens for now"
	final := func(text string, is error) failure { return failure{text: text, is: is, requests: 1} }
	repeated := func(text string, is error) failure { return failure{text, is, 4, !applied, retryable} }
	repeatedOnce := func(text string, is error) failure { return failure{text, is, 2, !applied, retryable} }
	testServerFailures(t, true, []serverFailure{
		{"closed", on(closeEarly), repeatedOnce(noResponse, io.EOF)},
		{"closed in the response", on(breakOff), repeatedOnce("HTTP 200: unusable response from http://127.0.0.1", client.ErrResponseTruncated)},
		{"closed once", on(closeEarly, send(200, tokenBody(1))), failure{requests: 2}},
		{"closed in the response once", on(breakOff, send(200, tokenBody(1))), failure{requests: 2}},
		{"500", respondJSON(500, page), repeated("HTTP 500: http://127.0.0.1", nil)},
		{"503 three times", on(send(503, page), send(503, page), send(503, page), send(200, tokenBody(1))), failure{requests: 4}},
		{"1 MiB of garbage", on(garbage), repeatedOnce("malformed HTTP status code", nil)},
		{"100 MiB of gzip", on(gzipBomb), final("the limit is 1 MiB", client.ErrResponseTooLarge)},
		{"101, whose body never ends", on(switchProtocols), final("HTTP 101: the response of http://127.0.0.1", nil)},
		{"307", respondJSON(307, tokenBody(1), "Location", "https://elsewhere.example.com/x"), final("redirects to https://elsewhere.example.com/x", client.ErrRedirect)},
		{"truncated JSON", respondJSON(200, tokenBody(1)[:20]), final("has no access token: check DataCenter.AccountsURL", nil)},
		{"HTML", respondJSON(200, page), final("has no access token: check DataCenter.AccountsURL", nil)},
		{"throttled", respondJSON(400, accessDenied), failure{throttled, nil, 1, !applied, retryable}},
		{"throttled with 200", respondJSON(200, accessDenied), failure{throttled, nil, 1, !applied, retryable}},
		{"throttled with 429", respondJSON(429, page), failure{throttled, nil, 1, !applied, retryable}},
		{"throttled, in German", respondJSON(400, `{"error":"Zugriff verweigert","error_description":"Zu viele Anfragen"}`), failure{throttled, nil, 1, !applied, retryable}},
		{"wrong refresh token", respondJSON(200, `{"error":"invalid_code"}`), final("the refresh token is wrong, expired or revoked", client.CodeInvalidCode)},
		{"wrong client id", respondJSON(401, `{"error":"invalid_client"}`), final("another data centre than test", client.CodeInvalidClient)},
	})
}

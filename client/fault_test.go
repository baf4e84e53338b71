package client_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

// fault is something that goes wrong, and what updateContactRole makes of it.
type fault struct {
	name string
	// forbidden says that the OpenAPI document does not allow an answer.
	forbidden bool
	// token and api answer the first requests; the later ones get what Zoho answers.
	token, api []reply
	static     bool // authorize by a StaticToken
	target     func(client.DataCenter) client.DataCenter
	options    []client.Option
	// cancelAfter cancels after so many lines of the log, which is before the wait for another attempt.
	cancelAfter  int
	cancelled    bool   // before the call
	cancelInBody string // of an answer to such a request

	// asked and sent are the requests of the token endpoint and of the API that arrive.
	asked, sent int
	// status and code are those of the *Error, auth is the *AuthError but for its text. Where all of these
	// and is and text are empty, the call succeeds.
	status int
	code   client.Code
	auth   *client.AuthError
	is     error
	text   string // in the error, beside what is asserted of all
}

// reply answers a request of a call. It can end the context of the call, and wait until the call has
// returned.
type reply func(w http.ResponseWriter, r *http.Request, c underway)

type underway struct {
	cancel   func()
	returned <-chan struct{}
}

func times(n int, one reply) (all []reply) {
	for range n {
		all = append(all, one)
	}
	return all
}

func once(one reply) []reply { return []reply{one} }

// send answers with a body; headers are pairs of name and value, and come after the content type JSON.
func send(status int, body string, headers ...string) reply {
	return func(w http.ResponseWriter, _ *http.Request, _ underway) {
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		for i := 0; i < len(headers); i += 2 {
			w.Header()[headers[i]] = nil
			if headers[i+1] != "" {
				w.Header().Set(headers[i], headers[i+1])
			}
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// stallHeaders never answers, stallBody only the beginning.
func stallHeaders(_ http.ResponseWriter, r *http.Request, c underway) {
	select {
	case <-r.Context().Done():
	case <-c.returned:
	}
	panic(http.ErrAbortHandler)
}

func stallBody(w http.ResponseWriter, r *http.Request, c underway) {
	beginning(w, r, c)
	stallHeaders(w, r, c)
}

func cancelHeaders(w http.ResponseWriter, r *http.Request, c underway) {
	c.cancel()
	stallHeaders(w, r, c)
}

// cancelOnRead cancels once the client reads the body of an answer.
type cancelOnRead struct {
	io.ReadCloser
	cancel func()
}

func (b cancelOnRead) Read(p []byte) (int, error) {
	b.cancel()
	return b.ReadCloser.Read(p)
}

// resetBody breaks the connection within the answer, reset before it.
func resetBody(w http.ResponseWriter, r *http.Request, c underway) {
	beginning(w, r, c)
	panic(http.ErrAbortHandler)
}

func beginning(w http.ResponseWriter, _ *http.Request, _ underway) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"contact_roles":[`)
	http.NewResponseController(w).Flush()
}

func reset(w http.ResponseWriter, _ *http.Request, _ underway) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

// endless sends 100 MiB, or as much as the client takes.
func endless(w http.ResponseWriter, _ *http.Request, _ underway) {
	w.Header().Set("Content-Type", "application/json")
	chunk := bytes.Repeat([]byte(" "), 1<<20)
	for range 100 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// gzipBomb is 100 MiB of blanks.
func gzipBomb(w http.ResponseWriter, _ *http.Request, _ underway) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	var mebibyte bytes.Buffer
	zipper := gzip.NewWriter(&mebibyte)
	zipper.Write(make([]byte, 1<<20))
	zipper.Close()
	w.Write(bytes.Repeat(mebibyte.Bytes(), 100))
}

const (
	page         = "<!DOCTYPE html>\n<title>Service\tUnavailable</title>\x00"
	accessDenied = `{"error":"Access Denied","error_description":"You have made too many requests continuously. Please try again after some time.","status":"failure"}`
)

func faults(elsewhere string, notTLS string, badCertificate *httptest.Server) []fault {
	unknownHost := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "crm.invalid", IsNotFound: true}}
	}}}
	noNameServer := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "server misbehaving", Name: "crm.invalid", IsTemporary: true}}
	}}}
	to := func(api string) func(client.DataCenter) client.DataCenter {
		return func(dc client.DataCenter) client.DataCenter { dc.APIURL = api; return dc }
	}
	accounts := func(url string) func(client.DataCenter) client.DataCenter {
		return func(dc client.DataCenter) client.DataCenter { dc.AccountsURL = url; return dc }
	}
	short := []client.Option{client.WithAttemptTimeout(20 * time.Millisecond), client.WithMaxAttempts(2)}
	short2 := []client.Option{client.WithTimeout(20 * time.Millisecond)}
	longWait := []client.Option{client.WithFirstWait(time.Minute)}
	single := []client.Option{client.WithMaxAttempts(1)}
	refused := "http://127.0.0.1:1"
	connectionRefused := syscall.ECONNREFUSED
	if runtime.GOOS == "windows" {
		connectionRefused = 10061 // WSAECONNREFUSED
	}

	all := []fault{
		{name: "no fault", asked: 1, sent: 1},

		// No connection.
		{name: "connection refused", static: true, target: to(refused), is: connectionRefused, text: "nothing was sent"},
		{name: "unknown host", static: true, options: []client.Option{client.WithHTTPClient(unknownHost)}, text: ""},
		{name: "no name server", static: true, options: []client.Option{client.WithHTTPClient(noNameServer)}, text: ""},
		{name: "unknown certificate authority", static: true, target: to(badCertificate.URL), text: ""},
		{name: "certificate of another host", static: true, target: to(strings.Replace(badCertificate.URL, "127.0.0.1", "localhost", 1)),
			options: []client.Option{client.WithHTTPClient(badCertificate.Client())}, text: ""},
		{name: "not TLS", static: true, target: to(notTLS), text: "tls: first record does not look like a TLS handshake: check DataCenter.APIURL"},
		{name: "reset before the answer", api: times(4, reset), asked: 1, sent: 4, text: "may have taken effect"},
		{name: "reset before the answer, once", api: once(reset), asked: 1, sent: 2},
		{name: "reset without retries", api: once(reset), options: single, asked: 1, sent: 1, text: "may have taken effect"},
		{name: "reset in the answer", forbidden: true, api: times(4, resetBody), asked: 1, sent: 4, status: 200, is: io.ErrUnexpectedEOF, text: "truncated"},
		{name: "reset in the answer, once", forbidden: true, api: once(resetBody), asked: 1, sent: 2},
		{name: "503, then reset", forbidden: true, api: append(once(send(503, page)), times(3, reset)...), asked: 1, sent: 4, status: 503, text: ""},

		// Stalls.
		{name: "stalled headers", static: true, api: times(2, stallHeaders), options: short, sent: 2, is: context.DeadlineExceeded, text: "WithAttemptTimeout"},
		{name: "stalled body", forbidden: true, static: true, api: times(2, stallBody), options: short, sent: 2, status: 200, is: context.DeadlineExceeded, text: "truncated"},
		{name: "stalled for the whole call", static: true, api: once(stallHeaders), options: short2, sent: 1, is: context.DeadlineExceeded, text: "WithTimeout"},

		// Answers that are none of Zoho's.
		{name: "100 MiB", forbidden: true, api: once(endless), asked: 1, sent: 1, status: 200, text: "the limit is 4 MiB"},
		{name: "gzip bomb", forbidden: true, api: once(gzipBomb), asked: 1, sent: 1, status: 200, text: "the limit is 4 MiB"},
		{name: "no gzip", forbidden: true, api: once(send(200, roleUpdated, "Content-Encoding", "gzip")), options: single, asked: 1, sent: 1, status: 200, text: "gzip"},
		{name: "truncated JSON", forbidden: true, api: times(4, send(200, roleUpdated[:30])), asked: 1, sent: 4, status: 200, text: "JSON"},
		{name: "truncated JSON, once", forbidden: true, api: once(send(200, roleUpdated[:30])), asked: 1, sent: 2},
		{name: "two JSON values", forbidden: true, api: once(send(200, roleUpdated+roleUpdated)), asked: 1, sent: 1, status: 200, text: "JSON"},
		{name: "byte order mark", forbidden: true, api: once(send(200, "\ufeff"+roleUpdated)), asked: 1, sent: 1, status: 200, text: "JSON"},
		{name: "deep JSON", forbidden: true, api: once(send(200, strings.Repeat("[", 1<<20))), asked: 1, sent: 1, status: 200, text: "JSON"},
		{name: "text", forbidden: true, api: once(send(200, roleUpdated, "Content-Type", "text/plain")), asked: 1, sent: 1, status: 200, text: `content type "text/plain"`},
		{name: "no content type", forbidden: true, api: once(send(200, roleUpdated, "Content-Type", "")), asked: 1, sent: 1, status: 200, text: `content type ""`},
		{name: "HTML", forbidden: true, api: once(send(200, page, "Content-Type", "text/html")), asked: 1, sent: 1, status: 200, text: `<!DOCTYPE html> <title>Service Unavailable</title>`},
		{name: "HTML labelled JSON", forbidden: true, api: once(send(200, page)), asked: 1, sent: 1, status: 200, text: "JSON"},
		{name: "HTML of a gateway", forbidden: true, api: times(4, send(502, page, "Content-Type", "text/html")), asked: 1, sent: 4, status: 502, text: "JSON"},
		{name: "HTML of a gateway, once", forbidden: true, api: once(send(502, page, "Content-Type", "text/html")), asked: 1, sent: 2},
		{name: "empty 200", forbidden: true, api: once(send(200, "")), asked: 1, sent: 1, status: 200, text: "empty"},
		{name: "blank 200", forbidden: true, api: once(send(200, " \r\n\t")), asked: 1, sent: 1, status: 200, text: "empty"},
		{name: "empty 500", forbidden: true, api: times(4, send(500, "")), asked: 1, sent: 4, status: 500, text: "empty"},
		{name: "204", forbidden: true, api: once(send(204, "")), asked: 1, sent: 1, status: 204, text: "empty"},
		{name: "304", forbidden: true, api: once(send(304, "")), asked: 1, sent: 1, status: 304, text: "empty"},
		{name: "301", forbidden: true, api: once(send(301, "", "Location", elsewhere)), asked: 1, sent: 1, status: 301, text: "redirect to " + elsewhere},
		{name: "302", forbidden: true, api: once(send(302, roleUpdated, "Location", elsewhere)), asked: 1, sent: 1, status: 302, text: "redirect to " + elsewhere},
		{name: "303", forbidden: true, api: once(send(303, "", "Location", elsewhere)), asked: 1, sent: 1, status: 303, text: "redirect to " + elsewhere},
		{name: "307", forbidden: true, api: once(send(307, "", "Location", elsewhere)), asked: 1, sent: 1, status: 307, text: "redirect to " + elsewhere},
		{name: "308", forbidden: true, api: once(send(308, "", "Location", elsewhere)), asked: 1, sent: 1, status: 308, text: "redirect to " + elsewhere},
		{name: "307 to the same host", forbidden: true, api: once(send(307, "", "Location", "/crm/v7/Contacts/roles")), asked: 1, sent: 1, status: 307, text: "redirect to /crm/v7/Contacts/roles"},
		{name: "307 to nowhere", forbidden: true, api: once(send(307, roleUpdated)), asked: 1, sent: 1, status: 307, text: "contradicts"},
		{name: "307 to no URL", forbidden: true, api: once(send(307, "", "Location", "https://%zz")), asked: 1, sent: 1, status: 307, text: "cannot be parsed"},
		{name: "a Location that is no redirect", api: once(send(400, bare("INVALID_DATA"), "Location", elsewhere)), asked: 1, sent: 1, status: 400, code: client.CodeInvalidData},
		{name: "201", forbidden: true, api: once(send(201, roleUpdated)), asked: 1, sent: 1, status: 201, text: "contradicts"},
		{name: "400 with a success", forbidden: true, api: once(send(400, roleUpdated)), asked: 1, sent: 1, status: 400, text: "contradicts"},
		{name: "500 with a success", forbidden: true, api: times(4, send(500, roleUpdated)), asked: 1, sent: 4, status: 500, text: "contradicts"},

		// Statuses that are tried again, and such as are not.
		{name: "429", api: times(4, send(429, bare("TOO_MANY_REQUESTS"))), asked: 1, sent: 4, status: 429, code: client.CodeTooManyRequests, text: "Send fewer requests"},
		{name: "429, once", api: once(send(429, bare("TOO_MANY_REQUESTS"))), asked: 1, sent: 2},
		{name: "429 with Retry-After 0", api: once(send(429, bare("TOO_MANY_REQUESTS"), "Retry-After", "0")), asked: 1, sent: 2},
		{name: "429 with Retry-After before now", api: once(send(429, bare("TOO_MANY_REQUESTS"), "Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT")), asked: 1, sent: 2},
		{name: "429 with negative Retry-After", api: once(send(429, bare("TOO_MANY_REQUESTS"), "Retry-After", "-10000000000")), asked: 1, sent: 2},
		{name: "429 with Retry-After of no sense", api: once(send(429, bare("TOO_MANY_REQUESTS"), "Retry-After", "soon")), asked: 1, sent: 2},
		{name: "429 with Retry-After of an hour", api: once(send(429, bare("TOO_MANY_REQUESTS"), "Retry-After", "3600")), asked: 1, sent: 1, status: 429, code: client.CodeTooManyRequests},
		{name: "429 with endless Retry-After", api: once(send(429, bare("TOO_MANY_REQUESTS"), "Retry-After", "99999999999999999999")), asked: 1, sent: 1, status: 429},
		{name: "429 with Retry-After beyond the time", api: once(send(429, bare("TOO_MANY_REQUESTS"), "Retry-After", "30")),
			options: []client.Option{client.WithTimeout(20 * time.Second)}, asked: 1, sent: 1, status: 429},
		{name: "500 thrice", api: times(3, send(500, bare("INTERNAL_ERROR"))), asked: 1, sent: 4},
		{name: "500 always", api: times(4, send(500, bare("INTERNAL_ERROR"))), asked: 1, sent: 4, status: 500, code: client.CodeInternalError, text: "Try again later"},
		{name: "500 under the other code", api: times(4, send(500, bare("INTERNAL_SERVER_ERROR"))), asked: 1, sent: 4, status: 500, code: client.CodeInternalServerError},
		{name: "500 without retries", api: once(send(500, bare("INTERNAL_ERROR"))), options: single, asked: 1, sent: 1, status: 500},
		{name: "500 six times of seven", api: times(6, send(500, bare("INTERNAL_ERROR"))), options: []client.Option{client.WithMaxAttempts(7)}, asked: 1, sent: 7},
		{name: "different faults", forbidden: true, api: []reply{send(502, page), reset, resetBody}, asked: 1, sent: 4},
		{name: "a fault of another kind at last", forbidden: true, api: []reply{send(502, page), send(400, bare("INVALID_DATA"))}, asked: 1, sent: 2, status: 400, code: client.CodeInvalidData},

		// Refused tokens.
		{name: "INVALID_TOKEN, once", api: once(send(401, bare("INVALID_TOKEN"))), asked: 2, sent: 2},
		{name: "AUTHENTICATION_FAILURE, once", api: once(send(401, bare("AUTHENTICATION_FAILURE"))), asked: 2, sent: 2},
		{name: "INVALID_TOKEN thrice", api: times(2, send(401, bare("INVALID_TOKEN"))), asked: 2, sent: 2, status: 401, code: client.CodeInvalidToken, text: "org's data centre"},
		{name: "INVALID_TOKEN beside all attempts", forbidden: true, api: append(once(send(401, bare("INVALID_TOKEN"))), times(3, send(503, page))...), asked: 2, sent: 5},
		{name: "INVALID_TOKEN, again after a retry", forbidden: true, api: []reply{send(401, bare("INVALID_TOKEN")), send(503, page), send(401, bare("INVALID_TOKEN"))},
			asked: 2, sent: 3, status: 401, code: client.CodeInvalidToken},
		{name: "INVALID_TOKEN of a static token", static: true, api: once(send(401, bare("INVALID_TOKEN"))), sent: 1, status: 401, code: client.CodeInvalidToken},
		{name: "INVALID_TOKEN as 400", forbidden: true, api: once(send(400, bare("INVALID_TOKEN"))), asked: 1, sent: 1, status: 400, code: client.CodeInvalidToken},
		{name: "INVALID_TOKEN, and no other", api: once(send(401, bare("INVALID_TOKEN"))), token: []reply{send(200, granted(1)), send(200, `{"error":"invalid_code"}`)},
			asked: 2, sent: 1, status: 401, code: client.CodeInvalidToken, auth: &client.AuthError{StatusCode: 200, Code: "invalid_code"}},
		{name: "OAUTH_SCOPE_MISMATCH", api: once(send(401, bare("OAUTH_SCOPE_MISMATCH"))), asked: 1, sent: 1, status: 401, code: client.CodeOAuthScopeMismatch,
			text: "ZohoCRM.modules.contacts.UPDATE, ZohoCRM.modules.ALL"},
		{name: "401 of a proxy", forbidden: true, api: once(send(401, page)), asked: 1, sent: 1, status: 401},
		{name: "the token echoed", forbidden: true, static: true, api: once(func(w http.ResponseWriter, r *http.Request, c underway) {
			echo := r.Header.Get("Authorization")
			send(400, `{"code":"X`+echo+`","details":{"a":"`+echo+`"},"message":"`+echo+`","status":"error"}`, "Location", "/"+echo, "Content-Type", echo)(w, r, c)
		}), sent: 1, status: 400, text: "(secret)"},
		{name: "the token echoed by a redirect", forbidden: true, static: true, api: once(func(w http.ResponseWriter, r *http.Request, c underway) {
			send(301, "", "Location", "/"+r.Header.Get("Authorization"))(w, r, c)
		}), sent: 1, status: 301, text: "redirect"},
		{name: "the token echoed as a content type", forbidden: true, static: true, api: once(func(w http.ResponseWriter, r *http.Request, c underway) {
			send(200, roleUpdated, "Content-Type", r.Header.Get("Authorization"))(w, r, c)
		}), sent: 1, status: 200, text: "content type"},

		// The token endpoint.
		{name: "token endpoint down", target: accounts(refused), auth: &client.AuthError{}, is: connectionRefused, text: "did not answer"},
		{name: "token endpoint resets, once", token: once(reset), asked: 2, sent: 1},
		{name: "token endpoint resets", token: times(4, reset), asked: 4, auth: &client.AuthError{}, text: "did not answer"},
		{name: "token answer cut off, once", token: once(resetBody), asked: 2, sent: 1},
		{name: "token answer cut off", token: times(4, resetBody), asked: 4, auth: &client.AuthError{StatusCode: 200}, is: io.ErrUnexpectedEOF, text: "did not answer"},
		{name: "token endpoint stalls", token: times(2, stallHeaders), options: short, asked: 2, auth: &client.AuthError{}, is: context.DeadlineExceeded},
		{name: "token body stalls", token: times(2, stallBody), options: short, asked: 2, auth: &client.AuthError{StatusCode: 200}, is: context.DeadlineExceeded},
		{name: "token endpoint fails", token: times(4, send(503, page)), asked: 4, auth: &client.AuthError{StatusCode: 503}, text: "try again later"},
		{name: "token endpoint fails, once", token: once(send(500, page)), asked: 2, sent: 1},
		{name: "token endpoint of 100 MiB", token: once(endless), asked: 1, auth: &client.AuthError{StatusCode: 200}},
		{name: "token endpoint of a gzip bomb", token: once(gzipBomb), asked: 1, auth: &client.AuthError{StatusCode: 200}},
		{name: "token endpoint throttled", token: once(send(400, accessDenied)), asked: 1,
			auth: &client.AuthError{StatusCode: 400, Throttled: true}, text: "wait, and share tokens through a Cache"},
		{name: "token endpoint throttled, localised", token: once(send(400, `{"error":"Zugriff verweigert","error_description":"Sie haben zu viele Anfragen gestellt.","status":"failure"}`)),
			asked: 1, auth: &client.AuthError{StatusCode: 400, Throttled: true}},
		{name: "token endpoint throttled by 429", token: once(send(429, page)), asked: 1, auth: &client.AuthError{StatusCode: 429, Throttled: true}},
		{name: "invalid_code", token: once(send(200, `{"error":"invalid_code"}`)), asked: 1,
			auth: &client.AuthError{StatusCode: 200, Code: "invalid_code"}, text: "the refresh token is wrong, expired or revoked"},
		{name: "invalid_client", token: once(send(200, `{"error":"invalid_client"}`)), asked: 1,
			auth: &client.AuthError{StatusCode: 200, Code: "invalid_client"}, text: "another data centre than zohotest"},
		{name: "invalid_client_secret", token: once(send(200, `{"error":"invalid_client_secret"}`)), asked: 1,
			auth: &client.AuthError{StatusCode: 200, Code: "invalid_client_secret"}, text: "the client secret does not belong"},
		{name: "invalid_code, and the status of a throttle", token: once(send(200, `{"error":"invalid_code","status":"failure"}`)), asked: 1,
			auth: &client.AuthError{StatusCode: 200, Code: "invalid_code"}},
		{name: "a code that is too long", token: once(send(200, `{"error":"`+strings.Repeat("a", 100_000)+`"}`)), asked: 1, auth: &client.AuthError{StatusCode: 200}},
		{name: "invalid_client as 401", token: once(send(401, `{"error":"invalid_client"}`)), asked: 1, auth: &client.AuthError{StatusCode: 401, Code: "invalid_client"}},
		{name: "another error", token: once(send(200, `{"error":"invalid_scope","error_description":"no\nsuch"}`)), asked: 1,
			auth: &client.AuthError{StatusCode: 200, Code: "invalid_scope"}, text: "no such"},
		{name: "a localised error", token: once(send(200, `{"error":"无效代码"}`)), asked: 1, auth: &client.AuthError{StatusCode: 200}},
		{name: "an error beside a token", token: once(send(200, `{"error":"invalid_code","access_token":"1000.token-1"}`)), asked: 1,
			auth: &client.AuthError{StatusCode: 200, Code: "invalid_code"}},
		{name: "a token that is refused by status", token: once(send(400, granted(1))), asked: 1, auth: &client.AuthError{StatusCode: 400}},
		{name: "HTML for a token", token: once(send(200, page, "Content-Type", "text/html")), asked: 1, auth: &client.AuthError{StatusCode: 200}, text: "check DataCenter.AccountsURL"},
		{name: "nothing for a token", token: once(send(200, "")), asked: 1, auth: &client.AuthError{StatusCode: 200}},
		{name: "204 for a token", token: once(send(204, "")), asked: 1, auth: &client.AuthError{StatusCode: 204}},
		{name: "an empty token", token: once(send(200, `{"access_token":"","expires_in":3600}`)), asked: 1, auth: &client.AuthError{StatusCode: 200}},
		{name: "a token of two lines", token: once(send(200, `{"access_token":"1000.a\nb","expires_in":3600}`)), asked: 1, auth: &client.AuthError{StatusCode: 200}},
		{name: "a token that is a number", token: once(send(200, `{"access_token":1000,"expires_in":3600}`)), asked: 1, auth: &client.AuthError{StatusCode: 200}},
		{name: "no lifetime", token: once(send(200, `{"access_token":"1000.token-1"}`)), api: once(send(200, roleUpdated)), asked: 1, sent: 1},
		{name: "secrets echoed", token: once(func(w http.ResponseWriter, r *http.Request, c underway) {
			r.ParseForm()
			send(200, `{"error":"some_error","error_description":"`+r.PostForm.Encode()+`"}`)(w, r, c)
		}), asked: 1, auth: &client.AuthError{StatusCode: 200, Code: "some_error"}, text: "(secret)"},
		{name: "token redirect 302", token: once(send(302, "", "Location", elsewhere)), asked: 1, auth: &client.AuthError{StatusCode: 302}},
		{name: "token redirect 307", token: once(send(307, granted(1), "Location", elsewhere)), asked: 1, auth: &client.AuthError{StatusCode: 307}},
		{name: "token redirect 308", token: once(send(308, "", "Location", "/oauth/v2/token")), asked: 1, auth: &client.AuthError{StatusCode: 308}},

		// A context that ends.
		{name: "cancelled before", cancelled: true, is: context.Canceled},
		{name: "cancelled before, static", cancelled: true, static: true, is: context.Canceled},
		{name: "cancelled before the token answer", token: once(cancelHeaders), options: single, asked: 1, auth: &client.AuthError{}, is: context.Canceled},
		{name: "cancelled in the token answer", cancelInBody: "/oauth/v2/token", token: once(stallBody), options: single, asked: 1, auth: &client.AuthError{}, is: context.Canceled},
		{name: "cancelled before the answer", api: once(cancelHeaders), asked: 1, sent: 1, is: context.Canceled},
		{name: "cancelled in the answer", forbidden: true, cancelInBody: "/Contacts/roles/", api: once(stallBody), asked: 1, sent: 1, status: 200, is: context.Canceled},
		{name: "cancelled before the second answer", forbidden: true, api: []reply{send(503, page), cancelHeaders}, asked: 1, sent: 2, status: 503, is: context.Canceled},
		{name: "cancelled while a token is renewed", api: once(send(401, bare("INVALID_TOKEN"))), token: []reply{send(200, granted(1)), cancelHeaders}, options: single,
			asked: 2, sent: 1, status: 401, auth: &client.AuthError{}, is: context.Canceled},
		{name: "cancelled after an answer", forbidden: true, api: once(send(503, page)), options: longWait, cancelAfter: 1, asked: 1, sent: 1, status: 503, is: context.Canceled},
		{name: "cancelled after no answer", api: once(reset), options: longWait, cancelAfter: 1, asked: 1, sent: 1, is: context.Canceled},
		{name: "cancelled after an answer and no answer", forbidden: true, api: []reply{send(503, page), reset}, options: []client.Option{client.WithFirstWait(time.Millisecond)},
			cancelAfter: 2, asked: 1, sent: 2, status: 503, is: context.Canceled},
	}
	for _, status := range []int{400, 402, 403, 404, 405, 408, 409, 413, 415, 418, 501, 505} {
		all = append(all, fault{name: fmt.Sprint(status, " is final"), forbidden: !slices.Contains([]int{400, 403, 404}, status), api: once(send(status, bare("NEW_CODE"))), asked: 1, sent: 1, status: status, code: "NEW_CODE"})
	}
	for _, status := range []int{429, 500, 502, 503, 504} {
		all = append(all, fault{name: fmt.Sprint(status, " is tried again"), forbidden: true, api: once(send(status, page)), asked: 1, sent: 2})
	}
	return all
}

func TestFaults(t *testing.T) {
	var strays sync.Map
	stray := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { strays.Store(r.URL.String(), r.Header) })
	elsewhere := httptest.NewServer(stray)
	defer elsewhere.Close()
	badCertificate := httptest.NewUnstartedServer(stray)
	badCertificate.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	badCertificate.StartTLS()
	defer badCertificate.Close()

	for _, f := range faults(elsewhere.URL, strings.Replace(elsewhere.URL, "http:", "https:", 1), badCertificate) {
		t.Run(f.name, func(t *testing.T) { testFault(t, f) })
	}
	for url, header := range strays.Range {
		t.Errorf("a request went elsewhere: %v %v", url, header)
	}
}

func testFault(t *testing.T, f fault) {
	if f.forbidden {
		breaksContract(t)
	}
	server := zohotest.NewServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	returned := make(chan struct{})
	for _, one := range f.token {
		server.AnswerTokenWith(func(w http.ResponseWriter, r *http.Request) { one(w, r, underway{cancel, returned}) })
	}
	for _, one := range f.api {
		server.AnswerWith(func(w http.ResponseWriter, r *http.Request) { one(w, r, underway{cancel, returned}) })
	}
	if f.cancelInBody != "" {
		f.options = append(f.options, transport(func(r *http.Request) (*http.Response, error) {
			res, err := http.DefaultTransport.RoundTrip(r)
			if err == nil && strings.Contains(r.URL.Path, f.cancelInBody) {
				res.Body = cancelOnRead{res.Body, cancel}
			}
			return res, err
		}).option())
	}
	credentials := server.Auth()
	secrets := []string{credentials.ClientSecret, credentials.RefreshToken, server.IssueToken()}
	var auth client.Auth = credentials
	if f.static {
		auth = client.StaticToken(secrets[2])
	}
	dc := server.DataCenter()
	if f.target != nil {
		dc = f.target(dc)
	}
	lines := &logLines{cancel: cancel, cancelAfter: f.cancelAfter}
	logger := slog.New(slog.NewTextHandler(lines, nil))
	crm := newClient(t, dc, auth, append([]client.Option{client.WithFirstWait(time.Microsecond), client.WithLogger(logger)}, f.options...)...)
	if f.cancelled {
		cancel()
	}
	result, err := crm.UpdateContactRole(ctx, roleID, rename)
	close(returned)
	server.Close() // waits for what the client left behind

	var asked, sent int
	for _, r := range server.Requests() {
		switch r.Operation {
		case "token":
			asked++
		case "updateContactRole":
			sent++
			secrets = append(secrets, strings.TrimPrefix(r.Header.Get("Authorization"), "Zoho-oauthtoken "))
			if want := `{"contact_roles":[{"name":"Sales Lead","sequence_number":5}]}`; string(r.Body) != want {
				t.Errorf("request %d has the body %s", sent, r.Body)
			}
		default:
			t.Errorf("unexpected request: %s %s", r.Method, r.Path)
		}
		for _, secret := range secrets {
			if strings.Contains(r.Path, secret) {
				t.Errorf("a secret is in the URL %s", r.Path)
			}
		}
	}
	if asked != f.asked || sent != f.sent {
		t.Errorf("%d token requests and %d others arrived, there must be %d and %d", asked, sent, f.asked, f.sent)
	}
	for _, secret := range secrets {
		if shown := fmt.Sprintf("%v %+v %+v %s", err, err, result, lines); strings.Contains(shown, secret) {
			t.Errorf("a secret is shown: %s", shown)
		}
	}
	if f.status == 0 && f.auth == nil && f.is == nil && f.text == "" {
		if err != nil || result.ID != roleID || result.Code != "SUCCESS" {
			t.Errorf("the call must succeed, it returned %+v", result)
		}
		return
	}
	if err == nil || result.ID != "" {
		t.Fatalf("the call must fail, it returned %+v", result)
	}
	text := err.Error()
	if !strings.HasPrefix(text, "zohocrm: ") || strings.ContainsAny(text, "\n\r\t\x00") || len(text) > 1000 || !strings.Contains(text, f.text) {
		t.Errorf("the text of the error must have %q: %q", f.text, text)
	}
	if f.is != nil && !errors.Is(err, f.is) {
		t.Errorf("the error must be %v: %v", f.is, err)
	}
	if errors.Is(err, client.Code("")) || (f.code != "") != errors.Is(err, f.code) {
		t.Errorf("the error must have the code %q alone: %v", f.code, err)
	}
	failure, isError := errors.AsType[*client.Error](err)
	if isError != (f.status != 0) {
		t.Fatalf("whether the error is an *Error: %t: %v", isError, err)
	}
	if isError && (failure.StatusCode != f.status || f.code != "" && failure.Code != f.code || failure.Attempts < 1 || failure.Attempts > sent || failure.Index != -1 && failure.Index != 0) {
		t.Errorf("the *Error must have status %d and code %q, and be of %d attempts: %+v", f.status, f.code, sent, failure)
	}
	if isError && failure.Code == "" && len(failure.Snippet) > 200 {
		t.Errorf("the snippet is too long: %q", failure.Snippet)
	}
	authErr, isAuthError := errors.AsType[*client.AuthError](err)
	if isAuthError != (f.auth != nil) {
		t.Fatalf("whether the error is an *AuthError: %t: %v", isAuthError, err)
	}
	if isAuthError && (authErr.StatusCode != f.auth.StatusCode || authErr.Code != f.auth.Code || authErr.Throttled != f.auth.Throttled) {
		t.Errorf("the *AuthError must be like %+v: %+v", f.auth, authErr)
	}
}

// logLines is what was logged; it cancels after so many lines.
type logLines struct {
	bytes.Buffer
	cancel      func()
	lines       int
	cancelAfter int
}

func (l *logLines) Write(line []byte) (int, error) {
	if l.lines++; l.lines == l.cancelAfter {
		l.cancel()
	}
	return l.Buffer.Write(line)
}

// serveRaw answers each connection with raw bytes after the request, and keeps it open.
func serveRaw(t *testing.T, reply func(n int, req string) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
	})
	n := 0
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			n++
			k := n
			mu.Unlock()
			go func() {
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				io.WriteString(c, reply(k, r.Header.Get("Authorization")))
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestSwitchingProtocolsEnds(t *testing.T) {
	breaksContract(t)
	url := serveRaw(t, func(int, string) string {
		return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
	})
	crm := newClient(t, client.DataCenter{APIURL: url}, client.StaticToken("1000.token"), client.WithTimeout(200*time.Millisecond), client.WithMaxAttempts(1))
	done := make(chan error, 1)
	go func() { done <- update(t, crm) }()
	select {
	case err := <-done:
		if failure, _ := errors.AsType[*client.Error](err); failure == nil || failure.StatusCode != http.StatusSwitchingProtocols {
			t.Error(err)
		}
	case <-time.After(3 * time.Second):
		t.Error("the call hangs beyond WithTimeout(200ms)")
	}
}

func TestSwitchingProtocolsOfTokenEndpoint(t *testing.T) {
	breaksContract(t)
	url := serveRaw(t, func(n int, _ string) string {
		if n == 1 {
			return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
		}
		return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 45\r\n\r\n" + `{"access_token":"1000.abcdef","expires_in":9} `
	})
	crm := newClient(t, client.DataCenter{APIURL: url, AccountsURL: url}, credentials(), client.WithTimeout(200*time.Millisecond))
	for range 5 {
		if _, isAuth := errors.AsType[*client.AuthError](update(t, crm)); !isAuth {
			return
		}
	}
	t.Error("the token endpoint answers well since the second request, and no call gets a token: the first flight hangs for ever")
}

func TestLongErrorOfTransport(t *testing.T) {
	url := serveRaw(t, func(int, string) string { return strings.Repeat("A", 1<<20) + "\r\n\r\n" })
	crm := newClient(t, client.DataCenter{APIURL: url}, client.StaticToken("1000.token"), client.WithMaxAttempts(1))
	if err := update(t, crm); len(err.Error()) > 2000 {
		t.Errorf("the error has %d bytes: %.100s", len(err.Error()), err)
	}
	crm = newClient(t, client.DataCenter{APIURL: url, AccountsURL: url}, credentials(), client.WithMaxAttempts(1))
	if err := update(t, crm); len(err.Error()) > 2000 {
		t.Errorf("the token error has %d bytes: %.100s", len(err.Error()), err)
	}
	crm = newClient(t, client.EU, client.TokenSource(tokens(func() (*oauth2.Token, error) {
		return nil, &oauth2.RetrieveError{Response: &http.Response{Status: "500"}, Body: []byte(strings.Repeat("x", 1<<20))}
	})))
	if err := update(t, crm); len(err.Error()) > 2000 {
		t.Errorf("the TokenSource error has %d bytes: %.100s", len(err.Error()), err)
	}
}

// What another attempt would not mend is not attempted again, be it for a token or of the operation.
func TestFinalErrors(t *testing.T) {
	for _, final := range []error{
		&net.DNSError{Err: "no such host", Name: "zoho.example.com", IsNotFound: true},
		&tls.CertificateVerificationError{Err: x509.SystemRootsError{}},
	} {
		for _, auth := range []client.Auth{credentials(), client.StaticToken("1000.token")} {
			asked := 0
			crm := newClient(t, client.EU, auth, client.WithFirstWait(time.Microsecond), transport(func(*http.Request) (*http.Response, error) {
				asked++
				return nil, final
			}).option())
			if err := update(t, crm); asked != 1 || !errors.Is(err, final) {
				t.Errorf("asked %d times: %v", asked, err)
			}
		}
	}
}

// What the caller's own code returns must not be taken for an answer of Zoho's.
func TestErrorOfAnotherCall(t *testing.T) {
	for name, crm := range map[string]*client.Client{
		"transport": newClient(t, client.EU, client.StaticToken("1000.token"), client.WithMaxAttempts(1), transport(func(*http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("circuit open: %w", &client.Error{StatusCode: 503})
		}).option()),
		"token source":             newClient(t, client.EU, client.TokenSource(tokens(func() (*oauth2.Token, error) { return nil, &client.Error{StatusCode: 503} }))),
		"token source that panics": newClient(t, client.EU, client.TokenSource(tokens(func() (*oauth2.Token, error) { panic("x") }))),
	} {
		if result, err := crm.UpdateContactRole(t.Context(), roleID, rename); err == nil || result.Err == nil {
			t.Errorf("%s: %+v, %v", name, result, err)
		}
	}
}

// http.Client allows a transport to leave the body nil.
func TestNilBody(t *testing.T) {
	breaksContract(t)
	for _, auth := range []client.Auth{credentials(), client.StaticToken("1000.token")} {
		crm := newClient(t, client.EU, auth, client.WithMaxAttempts(1), transport(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusServiceUnavailable}, nil
		}).option())
		if err := update(t, crm); err == nil || !strings.Contains(err.Error(), "HTTP 503") {
			t.Error(err)
		}
	}
}

// What a tls.Config of the caller's verifies is not wrapped.
func TestOwnVerification(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.StartTLS()
	defer server.Close()
	certificate := server.Certificate()
	for name, options := range map[string]x509.VerifyOptions{
		"authority": {Roots: x509.NewCertPool()}, "host": {DNSName: "other.example.org"}, "expired": {CurrentTime: certificate.NotAfter.Add(1)},
	} {
		if options.Roots == nil {
			options.Roots = x509.NewCertPool()
			options.Roots.AddCert(certificate)
		}
		n := 0
		own := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(state tls.ConnectionState) error {
			n++
			_, err := state.PeerCertificates[0].Verify(options)
			return err
		}}}
		crm := newClient(t, client.DataCenter{APIURL: server.URL}, client.StaticToken("1000.token"), client.WithFirstWait(time.Microsecond),
			client.WithHTTPClient(&http.Client{Transport: own}))
		if err := update(t, crm); err == nil || n != 1 {
			t.Errorf("%s: %d handshakes: %v", name, n, err)
		}
		own.CloseIdleConnections()
	}
}

func TestLongLocation(t *testing.T) {
	breaksContract(t)
	crm := newClient(t, client.EU, client.StaticToken("1000.token"), transport(func(*http.Request) (*http.Response, error) {
		res := answer(http.StatusFound, "")
		res.Header.Set("Location", "https://elsewhere.example.com/"+strings.Repeat("a", 1<<20))
		return res, nil
	}).option())
	if failure, isError := errors.AsType[*client.Error](update(t, crm)); !isError || len(failure.Message) > 500 {
		t.Errorf("the error is %.100v, of a message of %d bytes", failure, len(failure.Message))
	}
}

// A transport must return an answer or an error.
func TestNeitherAnswerNorError(t *testing.T) {
	crm := newClient(t, client.EU, client.StaticToken("1000.token"), client.WithMaxAttempts(1), transport(func(*http.Request) (*http.Response, error) {
		return nil, nil
	}).option())
	if err := update(t, crm); err == nil || !strings.Contains(err.Error(), "neither an answer nor an error") {
		t.Error(err)
	}
}

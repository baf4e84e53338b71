package transport_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/internal/transport"
)

// roundTripper is a transport that logs when it is used and when its idle connections are closed.
type roundTripper struct {
	log       *[]string
	roundTrip func(*http.Request) (*http.Response, error)
}

func (r *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	*r.log = append(*r.log, "request")
	return r.roundTrip(req)
}

func (r *roundTripper) CloseIdleConnections() { *r.log = append(*r.log, "close") }

func send(t *testing.T, s *transport.Sender, ctx context.Context) *transport.Error {
	t.Helper()
	ctx, trace := transport.WithTrace(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "https://crm.example.com/", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Send(req, trace, 1<<20)
	failure, ok := errors.AsType[*transport.Error](err)
	if ok != (err != nil) {
		t.Fatalf("the error is not an *Error: %v", err)
	}
	return failure
}

func TestDefaultTransportPingsAndKeepsConnections(t *testing.T) {
	t.Parallel()
	got := transport.Default().(*http.Transport)
	if got.HTTP2 == nil || got.HTTP2.SendPingTimeout != 15*time.Second || got.HTTP2.PingTimeout != 10*time.Second {
		t.Errorf("the pings of HTTP/2 are %+v", got.HTTP2)
	}
	if got.MaxIdleConnsPerHost != 25 || got.Proxy == nil || got.TLSHandshakeTimeout == 0 {
		t.Error("it is not http.DefaultTransport with 25 idle connections per host")
	}
	if transport.Default() != got {
		t.Error("clients do not share it")
	}
	if shared := http.DefaultTransport.(*http.Transport); shared == got || shared.OnProxyConnectResponse != nil {
		t.Error("http.DefaultTransport was changed")
	}
}

func TestErrorsSayWhetherTheRequestWasSentAndIsFinal(t *testing.T) {
	t.Parallel()
	// The hooks that a transport calls before it fails. A transport of another kind than net/http's may call none.
	none := func(*httptrace.ClientTrace) {}
	connecting := func(h *httptrace.ClientTrace) { h.GetConn("") }
	writing := func(h *httptrace.ClientTrace) { h.GetConn(""); h.WroteHeaders() }
	handshake := func(err error) func(*httptrace.ClientTrace) {
		return func(h *httptrace.ClientTrace) {
			h.GetConn("")
			h.TLSHandshakeStart()
			h.TLSHandshakeDone(tls.ConnectionState{}, err)
		}
	}
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	read := &net.OpError{Op: "read", Err: errors.New("connection reset")}
	alert := &net.OpError{Op: "remote error", Err: tls.AlertError(70)}
	for _, test := range []struct {
		name        string
		hooks       func(*httptrace.ClientTrace)
		err         error
		sent, final bool
	}{
		{"refused", connecting, refused, false, false},
		{"refused, without hooks", none, refused, false, false},
		{"reset, without hooks", none, read, true, false},
		{"unknown, without hooks", none, errors.New("circuit open"), true, false},
		{"reset before the request", connecting, read, false, false},
		{"reset after the request", writing, read, true, false},
		{"text of a rejection by a proxy, after the request", writing, errors.New("Forbidden"), true, false},
		{"reset in the handshake", handshake(read), read, false, false},
		{"end of file in the handshake", handshake(io.EOF), io.EOF, false, false},
		{"timeout in the handshake", handshake(context.DeadlineExceeded), context.DeadlineExceeded, false, false},
		{"cancelled in the handshake", handshake(context.Canceled), context.Canceled, false, false},
		{"alert of the server", handshake(alert), alert, false, true},
		{"unsupported version", handshake(errors.New("tls: server selected unsupported protocol version 301")), errors.New("tls: server selected unsupported protocol version 301"), false, true},
		{"error after a handshake", handshake(nil), errors.New("text"), false, false},
		{"certificate", connecting, &tls.CertificateVerificationError{Err: x509.SystemRootsError{}}, false, true}, // of a dialer of the caller
		{"no TLS", connecting, tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, false, true},
		{"own check of the authority", connecting, x509.UnknownAuthorityError{}, false, true},
		{"neither response nor error", none, nil, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &transport.Sender{Transport: &roundTripper{new([]string), func(r *http.Request) (*http.Response, error) {
				test.hooks(httptrace.ContextClientTrace(r.Context()))
				return nil, test.err
			}}}
			failure := send(t, s, t.Context())
			if failure == nil || failure.Sent != test.sent || failure.Final != test.final || failure.Proxy != "" || test.err != nil && !errors.Is(failure, test.err) {
				t.Errorf("got %+v", failure)
			}
		})
	}
}

// TestIdleConnectionsAreClosedAfterATimeout tests that this happens at once and again before the next request: the
// connection of the request that timed out may become idle in between.
func TestIdleConnectionsAreClosedAfterATimeout(t *testing.T) {
	t.Parallel()
	background := func(t *testing.T) (context.Context, context.CancelFunc) { return context.WithCancel(t.Context()) }
	expired := func(t *testing.T) (context.Context, context.CancelFunc) { return context.WithTimeout(t.Context(), 0) }
	cancelled := func(t *testing.T) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		return ctx, cancel
	}
	for _, test := range []struct {
		name    string
		err     error
		context func(*testing.T) (context.Context, context.CancelFunc)
		took    time.Duration
		close   bool
	}{
		{"timeout", os.ErrDeadlineExceeded, background, 5 * time.Second, true},
		{"a short timeout", os.ErrDeadlineExceeded, background, 5*time.Second - 1, false},
		{"timeout of the context", fmt.Errorf("send: %w", context.DeadlineExceeded), background, time.Minute, true},
		{"another error after the deadline", io.ErrUnexpectedEOF, expired, time.Minute, true},
		{"cancelled", context.Canceled, cancelled, time.Minute, false},
		{"another error", io.ErrUnexpectedEOF, background, time.Minute, false},
	} {
		for place, first := range map[string]func(*http.Request) (*http.Response, error){
			"": func(*http.Request) (*http.Response, error) { return nil, test.err },
			" in a response": func(*http.Request) (*http.Response, error) {
				return &http.Response{Body: io.NopCloser(iotest.ErrReader(test.err))}, nil
			},
		} {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := test.context(t)
				defer cancel()
				var log []string
				s := &transport.Sender{Transport: &roundTripper{&log, func(r *http.Request) (*http.Response, error) {
					time.Sleep(test.took)
					return first(r)
				}}}
				send(t, s, ctx)
				s.Transport.(*roundTripper).roundTrip = func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: http.StatusOK}, nil }
				send(t, s, t.Context())
				send(t, s, t.Context())
				want := "request, request, request"
				if test.close {
					want = "request, close, close, request, request"
				}
				if got := strings.Join(log, ", "); got != want {
					t.Errorf("%s%s: %s, want %s", test.name, place, got, want)
				}
			})
		}
	}
}

// A caller's dialer may return any type.
func TestConnectionsThatCannotBeComparedDoNotPanic(t *testing.T) {
	t.Parallel()
	type conn struct {
		net.Conn
		_ []byte
	}
	s := &transport.Sender{Transport: &roundTripper{new([]string), func(r *http.Request) (*http.Response, error) {
		httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{Conn: conn{}})
		return nil, os.ErrDeadlineExceeded
	}}}
	send(t, s, t.Context())
	send(t, s, t.Context())
}

// conn is a connection that records whether it was closed.
type conn struct {
	net.Conn
	closed bool
}

func (c *conn) Close() error { c.closed = true; return nil }

// TestAConnectionIsClosedAtTheSecondTimeoutWithoutAResponse tests that no response came between the timeouts, and none
// for 5 seconds.
func TestAConnectionIsClosedAtTheSecondTimeoutWithoutAResponse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		requests string // on a connection or on another one
		each     time.Duration
		closed   bool
	}{
		{"timeout", time.Minute, false},
		{"timeout, timeout", 3 * time.Second, true},
		{"timeout, timeout", 2 * time.Second, false},
		{"timeout, timeout, timeout", 2 * time.Second, true},
		{"timeout, response, timeout", time.Minute, false},
		{"timeout, other response, timeout", time.Minute, true},
		{"timeout, other timeout", time.Minute, false},
		{"timeout, cancellation", time.Minute, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			one, another := new(conn), new(conn)
			secure := map[bool]*tls.Conn{false: tls.Client(one, nil), true: tls.Client(another, nil)}
			s := new(transport.Sender)
			for request := range strings.SplitSeq(test.requests, ", ") {
				result, onAnother := strings.CutPrefix(request, "other ")
				s.Transport = &roundTripper{new([]string), func(r *http.Request) (*http.Response, error) {
					httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{Conn: secure[onAnother]})
					time.Sleep(test.each)
					return map[string]*http.Response{"response": {StatusCode: http.StatusOK}}[result],
						map[string]error{"timeout": os.ErrDeadlineExceeded, "cancellation": context.Canceled}[result]
				}}
				send(t, s, t.Context())
			}
			if one.closed != test.closed || another.closed {
				t.Errorf("%s, %s each: closed: %t, want %t; the other: %t", test.requests, test.each, one.closed, test.closed, another.closed)
			}
		})
	}
}

// TestNoErrorInTheChainHasASecret tests that errors.Is still works.
func TestNoErrorInTheChainHasASecret(t *testing.T) {
	t.Parallel()
	const token = "1000.hidden-token"
	redirect := &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {"https://user:hidden@example.com/sign/" + token + "/in\u200b?code=hidden"}}}
	truncated := &http.Response{Body: io.NopCloser(iotest.ErrReader(fmt.Errorf("header %s: %w", token, io.ErrUnexpectedEOF)))}
	for _, test := range []struct {
		name     string
		response *http.Response
		err      error
		is       error
		text     string
	}{
		{"no secret", nil, fmt.Errorf("send: %w", io.EOF), io.EOF, "send: EOF"},
		{"token", nil, fmt.Errorf("header %s: %w", token, io.EOF), io.EOF, "header (redacted): EOF"},
		{"URL with a password", nil, errors.New(`dial "http://user:hidden@proxy:3128/": no`), nil, `dial "http://(redacted)@proxy:3128/": no`},
		{"URL with an invalid password", nil, errors.New(`dial http://user:hidden /@hidden@proxy`), nil, `dial http://(redacted)@proxy`},
		{"two URLs", nil, errors.New(`"http://a@b", 'https://c' @ "ftp://hidden@d"`), nil, `"http://(redacted)@b", 'https://c' @ "ftp://(redacted)@d"`},
		{"redirect", redirect, nil, transport.ErrRedirect, "redirects are not followed: the response redirects to https://example.com/sign/(redacted)/in%E2%80%8B"},
		{"truncated", truncated, nil, io.ErrUnexpectedEOF, "response is truncated: header (redacted): unexpected EOF"},
	} {
		s := &transport.Sender{Transport: &roundTripper{new([]string), func(*http.Request) (*http.Response, error) { return test.response, test.err }}}
		ctx, trace := transport.WithTrace(t.Context())
		response, err := s.Send((&http.Request{}).WithContext(ctx), trace, 1<<20, token)
		if err == nil {
			err = response.Err
		}
		if err == nil || err.Error() != test.text || test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%s: the error is %v, want %s", test.name, err, test.text)
		}
		mustNotContain(t, err, "hidden")
	}
}

// mustNotContain fails the test if an error in the chain has the text.
func mustNotContain(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil {
		return
	}
	if strings.Contains(err.Error(), text) {
		t.Errorf("%T shows the secret: %v", err, err)
	}
	mustNotContain(t, errors.Unwrap(err), text)
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range all.Unwrap() {
			mustNotContain(t, err, text)
		}
	}
}

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
	"time"

	"github.com/seed-87e331f0/zohocrm-go/internal/transport"
)

// roundTripper is a transport that counts how often its idle connections are closed.
type roundTripper struct {
	roundTrip func(*http.Request) (*http.Response, error)
	closed    int
}

func (r *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return r.roundTrip(req) }

func (r *roundTripper) CloseIdleConnections() { r.closed++ }

func send(t *testing.T, s *transport.Sender, ctx context.Context, limit int64) (transport.Response, *transport.Error) {
	t.Helper()
	ctx, trace := transport.WithTrace(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "https://crm.example.com/", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := s.Send(req, trace, limit)
	failure, ok := errors.AsType[*transport.Error](err)
	if ok != (err != nil) {
		t.Fatalf("the error is not an *Error: %v", err)
	}
	return response, failure
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

func TestResponsesAreReadWithinLimits(t *testing.T) {
	t.Parallel()
	location := http.Header{"Location": {"https://user:hunter22@example.com/x?code=hunter22#hunter22"}}
	for _, test := range []struct {
		name   string
		status int
		header http.Header
		body   io.Reader // nil: none
		read   string
		err    error
		text   string
	}{
		{"a body as long as the limit", 200, nil, strings.NewReader("12345678"), "12345678", nil, ""},
		{"a longer body", 200, nil, strings.NewReader("123456789"), "123456789", transport.ErrTooLarge, "response is too large: the limit is 0 MiB"},
		{"a body that breaks off", 200, nil, io.MultiReader(strings.NewReader("1"), iotest.ErrReader(io.ErrUnexpectedEOF)), "1", transport.ErrTruncated, "response is truncated: unexpected EOF"},
		{"a redirect that breaks off", 302, location, iotest.ErrReader(io.ErrUnexpectedEOF), "", transport.ErrTruncated, "unexpected EOF"},
		{"no body", 200, nil, nil, "", transport.ErrEmpty, "response is empty"},
		{"white space", 200, nil, strings.NewReader(" \r\n\t"), " \r\n\t", transport.ErrEmpty, ""},
		{"a redirect", 302, location, strings.NewReader("x"), "x", transport.ErrRedirect, "redirects to https://example.com/x"},
		{"a redirect to no URL", 307, http.Header{"Location": {"https://%zz"}}, nil, "", transport.ErrRedirect, "redirects to a URL that cannot be parsed"},
		{"a redirect to nowhere", 307, nil, strings.NewReader("x"), "x", nil, ""},
		{"a Location of another status", 201, location, strings.NewReader("x"), "x", nil, ""},
		{"101, whose body is the connection", 101, nil, iotest.ErrReader(errors.New("it was read")), "", transport.ErrEmpty, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			body := &closeRecorder{Reader: test.body}
			res := &http.Response{StatusCode: test.status, Header: test.header}
			if test.body != nil {
				res.Body = body
			}
			s := &transport.Sender{Transport: &roundTripper{roundTrip: func(*http.Request) (*http.Response, error) { return res, nil }}}
			got, failure := send(t, s, t.Context(), 8)
			if failure != nil || got.Status != test.status || string(got.Body) != test.read {
				t.Errorf("got %+v, %v", got, failure)
			}
			if !errors.Is(got.Err, test.err) || test.text != "" && !strings.Contains(fmt.Sprint(got.Err), test.text) || strings.Contains(fmt.Sprint(got.Err), "hunter22") {
				t.Errorf("the body cannot be used because of: %v, want %v with %q", got.Err, test.err, test.text)
			}
			if body.closed != (test.body != nil) {
				t.Error("the body was not closed")
			}
		})
	}
}

type closeRecorder struct {
	io.Reader
	closed bool
}

func (c *closeRecorder) Close() error { c.closed = true; return nil }

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
	ownAlert := &net.OpError{Op: "local error", Err: tls.AlertError(70)}
	for _, test := range []struct {
		name        string
		hooks       func(*httptrace.ClientTrace)
		err         error
		sent, final bool
	}{
		{"refused", connecting, refused, false, false},
		{"refused, without hooks", none, refused, false, false},
		{"proxy refused, without hooks", none, &net.OpError{Op: "proxyconnect", Err: refused}, false, false},
		{"no such host, without hooks", none, &net.DNSError{Err: "no such host", IsNotFound: true}, false, false},
		{"reset, without hooks", none, read, true, false},
		{"unknown, without hooks", none, errors.New("circuit open"), true, false},
		{"reset before the request", connecting, read, false, false},
		{"reset after the request", writing, read, true, false},
		{"reset in the handshake", handshake(read), read, false, false},
		{"end of file in the handshake", handshake(io.EOF), io.EOF, false, false},
		{"end of a record in the handshake", handshake(io.ErrUnexpectedEOF), io.ErrUnexpectedEOF, false, false},
		{"timeout in the handshake", handshake(context.DeadlineExceeded), context.DeadlineExceeded, false, false},
		{"cancelled in the handshake", handshake(context.Canceled), context.Canceled, false, false},
		{"alert of the server", handshake(alert), alert, false, true},
		{"alert of the client", handshake(ownAlert), ownAlert, false, true},
		{"unsupported version", handshake(errors.New("tls: server selected unsupported protocol version 301")), errors.New("tls: server selected unsupported protocol version 301"), false, true},
		{"error after a handshake", handshake(nil), errors.New("text"), false, false},
		{"certificate", connecting, &tls.CertificateVerificationError{Err: x509.SystemRootsError{}}, false, true},
		{"no TLS", connecting, tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, false, true},
		{"own check: authority", connecting, x509.UnknownAuthorityError{}, false, true},
		{"own check: host", connecting, x509.HostnameError{Certificate: &x509.Certificate{}}, false, true},
		{"own check: expired", connecting, x509.CertificateInvalidError{Reason: x509.Expired}, false, true},
		{"neither response nor error", none, nil, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &transport.Sender{Transport: &roundTripper{roundTrip: func(r *http.Request) (*http.Response, error) {
				test.hooks(httptrace.ContextClientTrace(r.Context()))
				return nil, test.err
			}}}
			_, failure := send(t, s, t.Context(), 8)
			if failure == nil || failure.Sent != test.sent || failure.Final != test.final || failure.Proxy != "" || test.err != nil && !errors.Is(failure, test.err) {
				t.Errorf("got %+v", failure)
			}
		})
	}
}

func TestIdleConnectionsAreClosedAfterATimeout(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  error
		// closed is how often, after the request and again before the next one.
		closed int
	}{
		{"timeout", os.ErrDeadlineExceeded, 2},
		{"timeout of the context", fmt.Errorf("send: %w", context.DeadlineExceeded), 2},
		{"reset", io.ErrUnexpectedEOF, 0},
	} {
		for _, inBody := range []bool{false, true} {
			t.Run(fmt.Sprint(test.name, ", in the body: ", inBody), func(t *testing.T) {
				t.Parallel()
				r := &roundTripper{}
				s := &transport.Sender{Transport: r}
				r.roundTrip = func(*http.Request) (*http.Response, error) {
					if inBody {
						return &http.Response{StatusCode: 200, Body: io.NopCloser(iotest.ErrReader(test.err))}, nil
					}
					return nil, test.err
				}
				send(t, s, t.Context(), 8)
				if r.closed != test.closed/2 {
					t.Errorf("closed %d times after the request, want %d", r.closed, test.closed/2)
				}
				r.roundTrip = func(*http.Request) (*http.Response, error) {
					if r.closed != test.closed {
						t.Errorf("closed %d times before the next request, want %d", r.closed, test.closed)
					}
					return &http.Response{StatusCode: 200}, nil
				}
				send(t, s, t.Context(), 8)
				send(t, s, t.Context(), 8)
			})
		}
	}
	// The RoundTripper of a caller may return another error once the context has ended.
	ctx, cancel := context.WithCancel(t.Context())
	r := &roundTripper{roundTrip: func(*http.Request) (*http.Response, error) { cancel(); return nil, io.EOF }}
	if send(t, &transport.Sender{Transport: r}, ctx, 8); r.closed != 1 {
		t.Errorf("closed %d times after the context ended, want 1", r.closed)
	}
}

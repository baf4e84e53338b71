// Package transport sends HTTP requests, reads their responses within limits, and decides what is retried.
package transport

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/internal/sanitize"
)

// Why the body of a response cannot be used.
var (
	ErrTooLarge  = errors.New("response is too large")
	ErrTruncated = errors.New("response is truncated")
	ErrEmpty     = errors.New("response is empty")
	ErrRedirect  = errors.New("redirects are not followed")
	ErrNotJSON   = errors.New("response is not valid JSON in the documented format")
)

// Default returns the transport for clients that bring none: a copy of http.DefaultTransport that detects dead
// HTTP/2 connections and keeps the status of a proxy that rejects CONNECT. All clients share it.
var Default = sync.OnceValue(func() http.RoundTripper {
	shared, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t := shared.Clone()
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second}
	t.MaxIdleConnsPerHost = 25 // the most calls that Zoho allows an org at once
	t.OnProxyConnectResponse = func(_ context.Context, proxy *url.URL, _ *http.Request, res *http.Response) error {
		if res.StatusCode == http.StatusOK {
			return nil
		}
		return &connectError{proxy.Host, res.StatusCode}
	}
	return t
})

// connectError is a CONNECT that a proxy rejected.
type connectError struct {
	proxy  string
	status int
}

func (e *connectError) Error() string {
	return fmt.Sprintf("CONNECT was rejected with HTTP %d %s", e.status, http.StatusText(e.status))
}

// Response is a response that was received.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// Err wraps ErrTooLarge, ErrTruncated, ErrEmpty, ErrRedirect or ErrNotJSON if the body cannot be used.
	Err error
}

// CheckJSON sets Err if the body is not JSON.
func (r *Response) CheckJSON() {
	if r.Err != nil || json.Valid(r.Body) {
		return
	}
	r.Err = ErrNotJSON
	var value json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(r.Body)).Decode(&value); errors.Is(err, io.ErrUnexpectedEOF) {
		r.Err = ErrTruncated
	}
}

// IsJSON reports whether the content type is that of JSON.
func (r *Response) IsJSON() bool {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(media), "application/json")
}

// Credits returns the API credits that remain, -1 if the response does not say.
func (r *Response) Credits() int {
	if value := r.Header.Get("X-Api-Credits-Remaining"); value != "" {
		if n, err := strconv.Atoi(value); err == nil && n >= 0 {
			return n
		}
	}
	return -1
}

// Error is why no response was received.
type Error struct {
	// Sent reports whether the request may have reached the server.
	Sent bool
	// Final reports whether another attempt would fail as well.
	Final bool
	// Proxy is the proxy that failed, or says that its name is not known. It is empty if no proxy failed.
	Proxy string
	Err   error
}

func (e *Error) Error() string {
	if e.Proxy != "" {
		return "proxy " + e.Proxy + ": " + e.Err.Error()
	}
	return e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// Authorize returns req with a context and a token. A request that is sent again gets its body again, and a header of its own:
// the transport may still read the one before.
func Authorize(ctx context.Context, req *http.Request, token string, userAgent []string, again bool) (*http.Request, error) {
	authorized := req.WithContext(ctx)
	if again {
		authorized.Header = maps.Clone(req.Header)
		if req.GetBody != nil {
			body, err := req.GetBody()
			if err != nil {
				return nil, err
			}
			authorized.Body = body
		}
	}
	authorized.Header["Authorization"] = []string{"Zoho-oauthtoken " + token}
	authorized.Header["User-Agent"] = userAgent
	return authorized, nil
}

// Sender sends requests. It does not follow redirects.
type Sender struct {
	Transport http.RoundTripper

	// timedOut is set by a request that timed out: its connection may be dead.
	timedOut atomic.Bool
	mu       sync.Mutex
	// suspect is the connection of a request that timed out, until it delivers a response, and suspectSince is when the
	// request got it.
	suspect      net.Conn
	suspectSince time.Time
}

// deadAfter is the shortest time without a response after which a connection may be dead. Others may still use it.
const deadAfter = 5 * time.Second

// Send sends req once, whose context is that of t, and reads at most limit bytes of the response. The error is an *[Error].
// No error has the secrets in it, nor those in URLs.
//
// It calls the transport directly, because an http.Client follows redirects and fails on a Location that it cannot
// parse.
func (s *Sender) Send(req *http.Request, t *Trace, limit int64, secrets ...string) (Response, error) {
	res, err := s.RoundTrip(req, t)
	if err != nil {
		if ended := req.Context().Err(); ended != nil && !errors.Is(err, ended) {
			err = fmt.Errorf("%w: %w", ended, err) // net/http returns the cause of the context in its place
		}
		failure := s.classify(req, err, t)
		failure.Err = WithoutSecrets(err, secrets...)
		return Response{}, failure
	}
	response, err := read(res, limit, secrets)
	if err != nil && isTimeout(req.Context(), err) {
		s.closeIdleAfter(t)
	}
	return response, nil
}

// RoundTrip sends req once, whose context is that of t, and returns the response without reading its body.
func (s *Sender) RoundTrip(req *http.Request, t *Trace) (*http.Response, error) {
	if s.timedOut.Swap(false) {
		s.closeIdleConnections()
	}
	res, err := s.Transport.RoundTrip(req)
	if err == nil && res == nil {
		err = errors.New("the RoundTripper returned neither a response nor an error")
	}
	if err != nil {
		if isTimeout(req.Context(), err) {
			s.closeIdleAfter(t)
			s.closeDeadConnection(t)
		}
		return nil, err
	}
	conn, _ := t.connection()
	s.mu.Lock()
	if s.suspect == conn {
		s.suspect = nil
	}
	s.mu.Unlock()
	return res, nil
}

// Peek returns at most limit bytes of the body of a response, which can still be read from its beginning.
func Peek(res *http.Response, limit int64) ([]byte, error) {
	if res.Body == nil {
		return nil, nil
	}
	beginning, err := io.ReadAll(io.LimitReader(res.Body, limit))
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(beginning), res.Body), res.Body}
	return beginning, err
}

// isTimeout reports whether err says that a request with ctx timed out.
func isTimeout(ctx context.Context, err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// closeIdleAfter closes idle connections after a request that timed out, unless its time was short. The connection of the request
// may be idle only after this returns, so the next request closes them too.
func (s *Sender) closeIdleAfter(t *Trace) {
	if time.Since(t.Began) >= deadAfter {
		s.closeIdleConnections()
		s.timedOut.Store(true)
	}
}

// closeDeadConnection closes the connection of a request that timed out, if it is the second without a response between
// them. Such an HTTP/2 connection may be dead, but is never idle under load, and not all transports can close idle ones.
func (s *Sender) closeDeadConnection(t *Trace) {
	conn, since := t.connection()
	if conn == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.suspect != conn {
		s.suspect, s.suspectSince = conn, since
		return
	}
	if time.Since(s.suspectSince) < deadAfter {
		return
	}
	s.suspect = nil
	// Closing a tls.Conn may wait, as it sends an alert.
	for secure, ok := conn.(*tls.Conn); ok; secure, ok = conn.(*tls.Conn) {
		conn = secure.NetConn()
	}
	_ = conn.Close()
}

func (s *Sender) closeIdleConnections() {
	if t, ok := s.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// read reads a response. The error is what truncated it.
func read(res *http.Response, limit int64, secrets []string) (r Response, err error) {
	r = Response{Status: res.StatusCode, Header: res.Header}
	if res.Body != nil {
		defer res.Body.Close()
	}
	// The body of a 101 is the connection, which no context ends.
	if res.Body != nil && res.StatusCode != http.StatusSwitchingProtocols {
		var body bytes.Buffer
		if res.ContentLength > 0 {
			body.Grow(int(min(res.ContentLength, 64<<10)) + bytes.MinRead)
		}
		_, err = body.ReadFrom(io.LimitReader(res.Body, limit+1))
		r.Body = body.Bytes()
	}
	switch location := r.Header.Get("Location"); {
	case err != nil:
		r.Err = fmt.Errorf("%w: %w", ErrTruncated, WithoutSecrets(err, secrets...))
	case int64(len(r.Body)) > limit:
		r.Err = fmt.Errorf("%w: the limit is %d MiB", ErrTooLarge, limit>>20)
	case r.Status/100 == 3 && location != "":
		r.Err = fmt.Errorf("%w: the response redirects to %s", ErrRedirect, sanitize.Text(withoutQuery(location), maxLocation, secrets...))
	case len(bytes.TrimSpace(r.Body)) == 0:
		r.Err = ErrEmpty
	}
	return r, err
}

// maxLocation limits the URL of a redirect in an error, in bytes.
const maxLocation = 300

// redactedError is an error whose text had secrets. errors.Is finds what it was, and nothing shows it.
type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }

func (e *redactedError) Is(target error) bool { return errors.Is(e.err, target) }

// WithoutSecrets returns err, or an error with a text of its own if that of err has one of the secrets or a URL with a
// password.
func WithoutSecrets(err error, secrets ...string) error {
	text := err.Error()
	if plain := withoutUserinfo(sanitize.Redact(text, secrets...)); plain != text {
		return &redactedError{plain, err}
	}
	return err
}

// withoutUserinfo removes what precedes the last @ of a URL. The URL may be invalid, so only a quotation mark ends it.
func withoutUserinfo(text string) string {
	before, url, found := strings.Cut(text, "://")
	if !found {
		return text
	}
	end := strings.IndexAny(url+`"`, `"'`)
	if at := strings.LastIndex(url[:end], "@"); at >= 0 {
		url, end = sanitize.Placeholder+url[at:], len(sanitize.Placeholder)+end-at
	}
	return before + "://" + url[:end] + withoutUserinfo(url[end:])
}

// withoutQuery returns a URL without the parts that may hold a secret.
func withoutQuery(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return "a URL that cannot be parsed"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// Trace records how far a request comes. Its hooks may run in any goroutine.
type Trace struct {
	Began time.Time
	hooks httptrace.ClientTrace
	// supported is whether the transport calls hooks at all.
	supported, wroteHeaders, handshakeFailed atomic.Bool
	// handshakes are the TLS handshakes that began, that with an https proxy included.
	handshakes atomic.Int32

	mu      sync.Mutex
	conn    net.Conn // nil: none was obtained, or a type of the caller's that == panics for
	gotConn time.Time
}

// connection returns the connection of the request, and when the request got it.
func (t *Trace) connection() (net.Conn, time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conn, t.gotConn
}

// WithTrace returns the context for one request, and its trace.
func WithTrace(ctx context.Context) (context.Context, *Trace) {
	t := &Trace{Began: time.Now()}
	t.hooks.GetConn = func(string) { t.supported.Store(true) }
	t.hooks.GotConn = func(info httptrace.GotConnInfo) {
		t.mu.Lock()
		if reflect.ValueOf(info.Conn).Comparable() {
			t.conn, t.gotConn = info.Conn, time.Now()
		}
		t.mu.Unlock()
	}
	t.hooks.WroteHeaders = func() { t.wroteHeaders.Store(true) }
	t.hooks.TLSHandshakeStart = func() { t.handshakes.Add(1) }
	t.hooks.TLSHandshakeDone = func(_ tls.ConnectionState, err error) { t.handshakeFailed.Store(err != nil) }
	return httptrace.WithClientTrace(ctx, &t.hooks), t
}

// classify returns what an error of the transport means.
func (s *Sender) classify(req *http.Request, err error, t *Trace) *Error {
	e := &Error{Err: err, Sent: t.wroteHeaders.Load()}
	if !t.supported.Load() {
		op, isOp := errors.AsType[*net.OpError](err)
		notDialed := isOp && (op.Op == "dial" || op.Op == "proxyconnect" || op.Op == socksConnect)
		_, isLookup := errors.AsType[*net.DNSError](err)
		e.Sent = !notDialed && !isLookup
	}
	s.classifyProxy(req, e, t)
	e.Final = e.Final || isCertificateError(err) || t.handshakeFailed.Load() && !isNetworkError(err)
	return e
}

const (
	// socksConnect is the operation in net/http's errors of a SOCKS proxy.
	socksConnect = "socks connect"
	// unknownProxy is the name of a proxy behind a wrapped transport.
	unknownProxy = "of the transport"
)

// classifyProxy finds out whether the proxy is why nothing was sent: it rejected the request, or there is one and the
// handshake with the server did not begin.
func (s *Sender) classifyProxy(req *http.Request, e *Error, t *Trace) {
	if rejected, ok := errors.AsType[*connectError](e.Err); ok {
		e.Proxy, e.Sent, e.Final = rejected.proxy, false, isFinalRejection(rejected.status)
		return
	}
	tr, isHTTP := s.Transport.(*http.Transport)
	if isHTTP && (tr.Proxy == nil || errors.Is(e.Err, context.Canceled)) {
		return
	}
	if isHTTP && !t.supported.Load() {
		if _, err := tr.Proxy(req); err != nil {
			e.Proxy, e.Sent, e.Final = unknownProxy, false, true // the transport got this error too, before all hooks
		}
		return
	}
	if e.Sent {
		return
	}
	if isHTTP {
		proxy, err := tr.Proxy(req)
		handshakes := t.handshakes.Load()
		if proxy != nil && proxy.Scheme == "https" {
			handshakes--
		}
		if err != nil || proxy == nil || handshakes > 0 {
			return
		}
		e.Proxy = proxy.Host
	}
	if isProxyRejection(e.Err) {
		e.Proxy, e.Final = cmp.Or(e.Proxy, unknownProxy), true
	}
}

// isFinalRejection reports whether a proxy that rejects CONNECT with this status would do so again.
func isFinalRejection(status int) bool {
	return status/100 == 4 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
}

// isProxyRejection reports whether an error is a final rejection by a proxy. net/http has no types for these.
func isProxyRejection(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == socksConnect {
		switch op.Err.Error() {
		case "username/password authentication failed", "no acceptable authentication methods", "unknown error connection not allowed by ruleset":
			return true
		}
	}
	// Without OnProxyConnectResponse, the text is the reason phrase of the proxy.
	text := err.Error()
	for status := http.StatusBadRequest; status < http.StatusInternalServerError; status++ {
		if isFinalRejection(status) && text != "" && text == http.StatusText(status) {
			return true
		}
	}
	return false
}

// isNetworkError reports whether err is a failure of the network, which may pass, rather than an error that
// one of the sides returned.
func isNetworkError(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Op != "remote error" && op.Op != "local error" // TLS alerts
	}
	return errors.As(err, new(net.Error)) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// isCertificateError reports whether the server speaks no TLS, or its certificate was rejected.
func isCertificateError(err error) bool {
	for _, target := range []any{
		new(*tls.CertificateVerificationError), new(tls.RecordHeaderError),
		// A tls.Config with a verification of its own returns these as they are.
		new(x509.UnknownAuthorityError), new(x509.HostnameError), new(x509.CertificateInvalidError),
	} {
		if errors.As(err, target) {
			return true
		}
	}
	return false
}

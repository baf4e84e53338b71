package client_test

import (
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
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
	httptransport "github.com/seed-87e331f0/zohocrm-go/internal/transport"
)

// sdkTransport is a transport with the settings of the one that New uses by default.
func sdkTransport() *http.Transport { return httptransport.Default().(*http.Transport).Clone() }

func callersTransport() *http.Transport { return &http.Transport{} }

// connection is why no connection was obtained: for a request of an operation and for one of a token alike.
type connection struct {
	name, url string
	transport interface {
		http.RoundTripper
		CloseIdleConnections()
	}
	text     string // if it begins with "proxy", the error says to check that
	is       error
	attempts int // of 4
}

// wrapper is a transport of another type than net/http's.
type wrapper struct{ *http.Transport }

// TestFailuresToConnect tests that nothing was sent, that what may pass is retried, and what cannot pass is not.
func TestFailuresToConnect(t *testing.T) {
	t.Parallel()
	notFound := http.NotFoundHandler()
	secure := newTLSServer(t, notFound, nil)
	plain := httptest.NewServer(notFound)
	t.Cleanup(plain.Close)
	old := newTLSServer(t, notFound, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	private := newTLSServer(t, notFound, &tls.Config{MaxVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert})
	roots := secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	trusting := func() *http.Transport { return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}} }
	dial := func(err error) *http.Transport {
		return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, err }}
	}
	verify := func(options x509.VerifyOptions) *http.Transport {
		return &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(state tls.ConnectionState) error {
			_, err := state.PeerCertificates[0].Verify(options)
			return err
		}}}
	}
	for _, test := range []connection{
		{"connection refused", "https://127.0.0.1:1", sdkTransport(), "dial tcp 127.0.0.1:1", nil, 4},
		{"no such host, for a moment", "https://crm.invalid", dial(&net.DNSError{Err: "no such host", Name: "crm.invalid", IsNotFound: true}), "no such host", nil, 4},
		{"no name server", "https://crm.invalid", dial(&net.DNSError{Err: "server misbehaving", IsTemporary: true}), "server misbehaving", nil, 4},
		{"dial timeout", "https://crm.invalid", dial(context.DeadlineExceeded), "increase the timeout", context.DeadlineExceeded, 4},
		{"unknown certificate authority", secure.URL, callersTransport(), "certificate", nil, 1},
		{"certificate of another host", strings.Replace(secure.URL, "127.0.0.1", "localhost", 1), trusting(), "certificate is valid for example.com", nil, 1},
		{"own check of the authority", secure.URL, verify(x509.VerifyOptions{Roots: x509.NewCertPool()}), "unknown authority", nil, 1},
		{"own check of the host", secure.URL, verify(x509.VerifyOptions{Roots: roots, DNSName: "other.example.org"}), "not other.example.org", nil, 1},
		{"own check of the date", secure.URL, verify(x509.VerifyOptions{Roots: roots, CurrentTime: secure.Certificate().NotAfter.Add(1)}), "expired", nil, 1},
		{"no TLS", strings.Replace(plain.URL, "http:", "https:", 1), callersTransport(), "first record does not look like a TLS handshake", nil, 1},
		{"TLS version that the client rejects", old.URL, trusting(), "protocol version", nil, 1},
		{"client certificate required", private.URL, trusting(), "remote error: tls: handshake failure", nil, 1}, // in TLS 1.3 the request is sent before it is rejected
	} {
		test.run(t)
	}
}

// TestFailuresOfAProxy tests the same where the requests go through a proxy, which the error names.
func TestFailuresOfAProxy(t *testing.T) {
	t.Parallel()
	// The proxy responds with the status that the host begins with.
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(r.Host, ".")
		if status, err := strconv.Atoi(name); err == nil {
			w.WriteHeader(status)
			return
		}
		conn, _, _ := http.NewResponseController(w).Hijack()
		defer conn.Close()
		switch name {
		case "phrase":
			io.WriteString(conn, "HTTP/1.1 407 Sign in first\r\n\r\n")
		case "none":
			io.WriteString(conn, "HTTP/1.1 502 \r\n\r\n")
		case "alert":
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
			conn.Read(make([]byte, 64<<10))
			io.WriteString(conn, "\x15\x03\x03\x00\x02\x02\x46") // as the server behind the proxy would
		}
	})
	proxy, secure := httptest.NewServer(handler), newTLSServer(t, handler, nil)
	t.Cleanup(proxy.Close)
	trusted := secure.Client().Transport.(*http.Transport).TLSClientConfig
	through := func(t *http.Transport, scheme, host string, config *tls.Config) *http.Transport {
		t.Proxy = http.ProxyURL(&url.URL{Scheme: scheme, User: url.UserPassword("user", "hunter22"), Host: host})
		t.TLSClientConfig = config
		return t
	}
	host, secureHost := proxy.Listener.Addr().String(), secure.Listener.Addr().String()
	for name, settings := range map[string]func() *http.Transport{"SDK": sdkTransport, "caller": callersTransport} {
		status := func(code int) string {
			if name == "SDK" {
				return fmt.Sprintf("proxy %s: CONNECT was rejected with HTTP %d %s", host, code, http.StatusText(code))
			}
			return "proxy " + host + ": " + http.StatusText(code)
		}
		for _, test := range []connection{
			{"refused", "https://www.zohoapis.eu", through(settings(), "http", "127.0.0.1:1", nil), "proxy 127.0.0.1:1: proxyconnect tcp: dial tcp", nil, 4},
			{"CONNECT rejected with 403", "https://403.example.com", through(settings(), "http", host, nil), status(403), nil, 1},
			{"CONNECT rejected with 407", "https://407.example.com", through(settings(), "http", host, nil), status(407), nil, 1},
			{"CONNECT rejected with 408", "https://408.example.com", through(settings(), "http", host, nil), status(408), nil, 4},
			{"CONNECT rejected with 429", "https://429.example.com", through(settings(), "http", host, nil), status(429), nil, 4},
			{"CONNECT rejected with 502", "https://502.example.com", through(settings(), "http", host, nil), status(502), nil, 4},
			{"CONNECT rejected with 503", "https://503.example.com", through(settings(), "http", host, nil), status(503), nil, 4},
			{"CONNECT rejected with 504", "https://504.example.com", through(settings(), "http", host, nil), status(504), nil, 4},
			{"over TLS, CONNECT rejected with 407", "https://407.example.com", through(settings(), "https", secureHost, trusted), "proxy " + secureHost + ": ", nil, 1},
			{"over TLS, connected, but the server rejects TLS", "https://alert.example.com", through(settings(), "https", secureHost, trusted), "protocol version", nil, 1},
			{"over TLS, with an unknown certificate authority", "https://www.zohoapis.eu", through(settings(), "https", secureHost, nil), "proxy " + secureHost + ": ", nil, 1},
			{"closed", "https://closed.example.com", through(settings(), "http", host, nil), "proxy " + host + ": unexpected EOF", nil, 4},
			{"connected, but the server rejects TLS", "https://alert.example.com", through(settings(), "http", host, nil), "protocol version", nil, 1},
		} {
			test.name = name + ": " + test.name
			test.run(t)
		}
	}
	failing := callersTransport()
	failing.Proxy = func(*http.Request) (*url.URL, error) {
		return nil, errors.New(`invalid address "http://user:hunter22@my proxy"`)
	}
	socks := func(replies ...string) *http.Transport {
		return through(callersTransport(), "socks5", newSOCKSProxy(t, replies), nil)
	}
	for _, test := range []connection{
		{"SDK: own phrase", "https://phrase.example.com", through(sdkTransport(), "http", host, nil), "proxy " + host + ": CONNECT was rejected with HTTP 407", nil, 1},
		{"caller: own phrase", "https://phrase.example.com", through(callersTransport(), "http", host, nil), "proxy " + host + ": Sign in first", nil, 4},
		{"caller: no phrase", "https://none.example.com", through(callersTransport(), "http", host, nil), "proxy " + host + ":", nil, 4},
		{"SDK, wrapped: CONNECT rejected with 407", "https://407.example.com", wrapper{through(sdkTransport(), "http", host, nil)}, "proxy " + host + ": CONNECT was rejected with HTTP 407", nil, 1},
		{"SDK, wrapped: CONNECT rejected with 502", "https://502.example.com", wrapper{through(sdkTransport(), "http", host, nil)}, "proxy " + host + ": CONNECT was rejected with HTTP 502", nil, 4},
		{"caller, wrapped: CONNECT rejected with 407", "https://407.example.com", wrapper{through(callersTransport(), "http", host, nil)}, "proxy of the transport: Proxy Authentication Required", nil, 1},
		{"caller, wrapped: CONNECT rejected with 502", "https://502.example.com", wrapper{through(callersTransport(), "http", host, nil)}, "Bad Gateway", nil, 4},
		{"the Proxy function fails", "https://www.zohoapis.eu", failing, `proxy of the transport: invalid address "http://`, nil, 1},
		{"SOCKS: wrong password", "https://www.zohoapis.eu", socks("\x05\x02", "\x01\x01"), "proxy 127.0.0.1:", nil, 1},
		{"SOCKS: no acceptable method", "https://www.zohoapis.eu", socks("\x05\xff"), "proxy 127.0.0.1:", nil, 1},
		{"SOCKS: not allowed", "https://www.zohoapis.eu", socks("\x05\x00", "\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"), "proxy 127.0.0.1:", nil, 1},
		{"SOCKS: connection refused", "https://www.zohoapis.eu", socks("\x05\x00", "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"), "proxy 127.0.0.1:", nil, 4},
	} {
		test.run(t)
	}
}

// newSOCKSProxy returns the address of a SOCKS proxy that reads a message before each of its replies.
func newSOCKSProxy(t *testing.T, replies []string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			for _, reply := range replies {
				conn.Read(make([]byte, 512))
				io.WriteString(conn, reply)
			}
			conn.Close()
		}
	}()
	return listener.Addr().String()
}

func (test connection) run(t *testing.T) {
	dc := client.DataCenter{APIURL: test.url, AccountsURL: test.url}
	for name, auth := range map[string]client.Auth{"operation": client.StaticToken("1000.token"), "token": credentials()} {
		t.Run(test.name+", "+name, func(t *testing.T) {
			lines, logger := jsonLogger()
			crm, err := client.New(dc, auth, client.WithFirstWait(0), client.WithLogger(logger), client.WithHTTPClient(&http.Client{Transport: test.transport}))
			if err != nil {
				t.Fatal(err)
			}
			err = update(t, crm)
			test.transport.CloseIdleConnections()
			failure{test.text, test.is, test.attempts, false, test.attempts > 1}.check(t, err, strings.Count(lines.String(), `"attempt"`))
			hint := "check DataCenter."
			switch {
			case errors.Is(err, context.DeadlineExceeded):
				hint = "increase the timeout: " + map[string]string{"operation": "transport", "token": "WithAttemptTimeout"}[name]
			case strings.HasPrefix(test.text, "proxy "):
				hint = "check the proxy"
			}
			result := "nothing was sent"
			if name == "token" {
				result = "no access token: no response from " + test.url
			}
			if text := err.Error(); !strings.Contains(text, result) || !strings.Contains(text, hint) || strings.Contains(text, "hunter22") {
				t.Errorf("the text has not %q and %q, or a password: %s", result, hint, text)
			}
		})
	}
}

// net/http returns the cause of a context in place of its error.
func TestTimeoutOfARealConnection(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-end }))
	defer server.Close()
	defer close(end)
	const limit = 250 * time.Millisecond // long enough for the request to arrive
	closing := errors.New("closing down")
	own := func() (context.Context, context.CancelFunc) { return t.Context(), func() {} }
	deadline := func() (context.Context, context.CancelFunc) {
		return context.WithTimeoutCause(t.Context(), limit, closing)
	}
	cancelled := func() (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(limit, func() { cancel(closing) })
		return ctx, func() { cancel(nil) }
	}
	for name, test := range map[string]struct {
		ctx    func() (context.Context, context.CancelFunc)
		option client.Option
		is     error
		text   string
	}{
		"attempt": {own, client.WithAttemptTimeout(limit), context.DeadlineExceeded, "context deadline exceeded: increase the timeout: WithAttemptTimeout or http.Client"},
		"call":    {own, client.WithTimeout(limit), context.DeadlineExceeded, "context deadline exceeded: increase the timeout: WithTimeout"},
		"caller":  {deadline, client.WithMaxAttempts(2), context.DeadlineExceeded, "context deadline exceeded: closing down: increase the timeout: context"},
		"cancel":  {cancelled, client.WithMaxAttempts(2), context.Canceled, "context canceled: closing down"},
	} {
		crm, err := client.New(client.DataCenter{APIURL: server.URL}, static, client.WithMaxAttempts(1), test.option)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := test.ctx()
		_, err = crm.UpdateContactRole(ctx, roleID, roleUpdate)
		cancel()
		if !errors.Is(err, test.is) || !strings.HasSuffix(err.Error(), test.text) || client.Retryable(err) != (test.is == context.DeadlineExceeded) {
			t.Errorf("%s: %v, want %q", name, err, test.text)
		}
		if strings.Contains(test.text, closing.Error()) && !errors.Is(err, closing) {
			t.Errorf("%s: %v is not the cause", name, err)
		}
	}
}

func newTLSServer(t *testing.T, handler http.Handler, config *tls.Config) *httptest.Server {
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.TLS = config
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// TestDeadHTTP2ConnectionIsReplaced tests what happens after a loss of the network that neither side notices.
func TestDeadHTTP2ConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	type otherWrapper struct{ http.RoundTripper } // has no CloseIdleConnections, as that of otelhttp
	pool := func(p *http.Transport) http.RoundTripper { return p }
	get := func(t testing.TB, crm *client.Client) error {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		_, _, err := request(crm, newRequest(t, leadsURL, nil).WithContext(ctx))
		return err
	}
	for name, test := range map[string]struct {
		settings func() *http.Transport
		wrap     func(*http.Transport) http.RoundTripper
		call     func(testing.TB, *client.Client) error
		every    time.Duration // a call starts, for two minutes
		after    time.Duration // calls succeed at once
		failures int
	}{
		"by a ping of the SDK's transport":                    {sdkTransport, pool, update, time.Minute, 25 * time.Second, 0},
		"by a ping of the SDK's transport, for HTTPClient":    {sdkTransport, pool, get, time.Minute, 25 * time.Second, 1},
		"by the timeout of an attempt with another's":         {callersTransport, pool, update, time.Minute, 30 * time.Second, 0},
		"by the timeout of a context with HTTPClient":         {callersTransport, pool, get, time.Minute, 30 * time.Second, 1},
		"by the second timeout with one that cannot close it": {callersTransport, func(p *http.Transport) http.RoundTripper { return otherWrapper{p} }, update, 2 * time.Minute, 60 * time.Second, 0},
		"by the second timeout with one that is never idle":   {callersTransport, pool, update, 7 * time.Second, 37 * time.Second, 0},
		"by the second timeout of HTTPClient, one never idle": {callersTransport, pool, get, 7 * time.Second, 37 * time.Second, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				network := newMemoryNetwork()
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.ProtoMajor != 2 {
						t.Errorf("the request came with %s", r.Proto)
					}
					success(w, r)
				}))
				server.Listener, server.EnableHTTP2 = network, true
				server.StartTLS()
				defer server.Close()
				pool := test.settings()
				defer pool.CloseIdleConnections()
				pool.DialContext, pool.ForceAttemptHTTP2 = network.dial, true
				pool.TLSClientConfig = &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}
				crm, err := client.New(client.EU, static, client.WithHTTPClient(&http.Client{Transport: test.wrap(pool)}))
				if err != nil {
					t.Fatal(err)
				}
				mustUpdate(t, crm)
				for _, c := range network.connections {
					c.dead.Store(true)
				}
				const wait = 500 * time.Millisecond // before the second attempt, at most
				began := time.Now()
				var calls sync.WaitGroup
				var failures atomic.Int32
				for start := time.Duration(0); start < 2*time.Minute; start += test.every {
					calls.Go(func() {
						time.Sleep(start)
						err := test.call(t, crm)
						if err != nil {
							failures.Add(1)
						}
						if ended := time.Since(began); ended > max(start, test.after)+3*wait {
							t.Errorf("the call of %s ended after %s", start, ended)
						}
					})
				}
				calls.Wait()
				if failures.Load() != int32(test.failures) || len(network.connections) != 2 {
					t.Errorf("%d calls failed, on %d connections; want %d and 2", failures.Load(), len(network.connections), test.failures)
				}
			})
		})
	}
}

// memoryNetwork is a listener whose connections can be made dead: what the client sends no longer arrives.
type memoryNetwork struct {
	net.Listener
	accept      chan net.Conn
	close       func()
	connections []*mortalConn
}

type mortalConn struct {
	net.Conn
	dead atomic.Bool
}

func newMemoryNetwork() *memoryNetwork {
	n := &memoryNetwork{accept: make(chan net.Conn)}
	n.close = sync.OnceFunc(func() { close(n.accept) })
	return n
}

func (n *memoryNetwork) Accept() (net.Conn, error) {
	if c, ok := <-n.accept; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (n *memoryNetwork) Close() error   { n.close(); return nil }
func (n *memoryNetwork) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

func (n *memoryNetwork) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	n.accept <- theirs
	c := &mortalConn{Conn: ours}
	n.connections = append(n.connections, c)
	return c, nil
}

func (c *mortalConn) Write(p []byte) (int, error) {
	if c.dead.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

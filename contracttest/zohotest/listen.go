package zohotest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// WithListener makes the server accept connections from l, which it closes, instead of a free port of the
// loopback address.
func WithListener(l net.Listener) Option { return func(s *Server) { s.listener = l } }

// WithInMemory makes the server accept connections in memory only, from [Server.HTTPClient]. Such a server works in
// a bubble of testing/synctest, in which retries do not wait.
func WithInMemory() Option { return WithListener(newMemoryListener()) }

// WithHosts allows host names, without a port, beside localhost and the address of the listener.
func WithHosts(names ...string) Option {
	return func(s *Server) {
		for _, name := range names {
			s.hosts = append(s.hosts, strings.ToLower(name))
		}
	}
}

// HTTPClient returns a client that reaches the server, for [client.WithHTTPClient]. A server of [WithInMemory]
// requires it; other servers can be reached by any client.
func (s *Server) HTTPClient() *http.Client { return s.http.Client() }

// listenURL returns the URL of a listener. A listener on all addresses of the machine gets the name localhost.
func listenURL(l net.Listener) string {
	address, isTCP := l.Addr().(*net.TCPAddr)
	switch {
	case !isTCP:
		return "http://localhost"
	case address.IP.IsUnspecified():
		return fmt.Sprint("http://localhost:", address.Port)
	default:
		return "http://" + address.String()
	}
}

// checkHost rejects requests for other hosts. Without it, a web page whose host name resolves to this server could
// read its tokens.
func (s *Server) checkHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := (&url.URL{Host: r.Host}).Hostname(); !s.allowsHost(strings.ToLower(host)) {
			http.Error(w, fmt.Sprintf("zohotest: host %q is not allowed: use %s", host, s.URL), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) allowsHost(host string) bool {
	ip := net.ParseIP(host)
	if ip == nil {
		return host == "localhost" || slices.Contains(s.hosts, host)
	}
	address, isTCP := s.listener.Addr().(*net.TCPAddr)
	return ip.IsLoopback() || isTCP && (address.IP.IsUnspecified() || address.IP.Equal(ip))
}

// memoryListener is a [net.Listener] without a network.
type memoryListener struct {
	connections chan net.Conn
	closed      chan struct{}
	close       func()
}

func newMemoryListener() *memoryListener {
	l := &memoryListener{connections: make(chan net.Conn), closed: make(chan struct{})}
	l.close = sync.OnceFunc(func() { close(l.closed) })
	return l
}

// Accept implements [net.Listener].
func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.connections:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (l *memoryListener) Close() error {
	l.close()
	return nil
}

// Addr implements [net.Listener].
func (l *memoryListener) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// DialContext connects to the listener, whatever the address.
func (l *memoryListener) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.connections <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

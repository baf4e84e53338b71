// Package zohotest is Zoho CRM as a server for tests: the token endpoint, Update Custom Module and
// Update Contact Roles, with a small org behind them.
//
//	func TestRenameRole(t *testing.T) {
//		server := zohotest.NewServer(t)
//		crm, err := client.New(server.DataCenter(), server.Auth())
//		…
//		server.Answer("updateContactRole", "duplicate_data") // the next call is refused so
//		…
//	}
//
// It answers by what the caller sends: a valid update changes the org, which [Server.Modules] and
// [Server.ContactRoles] show, and anything else gets the error of the documentation. Two things fail
// the test besides: a request that was answered with success although the OpenAPI document refuses it
// (an undeclared key, a missing Content-Type, an empty id that made the URL another one), and an answer
// of the server's own that the document does not allow.
//
// The pages are https://www.zoho.com/crm/developer/docs/api/v7/update-custom-module-api.html,
// https://www.zoho.com/crm/developer/docs/api/v7/update-contact-roles.html and
// https://www.zoho.com/crm/developer/docs/api/v7/refresh.html. It knows nothing of editions, credits
// and concurrency limits: queue such an answer with [Server.Answer].
package zohotest

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/internal/contract"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

const (
	tokenPath      = "/oauth/v2/token"
	tokenOperation = "token"
	// maxBody is what the server reads of a body; more than that is cut off, and then not JSON.
	maxBody = 4 << 20
)

// Server is Zoho CRM on a loopback address. It is an [http.Handler] too. Its methods may be called at
// any time, by several goroutines.
type Server struct {
	// URL is the address of the API and of the token endpoint, without a slash at its end.
	URL string

	contract *contract.Checker
	http     *httptest.Server
	auth     client.RefreshToken
	address  string
	front    func(*Server) http.Handler
	problem  func(string)
	fatal    func(args ...any)
	now      func() time.Time

	scopes        []string
	tokenLifetime time.Duration

	mu       sync.Mutex
	modules  []Module
	roles    []ContactRole
	profiles []string
	tokens   []accessToken
	queue    []queued
	requests []Request
}

// Option changes a [Server] before it starts.
type Option func(*Server)

// WithAddress makes the server listen on a loopback address such as 127.0.0.1:8080, instead of a free
// port.
func WithAddress(address string) Option { return func(s *Server) { s.address = address } }

// WithHandler puts a handler in front of the server, which is itself the handler of all other requests:
// for pages beside the API.
func WithHandler(front func(*Server) http.Handler) Option {
	return func(s *Server) { s.front = front }
}

// WithProblemFunc sets what is called with each problem of the contract, a text of one line, by any
// goroutine. Without it, [NewServer] fails the test and [Start] prints to the standard logger.
func WithProblemFunc(report func(problem string)) Option {
	return func(s *Server) { s.problem = report }
}

// WithModules sets the modules of the org, instead of those that the documentation's sample needs.
func WithModules(modules ...Module) Option {
	return func(s *Server) { s.modules = copyModules(modules) }
}

// WithContactRoles sets the contact roles of the org, instead of those that the documentation's sample
// needs.
func WithContactRoles(roles ...ContactRole) Option {
	return func(s *Server) { s.roles = slices.Clone(roles) }
}

// WithProfiles sets the ids of the org's profiles, instead of those that the documentation's sample
// needs.
func WithProfiles(ids ...string) Option { return func(s *Server) { s.profiles = slices.Clone(ids) } }

// WithScopes sets the scopes of the access tokens that the refresh token makes. Without it, they are
// the narrowest scopes of all operations.
func WithScopes(scopes ...string) Option { return func(s *Server) { s.scopes = slices.Clone(scopes) } }

// WithTokenLifetime sets how long access tokens are valid, instead of an hour. Zoho tells it in whole
// seconds.
func WithTokenLifetime(lifetime time.Duration) Option {
	return func(s *Server) { s.tokenLifetime = lifetime }
}

// NewServer starts a server for a test, and closes it when the test ends. Problems of the contract fail
// the test, and so do queued answers that no request fetched.
func NewServer(t testing.TB, options ...Option) *Server {
	t.Helper()
	forTest := func(s *Server) {
		s.problem = func(problem string) { t.Error(problem) }
		s.fatal = t.Fatal
	}
	s, err := Start(append([]Option{forTest}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Start starts a server for a program or a Go example. [Server.Close] ends it.
func Start(options ...Option) (*Server, error) {
	checker, err := contract.New()
	if err != nil {
		return nil, fmt.Errorf("zohotest: %w", err)
	}
	s := &Server{
		contract:      checker,
		auth:          client.RefreshToken{ClientID: newToken(), ClientSecret: newToken(), RefreshToken: newToken()},
		address:       "127.0.0.1:0",
		front:         func(s *Server) http.Handler { return s },
		problem:       func(problem string) { log.Print(problem) },
		fatal:         func(args ...any) { panic(args[0]) },
		now:           time.Now,
		tokenLifetime: time.Hour,
	}
	sampleOrg(s)
	for _, option := range options {
		option(s)
	}
	host, _, err := net.SplitHostPort(s.address)
	if err != nil || host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return nil, fmt.Errorf("zohotest: cannot listen on %q: give a loopback address with a port, such as 127.0.0.1:8080", s.address)
	}
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return nil, fmt.Errorf("zohotest: cannot listen on %s, choose another port: %w", s.address, err)
	}
	s.URL = "http://" + listener.Addr().String()
	s.http = &httptest.Server{Listener: listener, Config: &http.Server{Handler: s.front(s)}}
	s.http.Start()
	return s, nil
}

// Close ends the server once the requests under way are answered, and reports queued answers that no
// request fetched. The server of [NewServer] needs no Close.
func (s *Server) Close() {
	s.http.Close()
	s.mu.Lock()
	left := s.queue
	s.queue = nil
	s.mu.Unlock()
	for _, q := range left {
		s.problem("zohotest: no request fetched " + q.name)
	}
}

// DataCenter returns the server as a data centre, for [client.New].
func (s *Server) DataCenter() client.DataCenter {
	return client.DataCenter{Name: "zohotest", APIURL: s.URL, AccountsURL: s.URL}
}

// Auth returns credentials that this server accepts, and no other does. Their client id and secret are
// good for [client.ClientCredentials] too, with any org id.
func (s *Server) Auth() client.RefreshToken { return s.auth }

// ServeHTTP answers as Zoho does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody))
	r.Body = io.NopCloser(bytes.NewReader(body))
	c := newCall(r, body)
	recorder := s.record(w, c)

	next, isQueued := s.dequeue(c.name)
	if next.handler != nil {
		next.handler(recorder, r)
		recorder.setStatus(http.StatusOK)
		return
	}
	a := next.answer
	if !isQueued {
		a = s.answer(c)
	}
	s.check(c, a)
	recorder.Header().Set("Content-Type", a.contentType)
	recorder.WriteHeader(a.status)
	fmt.Fprintf(recorder, "%s\n", a.body)
}

func (s *Server) answer(c call) answer {
	if c.name == tokenOperation {
		return s.grantToken(c.Request)
	}
	if a, found := s.preferred(c); found {
		return a
	}
	return s.update(c)
}

// call is a request with what is known of it.
type call struct {
	*http.Request
	body []byte
	// name is what Request.Operation tells.
	name string
	// operation and parameters are those of the path, whatever the method.
	operation  *generated.Operation
	parameters map[string]string
}

func newCall(r *http.Request, body []byte) call {
	c := call{Request: r, body: body}
	if r.URL.Path == tokenPath && r.Method == http.MethodPost {
		c.name = tokenOperation
	}
	below, found := strings.CutPrefix(plainURL(r).EscapedPath(), generated.BasePath)
	for _, o := range generated.Operations() {
		if parameters, matches := contract.MatchPath(o.Path, below); found && matches {
			c.operation, c.parameters = &o, parameters
			if r.Method == o.Method {
				c.name = o.ID
			}
		}
	}
	return c
}

// plainURL resolves dots and empty segments as Zoho does, so that an empty role id is the update of
// several roles.
func plainURL(r *http.Request) *url.URL { return &url.URL{Path: path.Clean(r.URL.Path)} }

// check reports a success that the document refuses the request of, and an answer that it does not
// allow.
func (s *Server) check(c call, a answer) {
	if c.operation == nil || a.contentType != jsonType {
		return
	}
	if a.status < http.StatusMultipleChoices {
		if err := s.contract.Request(c.Request, c.body); err != nil {
			s.problem(fmt.Sprintf("zohotest: %s %s is answered %d, but the OpenAPI document refuses the request: %v", c.Method, c.URL.Path, a.status, err))
		}
	}
	plain := &http.Request{Method: c.Method, URL: plainURL(c.Request)}
	if err := s.contract.Response(plain, a.status, http.Header{"Content-Type": {a.contentType}}, a.body); err != nil {
		s.problem(fmt.Sprintf("zohotest: the OpenAPI document does not allow the answer to %s %s: %v", c.Method, c.URL.Path, err))
	}
}

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
	"crypto/rand"
	"encoding/hex"
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
	problem  func(string)
	fatal    func(format string, args ...any)
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
		s.fatal = t.Fatalf
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
		auth:          client.RefreshToken{ClientID: "1000." + randomHex(), ClientSecret: randomHex(), RefreshToken: newToken()},
		address:       "127.0.0.1:0",
		problem:       func(problem string) { log.Print(problem) },
		fatal:         func(format string, args ...any) { panic(fmt.Sprintf(format, args...)) },
		now:           time.Now,
		scopes:        narrowestScopes(),
		tokenLifetime: time.Hour,
		modules:       sampleModules(),
		roles:         sampleContactRoles(),
		profiles:      sampleProfiles(),
	}
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
	s.http = &httptest.Server{Listener: listener, Config: &http.Server{Handler: s}}
	s.http.Start()
	s.URL = s.http.URL
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

// Request is a request that the server got.
type Request struct {
	// Operation is the operationId, "token" for the token endpoint, or empty.
	Operation string
	Method    string
	// Path is the path as it was sent, with the query.
	Path   string
	Header http.Header
	Body   []byte
	// Status is the HTTP status of the answer, 0 while there is none.
	Status int
}

// Requests returns copies of all requests so far, those for tokens too, in the order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := slices.Clone(s.requests)
	for i := range requests {
		requests[i].Header = requests[i].Header.Clone()
		requests[i].Body = bytes.Clone(requests[i].Body)
	}
	return requests
}

// ServeHTTP answers as Zoho does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody))
	r.Body = io.NopCloser(bytes.NewReader(body))
	c := newCall(r, body)
	recorder := s.record(w, c)

	var a answer
	if next, found := s.dequeue(c.name); found && next.handler != nil {
		next.handler(recorder, r)
		recorder.setStatus(http.StatusOK)
		return
	} else if found {
		a = next.answer
	} else if c.name == tokenOperation {
		a = s.grantToken(r)
	} else if preferred, found := s.preferred(c); found {
		a = preferred
	} else {
		a = s.answer(c)
	}
	s.check(c, a)
	recorder.Header().Set("Content-Type", a.contentType)
	recorder.WriteHeader(a.status)
	recorder.Write(append(a.body, '\n'))
}

// call is a request with what is known of it.
type call struct {
	*http.Request
	body []byte
	// name is what Request.Operation tells.
	name string
	// operation and parameters are those of the path, whatever the method.
	operation  generated.Operation
	parameters map[string]string
	known      bool
}

func newCall(r *http.Request, body []byte) call {
	c := call{Request: r, body: body}
	if r.URL.Path == tokenPath && r.Method == http.MethodPost {
		c.name = tokenOperation
		return c
	}
	// Zoho makes the path plain first, so that an empty role id is the update of several roles.
	plain := &url.URL{Path: path.Clean(r.URL.Path)}
	below, found := strings.CutPrefix(plain.EscapedPath(), generated.BasePath)
	for _, operation := range generated.Operations() {
		if parameters, ok := contract.MatchPath(operation.Path, below); ok && found {
			c.operation, c.parameters, c.known = operation, parameters, true
			if r.Method == operation.Method {
				c.name = operation.ID
			}
		}
	}
	return c
}

// check reports a success that the document refuses the request of, and an answer that it does not
// allow.
func (s *Server) check(c call, a answer) {
	if !c.known || a.contentType != jsonType {
		return
	}
	if a.status < http.StatusMultipleChoices {
		if err := s.contract.Request(c.Request, c.body); err != nil {
			s.problem(fmt.Sprintf("zohotest: %s %s got %d, but the OpenAPI document refuses the request: %v", c.Method, c.URL.Path, a.status, err))
		}
	}
	plain := c.Clone(c.Context())
	plain.URL = &url.URL{Path: path.Clean(c.URL.Path)}
	if err := s.contract.Response(plain, a.status, http.Header{"Content-Type": {a.contentType}}, a.body); err != nil {
		s.problem(fmt.Sprintf("zohotest: %s %s got an answer that the OpenAPI document does not allow: %v", c.Method, c.URL.Path, err))
	}
}

func randomHex() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}

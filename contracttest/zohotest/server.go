// Package zohotest is a test server that responds like Zoho CRM v7: the token endpoint and the operations of
// the spec, on a small org in memory.
//
//	func TestRenameRole(t *testing.T) {
//		server := zohotest.NewServer(t)
//		crm, err := client.New(server.DataCenter(), server.Auth())
//		…
//		server.Respond("updateContactRole", "duplicate_data") // for the next request of this operation
//		…
//	}
//
// A valid update changes the org, which the reads and [Server.Modules], [Server.ContactRoles] and [Server.Profiles]
// return. An invalid request is rejected with the error that Zoho documents. A server of [NewServer] also fails the
// test if
//
//   - a request succeeds that the spec does not allow: without a Content-Type, with an unknown query
//     parameter, with a key twice, with an id sent as a number, with an empty id that makes the URL that of
//     another operation;
//   - a token request has parameters in its URL;
//   - the server sends a response that the spec does not allow;
//   - a queued response is not used.
//
// # Tests that do not wait
//
// A client waits before it retries. Tests that need no retries use [client.WithMaxAttempts](1). Other tests run
// in a bubble of testing/synctest, whose clock advances without waiting, with a server in memory:
//
//	synctest.Test(t, func(t *testing.T) {
//		server := zohotest.NewServer(t, zohotest.WithInMemory())
//		crm, err := client.New(server.DataCenter(), server.Auth(), client.WithHTTPClient(server.HTTPClient()))
//		…
//	})
//
// # Limits
//
//   - The token endpoint issues ten access tokens in ten minutes for each refresh token, as Zoho does, then responds
//     "Access Denied" until the first of them is ten minutes old. [WithoutTokenThrottle] switches this off.
//   - Of more than 15 valid access tokens for a refresh token, the oldest becomes invalid.
//   - Any number of requests may be in flight, except with [WithMaxConcurrent].
//   - Only requests for localhost, the address of the server and the names of [WithHosts] are accepted.
//   - The server knows no editions and no credits: queue such a response with [Server.Respond].
//
// [generated.Operation] names Zoho's page of each operation. The page of the token endpoint is
// https://www.zoho.com/crm/developer/docs/api/v7/refresh.html.
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
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/internal/contract"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

const (
	tokenPath      = "/oauth/v2/token"
	tokenOperation = "token"
	// maxBody limits the request body. The server ignores what follows, so that a longer body is not valid JSON.
	maxBody = 1 << 20

	closeTimeout = time.Second
)

// Server is a test server on a loopback address or in memory, and an [http.Handler]. Its methods may be called at any time,
// by several goroutines.
type Server struct {
	// URL is the address of the API and of the token endpoint, without a slash at its end.
	URL string

	contract *contract.Checker
	http     *httptest.Server
	listener net.Listener
	hosts    []string
	front    func(*Server) http.Handler
	problem  func(string)
	fatal    func(args ...any)

	strict        bool
	latency       time.Duration
	maxConcurrent int
	inFlight      atomic.Int64

	auth          client.RefreshToken
	accessToken   string
	scopes        []string
	tokenLifetime time.Duration
	unthrottled   bool

	// initial is the org at the start.
	initial org

	mu                 sync.Mutex
	org                org
	tokens             []issuedToken
	accessTokenExpired bool
	queue              []queuedResponse
	requests           []*Request
	// recordedBytes is the size of requests.
	recordedBytes int
}

// NewServer starts a server for a test, and closes it when the test ends. Violations of the spec and queued
// responses that were not used fail the test.
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

// Start starts a server for a program or a Go example. The caller closes it.
func Start(options ...Option) (*Server, error) {
	checker, err := contract.New()
	if err != nil {
		return nil, fmt.Errorf("zohotest: %w", err)
	}
	s := &Server{
		contract:      checker,
		auth:          client.RefreshToken{ClientID: newToken(), ClientSecret: newToken(), RefreshToken: newToken()},
		front:         func(s *Server) http.Handler { return s },
		problem:       func(problem string) { log.Print(problem) },
		fatal:         func(args ...any) { panic(args[0]) },
		accessToken:   newToken(),
		scopes:        narrowestScopes(),
		tokenLifetime: time.Hour,
	}
	for _, option := range options {
		option(s)
	}
	s.org.complete()
	s.initial = s.org.clone()
	if s.listener == nil {
		if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("zohotest: %w", err)
		}
	}
	s.URL = listenURL(s.listener)
	s.http = &httptest.Server{Listener: s.listener, Config: &http.Server{Handler: s.checkHost(s.front(s))}}
	s.http.Start()
	if memory, inMemory := s.listener.(*memoryListener); inMemory {
		s.http.Client().Transport = &http.Transport{DialContext: memory.DialContext}
	}
	return s, nil
}

// Close stops the server and reports queued responses that were not used. Requests in flight have a second, then
// their connections are closed. A server of [NewServer] is closed when its test ends.
func (s *Server) Close() {
	closing := time.AfterFunc(closeTimeout, s.http.CloseClientConnections)
	s.http.Close()
	closing.Stop()
	s.mu.Lock()
	left := s.queue
	s.queue = nil
	s.mu.Unlock()
	for _, q := range left {
		s.problem("zohotest: queued response was not used: " + q.name)
	}
}

// Reset restores the org of the start and a valid [Server.AccessToken], and forgets queued responses, recorded requests and
// how many tokens were issued. Tokens that are valid stay valid.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.org = s.initial.clone()
	s.queue = nil
	s.requests, s.recordedBytes = nil, 0
	for i := range s.tokens {
		s.tokens[i].credential = ""
	}
	s.accessTokenExpired = false
}

// DataCenter returns the server as a data centre, for [client.New].
func (s *Server) DataCenter() client.DataCenter {
	return client.DataCenter{Name: "zohotest", APIURL: s.URL, AccountsURL: s.URL}
}

// Auth returns credentials that only this server accepts. Their client id and secret are valid for
// [client.ClientCredentials] too, with any org id.
func (s *Server) Auth() client.RefreshToken { return s.auth }

// ServeHTTP responds as Zoho does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody))
	_, _ = io.Copy(io.Discard, r.Body) // a client that still sends would not read the response
	r.Body = io.NopCloser(bytes.NewReader(body))
	c := newCall(r, body)
	recorder := s.record(w, c)

	if c.name != tokenOperation {
		defer s.inFlight.Add(-1)
		if n := s.inFlight.Add(1); s.maxConcurrent > 0 && n > int64(s.maxConcurrent) {
			recorder.send(s.reject(c.operationOrAny(), client.CodeTooManyRequests))
			return
		}
	}
	if s.latency > 0 {
		select {
		case <-time.After(s.latency):
		case <-r.Context().Done():
		}
	}
	queued, isQueued := s.dequeue(c.name)
	if queued.handler != nil {
		queued.handler(recorder, r)
		recorder.setStatus(http.StatusOK)
		return
	}
	var res response
	if isQueued {
		res = s.adapt(c, queued.response)
	} else {
		res = s.respond(c)
	}
	s.check(c, res)
	recorder.send(res)
}

func (s *Server) respond(c call) response {
	if c.name == tokenOperation {
		return s.respondToken(c.Request)
	}
	if res, found := s.preferred(c); found {
		return res
	}
	return s.operate(c)
}

// operate authorizes a request and performs its operation.
func (s *Server) operate(c call) response {
	switch {
	case c.operation == nil:
		return s.reject(c.operationOrAny(), client.CodeInvalidURLPattern)
	case c.Method != c.operation.Method:
		return s.reject(*c.operation, client.CodeInvalidRequestMethod)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if code := s.authorize(c); code != "" {
		return s.reject(*c.operation, code)
	}
	before := s.org.clone()
	res := s.perform(c)
	if !s.strict || res.status >= http.StatusBadRequest {
		return res
	}
	if err := s.contract.Request(c.Request, c.body); err != nil {
		s.org = before
		return jsonResponse(http.StatusBadRequest, result{client.CodeInvalidRequest, details{}, oneLine("the spec does not allow the request: %v", err), "error"})
	}
	return res
}

// perform performs the operation of a request. It requires s.mu.
func (s *Server) perform(c call) response {
	switch c.operation.ID {
	case generated.OperationGetContactRoles.ID:
		return s.getContactRoles()
	case generated.OperationGetModules.ID:
		return s.getModules(c)
	case generated.OperationGetModule.ID:
		return s.getModule(c)
	case generated.OperationGetProfiles.ID:
		return s.getProfiles()
	case generated.OperationUpdateCustomModule.ID:
		return s.updateCustomModule(c)
	case generated.OperationUpdateContactRoles.ID:
		return s.updateEach(c, "contact_roles", maxRoles, func(o object) string { return s.updateRole(o.id(), o) })
	case generated.OperationUpdateContactRole.ID:
		return s.updateEach(c, "contact_roles", 1, func(o object) string { return s.updateRoleOfPath(c, o) })
	default:
		return s.reject(*c.operation, client.CodeNotSupported)
	}
}

// call is a request with what is known of it.
type call struct {
	*http.Request
	body []byte
	// name is the value of Request.Operation.
	name string
	// operation and parameters belong to the path, whatever the method.
	operation  *generated.Operation
	parameters map[string]string
}

func newCall(r *http.Request, body []byte) call {
	c := call{Request: r, body: body}
	if r.URL.Path == tokenPath && r.Method == http.MethodPost {
		c.name = tokenOperation
	}
	below, found := strings.CutPrefix(cleanURL(r).EscapedPath(), generated.BasePath)
	for _, o := range generated.Operations() {
		if parameters, matches := contract.MatchPath(o.Path, below); found && matches && c.name == "" {
			c.operation, c.parameters = &o, parameters
			if r.Method == o.Method {
				c.name = o.ID
			}
		}
	}
	return c
}

// operationOrAny returns the operation of the path, or any operation for the response to an unknown path.
func (c call) operationOrAny() generated.Operation {
	if c.operation == nil {
		return generated.OperationUpdateContactRoles
	}
	return *c.operation
}

// cleanURL resolves dots and empty segments as Zoho does, so that an empty role id is the update of
// several roles.
func cleanURL(r *http.Request) *url.URL { return &url.URL{Path: path.Clean(r.URL.Path)} }

// check reports a success of a request that the spec does not allow, and a response that it does not allow.
func (s *Server) check(c call, res response) {
	if c.operation == nil || res.contentType == problemType {
		return
	}
	if res.status < http.StatusMultipleChoices {
		if err := s.contract.Request(c.Request, c.body); err != nil {
			s.problem(oneLine("zohotest: %s %s gets %d, but the spec does not allow the request: %v", c.Method, c.URL.Path, res.status, err))
		}
	}
	clean := &http.Request{Method: c.Method, URL: cleanURL(c.Request)}
	if err := s.contract.Response(clean, res.status, http.Header{"Content-Type": {res.contentType}}, res.body); err != nil {
		s.problem(oneLine("zohotest: the spec does not allow the response to %s %s: %v", c.Method, c.URL.Path, err))
	}
}

// oneLine formats a message without control characters, with which a request could forge lines of a log.
func oneLine(format string, args ...any) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, fmt.Sprintf(format, args...))
}

package zohotest

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"slices"
)

// Request is a request that the server received.
type Request struct {
	// Operation is the operationId, "token" for the token endpoint, or empty.
	Operation string
	Method    string
	// Path is the path as it was sent, with the query.
	Path   string
	Header http.Header
	Body   []byte
	// Status is the HTTP status of the response, 0 while there is none.
	Status int
}

// Requests returns copies of all requests so far, token requests included, in order of arrival.
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

// recorder records the status of a response before the client can see it.
type recorder struct {
	http.ResponseWriter
	server    *Server
	index     int
	hasStatus bool
}

func (s *Server) record(w http.ResponseWriter, c call) *recorder {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{
		Operation: c.name, Method: c.Method, Path: c.URL.RequestURI(), Header: c.Header.Clone(), Body: c.body,
	})
	return &recorder{ResponseWriter: w, server: s, index: len(s.requests) - 1}
}

func (r *recorder) setStatus(status int) {
	if r.hasStatus || status < http.StatusOK {
		return
	}
	r.hasStatus = true
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.server.requests[r.index].Status = status
}

// WriteHeader implements [http.ResponseWriter].
func (r *recorder) WriteHeader(status int) {
	r.setStatus(status)
	r.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (r *recorder) Write(b []byte) (int, error) {
	r.setStatus(http.StatusOK)
	return r.ResponseWriter.Write(b)
}

// Flush implements [http.Flusher].
func (r *recorder) Flush() {
	r.setStatus(http.StatusOK)
	_ = http.NewResponseController(r.ResponseWriter).Flush() // a ResponseWriter need not be a Flusher
}

// Hijack implements [http.Hijacker].
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	r.hasStatus = true // what follows on the connection need not be HTTP
	return http.NewResponseController(r.ResponseWriter).Hijack()
}

package zohotest

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
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

// The record drops the oldest requests beyond these limits, so that a server can run for days.
const (
	maxRequests      = 10_000
	maxRecordedBytes = 16 << 20
)

// Requests returns copies of the requests so far, token requests included, in order of arrival. The record holds
// the last 10,000 requests and at most 16 MiB.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := make([]Request, len(s.requests))
	for i, r := range s.requests {
		requests[i] = *r
		requests[i].Header = r.Header.Clone()
		requests[i].Body = bytes.Clone(r.Body)
	}
	return requests
}

func (r *Request) size() int {
	size := len(r.Path) + len(r.Body)
	for key, values := range r.Header {
		size += len(key) + len(strings.Join(values, ""))
	}
	return size
}

// recorder records the status of a response before the client can see it.
type recorder struct {
	http.ResponseWriter
	server    *Server
	request   *Request
	hasStatus bool
}

func (s *Server) record(w http.ResponseWriter, c call) *recorder {
	r := &Request{Operation: c.name, Method: c.Method, Path: c.URL.RequestURI(), Header: c.Header.Clone(), Body: c.body}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
	s.recordedBytes += r.size()
	for len(s.requests) > maxRequests || s.recordedBytes > maxRecordedBytes {
		s.recordedBytes -= s.requests[0].size()
		s.requests = slices.Delete(s.requests, 0, 1)
	}
	return &recorder{ResponseWriter: w, server: s, request: r}
}

func (r *recorder) send(res response) {
	if res.body == nil {
		r.WriteHeader(res.status)
		return
	}
	r.Header().Set("Content-Type", res.contentType)
	r.WriteHeader(res.status)
	fmt.Fprintf(r, "%s\n", res.body)
}

func (r *recorder) setStatus(status int) {
	if r.hasStatus || status < http.StatusOK {
		return
	}
	r.hasStatus = true
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.request.Status = status
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

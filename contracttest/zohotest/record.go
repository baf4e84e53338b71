package zohotest

import (
	"bufio"
	"net"
	"net/http"
)

// recorder notes the status of an answer before the client can see it.
type recorder struct {
	http.ResponseWriter
	server   *Server
	index    int
	answered bool
}

func (s *Server) record(w http.ResponseWriter, c call) *recorder {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{
		Operation: c.name, Method: c.Method, Path: c.URL.RequestURI(), Header: c.Header.Clone(), Body: c.body,
	})
	return &recorder{ResponseWriter: w, server: s, index: len(s.requests) - 1}
}

func (r *recorder) WriteHeader(status int) {
	r.setStatus(status)
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.setStatus(http.StatusOK)
	return r.ResponseWriter.Write(b)
}

// Hijack is for an answer that breaks the connection; its status stays 0.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	r.answered = true
	return http.NewResponseController(r.ResponseWriter).Hijack()
}

func (r *recorder) Flush() {
	r.setStatus(http.StatusOK)
	http.NewResponseController(r.ResponseWriter).Flush()
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// setStatus notes the first status that is not informational.
func (r *recorder) setStatus(status int) {
	if r.answered || status < http.StatusOK {
		return
	}
	r.answered = true
	r.server.mu.Lock()
	r.server.requests[r.index].Status = status
	r.server.mu.Unlock()
}

package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Exchange is a request of the API and its response.
type Exchange struct {
	Request *http.Request
	Sent    []byte
	// Status is the HTTP status, 0 if no response was received.
	Status   int
	Received []byte
	// RequestError and ResponseError say how the request and the response differ from the spec.
	RequestError, ResponseError error
}

// Transport is an [http.RoundTripper] that checks each request and its response. Token requests, which the
// spec does not describe, are not checked.
type Transport struct {
	Checker *Checker
	Base    http.RoundTripper
	// Seen is called when the response body was read or closed, or when no response was received.
	Seen func(Exchange)
}

// RoundTrip sends a request through Base.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/oauth/v2/token") {
		return t.Base.RoundTrip(r)
	}
	e := Exchange{Request: r}
	if r.Body != nil {
		sent, err := io.ReadAll(r.Body)
		if err := errors.Join(err, r.Body.Close()); err != nil {
			return nil, err
		}
		e.Sent = sent
		e.Request = r.WithContext(r.Context())
		e.Request.Body = io.NopCloser(bytes.NewReader(sent))
	}
	e.RequestError = t.Checker.Request(r, e.Sent)
	response, err := t.Base.RoundTrip(e.Request)
	if err != nil || response == nil {
		t.Seen(e)
		return response, err
	}
	e.Status = response.StatusCode
	header := response.Header.Clone()
	checked := *response
	if checked.Body == nil {
		checked.Body = http.NoBody
	}
	body := &recordedBody{ReadCloser: checked.Body}
	body.done = sync.OnceFunc(func() {
		e.Received = body.read.Bytes()
		if e.ResponseError = body.err; e.ResponseError == nil {
			e.ResponseError = t.Checker.exchange(e, header)
		}
		t.Seen(e)
	})
	checked.Body = body
	return &checked, nil
}

// recordedBody records what is read of a body, and calls done at its end.
type recordedBody struct {
	io.ReadCloser
	read  bytes.Buffer
	ended bool
	err   error
	done  func()
}

func (b *recordedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Write(p[:n])
	if err != nil {
		if b.ended = true; err != io.EOF {
			b.err = fmt.Errorf("the response was truncated: %w", err)
		}
		b.done()
	}
	return n, err
}

func (b *recordedBody) Close() error {
	if !b.ended {
		b.err = errors.New("the response was closed before its end")
	}
	b.done()
	return b.ReadCloser.Close()
}

// exchange checks a response, and that its results belong to the inputs of the request.
func (c *Checker) exchange(e Exchange, header http.Header) error {
	if err := c.Response(e.Request, e.Status, header, e.Received); err != nil {
		return err
	}
	var sent map[string][]struct{ ID any }
	results, bare := readResults(e.Received)
	if json.Unmarshal(e.Sent, &sent) != nil || bare {
		return nil // a read, a request that RequestError is about, or one error of the whole request
	}
	route, parameters := c.find(e.Request)
	for _, inputs := range sent {
		if len(inputs) > 0 && len(results) != len(inputs) {
			return fmt.Errorf("%s: %d results for %d inputs", route.Operation.OperationID, len(results), len(inputs))
		}
		for i, input := range inputs {
			if id := inputID(input.ID, parameters); results[i].Status == "success" && id != "" && results[i].Details.ID != id {
				return fmt.Errorf("%s: result %d is the success of %v, not of %s", route.Operation.OperationID, i, results[i].Details.ID, id)
			}
		}
	}
	return nil
}

// inputID returns the id of an input, from the body or the path. It is empty for a module named by its API name.
func inputID(id any, parameters map[string]string) string {
	if id != nil {
		return fmt.Sprint(id)
	}
	for _, value := range parameters {
		if strings.Trim(value, "0123456789") == "" {
			return value
		}
	}
	return ""
}

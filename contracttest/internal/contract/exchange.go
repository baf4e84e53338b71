package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// Exchange is a request of the API and its answer.
type Exchange struct {
	Request *http.Request
	Sent    []byte
	// Status is the HTTP status, 0 where no answer came.
	Status   int
	Answered []byte
	// RequestError and AnswerError are what the document refuses.
	RequestError, AnswerError error
}

// Transport is an [http.RoundTripper] that holds each request and its answer against the document.
// Requests for tokens, which the document does not describe, pass.
type Transport struct {
	Checker *Checker
	Base    http.RoundTripper
	// Seen is called once the answer is read or closed, or did not come.
	Seen func(Exchange)
}

// RoundTrip sends a request by Base.
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
	header := response.Header.Clone()
	e.Status = response.StatusCode
	checked := *response
	if checked.Body == nil {
		checked.Body = http.NoBody
	}
	body := &readBody{ReadCloser: checked.Body}
	body.done = sync.OnceFunc(func() {
		e.Answered = body.read.Bytes()
		if e.AnswerError = body.err; e.AnswerError == nil {
			e.AnswerError = t.Checker.answer(e, header)
		}
		t.Seen(e)
	})
	checked.Body = body
	return &checked, nil
}

// readBody keeps what is read of a body, and tells when that ends.
type readBody struct {
	io.ReadCloser
	read  bytes.Buffer
	ended bool
	err   error
	done  func()
}

func (b *readBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Write(p[:n])
	if err != nil {
		if b.ended = true; err != io.EOF {
			b.err = fmt.Errorf("the answer was cut off: %w", err)
		}
		b.done()
	}
	return n, err
}

func (b *readBody) Close() error {
	if !b.ended {
		b.err = errors.New("the answer was not read to its end")
	}
	b.done()
	return b.ReadCloser.Close()
}

// answer returns what is refused in the answer to a request.
func (c *Checker) answer(e Exchange, header http.Header) error {
	if err := c.Response(e.Request, e.Status, header, e.Answered); err != nil {
		return err
	}
	route, parameters := c.route(e.Request)
	var sent, answered map[string]any
	if json.Unmarshal(e.Sent, &sent) != nil || json.Unmarshal(e.Answered, &answered) != nil {
		return nil // what is not an object is refused already
	}
	for key := range answered {
		results, _ := answered[key].([]any)
		inputs, _ := sent[key].([]any)
		if results != nil && len(inputs) > 0 && len(results) != len(inputs) {
			return fmt.Errorf("%d results for %d inputs", len(results), len(inputs))
		}
		for i, result := range results[:min(len(results), len(inputs))] {
			id, result := inputID(inputs[i], parameters), result.(map[string]any)
			if success := result["details"].(map[string]any)["id"]; result["status"] == "success" && id != "" && success != id {
				return fmt.Errorf("%s: result %d is the success of %v, not of %s", route.Operation.OperationID, i, success, id)
			}
		}
	}
	return nil
}

// inputID returns the id that names an input, in the body or in the path; empty for the name of a module.
func inputID(input any, parameters map[string]string) string {
	if object, _ := input.(map[string]any); object["id"] != nil {
		return fmt.Sprint(object["id"])
	}
	for _, value := range parameters {
		if strings.Trim(value, "0123456789") == "" {
			return value
		}
	}
	return ""
}

type documentedError struct {
	Code   string
	Status int
}

// documentedErrors returns the errors of an operation: those of its page, and those of any operation.
func documentedErrors(doc *openapi3.T, operation *openapi3.Operation) (all []documentedError, err error) {
	for _, extension := range []any{operation.Extensions["x-zoho-errors"], doc.Extensions["x-zoho-common-errors"]} {
		var listed []documentedError
		data, err := json.Marshal(extension)
		if err == nil {
			err = json.Unmarshal(data, &listed)
		}
		if err != nil {
			return nil, fmt.Errorf("read the errors of %s: %w", operation.OperationID, err)
		}
		all = append(all, listed...)
	}
	return all, nil
}

// checkMeaning returns what no schema says of an answer: a code comes with its status, and the status of an answer
// fits those of its results.
func (c *Checker) checkMeaning(operation *openapi3.Operation, status int, body []byte) error {
	type result struct{ Code, Status string }
	var bare result
	var envelope map[string]json.RawMessage
	if json.Unmarshal(body, &bare) != nil || json.Unmarshal(body, &envelope) != nil {
		return nil // an answer that the schema has no result in
	}
	if bare.Code != "" {
		return c.checkCode(operation, status, bare.Code)
	}
	var successes, failures int
	for _, list := range envelope {
		var results []result
		if err := json.Unmarshal(list, &results); err != nil {
			return err
		}
		for _, r := range results {
			if (r.Code == "SUCCESS") != (r.Status == "success") {
				return fmt.Errorf("the result %s has the status %s", r.Code, r.Status)
			}
			if r.Status == "success" {
				successes++
				continue
			}
			failures++
			if err := c.checkCode(operation, http.StatusBadRequest, r.Code); err != nil {
				return err
			}
		}
	}
	if (status < 300) != (successes > 0) || status == http.StatusMultiStatus && failures == 0 {
		return fmt.Errorf("HTTP %d has %d successes and %d errors", status, successes, failures)
	}
	return nil
}

// checkCode refuses a code that comes with another status. The list of codes is open.
func (c *Checker) checkCode(operation *openapi3.Operation, status int, code string) error {
	var documented []int
	for _, e := range c.errors[operation.OperationID] {
		if e.Code == code {
			documented = append(documented, e.Status)
		}
	}
	if code == "SUCCESS" || documented != nil && !slices.Contains(documented, status) {
		return fmt.Errorf("%s has %s at %d, not at %d", operation.OperationID, code, documented, status)
	}
	return nil
}

package zohotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/internal/contract"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

const (
	jsonType    = "application/json;charset=UTF-8"
	problemType = "application/problem+json"
)

type response struct {
	status      int
	contentType string
	body        []byte
}

func jsonResponse(status int, value any) response {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err) // only values of this package are passed
	}
	return response{status: status, contentType: jsonType, body: body}
}

// result is the outcome of one input, or the error of a whole request.
type result struct {
	Code    client.Code `json:"code"`
	Details details     `json:"details"`
	Message string      `json:"message"`
	Status  string      `json:"status"`
}

type details map[string]any

func (s *Server) result(c call, key, id string, r *rejection) result {
	if r.code == "" {
		var sample map[string][]result
		if err := json.Unmarshal(s.example(*c.operation, "success").body, &sample); err != nil {
			panic(err)
		}
		success := sample[key][0]
		success.Details = details{"id": id}
		return success
	}
	message := generated.Message(c.operation.ID, string(r.code))
	return result{r.code, r.details, message, "error"}
}

// resultsResponse returns 200, 207 or 400: all, some or none of the results are a success.
func resultsResponse(key string, results []result) response {
	failed := slices.ContainsFunc(results, func(r result) bool { return r.Status == "error" })
	succeeded := slices.ContainsFunc(results, func(r result) bool { return r.Status == "success" })
	status := http.StatusOK
	if failed && succeeded {
		status = http.StatusMultiStatus
	} else if failed {
		status = http.StatusBadRequest
	}
	return jsonResponse(status, map[string][]result{key: results})
}

// example returns an example that the spec is known to have.
func (s *Server) example(o generated.Operation, name string) response {
	e, err := s.contract.Example(o.ID, 0, name)
	if err != nil {
		panic(err)
	}
	return exampleResponse(e)
}

func exampleResponse(e contract.Example) response { return response{e.Status, jsonType, e.Body} }

// reject returns the response for a code that concerns the whole request.
func (s *Server) reject(o generated.Operation, code client.Code) response {
	return s.example(o, strings.ToLower(string(code)))
}

// queuedResponse waits for the request that it is the response to.
type queuedResponse struct {
	// operation is an operationId, "token", or empty for any request of the API.
	operation string
	// name appears in the message about a response that was not used.
	name     string
	response response
	handler  http.HandlerFunc
}

// Respond queues a response for the next request of an operation: a named example of the spec, such as
// Respond("updateContactRoles", "duplicate_data"). If several statuses have an example of that name, the
// lowest status is used; "207 partial_success" names the status too.
//
// The example of an update is adapted to the request: it gets one result for each input, a success with the id of
// the input. If the request has more inputs than the example, the last result is repeated. So "success" is a success
// of any inputs, and "partial_success" a success of the first of two or more.
//
// The org does not change, and neither the token nor the request matters, except that a success fails the test
// if the spec does not allow the request. A name that the spec does not have fails the test at once; a server of
// [Start] panics.
func (s *Server) Respond(operationID, example string) {
	if err := s.TryRespond(operationID, example); err != nil {
		s.fatal(fmt.Errorf("zohotest: %w", err))
	}
}

// TryRespond is [Server.Respond] for programs: it returns an error for a name that the spec does not have.
func (s *Server) TryRespond(operationID, example string) error {
	status, name := 0, example
	if code, rest, found := strings.Cut(example, " "); found {
		status, name = parseStatus(code), rest
	}
	e, err := s.contract.Example(operationID, status, name)
	if err != nil {
		return err
	}
	s.enqueue(queuedResponse{operation: operationID, name: fmt.Sprintf("Respond(%q, %q)", operationID, example), response: exampleResponse(e)})
	return nil
}

var indexInPath = regexp.MustCompile(`\[[0-9]+\]`)

// adapt returns an example with one result for each input of a request.
func (s *Server) adapt(c call, res response) response {
	var sent map[string][]struct{ ID any }
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	decoder.UseNumber()
	var example map[string][]result
	if decoder.Decode(&sent) != nil || json.Unmarshal(res.body, &example) != nil {
		return res // an invalid request, a read, or a bare error
	}
	for key, results := range example {
		if len(results) == 0 || len(sent[key]) == 0 {
			return res
		}
		example[key] = nil
		for i, input := range sent[key] {
			r := results[min(i, len(results)-1)]
			r.Details = maps.Clone(r.Details)
			if id := s.inputID(c, input.ID); id != "" && r.Status == "success" {
				r.Details["id"] = id
			}
			if path, isText := r.Details["json_path"].(string); isText && strings.HasPrefix(path, "$."+key+"[") {
				r.Details["json_path"] = strings.Replace(path, indexInPath.FindString(path), fmt.Sprintf("[%d]", i), 1)
			}
			example[key] = append(example[key], r)
		}
	}
	return jsonResponse(res.status, example)
}

// inputID returns the id of an input, which the path or the body of a request names. It is empty for a module that the
// org does not have.
func (s *Server) inputID(c call, inBody any) string {
	if name, isModule := c.parameters["module"]; isModule {
		s.mu.Lock()
		defer s.mu.Unlock()
		if i := s.org.moduleIndex(name); i >= 0 {
			return s.org.modules[i].ID
		}
		return ""
	}
	if id, single := c.parameters["contact_role_id"]; single {
		return id
	}
	switch id := inBody.(type) {
	case string:
		return id
	case json.Number:
		return id.String()
	}
	return ""
}

// RespondWith queues a response of any kind for the next request of the API: HTML, half a body, a
// connection that breaks. It is not checked against the spec. Responses are sent in the order in which they
// were queued.
func (s *Server) RespondWith(handler http.HandlerFunc) {
	s.enqueue(queuedResponse{name: "RespondWith", handler: handler})
}

// RespondOperationWith queues a response of any kind for the next request of an operation; of any if operationID is empty,
// and of the token endpoint if it is "token".
func (s *Server) RespondOperationWith(operationID string, handler http.HandlerFunc) {
	s.enqueue(queuedResponse{operation: operationID, name: "RespondOperationWith", handler: handler})
}

// RespondTokenWith queues a response of any kind for the next request of the token endpoint.
func (s *Server) RespondTokenWith(handler http.HandlerFunc) {
	s.enqueue(queuedResponse{operation: tokenOperation, name: "RespondTokenWith", handler: handler})
}

// Answer is [Server.Respond].
func (s *Server) Answer(operationID, example string) { s.Respond(operationID, example) }

// AnswerWith is [Server.RespondWith].
func (s *Server) AnswerWith(handler http.HandlerFunc) { s.RespondWith(handler) }

// AnswerTokenWith is [Server.RespondTokenWith].
func (s *Server) AnswerTokenWith(handler http.HandlerFunc) { s.RespondTokenWith(handler) }

func (s *Server) enqueue(q queuedResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, q)
}

func (s *Server) dequeue(operation string) (q queuedResponse, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.queue, func(q queuedResponse) bool {
		return q.operation == operation || q.operation == "" && operation != tokenOperation
	})
	if at < 0 {
		return queuedResponse{}, false
	}
	q = s.queue[at]
	s.queue = slices.Delete(s.queue, at, at+1)
	return q, true
}

// preferred returns the example that a Prefer header selects, in the form of the mock server Prism:
// code=400, example=duplicate_data, either one optional.
func (s *Server) preferred(c call) (r response, found bool) {
	var status int
	var name string
	for preference := range strings.SplitSeq(strings.Join(c.Header.Values("Prefer"), ","), ",") {
		switch key, value, _ := strings.Cut(strings.TrimSpace(preference), "="); key {
		case "code":
			status = parseStatus(value)
		case "example":
			name = value
		}
	}
	if c.name == "" || status == 0 && name == "" {
		return response{}, false
	}
	e, err := s.contract.Example(c.name, status, name)
	if err != nil {
		r = jsonResponse(http.StatusNotFound, map[string]any{"title": "No such example", "status": http.StatusNotFound, "detail": err.Error()})
		r.contentType = problemType
		return r, true
	}
	return s.adapt(c, exampleResponse(e)), true
}

// parseStatus returns -1, which no response has, for what is not a status.
func parseStatus(s string) int {
	status, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return status
}

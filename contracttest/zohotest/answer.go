package zohotest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

const jsonType = "application/json;charset=UTF-8"

type answer struct {
	status      int
	contentType string
	body        []byte
}

func jsonAnswer(status int, value any) answer {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err) // the values are those of this package
	}
	return answer{status: status, contentType: jsonType, body: body}
}

// queued is an answer that waits for its request.
type queued struct {
	// operation is an operationId, "token", or empty for any request of the API.
	operation string
	// name is for people.
	name    string
	answer  answer
	handler http.HandlerFunc
}

// Answer queues an answer for the next request of an operation: a named example of the OpenAPI document,
// such as Answer("updateContactRoles", "duplicate_data"). Where a name is at several statuses, it is the
// lowest, and "207 partial_success" says another. The org stays as it is, and neither token nor
// request matters; still a success fails the test if the document refuses the request. A name
// that the document does not have fails the test at once.
func (s *Server) Answer(operationID, example string) {
	status, name := 0, example
	if code, rest, found := strings.Cut(example, " "); found {
		status, name = parseStatus(code), rest
	}
	a, err := s.example(operationID, status, name)
	if err != nil {
		s.fatal("zohotest: %v", err)
		return
	}
	s.enqueue(queued{operation: operationID, name: fmt.Sprintf("the answer %q of %s", example, operationID), answer: a})
}

// AnswerWith queues an answer of any kind for the next request of the API: HTML, half a body, a delay, a
// broken connection. It is not held against the contract. The answers of Answer and AnswerWith are
// given in the order of their queueing.
func (s *Server) AnswerWith(handler http.HandlerFunc) {
	s.enqueue(queued{name: "the answer of AnswerWith", handler: handler})
}

// AnswerTokenWith queues an answer of any kind for the next request of the token endpoint.
func (s *Server) AnswerTokenWith(handler http.HandlerFunc) {
	s.enqueue(queued{operation: tokenOperation, name: "the answer of AnswerTokenWith", handler: handler})
}

func (s *Server) enqueue(q queued) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, q)
}

func (s *Server) dequeue(operation string) (queued, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, q := range s.queue {
		if q.operation == operation || q.operation == "" && operation != tokenOperation {
			s.queue = slices.Delete(s.queue, i, i+1)
			return q, true
		}
	}
	return queued{}, false
}

// example returns a named answer. Status 0 is any, the lowest first, and so is an empty name.
func (s *Server) example(operationID string, status int, name string) (answer, error) {
	var names []string
	for _, e := range s.contract.Examples() {
		if e.Operation != operationID {
			continue
		}
		if (status == 0 || status == e.Status) && (name == "" || name == e.Name) {
			return answer{status: e.Status, contentType: jsonType, body: e.Body}, nil
		}
		names = append(names, fmt.Sprintf("%d %s", e.Status, e.Name))
	}
	if names == nil {
		for _, o := range generated.Operations() {
			names = append(names, o.ID)
		}
		return answer{}, fmt.Errorf("there is no operation %q; there are: %s", operationID, strings.Join(names, ", "))
	}
	return answer{}, fmt.Errorf("%s has no such answer; it has: %s", operationID, strings.Join(names, ", "))
}

// parseStatus returns -1, which no answer has, for what is not a status.
func parseStatus(s string) int {
	if status, err := strconv.Atoi(s); err == nil && status > 0 {
		return status
	}
	return -1
}

// preferred returns the answer that a Prefer header selects, as the mock server Prism understands it:
// code=400, example=duplicate_data, either one optional.
func (s *Server) preferred(c call) (answer, bool) {
	var status int
	var name string
	for _, preference := range strings.Split(strings.Join(c.Header.Values("Prefer"), ","), ",") {
		switch key, value, _ := strings.Cut(strings.TrimSpace(preference), "="); key {
		case "code":
			status = parseStatus(value)
		case "example":
			name = value
		}
	}
	if c.name == "" || c.name == tokenOperation || status == 0 && name == "" {
		return answer{}, false
	}
	a, err := s.example(c.name, status, name)
	if err != nil {
		a = jsonAnswer(http.StatusNotFound, map[string]any{"title": "No such answer", "status": http.StatusNotFound, "detail": err.Error()})
		a.contentType = "application/problem+json"
	}
	return a, true
}

// result is the outcome of one input, or of a whole request.
type result struct {
	Code    client.Code `json:"code"`
	Details details     `json:"details"`
	Message string      `json:"message"`
	Status  string      `json:"status"`
}

type details map[string]any

// refusal is why an input, or a whole request, is refused.
type refusal struct {
	code    client.Code
	details details
}

func (r *refusal) result(o generated.Operation) result {
	message, _ := generated.Explain(o.ID, string(r.code))
	return result{Code: r.code, Details: r.details, Message: message, Status: "error"}
}

// wrapped answers an update by its results. It is a success of HTTP's if one of them is one.
func wrapped(key string, results []result) answer {
	succeeded := 0
	for _, r := range results {
		if r.Status == "success" {
			succeeded++
		}
	}
	status := http.StatusMultiStatus
	switch succeeded {
	case len(results):
		status = http.StatusOK
	case 0:
		status = http.StatusBadRequest
	}
	return jsonAnswer(status, map[string][]result{key: results})
}

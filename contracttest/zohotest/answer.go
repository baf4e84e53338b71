package zohotest

import (
	"encoding/json"
	"fmt"
	"net/http"
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

// result is the outcome of one input, or the error of a whole request.
type result struct {
	Code    client.Code `json:"code"`
	Details details     `json:"details"`
	Message string      `json:"message"`
	Status  string      `json:"status"`
}

type details map[string]any

func (s *Server) result(c call, key, id string, r *refusal) result {
	if r.code == "" {
		var sample map[string][]result
		if err := json.Unmarshal(s.example(*c.operation, "success").body, &sample); err != nil {
			panic(err)
		}
		success := sample[key][0]
		success.Details = details{"id": id}
		return success
	}
	message, _ := generated.Explain(c.operation.ID, string(r.code))
	return result{r.code, r.details, message, "error"}
}

// wrapped is a success of HTTP's if one of the results is one.
func wrapped(key string, results []result) answer {
	failed := slices.ContainsFunc(results, func(r result) bool { return r.Status == "error" })
	succeeded := slices.ContainsFunc(results, func(r result) bool { return r.Status == "success" })
	status := http.StatusOK
	if failed && succeeded {
		status = http.StatusMultiStatus
	} else if failed {
		status = http.StatusBadRequest
	}
	return jsonAnswer(status, map[string][]result{key: results})
}

// example answers by an example that the document is known to have.
func (s *Server) example(o generated.Operation, name string) answer {
	e, err := s.contract.Example(o.ID, 0, name)
	if err != nil {
		panic(err)
	}
	return exampleAnswer(e)
}

func exampleAnswer(e contract.Example) answer { return answer{e.Status, jsonType, e.Body} }

func (s *Server) refuse(o generated.Operation, code client.Code) answer {
	return s.example(o, strings.ToLower(string(code)))
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
// that the document does not have fails the test at once; of a server of [Start] it panics.
func (s *Server) Answer(operationID, example string) {
	status, name := 0, example
	if code, rest, found := strings.Cut(example, " "); found {
		status, name = parseStatus(code), rest
	}
	e, err := s.contract.Example(operationID, status, name)
	if err != nil {
		s.fatal("zohotest: " + err.Error())
	}
	s.enqueue(queued{operation: operationID, name: fmt.Sprintf("Answer(%q, %q)", operationID, example), answer: exampleAnswer(e)})
}

// AnswerWith queues an answer of any kind for the next request of the API: HTML, half a body, a
// connection that breaks. It is not held against the contract. Answers are given in the order in which
// they were queued.
func (s *Server) AnswerWith(handler http.HandlerFunc) {
	s.enqueue(queued{name: "AnswerWith", handler: handler})
}

// AnswerTokenWith queues an answer of any kind for the next request of the token endpoint.
func (s *Server) AnswerTokenWith(handler http.HandlerFunc) {
	s.enqueue(queued{operation: tokenOperation, name: "AnswerTokenWith", handler: handler})
}

func (s *Server) enqueue(q queued) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, q)
}

func (s *Server) dequeue(operation string) (q queued, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.queue, func(q queued) bool {
		return q.operation == operation || q.operation == "" && operation != tokenOperation
	})
	if at < 0 {
		return queued{}, false
	}
	q = s.queue[at]
	s.queue = slices.Delete(s.queue, at, at+1)
	return q, true
}

// preferred returns the answer that a Prefer header selects, as the mock server Prism understands it:
// code=400, example=duplicate_data, either one optional.
func (s *Server) preferred(c call) (a answer, found bool) {
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
		return answer{}, false
	}
	e, err := s.contract.Example(c.name, status, name)
	if err != nil {
		a = jsonAnswer(http.StatusNotFound, map[string]any{"title": "No such answer", "status": http.StatusNotFound, "detail": err.Error()})
		a.contentType = problemType
		return a, true
	}
	return exampleAnswer(e), true
}

// parseStatus returns -1, which no answer has, for what is not a status.
func parseStatus(s string) int {
	if status, err := strconv.Atoi(s); err == nil && status > 0 {
		return status
	}
	return -1
}

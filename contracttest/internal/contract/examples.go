package contract

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Example is a named example of the document.
type Example struct {
	// Operation is the operationId.
	Operation string
	// Status is the HTTP status, 0 for a request.
	Status int
	Name   string
	Body   []byte
}

// Examples returns the named answers, sorted by operation, status and name.
func (c *Checker) Examples() []Example { return slices.Clone(c.answers) }

// RequestExamples returns the named requests, sorted by operation and name.
func (c *Checker) RequestExamples() []Example { return slices.Clone(c.requests) }

// Example returns a named answer. Status 0 is any, the lowest first, and so is an empty name. The error
// lists what there is.
func (c *Checker) Example(operationID string, status int, name string) (Example, error) {
	var known []string
	for _, e := range c.answers {
		if e.Operation != operationID {
			continue
		}
		if (status == 0 || status == e.Status) && (name == "" || name == e.Name) {
			return e, nil
		}
		known = append(known, fmt.Sprintf("%d %s", e.Status, e.Name))
	}
	if known != nil {
		return Example{}, fmt.Errorf("%s has no such answer; it has: %s", operationID, strings.Join(known, ", "))
	}
	for _, route := range c.routes {
		known = append(known, route.Operation.OperationID)
	}
	return Example{}, fmt.Errorf("there is no operation %q; there are: %s", operationID, strings.Join(known, ", "))
}

func (c *Checker) readExamples() error {
	for _, route := range c.routes {
		operation := route.Operation
		if operation.RequestBody != nil {
			if err := appendExamples(&c.requests, operation.OperationID, 0, operation.RequestBody.Value.Content); err != nil {
				return err
			}
		}
		for key, response := range operation.Responses.Map() {
			status, err := strconv.Atoi(key)
			if err != nil {
				return fmt.Errorf("%s has answers at %q, which is not one status", operation.OperationID, key)
			}
			if err := appendExamples(&c.answers, operation.OperationID, status, response.Value.Content); err != nil {
				return err
			}
		}
	}
	return nil
}

func appendExamples(examples *[]Example, operationID string, status int, content openapi3.Content) error {
	for _, media := range content {
		for name, example := range media.Examples {
			body, err := json.Marshal(example.Value.Value)
			if err != nil {
				return fmt.Errorf("example %s of %s: %w", name, operationID, err)
			}
			*examples = append(*examples, Example{Operation: operationID, Status: status, Name: name, Body: body})
		}
	}
	slices.SortFunc(*examples, func(a, b Example) int {
		return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Name, b.Name))
	})
	return nil
}

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

// Example is a named example of the spec.
type Example struct {
	// Operation is the operationId.
	Operation string
	// Status is the HTTP status, 0 for a request.
	Status int
	Name   string
	Body   []byte
}

// Examples returns the named responses, sorted by operation, status and name.
func (c *Checker) Examples() []Example { return slices.Clone(c.responses) }

// RequestExamples returns the named requests, sorted by operation and name.
func (c *Checker) RequestExamples() []Example { return slices.Clone(c.requests) }

// Example returns a named response. Status 0 means any status, the lowest first; an empty name means any name, and also
// a response without a body, such as 204.
// The error lists the examples of the operation, or the operations.
func (c *Checker) Example(operationID string, status int, name string) (Example, error) {
	var known []string
	for _, e := range c.responses {
		if e.Operation != operationID {
			continue
		}
		if (status == 0 || status == e.Status) && (name == "" || name == e.Name) {
			return e, nil
		}
		known = append(known, fmt.Sprintf("%d %s", e.Status, e.Name))
	}
	var operations []string
	for _, route := range c.routes {
		o := route.Operation
		operations = append(operations, o.OperationID)
		if r := o.Responses.Status(status); o.OperationID == operationID && name == "" && r != nil && r.Value.Content == nil {
			return Example{Operation: operationID, Status: status}, nil
		}
	}
	if known != nil {
		return Example{}, fmt.Errorf("%s has no such example; it has: %s", operationID, strings.Join(known, ", "))
	}
	slices.Sort(operations)
	return Example{}, fmt.Errorf("the spec has no operation %q; it has: %s", operationID, strings.Join(operations, ", "))
}

func (c *Checker) readExamples() error {
	for _, route := range c.routes {
		o := route.Operation
		if o.RequestBody != nil {
			c.requests = append(c.requests, examplesOf(o, 0, o.RequestBody.Value.Content)...)
		}
		for key, response := range o.Responses.Map() {
			status, err := strconv.Atoi(key)
			if err != nil {
				return fmt.Errorf("%s has a response %q, which is not one status", o.OperationID, key)
			}
			c.responses = append(c.responses, examplesOf(o, status, response.Value.Content)...)
		}
	}
	for _, examples := range [][]Example{c.requests, c.responses} {
		slices.SortFunc(examples, func(a, b Example) int {
			return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Name, b.Name))
		})
	}
	return nil
}

func examplesOf(o *openapi3.Operation, status int, content openapi3.Content) (examples []Example) {
	for _, media := range content {
		for name, example := range media.Examples {
			body, err := json.Marshal(example.Value.Value)
			if err != nil {
				panic(err) // the value was read from the spec
			}
			examples = append(examples, Example{Operation: o.OperationID, Status: status, Name: name, Body: body})
		}
	}
	return examples
}

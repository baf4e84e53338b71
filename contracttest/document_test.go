package contracttest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/internal/contract"
	"github.com/seed-87e331f0/zohocrm-go/spec"
)

// document is an OpenAPI document, and the strict checker that is made of it.
type document struct {
	*openapi3.T
	strict func() (*contract.Checker, error)
}

func (d *document) checker(t judge) *contract.Checker {
	t.Helper()
	checker, err := d.strict()
	if err != nil {
		t.Fatal(err)
	}
	return checker
}

// judge is what a check of a document reports to: a test, or a verdict on a mutant.
type judge interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func readDocument(data []byte) (*document, error) {
	loaded, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, err
	}
	strict := sync.OnceValues(func() (*contract.Checker, error) { return contract.Load(data) })
	return &document{loaded, strict}, loaded.Validate(context.Background())
}

var theDocument = sync.OnceValue(func() *document {
	d, err := readDocument(spec.YAML)
	if err != nil {
		panic(err)
	}
	return d
})

// operations returns the operations of the document by their ids.
func (d *document) operations() map[string]*openapi3.Operation {
	all := map[string]*openapi3.Operation{}
	for _, item := range d.Paths.Map() {
		for _, operation := range item.Operations() {
			all[operation.OperationID] = operation
		}
	}
	return all
}

// documentedError is an error that the document lists for an operation.
type documentedError struct {
	Code       string
	Status     int
	Message    string
	Resolution string
}

// errors returns the errors that an operation can answer: those of its page, then the further ones.
func (d *document) errors(t judge, operation *openapi3.Operation) []documentedError {
	all := extension[[]documentedError](t, operation.Extensions, "x-zoho-errors")
	for _, e := range extension[[]documentedError](t, d.Extensions, "x-zoho-common-errors") {
		if !slices.ContainsFunc(all, func(own documentedError) bool { return own.Code == e.Code }) {
			all = append(all, e)
		}
	}
	return all
}

// schemaOf returns the schema of a part of an operation, nil for a status that the document lacks.
func (d *document) schemaOf(t judge, id, part string) *openapi3.Schema {
	t.Helper()
	if part == "path" {
		return d.operations()[id].Parameters[0].Value.Schema.Value
	}
	if media := d.mediaOf(t, id, part); media != nil {
		return media.Schema.Value
	}
	return nil
}

func (d *document) mediaOf(t judge, id, part string) *openapi3.MediaType {
	t.Helper()
	return d.contentOf(t, id, part)["application/json"]
}

func (d *document) contentOf(t judge, id, part string) openapi3.Content {
	t.Helper()
	operation := d.operations()[id]
	if operation == nil {
		t.Fatalf("the document has no operation %s", id)
	}
	if part == "request" {
		return operation.RequestBody.Value.Content
	}
	status, isAnswer := strings.CutPrefix(part, "response/")
	if !isAnswer {
		t.Fatalf("%s is not request, response/<status> or path", part)
	}
	response := operation.Responses.Value(status)
	if response == nil {
		return nil
	}
	return response.Value.Content
}

func decode(t judge, data []byte) any {
	t.Helper()
	value, err := decodeJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func encode(t judge, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

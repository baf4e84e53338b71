// Command gen makes from the OpenAPI document what oapi-codegen does not: the operations, the error
// codes with their resolutions, and the checks of a request.
package main

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config oapi-codegen.yaml ../spec/openapi.yaml
//go:generate go run .

import (
	"context"
	"errors"
	"fmt"
	"go/format"
	"log"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-87e331f0/zohocrm-go/spec"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("gen: ")
	files, err := generate(spec.YAML)
	if err != nil {
		log.Fatal(err)
	}
	for name, source := range files {
		if err := os.WriteFile(filepath.Join("..", name), source, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// generate returns the source files, by their paths from the root of the module.
func generate(document []byte) (map[string][]byte, error) {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	operations, err := readOperations(doc)
	if err != nil {
		return nil, err
	}
	var further []zohoError
	if err := extension(doc.Extensions, "x-zoho-further-errors", &further); err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for name, write := range map[string]func() (string, error){
		"generated/operations.gen.go": func() (string, error) { return operationsFile(doc, operations) },
		"generated/errors.gen.go":     func() (string, error) { return errorsFile(operations, further), nil },
		"generated/checks.gen.go":     func() (string, error) { return checksFile(operations) },
		"client/codes.gen.go":         func() (string, error) { return codesFile(doc, operations, further) },
	} {
		source, err := write()
		if err != nil {
			return nil, err
		}
		source = "// Code generated from spec/openapi.yaml by gen. DO NOT EDIT.\n\npackage " + filepath.Dir(name) + "\n\n" + source
		if files[name], err = format.Source([]byte(source)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}

type operation struct {
	*openapi3.Operation
	method, path string
	scopes       []string
	errors       []zohoError
}

type zohoError struct {
	Code, Message, Resolution string
	Status                    int
}

// readOperations returns the operations, sorted by operationId.
func readOperations(doc *openapi3.T) ([]operation, error) {
	var operations []operation
	for path, item := range doc.Paths.Map() {
		if len(item.Parameters) > 0 {
			return nil, fmt.Errorf("%s: parameters of a path are not read: move them to its operations", path)
		}
		for method, op := range item.Operations() {
			o := operation{Operation: op, method: method, path: path}
			if err := extension(op.Extensions, "x-zoho-scopes", &o.scopes); err != nil {
				return nil, fmt.Errorf("%s: %w", op.OperationID, err)
			}
			if err := extension(op.Extensions, "x-zoho-errors", &o.errors); err != nil {
				return nil, fmt.Errorf("%s: %w", op.OperationID, err)
			}
			if op.ExternalDocs == nil {
				return nil, fmt.Errorf("%s: externalDocs is missing", op.OperationID)
			}
			operations = append(operations, o)
		}
	}
	slices.SortFunc(operations, func(a, b operation) int { return strings.Compare(a.OperationID, b.OperationID) })
	return operations, nil
}

func operationsFile(doc *openapi3.T, operations []operation) (string, error) {
	if len(doc.Servers) == 0 {
		return "", errors.New("servers is empty")
	}
	server, err := url.Parse(doc.Servers[0].URL)
	if err != nil {
		return "", fmt.Errorf("servers[0]: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "// BasePath is the path of the API below its host.\nconst BasePath = %q\n\n", server.Path)
	b.WriteString(`// Operation is an operation of the API.
type Operation struct {
	// ID is the operationId.
	ID string
	// Method is the HTTP method.
	Method string
	// Path is the path template below BasePath.
	Path string
	// Scopes are the OAuth scopes of which one is needed, narrowest first.
	Scopes []string
	// DocumentationURL is the page of Zoho's documentation.
	DocumentationURL string
}

// The operations.
var (
`)
	var names []string
	for _, op := range operations {
		name := "Operation" + goName(op.OperationID)
		names = append(names, name)
		fmt.Fprintf(&b, "// %s: %s.\n", name, op.Summary)
		fmt.Fprintf(&b, "%s = Operation{ID: %q, Method: %q, Path: %q, Scopes: %#v, DocumentationURL: %q}\n",
			name, op.OperationID, op.method, op.path, op.scopes, op.ExternalDocs.URL)
	}
	fmt.Fprintf(&b, ")\n\n// Operations returns all operations, sorted by ID.\nfunc Operations() []Operation {\nreturn []Operation{%s}\n}\n",
		strings.Join(names, ", "))
	return b.String(), nil
}

func errorsFile(operations []operation, further []zohoError) string {
	var b strings.Builder
	b.WriteString(`// Explain returns what an error code means in an operation, and what to do about it. Both are empty
// for a code that the document does not know.
func Explain(operationID, code string) (meaning, resolution string) {
	switch operationID {
`)
	cases := func(errors []zohoError) {
		b.WriteString("switch code {\n")
		for _, e := range errors {
			fmt.Fprintf(&b, "case %q:\nreturn %q, %q\n", e.Code, e.Message, e.Resolution)
		}
		b.WriteString("}\n")
	}
	for _, op := range operations {
		fmt.Fprintf(&b, "case %q:\n", op.OperationID)
		cases(op.errors)
	}
	b.WriteString("}\n")
	cases(further)
	b.WriteString("return \"\", \"\"\n}\n")
	return b.String()
}

func codesFile(doc *openapi3.T, operations []operation, further []zohoError) (string, error) {
	first := map[string]zohoError{}
	for _, e := range further {
		first[e.Code] = e
	}
	for _, op := range operations {
		for _, e := range op.errors {
			if _, seen := first[e.Code]; !seen {
				first[e.Code] = e
			}
		}
	}
	codes := slices.Sorted(maps.Keys(first))
	var listed []string
	item := doc.Components.Schemas["ItemResult"].Value.Properties["code"].Value
	if err := extension(item.Extensions, "x-extensible-enum", &listed); err != nil {
		return "", err
	}
	without := func(a, b []string) []string {
		return slices.DeleteFunc(slices.Clone(a), func(code string) bool { return slices.Contains(b, code) })
	}
	if !slices.Equal(listed, codes) {
		return "", fmt.Errorf("x-extensible-enum must be the sorted list of the codes in x-zoho-errors and x-zoho-further-errors: it lacks %v, and has %v besides",
			without(codes, listed), without(listed, codes))
	}
	var b strings.Builder
	b.WriteString("// The known error codes. The list is open: Zoho may answer others.\nconst (\n")
	for _, code := range codes {
		e := first[code]
		fmt.Fprintf(&b, "// Code%s comes with HTTP %d: %s.\nCode%[1]s Code = %[4]q\n", goName(strings.ToLower(code)), e.Status, strings.TrimSuffix(e.Message, "."), code)
	}
	b.WriteString(")\n")
	return b.String(), nil
}

// goName returns the Go name of a name of the document.
func goName(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words {
		switch word {
		case "api", "id", "json", "url":
			words[i] = strings.ToUpper(word)
		case "oauth":
			words[i] = "OAuth"
		default:
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}

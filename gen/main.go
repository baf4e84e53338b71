// Command gen generates from the OpenAPI spec what oapi-codegen does not: the operations, the error codes
// with their resolutions, and the checks of requests.
package main

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config oapi-codegen.yaml ../spec/openapi.yaml
//go:generate go run .

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"go/format"
	"log"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-87e331f0/zohocrm-go/spec"
)

//go:embed *.tmpl
var templateFiles embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{"goName": goName, "lower": strings.ToLower}).ParseFS(templateFiles, "*.tmpl"))

// outputs are the generated files, by their paths from the root of the module, and their templates.
var outputs = map[string]string{
	"generated/operations.gen.go": "operations.go.tmpl",
	"generated/errors.gen.go":     "errors.go.tmpl",
	"generated/checks.gen.go":     "checks.go.tmpl",
	"client/codes.gen.go":         "codes.go.tmpl",
}

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

// generate returns the source of each output.
func generate(yaml []byte) (map[string][]byte, error) {
	doc, err := openapi3.NewLoader().LoadFromData(yaml)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	data, err := read(doc)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for name, templateName := range outputs {
		var source bytes.Buffer
		source.WriteString("// Code generated from spec/openapi.yaml by gen. DO NOT EDIT.\n\n")
		if err := templates.ExecuteTemplate(&source, templateName, data); err != nil {
			return nil, err
		}
		if files[name], err = format.Source(source.Bytes()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}

// api is the data of the templates.
type api struct {
	BasePath   string
	Operations []operation // sorted by ID
	Common     []zohoError // errors of any operation
	Codes      []zohoError // one of each code of the schema ErrorCode
	checks
}

type operation struct {
	*openapi3.Operation
	Method, Path string
	Scopes       []string
	Errors       []zohoError
}

// zohoError is an entry of x-zoho-errors or x-zoho-common-errors.
type zohoError struct {
	Code, Message, Resolution string
	Status                    int
}

func read(doc *openapi3.T) (*api, error) {
	data := &api{}
	if len(doc.Servers) == 0 {
		return nil, errors.New("servers is empty")
	}
	server, err := url.Parse(doc.Servers[0].URL)
	if err != nil {
		return nil, fmt.Errorf("servers[0]: %w", err)
	}
	data.BasePath = server.Path
	if err := extension(doc.Extensions, "x-zoho-common-errors", &data.Common); err != nil {
		return nil, err
	}
	for path, item := range doc.Paths.Map() {
		if len(item.Parameters) > 0 {
			return nil, fmt.Errorf("%s: parameters of a path are not supported: move them to its operations", path)
		}
		for method, op := range item.Operations() {
			o := operation{Operation: op, Method: method, Path: path}
			if err := errors.Join(
				extension(op.Extensions, "x-zoho-scopes", &o.Scopes),
				extension(op.Extensions, "x-zoho-errors", &o.Errors),
			); err != nil {
				return nil, fmt.Errorf("%s: %w", op.OperationID, err)
			}
			if op.ExternalDocs == nil {
				return nil, fmt.Errorf("%s: externalDocs is missing", op.OperationID)
			}
			data.Operations = append(data.Operations, o)
		}
	}
	slices.SortFunc(data.Operations, func(a, b operation) int { return strings.Compare(a.OperationID, b.OperationID) })
	if err := data.readCodes(doc); err != nil {
		return nil, err
	}
	for _, op := range data.Operations {
		if err := data.addOperation(op); err != nil {
			return nil, fmt.Errorf("%s: %w", op.OperationID, err)
		}
	}
	return data, nil
}

// readCodes fills Codes from the list of the schema ErrorCode.
func (a *api) readCodes(doc *openapi3.T) error {
	var listed []string
	if err := extension(doc.Components.Schemas["ErrorCode"].Value.Extensions, "x-extensible-enum", &listed); err != nil {
		return err
	}
	all := slices.Clone(a.Common)
	for _, op := range a.Operations {
		all = append(all, op.Errors...)
	}
	for _, code := range listed {
		i := slices.IndexFunc(all, func(e zohoError) bool { return e.Code == code })
		if i < 0 {
			return fmt.Errorf("ErrorCode lists %s, which is not in x-zoho-errors or x-zoho-common-errors", code)
		}
		found := all[i]
		if slices.ContainsFunc(all, func(e zohoError) bool { return e.Code == code && e.Resolution != found.Resolution }) {
			found.Resolution = "It depends on the operation: see Error.Resolution."
		}
		a.Codes = append(a.Codes, found)
	}
	for _, e := range all {
		if !slices.Contains(listed, e.Code) {
			return fmt.Errorf("ErrorCode does not list %s", e.Code)
		}
	}
	return nil
}

// extension decodes a required extension into target.
func extension(extensions map[string]any, name string, target any) error {
	value, ok := extensions[name]
	if !ok {
		return fmt.Errorf("%s is missing", name)
	}
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, target); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// goName returns the Go name of a name of the spec.
func goName(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words {
		switch word {
		case "api", "id", "json", "url":
			words[i] = strings.ToUpper(word)
		case "oauth":
			words[i] = "OAuth"
		case "oauthtoken":
			words[i] = "OAuthToken"
		default:
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}

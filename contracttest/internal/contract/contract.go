// Package contract holds HTTP requests and answers against a strict reading of the OpenAPI document:
// what the document does not declare is refused, where OpenAPI itself would let it pass.
package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/spec"
)

// Checker holds requests and answers against the document. It is safe for concurrent use. Its errors
// are of one line.
type Checker struct {
	routes   []*routers.Route
	answers  []Example
	requests []Example
	errors   map[string][]documentedError
}

// New returns a Checker of the document of package spec, which is read once in a process.
var New = sync.OnceValues(func() (*Checker, error) { return Load(spec.YAML) })

// Load returns a Checker of a document.
func Load(document []byte) (*Checker, error) {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("validate the OpenAPI document: %w", err)
	}
	if err := restrict(doc); err != nil {
		return nil, err
	}
	c := &Checker{errors: map[string][]documentedError{}}
	for _, template := range doc.Paths.InMatchingOrder() {
		item := doc.Paths.Value(template)
		for method, operation := range item.Operations() {
			c.routes = append(c.routes, &routers.Route{
				Spec: doc, Path: template, PathItem: item, Method: method, Operation: operation,
			})
			var err error
			if c.errors[operation.OperationID], err = documentedErrors(doc, operation); err != nil {
				return nil, err
			}
		}
	}
	return c, c.readExamples()
}

// Operation returns the operationId that the method and path of a request name.
func (c *Checker) Operation(r *http.Request) (operationID string, found bool) {
	route, _ := c.route(r)
	if route == nil || route.Method != r.Method {
		return "", false
	}
	return route.Operation.OperationID, true
}

// Request returns what the document refuses in a request with this body.
func (c *Checker) Request(r *http.Request, body []byte) error {
	route, parameters := c.route(r)
	if route == nil || route.Method != r.Method {
		return fmt.Errorf("the document has no operation %s %s", r.Method, r.URL.Path)
	}
	for key := range r.URL.Query() {
		if route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, key) == nil {
			return fmt.Errorf("%s has no query parameter %q", route.Operation.OperationID, key)
		}
	}
	if err := checkJSON(body); err != nil && route.Operation.RequestBody != nil {
		return fmt.Errorf("the request body is not one JSON value: %w", err)
	}
	clone := r.Clone(r.Context())
	clone.Body, clone.GetBody = io.NopCloser(bytes.NewReader(body)), nil
	return openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: clone, PathParams: parameters, Route: route, Options: options,
	})
}

// Response returns what the document refuses in an answer to a request. The answer to a method that
// the document does not have is held against the operation of the same path.
func (c *Checker) Response(r *http.Request, status int, header http.Header, body []byte) error {
	route, _ := c.route(r)
	if route == nil {
		return fmt.Errorf("the document has no path %s", r.URL.Path)
	}
	// kin-openapi passes some undeclared statuses, redirects among them, whatever its options say.
	if route.Operation.Responses.Status(status) == nil {
		return fmt.Errorf("%s has no answer %d", route.Operation.OperationID, status)
	}
	if status == http.StatusNoContent && len(body) == 0 {
		return nil
	}
	if err := checkJSON(body); err != nil {
		return fmt.Errorf("the %d body is not one JSON value: %w", status, err)
	}
	err := openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: &http.Request{Method: route.Method}, Route: route, Options: options,
		},
		Status: status, Header: header, Body: io.NopCloser(bytes.NewReader(body)), Options: options,
	})
	if err != nil {
		return err
	}
	return c.checkMeaning(route.Operation, status, body)
}

// route finds the operation of a request below generated.BasePath, whatever its host; another operation of the path,
// where none has the method.
func (c *Checker) route(r *http.Request) (*routers.Route, map[string]string) {
	_, below, found := strings.Cut(r.URL.EscapedPath(), generated.BasePath)
	if !found {
		return nil, nil
	}
	var other *routers.Route
	var parameters map[string]string
	for _, route := range c.routes {
		if values, ok := MatchPath(route.Path, below); ok {
			if route.Method == r.Method {
				return route, values
			}
			other, parameters = route, values
		}
	}
	return other, parameters
}

// MatchPath matches an escaped path against a path template, and returns the values of its parameters.
func MatchPath(template, escapedPath string) (parameters map[string]string, ok bool) {
	names, values := strings.Split(template, "/"), strings.Split(escapedPath, "/")
	if len(names) != len(values) {
		return nil, false
	}
	parameters = map[string]string{}
	for i, name := range names {
		value, err := url.PathUnescape(values[i])
		if err != nil {
			return nil, false
		}
		if strings.HasPrefix(name, "{") && value != "" {
			parameters[strings.Trim(name, "{}")] = value
		} else if name != value {
			return nil, false
		}
	}
	return parameters, true
}

var authorization = regexp.MustCompile(`^Zoho-oauthtoken [^ ]+$`)

var options = &openapi3filter.Options{
	SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.DisableSchemaErrorDetails()},
	AuthenticationFunc: func(_ context.Context, input *openapi3filter.AuthenticationInput) error {
		// OpenAPI can say which header holds an API key, not what form it has.
		if !authorization.MatchString(input.RequestValidationInput.Request.Header.Get("Authorization")) {
			return errors.New("the Authorization header is not of the form Zoho-oauthtoken <token>")
		}
		return nil
	},
}

// checkJSON refuses what kin-openapi reads over: a second value, and a key that is there twice.
func checkJSON(body []byte) error {
	if err := json.Unmarshal(body, new(json.RawMessage)); err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	return checkKeys(decoder, []string{"$"})
}

func checkKeys(decoder *json.Decoder, path []string) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for index := 0; (token == json.Delim('{') || token == json.Delim('[')) && decoder.More(); index++ {
		member := fmt.Sprintf("[%d]", index)
		if token == json.Delim('{') {
			key, err := decoder.Token()
			if err != nil {
				return err
			}
			member = fmt.Sprintf(".%s", key)
			if seen[member] {
				return fmt.Errorf("%q is there twice", strings.Join(path, "")+member)
			}
			seen[member] = true
		}
		if err := checkKeys(decoder, append(path, member)); err != nil {
			return err
		}
	}
	if _, nested := token.(json.Delim); nested {
		_, err = decoder.Token()
	}
	return err
}

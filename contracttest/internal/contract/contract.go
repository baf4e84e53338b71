// Package contract checks HTTP requests and responses against a strict reading of the spec: what the
// spec does not declare is an error, even where OpenAPI allows it.
package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/spec"
)

// Checker checks requests and responses against the spec. It is safe for concurrent use. Its errors have
// one line.
type Checker struct {
	routes    []*routers.Route
	requests  []Example
	responses []Example
}

// New returns the Checker of package spec, which is loaded once per process.
var New = sync.OnceValues(func() (*Checker, error) { return load(spec.YAML) })

func load(data []byte) (*Checker, error) {
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, fmt.Errorf("read the spec: %w", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("validate the spec: %w", err)
	}
	if err := restrict(doc); err != nil {
		return nil, err
	}
	c := &Checker{}
	for _, template := range doc.Paths.InMatchingOrder() {
		item := doc.Paths.Value(template)
		operations := item.Operations()
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			c.routes = append(c.routes, &routers.Route{
				Spec: doc, Path: template, PathItem: item, Method: method, Operation: operations[method],
			})
		}
	}
	return c, c.readExamples()
}

// Request returns how a request with this body differs from the spec.
func (c *Checker) Request(r *http.Request, body []byte) error {
	route, parameters := c.find(r)
	if route == nil || route.Method != r.Method {
		return fmt.Errorf("the spec has no operation %s %s", r.Method, r.URL.Path)
	}
	o := route.Operation
	for key := range r.URL.Query() {
		if o.Parameters.GetByInAndName(openapi3.ParameterInQuery, key) == nil {
			return fmt.Errorf("%s has no query parameter %q", o.OperationID, key)
		}
	}
	if err := checkBody(body, o.RequestBody != nil); err != nil {
		return fmt.Errorf("request body of %s: %w", o.OperationID, err)
	}
	clone := r.Clone(r.Context())
	clone.Body, clone.GetBody = io.NopCloser(bytes.NewReader(body)), nil
	return openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: clone, PathParams: parameters, Route: route, Options: options,
	})
}

// Response returns how a response to a request differs from the spec. If the spec does not have the method of
// the request, the response is checked against another operation of the same path.
func (c *Checker) Response(r *http.Request, status int, header http.Header, body []byte) error {
	route, _ := c.find(r)
	if route == nil {
		return fmt.Errorf("the spec has no path %s", r.URL.Path)
	}
	o := route.Operation
	// kin-openapi accepts some statuses without a look at the spec, redirects for example.
	response := o.Responses.Status(status)
	if response == nil {
		return fmt.Errorf("%s has no response %d", o.OperationID, status)
	}
	if err := checkBody(body, len(response.Value.Content) > 0); err != nil {
		return fmt.Errorf("response %d of %s: %w", status, o.OperationID, err)
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
	return checkResults(status, body)
}

// find returns the operation of a request below generated.BasePath of any host, and the values of its path
// parameters. For a method that the path does not have, it returns another operation of the path.
func (c *Checker) find(r *http.Request) (found *routers.Route, parameters map[string]string) {
	_, below, _ := strings.Cut(r.URL.EscapedPath(), generated.BasePath)
	for _, route := range c.routes {
		if values, ok := MatchPath(route.Path, below); ok {
			found, parameters = route, values
			if route.Method == r.Method {
				break
			}
		}
	}
	return found, parameters
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
	IncludeResponseStatus:   true,
	SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.DisableSchemaErrorDetails()},
	AuthenticationFunc: func(_ context.Context, input *openapi3filter.AuthenticationInput) error {
		// OpenAPI can say which header has an API key, but not its format.
		if !authorization.MatchString(input.RequestValidationInput.Request.Header.Get("Authorization")) {
			return errors.New("the Authorization header must be Zoho-oauthtoken <token>")
		}
		return nil
	},
}

// checkBody checks what kin-openapi does not: that a body is exactly one JSON value without duplicate keys, or
// empty if the spec declares none.
func checkBody(body []byte, declared bool) error {
	if !declared {
		if len(body) > 0 {
			return fmt.Errorf("must be empty, has %d bytes", len(body))
		}
		return nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Errorf("must be one JSON value: %w", err)
	}
	unique, err := json.Marshal(value) // which has one of each key
	if err == nil && tokens(unique) != tokens(body) {
		err = errors.New("must not have a key twice in one object")
	}
	return err
}

func tokens(data []byte) (n int) {
	for decoder := json.NewDecoder(bytes.NewReader(data)); ; n++ {
		if _, err := decoder.Token(); err != nil {
			return n
		}
	}
}

package contract

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// restrict makes the responses of the spec strict. To clients they are open, because Zoho may add keys. Here
// objects are closed, except for details and modules, which the spec describes in part, and an error has exactly one
// of its two shapes.
func restrict(doc *openapi3.T) error {
	bare := doc.Components.Schemas["ErrorResult"]
	if bare == nil {
		return errors.New("the spec has no schema ErrorResult")
	}
	return doc.WalkSchemas(func(pointer string, ref *openapi3.SchemaRef) error {
		schema := ref.Value
		if name := cmp.Or(ref.Ref, pointer); !schema.Type.Is("object") || strings.HasSuffix(name, "Details") || strings.HasSuffix(name, "/Module") {
			return nil
		}
		schema.AdditionalProperties = closed
		if shared := shape(schema, bare.Value.Required, true); len(shared.Properties) == len(bare.Value.Required) {
			if wrapped := shape(schema, bare.Value.Required, false); len(wrapped.Properties) > 0 {
				schema.OneOf = openapi3.SchemaRefs{wrapped.NewRef(), shared.NewRef()}
			}
		}
		return nil
	})
}

var closed = openapi3.AdditionalProperties{Has: new(false)}

// shape returns an object of those properties that are among the keys, or of those that are not. All are required.
func shape(schema *openapi3.Schema, keys []string, among bool) *openapi3.Schema {
	object := openapi3.NewObjectSchema()
	object.Properties = maps.Clone(schema.Properties)
	maps.DeleteFunc(object.Properties, func(key string, _ *openapi3.SchemaRef) bool { return slices.Contains(keys, key) != among })
	object.Required = slices.Sorted(maps.Keys(object.Properties))
	return object
}

// result is the result of an input, or the error of a whole request.
type result struct {
	Code, Status string
	Details      struct{ ID any }
}

// readResults returns the results in a JSON body, and whether there is one that is bare. A record of a read is not a
// result: it has no code.
func readResults(body []byte) (results []result, bare bool) {
	var one result
	if json.Unmarshal(body, &one) == nil && one.Code != "" {
		return []result{one}, true
	}
	var lists map[string][]result
	_ = json.Unmarshal(body, &lists) // it skips what is not a list
	for _, list := range lists {
		results = append(results, list...)
	}
	return slices.DeleteFunc(results, func(r result) bool { return r.Code == "" }), false
}

// checkResults checks what no schema says: the code of a result fits its status, and the results fit the HTTP status.
func checkResults(httpStatus int, body []byte) error {
	results, bare := readResults(body)
	succeeded := 0
	for _, r := range results {
		if (r.Code == "SUCCESS") != (r.Status == "success") {
			return fmt.Errorf("a result with code %s has status %s", r.Code, r.Status)
		}
		if r.Status == "success" {
			succeeded++
		}
	}
	if len(results) > 0 && !bare && ((httpStatus < 300) != (succeeded > 0) || httpStatus == http.StatusMultiStatus && succeeded == len(results)) {
		return fmt.Errorf("HTTP %d with %d successes among %d results", httpStatus, succeeded, len(results))
	}
	return nil
}

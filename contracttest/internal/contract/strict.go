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
// objects are closed, except for details, and an error has exactly one of its two shapes.
func restrict(doc *openapi3.T) error {
	bare := doc.Components.Schemas["ErrorResult"]
	if bare == nil {
		return errors.New("the spec has no schema ErrorResult")
	}
	return doc.WalkSchemas(func(pointer string, ref *openapi3.SchemaRef) error {
		schema := ref.Value
		if !schema.Type.Is("object") || strings.HasSuffix(cmp.Or(ref.Ref, pointer), "Details") {
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
	object.AdditionalProperties = closed
	object.Required = slices.Sorted(maps.Keys(object.Properties))
	return object
}

// documentedStatuses returns the statuses of each error code of an operation: those on its page and the common ones.
func documentedStatuses(doc *openapi3.T, o *openapi3.Operation) (map[string][]int, error) {
	statuses := map[string][]int{}
	for _, extension := range []any{o.Extensions["x-zoho-errors"], doc.Extensions["x-zoho-common-errors"]} {
		var listed []struct {
			Code   string
			Status int
		}
		data, err := json.Marshal(extension)
		if err == nil {
			err = json.Unmarshal(data, &listed)
		}
		if err != nil {
			return nil, fmt.Errorf("read the errors of %s: %w", o.OperationID, err)
		}
		for _, e := range listed {
			statuses[e.Code] = append(statuses[e.Code], e.Status)
		}
	}
	return statuses, nil
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

// checkResults checks what no schema says: a code has its documented status, and the HTTP status fits the results.
func (o *operation) checkResults(status int, body []byte) error {
	results, bare := readResults(body)
	if bare {
		return o.checkCode(status, results[0].Code)
	}
	succeeded := 0
	for _, r := range results {
		if (r.Code == "SUCCESS") != (r.Status == "success") {
			return fmt.Errorf("a result with code %s has status %s", r.Code, r.Status)
		}
		if r.Status == "success" {
			succeeded++
		} else if err := o.checkCode(http.StatusBadRequest, r.Code); err != nil {
			return err
		}
	}
	if len(results) > 0 && ((status < 300) != (succeeded > 0) || status == http.StatusMultiStatus && succeeded == len(results)) {
		return fmt.Errorf("HTTP %d with %d successes among %d results", status, succeeded, len(results))
	}
	return nil
}

// checkCode rejects a documented code at another status. The list of codes is open.
func (o *operation) checkCode(status int, code string) error {
	documented := o.statuses[code]
	if code == "SUCCESS" || documented != nil && !slices.Contains(documented, status) {
		return fmt.Errorf("%s has %s at %d, not at %d", o.OperationID, code, documented, status)
	}
	return nil
}

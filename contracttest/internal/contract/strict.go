package contract

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// restrict makes the document's answers strict, which are open to clients because Zoho may add keys:
// objects are closed, but for details, and a refusal is exactly one of its two shapes.
func restrict(doc *openapi3.T) error {
	bare := doc.Components.Schemas["ErrorResult"]
	if bare == nil {
		return fmt.Errorf("the OpenAPI document has no schema ErrorResult")
	}
	return doc.WalkSchemas(func(pointer string, ref *openapi3.SchemaRef) error {
		name := cmp.Or(ref.Ref, pointer)
		switch schema := ref.Value; {
		case !schema.Type.Is("object"), strings.HasSuffix(name, "Details"):
		case strings.HasSuffix(name, "UpdateError"):
			schema.OneOf = shapes(schema, bare.Value.Required)
		default:
			schema.AdditionalProperties = openapi3.AdditionalProperties{Has: new(false)}
		}
		return nil
	})
}

// shapes splits a refusal into the object of the bare keys and the object of what is left.
func shapes(refusal *openapi3.Schema, bareKeys []string) openapi3.SchemaRefs {
	bare, wrapped := openapi3.Schemas{}, openapi3.Schemas{}
	for key, property := range refusal.Properties {
		if slices.Contains(bareKeys, key) {
			bare[key] = property
		} else {
			wrapped[key] = property
		}
	}
	var refs openapi3.SchemaRefs
	for _, properties := range []openapi3.Schemas{wrapped, bare} {
		shape := openapi3.NewObjectSchema()
		shape.Properties = properties
		shape.Required = slices.Sorted(maps.Keys(properties))
		refs = append(refs, openapi3.NewSchemaRef("", shape))
	}
	return refs
}

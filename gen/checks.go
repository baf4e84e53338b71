package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// supported are the keywords that a schema of a request may use, by its type. A keyword that is not here
// would not be checked.
var supported = map[string][]string{
	"":        {"type", "description", "example", "x-go-name", "x-pattern-description"},
	"object":  {"properties", "required", "additionalProperties"},
	"array":   {"items", "minItems", "maxItems"},
	"string":  {"minLength", "maxLength", "pattern"},
	"integer": {"minimum"},
	"boolean": {"nullable", "not", "x-omitempty"},
}

// checks are the checks of path parameters and request bodies. Each is a Go expression that calls a
// function of checks.go.tmpl and returns violations.
type checks struct {
	Parameters []check
	Objects    []check
	Bodies     []string // names of schemas
	Patterns   []string // the variables are pattern0, pattern1, …
}

type check struct {
	Name  string // of the parameter or the schema
	Calls []string
}

func (c *checks) addOperation(op operation) error {
	for _, ref := range op.Parameters {
		p := ref.Value
		if p.In != openapi3.ParameterInPath {
			continue // query parameters are open strings
		}
		call, err := c.call(p.Name, "value", p.Schema, true)
		if err != nil {
			return fmt.Errorf("parameter %s: %w", p.Name, err)
		}
		i := slices.IndexFunc(c.Parameters, func(known check) bool { return known.Name == p.Name })
		if i < 0 {
			c.Parameters = append(c.Parameters, check{p.Name, []string{call}})
		} else if c.Parameters[i].Calls[0] != call {
			return fmt.Errorf("parameter %s has another schema in another operation", p.Name)
		}
	}
	if op.RequestBody == nil {
		return nil
	}
	body := op.RequestBody.Value.Content["application/json"]
	if body == nil || body.Schema.Ref == "" {
		return errors.New("the body must be application/json, its schema a component")
	}
	c.Bodies = append(c.Bodies, refName(body.Schema))
	return c.addObject(body.Schema)
}

func (c *checks) addObject(ref *openapi3.SchemaRef) error {
	name, schema := refName(ref), ref.Value
	if slices.ContainsFunc(c.Objects, func(known check) bool { return known.Name == name }) {
		return nil
	}
	if err := rejectUnsupported(schema); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	object := check{Name: name}
	for _, property := range slices.Sorted(maps.Keys(schema.Properties)) {
		s := schema.Properties[property]
		field, ok := s.Value.Extensions["x-go-name"].(string)
		if !ok {
			field = goName(property)
		}
		call, err := c.call("."+property, "v."+field, s, slices.Contains(schema.Required, property))
		if err != nil {
			return fmt.Errorf("%s.%s: %w", name, property, err)
		}
		object.Calls = append(object.Calls, call)
	}
	c.Objects = append(c.Objects, object)
	return nil
}

// call returns the call that checks a value. A value that is not required and is zero is not sent.
func (c *checks) call(field, value string, ref *openapi3.SchemaRef, required bool) (string, error) {
	schema := ref.Value
	if err := rejectUnsupported(schema); err != nil {
		return "", err
	}
	switch {
	case schema.Type.Is("string") && schema.MinLength <= 1:
		rules := fmt.Sprintf("required: %t", required)
		if schema.MaxLength != nil {
			rules += fmt.Sprintf(", maxLength: %d", *schema.MaxLength)
		}
		if schema.Pattern != "" {
			var description string
			if err := extension(schema.Extensions, "x-pattern-description", &description); err != nil {
				return "", err
			}
			if _, err := regexp.Compile(schema.Pattern); err != nil {
				return "", err
			}
			if !slices.Contains(c.Patterns, schema.Pattern) {
				c.Patterns = append(c.Patterns, schema.Pattern)
			}
			rules += fmt.Sprintf(", pattern: pattern%d, mustBe: %q", slices.Index(c.Patterns, schema.Pattern), description)
		}
		return fmt.Sprintf("checkString(%q, %s, stringRules{%s})", field, value, rules), nil
	case schema.Type.Is("integer") && schema.Min != nil && *schema.Min == 1 && !required:
		return fmt.Sprintf("checkPositive(%q, %s)", field, value), nil
	case schema.Type.Is("boolean") && schema.Nullable && schema.Not != nil && len(schema.Not.Value.Enum) == 2 && !required:
		return fmt.Sprintf("checkNull(%q, %s)", field, value), nil
	case schema.Type.Is("array") && schema.MinItems == 1 && required:
		if err := c.addObject(schema.Items); err != nil {
			return "", err
		}
		var maxItems uint64 // no limit
		if schema.MaxItems != nil {
			maxItems = *schema.MaxItems
		}
		return fmt.Sprintf("checkArray(%q, %s, %d, check%s)", field, value, maxItems, refName(schema.Items)), nil
	}
	return "", errors.New("a schema of this type and these keywords is not supported: implement it in gen/checks.go")
}

// rejectUnsupported returns an error for a keyword that would not be checked.
func rejectUnsupported(schema *openapi3.Schema) error {
	data, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	var keywords map[string]any
	if err := json.Unmarshal(data, &keywords); err != nil {
		return err
	}
	typeName, _ := keywords["type"].(string)
	for keyword := range keywords {
		if !slices.Contains(supported[""], keyword) && !slices.Contains(supported[typeName], keyword) {
			return fmt.Errorf("unsupported keyword %q: implement it in gen/checks.go or remove it", keyword)
		}
	}
	if typeName == "object" && keywords["additionalProperties"] != false {
		return errors.New("additionalProperties must be false in a request")
	}
	return nil
}

func refName(ref *openapi3.SchemaRef) string { return ref.Ref[strings.LastIndex(ref.Ref, "/")+1:] }

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// known are the keywords that a request schema may use; checked or without effect on a request.
var known = map[string][]string{
	"":        {"type", "description", "example", "x-go-name", "x-pattern-description"},
	"object":  {"properties", "required", "additionalProperties"},
	"array":   {"items", "minItems", "maxItems"},
	"string":  {"minLength", "maxLength", "pattern"},
	"integer": {"minimum"},
	"boolean": {"nullable", "not"},
}

// checks writes checks.gen.go.
type checks struct {
	strings.Builder
	patterns []string
	done     map[string]bool
	// parameters are the patterns of the path parameters that have a check.
	parameters map[string]string
}

func checksFile(operations []operation) (string, error) {
	c := &checks{done: map[string]bool{}, parameters: map[string]string{}}
	c.WriteString(`import (
	"fmt"
	"unicode/utf8"
)

// Violation is a rule of the document that a request breaks.
type Violation struct {
	// Field is the JSON path of the value, or the name of the path parameter.
	Field string
	// Rule is the keyword of the schema, such as maxLength.
	Rule string
	// Message says what the value must be.
	Message string
}
`)
	for _, op := range operations {
		for _, parameter := range op.Parameters {
			if err := c.parameter(parameter.Value); err != nil {
				return "", fmt.Errorf("%s: parameter %s: %w", op.OperationID, parameter.Value.Name, err)
			}
		}
		if op.RequestBody == nil {
			continue
		}
		body := op.RequestBody.Value.Content["application/json"]
		if body == nil || body.Schema.Ref == "" {
			return "", fmt.Errorf("%s: the body must be application/json, its schema a component", op.OperationID)
		}
		name := refName(body.Schema)
		if err := c.object(name, body.Schema.Value); err != nil {
			return "", fmt.Errorf("%s: %w", op.OperationID, err)
		}
		c.printf("// Check%s returns the rules that body breaks.\nfunc Check%[1]s(body %[1]s) []Violation {\n", name)
		c.printf("broken := check%s(&body)\nfor i := range broken {\nbroken[i].Field = \"$\" + broken[i].Field\n}\nreturn broken\n}\n\n", name)
	}
	for i, pattern := range c.patterns {
		if err := c.matcher(i, pattern); err != nil {
			return "", fmt.Errorf("pattern %s: %w", pattern, err)
		}
	}
	c.WriteString(`// term is a repeated character class; max is -1 where there is no limit.
type term struct {
	min, max int
	class    func(rune) bool
}

func matches(s string, terms ...term) bool {
	for _, t := range terms {
		n := 0
		for n != t.max && s != "" {
			r, size := utf8.DecodeRuneInString(s)
			if !t.class(r) {
				break
			}
			s = s[size:]
			n++
		}
		if n < t.min {
			return false
		}
	}
	return s == ""
}
`)
	return c.String(), nil
}

func (c *checks) printf(format string, args ...any) { fmt.Fprintf(c, format, args...) }

func (c *checks) parameter(p *openapi3.Parameter) error {
	if p.In != openapi3.ParameterInPath || !p.Schema.Value.Type.Is("string") {
		return fmt.Errorf("only string parameters in the path are checked")
	}
	name := goName(p.Name)
	if pattern, seen := c.parameters[name]; seen && pattern != p.Schema.Value.Pattern {
		return fmt.Errorf("another operation has a parameter of that name with another pattern")
	} else if !seen {
		c.parameters[name] = p.Schema.Value.Pattern
		c.printf("// Check%s returns the rules that the path parameter %s breaks.\n", name, p.Name)
		c.printf("func Check%s(value string) (broken []Violation) {\n", name)
		if err := c.value("value", p.Name, p.Schema, true); err != nil {
			return err
		}
		c.printf("return broken\n}\n\n")
	}
	return nil
}

// object writes the check of one object schema, after those of the objects in it.
func (c *checks) object(name string, schema *openapi3.Schema) error {
	if c.done[name] {
		return nil
	}
	c.done[name] = true
	if err := refuseUnknown(schema); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	properties := slices.Sorted(maps.Keys(schema.Properties))
	for _, property := range properties {
		if s := schema.Properties[property].Value; s.Type.Is("array") {
			if err := c.object(refName(s.Items), s.Items.Value); err != nil {
				return err
			}
		}
	}
	c.printf("func check%s(v *%[1]s) (broken []Violation) {\n", name)
	for _, property := range properties {
		s := schema.Properties[property]
		field, named := s.Value.Extensions["x-go-name"].(string)
		if !named {
			field = goName(property)
		}
		if err := c.value("v."+field, "."+property, s, slices.Contains(schema.Required, property)); err != nil {
			return fmt.Errorf("%s.%s: %w", name, property, err)
		}
	}
	c.printf("return broken\n}\n\n")
	return nil
}

// value writes the check of a value. A value that is not required and is zero is not sent.
func (c *checks) value(expr, field string, ref *openapi3.SchemaRef, required bool) error {
	schema := ref.Value
	if err := refuseUnknown(schema); err != nil {
		return err
	}
	fail := func(condition, rule, format string, args ...any) {
		message := fmt.Sprintf("%q", format)
		if len(args) > 0 {
			message = fmt.Sprintf("fmt.Sprintf(%q, %s)", format, fmt.Sprint(args...))
		}
		c.printf("if %s {\nbroken = append(broken, Violation{%q, %q, %s})\n}\n", condition, field, rule, message)
	}
	switch {
	case schema.Type.Is("string"):
		c.printf("switch {\ncase %s == \"\":\n", expr)
		if required {
			c.printf("broken = append(broken, Violation{%q, \"required\", \"is required\"})\n", field)
		}
		c.printf("case !utf8.ValidString(%s):\nbroken = append(broken, Violation{%q, \"type\", \"must be valid UTF-8\"})\ndefault:\n", expr, field)
		count := "utf8.RuneCountInString(" + expr + ")"
		if schema.MinLength > 1 {
			fail(fmt.Sprintf("%s < %d", count, schema.MinLength), "minLength", fmt.Sprintf("must have at least %d characters, has %%d", schema.MinLength), count)
		}
		if schema.MaxLength != nil {
			fail(fmt.Sprintf("%s > %d", count, *schema.MaxLength), "maxLength", fmt.Sprintf("must have at most %d characters, has %%d", *schema.MaxLength), count)
		}
		if schema.Pattern != "" {
			var words string
			if err := extension(schema.Extensions, "x-pattern-description", &words); err != nil {
				return err
			}
			fail(fmt.Sprintf("!matches%d(%s)", c.pattern(schema.Pattern), expr), "pattern", "must be "+words)
		}
		c.printf("}\n")
	case schema.Type.Is("integer"):
		if schema.Min != nil {
			least := int64(*schema.Min)
			if float64(least) != *schema.Min {
				return fmt.Errorf("minimum %v is no integer", *schema.Min)
			}
			zero := " && " + expr + " != 0"
			if required {
				zero = ""
			}
			fail(fmt.Sprintf("%s < %d%s", expr, least, zero), "minimum", fmt.Sprintf("must be at least %d, is %%d", least), expr)
		}
	case schema.Type.Is("boolean"):
		if schema.Not == nil || !schema.Nullable || len(schema.Not.Value.Enum) != 2 || required {
			return fmt.Errorf("a boolean is checked only as optional and nullable, with not: {enum: [true, false]}")
		}
		fail(expr+".IsSpecified() && !"+expr+".IsNull()", "not", "must be null or absent")
	case schema.Type.Is("array"):
		if !required {
			return fmt.Errorf("an array is checked only where it is required")
		}
		if schema.MinItems > 0 {
			fail(fmt.Sprintf("len(%s) < %d", expr, schema.MinItems), "minItems", fmt.Sprintf("must have at least %d, has %%d", schema.MinItems), "len("+expr+")")
		} else {
			fail(expr+" == nil", "required", "is required")
		}
		if schema.MaxItems != nil {
			fail(fmt.Sprintf("len(%s) > %d", expr, *schema.MaxItems), "maxItems", fmt.Sprintf("must have at most %d, has %%d", *schema.MaxItems), "len("+expr+")")
		}
		c.printf("for i := range %s {\nfor _, b := range check%s(&%[1]s[i]) {\n", expr, refName(schema.Items))
		c.printf("b.Field = fmt.Sprintf(\"%s[%%d]%%s\", i, b.Field)\nbroken = append(broken, b)\n}\n}\n", field)
	default:
		return fmt.Errorf("type %v is not checked", schema.Type)
	}
	return nil
}

// pattern returns the number of the matcher of a pattern.
func (c *checks) pattern(pattern string) int {
	i := slices.Index(c.patterns, pattern)
	if i < 0 {
		i = len(c.patterns)
		c.patterns = append(c.patterns, pattern)
	}
	return i
}

// matcher writes a pattern as a function, so that nothing is compiled when a program starts. It takes
// alternatives of character classes in which every repetition but the last is fixed.
func (c *checks) matcher(i int, pattern string) error {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return err
	}
	if n := len(re.Sub); re.Op != syntax.OpConcat || n < 3 || re.Sub[0].Op != syntax.OpBeginText || re.Sub[n-1].Op != syntax.OpEndText {
		return fmt.Errorf("must begin with ^ and end with $")
	}
	alternatives := [][]*syntax.Regexp{re.Sub[1 : len(re.Sub)-1]}
	if group := alternatives[0][0]; group.Op == syntax.OpCapture {
		if group.Sub[0].Op != syntax.OpAlternate || len(alternatives[0]) > 1 {
			return fmt.Errorf("a group must hold all alternatives")
		}
		alternatives = nil
		for _, sub := range group.Sub[0].Sub {
			if sub.Op == syntax.OpConcat {
				alternatives = append(alternatives, sub.Sub)
			} else {
				alternatives = append(alternatives, []*syntax.Regexp{sub})
			}
		}
	}
	c.printf("// %s\nfunc matches%d(s string) bool {\nreturn ", pattern, i)
	for a, terms := range alternatives {
		if a > 0 {
			c.printf(" ||\n")
		}
		c.printf("matches(s")
		for t, sub := range terms {
			least, most := 1, 1
			switch sub.Op {
			case syntax.OpRepeat:
				least, most, sub = sub.Min, sub.Max, sub.Sub[0]
			case syntax.OpStar:
				least, most, sub = 0, -1, sub.Sub[0]
			case syntax.OpPlus:
				least, most, sub = 1, -1, sub.Sub[0]
			default: // once
			}
			if sub.Op != syntax.OpCharClass || least != most && t < len(terms)-1 {
				return fmt.Errorf("%s is not supported here", sub)
			}
			var ranges []string
			for r := 0; r < len(sub.Rune); r += 2 {
				if low, high := sub.Rune[r], sub.Rune[r+1]; low == high {
					ranges = append(ranges, fmt.Sprintf("r == %q", low))
				} else {
					ranges = append(ranges, fmt.Sprintf("%q <= r && r <= %q", low, high))
				}
			}
			c.printf(", term{%d, %d, func(r rune) bool { return %s }}", least, most, strings.Join(ranges, " || "))
		}
		c.printf(")")
	}
	c.printf("\n}\n\n")
	return nil
}

// refuseUnknown refuses a schema with a keyword that would not be checked.
func refuseUnknown(schema *openapi3.Schema) error {
	data, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	var keywords map[string]json.RawMessage
	if err := json.Unmarshal(data, &keywords); err != nil {
		return err
	}
	for keyword := range keywords {
		if !slices.Contains(known[""], keyword) && (schema.Type == nil || !slices.Contains(known[schema.Type.Slice()[0]], keyword)) {
			return fmt.Errorf("keyword %s is not checked: teach gen/checks.go, or leave it out", keyword)
		}
	}
	if schema.Type.Is("object") && (schema.AdditionalProperties.Has == nil || *schema.AdditionalProperties.Has) {
		return fmt.Errorf("additionalProperties must be false in a request")
	}
	return nil
}

func refName(ref *openapi3.SchemaRef) string { return ref.Ref[strings.LastIndex(ref.Ref, "/")+1:] }

// extension decodes an extension into target, which must be there.
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

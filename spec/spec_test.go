package spec_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/speakeasy-api/openapi/linter"
	"github.com/speakeasy-api/openapi/openapi"
	openapilinter "github.com/speakeasy-api/openapi/openapi/linter"
	"github.com/speakeasy-api/openapi/validation"
	"go.yaml.in/yaml/v3"

	"github.com/seed-87e331f0/zohocrm-go/spec"
)

func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(spec.YAML)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestSpecIsValidOpenAPI(t *testing.T) {
	t.Parallel()
	doc := load(t)
	if doc.OpenAPI != "3.0.3" {
		t.Errorf("version of OpenAPI is %s", doc.OpenAPI)
	}
	if err := doc.Validate(context.Background(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation(),
		openapi3.EnableSchemaPatternValidation(), openapi3.EnableSchemaDefaultsValidation(), openapi3.ProhibitExtensionsWithRef()); err != nil {
		t.Error(err)
	}
}

// excused are the rules of the linter that are not followed, and why.
var excused = map[string]string{
	"style-contact-properties":    "the project has an issue tracker and no mail address",
	"style-paths-kebab-case":      "the paths are Zoho's",
	"style-component-description": "examples have a summary",
	"oas3-example-missing":        "bodies have named examples",
	"owasp-array-limit":           "Zoho documents no limit of profiles and of responses",
	"owasp-string-limit":          "Zoho may send strings of any length",
	"owasp-string-restricted":     "role names are free text",
	"owasp-integer-limit":         "Zoho documents no upper bounds",
	"owasp-integer-format":        "Zoho documents no sizes",
	"owasp-rate-limit":            "Zoho has no such header",
}

func TestSpeakeasyLinterFindsNothing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	doc, invalid, err := openapi.Unmarshal(ctx, bytes.NewReader(spec.YAML))
	if err != nil {
		t.Fatal(err)
	}
	l, err := openapilinter.NewLinter(linter.NewConfig())
	if err != nil {
		t.Fatal(err)
	}
	output, err := l.Lint(ctx, linter.NewDocumentInfo(doc, "openapi.yaml"), invalid, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range output.Results {
		if e, ok := errors.AsType[*validation.Error](result); !ok || excused[e.Rule] == "" {
			t.Error(result)
		}
	}
}

// Generators of some languages fail on these.
func TestSpecAvoidsWhatBreaksGenerators(t *testing.T) {
	t.Parallel()
	var root yaml.Node
	if err := yaml.Unmarshal(spec.YAML, &root); err != nil {
		t.Fatal(err)
	}
	var visit func(node *yaml.Node)
	visit = func(node *yaml.Node) {
		if node.Kind == yaml.AliasNode || node.Anchor != "" {
			t.Errorf("line %d: anchor or alias", node.Line)
		}
		for i := 0; node.Kind == yaml.MappingNode && i < len(node.Content); i += 2 {
			key, value := node.Content[i], node.Content[i+1]
			switch {
			case slices.Contains([]string{"oneOf", "anyOf", "allOf"}, key.Value):
				t.Errorf("line %d: %s", key.Line, key.Value)
			case key.Value == "pattern" && strings.Contains(strings.ToLower(value.Value), `\p{`):
				t.Errorf("line %d: Unicode class in a pattern", value.Line)
			case strings.HasSuffix(key.Value, "XX") || key.Value == "default" && value.Kind == yaml.MappingNode:
				t.Errorf("line %d: range of statuses", key.Line)
			case key.Value == "enum" && slices.ContainsFunc(value.Content, func(n *yaml.Node) bool { return n.Tag == "!!null" }):
				t.Errorf("line %d: null in an enum", value.Line)
			}
		}
		for _, child := range node.Content {
			visit(child)
		}
	}
	visit(&root)
	doc := load(t)
	if !regexp.MustCompile(`^[A-Za-z0-9 ]+$`).MatchString(doc.Info.Title) {
		t.Errorf("title %q has punctuation, which breaks names made from it", doc.Info.Title)
	}
	if n := len(doc.Info.Description); n >= 2000 {
		t.Errorf("info.description has %d characters and is copied into every generated file", n)
	}
}

func TestRequestsAreClosedAndResponsesOpen(t *testing.T) {
	t.Parallel()
	request := regexp.MustCompile(`(UpdateBody|Update|^ModuleProfile)$`)
	for name, ref := range load(t).Components.Schemas {
		closed := ref.Value.AdditionalProperties.Has != nil && !*ref.Value.AdditionalProperties.Has
		if ref.Value.Type.Is("object") && closed != request.MatchString(name) {
			t.Errorf("schema %s: additionalProperties: false is %t", name, closed)
		}
		for property, p := range ref.Value.Properties {
			if p.Value.Type == nil {
				t.Errorf("schema %s: property %s has no type", name, property)
			}
		}
	}
}

// Absent grants access, null removes it, and nothing else is allowed.
func TestDeleteIsAbsentOrNull(t *testing.T) {
	t.Parallel()
	profile := load(t).Components.Schemas["ModuleProfile"].Value
	for body, valid := range map[string]bool{
		`{"id":"1"}`:                 true,
		`{"id":"1","_delete":null}`:  true,
		`{"id":"1","_delete":true}`:  false,
		`{"id":"1","_delete":false}`: false,
		`{"id":"1","_delete":{}}`:    false,
		`{"_delete":null}`:           false,
		`{"id":"1","_deleted":null}`: false,
		`{"id":1}`:                   false,
	} {
		var value any
		if err := json.Unmarshal([]byte(body), &value); err != nil {
			t.Fatal(err)
		}
		if err := profile.VisitJSON(value); (err == nil) != valid {
			t.Errorf("%s: %v, want valid %t", body, err, valid)
		}
	}
	if property := profile.Properties["_delete"].Value; property.Extensions["x-omitempty"] != true || slices.Contains(profile.Required, "_delete") {
		t.Error("_delete must be optional and x-omitempty, or generators send null for an unset value")
	}
}

func TestChangelogHasTheVersion(t *testing.T) {
	t.Parallel()
	changelog, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	heading := regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\]`).FindSubmatch(changelog)
	if version := load(t).Info.Version; heading == nil || string(heading[1]) != version {
		t.Errorf("CHANGELOG.md begins with %s, want the version of the spec: %s", heading, version)
	}
}

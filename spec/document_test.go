package spec_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/speakeasy-api/openapi/linter"
	"github.com/speakeasy-api/openapi/openapi"
	openapilinter "github.com/speakeasy-api/openapi/openapi/linter"
	"github.com/speakeasy-api/openapi/validation"

	"github.com/seed-87e331f0/zohocrm-go/spec"
)

func TestDocument(t *testing.T) {
	for _, gate := range append(slices.Sorted(maps.Keys(rules)), "kin-openapi", "speakeasy") {
		for _, finding := range findings(t, gate, spec.YAML) {
			t.Errorf("%s: %s", gate, finding)
		}
	}
}

// findings returns what a gate refuses in the document. A gate is a rule of this project's, kin-openapi,
// speakeasy-api/openapi's linter as a whole, or one rule of the linter.
func findings(t *testing.T, gate string, data []byte) (found []string) {
	t.Helper()
	rule, own := rules[gate]
	switch {
	case own:
		rule(parse(t, data), func(place, why string) { found = append(found, place+": "+why) })
	case gate == "kin-openapi":
		if err := validate(data); err != nil {
			found = append(found, err.Error())
		}
	default:
		for _, e := range lint(t, data) {
			excused := slices.ContainsFunc(exceptions, func(x exception) bool { return x.covers(e) })
			if !excused && (gate == "speakeasy" || gate == e.Rule) {
				found = append(found, e.Error())
			}
		}
	}
	return found
}

func validate(data []byte) error {
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return err
	}
	return doc.Validate(context.Background(),
		openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation(),
		openapi3.EnableSchemaPatternValidation(), openapi3.EnableSchemaDefaultsValidation(),
		openapi3.ProhibitExtensionsWithRef())
}

// lint returns what the rules of speakeasy-api/openapi find, all of them.
func lint(t *testing.T, data []byte) []*validation.Error {
	t.Helper()
	ctx := context.Background()
	doc, invalid, err := openapi.Unmarshal(ctx, bytes.NewReader(data))
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
	var found []*validation.Error
	for _, result := range output.Results {
		e, ok := errors.AsType[*validation.Error](result)
		if !ok {
			t.Fatal(result)
		}
		found = append(found, e)
	}
	return found
}

// exception is a lint rule that the document does not follow, and why.
type exception struct {
	rule    string
	message *regexp.Regexp
	why     string
}

func (x exception) covers(e *validation.Error) bool {
	return x.rule == e.Rule && x.message.MatchString(e.UnderlyingError.Error())
}

var exceptions = []exception{
	{"style-contact-properties", regexp.MustCompile("`email`"),
		"the project is reached by its issues, it has no mail address"},
	{"style-paths-kebab-case", regexp.MustCompile("`Contacts`"),
		"the path is Zoho's"},
	{"style-component-description", regexp.MustCompile("^`examples`"),
		"an example has a summary: rule “example summary”"},
	{"oas3-example-missing", regexp.MustCompile("^schema "),
		"bodies have named examples and values one each: rules “body” and “value example”"},
	{"owasp-array-limit", regexp.MustCompile("`maxItems`"),
		"Zoho documents no limit of the profiles"},
	{"owasp-string-limit", regexp.MustCompile(""),
		"those of a request: rule “bounded request”; Zoho may answer strings of any length"},
	{"owasp-string-restricted", regexp.MustCompile(""),
		"a role's name is free text, and Zoho may answer any string"},
	{"owasp-integer-limit", regexp.MustCompile(""),
		"Zoho documents no upper bound of an integer"},
	{"owasp-integer-format", regexp.MustCompile(""),
		"Zoho documents no size of an integer"},
	{"owasp-rate-limit", regexp.MustCompile("headers$"),
		"Zoho documents no such header"},
	{"owasp-rate-limit-retry-after", regexp.MustCompile(""),
		"Zoho documents no such header"},
}

func TestExceptionsAreNeeded(t *testing.T) {
	found := lint(t, spec.YAML)
	for _, x := range exceptions {
		if !slices.ContainsFunc(found, x.covers) {
			t.Errorf("%s (%s) excuses nothing: leave it out", x.rule, x.why)
		}
	}
}

// TestGatesRefuse breaks the document on purpose: each change must be refused by the gate named.
func TestGatesRefuse(t *testing.T) {
	changes := []struct{ gate, old, new string }{
		{"kin-openapi", "sequence_number: 5\n", "sequence_number: five\n"},
		{"kin-openapi", "id: '4150868000003611011'\n", "id: abc\n"},
		{"kin-openapi", "_delete: null", "_delete: true"},
		{"kin-openapi", "message: invalid oauth token\n", "message: [invalid oauth token]\n"},
		{"kin-openapi", "'^[0-9]{1,19}$'", "'^[0-9{1,19}$'"},
		{"kin-openapi", "$ref: '#/components/parameters/ContactRoleId'", "$ref: '#/components/parameters/Module'"},
		{"semantic-unused-component", "  schemas:\n", "  schemas:\n    Unused: {type: object, description: d}\n"},
		{"style-operation-tag-defined", "tags: [Modules]", "tags: [Module]"},
		{"style-tags-alphabetical", "  - name: Modules\n", "  - name: A\n"},
		{"style-paths-kebab-case", "/settings/modules/{module}:", "/settings/Modules/{module}:"},
		{"owasp-define-error-responses-429", "'429':", "'430':"},
		{"owasp-security-hosts-https-oas3", "https://www.zohoapis.com/crm/v7", "http://www.zohoapis.com/crm/v7"},

		{"openapi version", "openapi: 3.0.3", "openapi: 3.0.4"},
		{"openapi version", "openapi: 3.0.3", "openapi: 3.1.0"},
		{"semantic version", "  version: ", "  version: v"},
		{"union", "          minimum: 1\n", "          oneOf: [{minimum: 1}]\n"},
		{"union", "          minimum: 1\n", "          anyOf: [{minimum: 1}]\n"},
		{"union", "        details:\n          $ref: '#/components/schemas/Details'\n", "        details:\n          allOf: [{$ref: '#/components/schemas/Details'}]\n"},
		{"unicode class", `^[^\x00-\x1F!-/:-@\[-`, `^[^\p{P}\x00-\x1F!-/:-@\[-`},
		{"unicode class", `^[^\x00-\x1F!-/:-@\[-`, `^[\P{L}\x00-\x1F!-/:-@\[-`},
		{"string reference", "  schemas:\n", "  schemas:\n    Anything: {type: array, description: d, items: {$ref: '#/components/schemas/Name'}}\n    Name: {type: string, description: d}\n"},
		{"reserved name", "ErrorResult", "Error"},
		{"reserved name", "ErrorResult", "API_Error"},
		{"reserved name", "ErrorResult", "Configuration"},
		{"distinct names", "CustomModuleUpdateResponse", "Custom_module_update"},
		{"distinct names", "CustomModuleUpdateResponse", "InvalidURLPattern"},
		{"distinct names", "operationId: updateContactRoles\n", "operationId: update_contact_role\n"},
		{"distinct names", "        param_name:\n", "        Param:\n"},
		{"distinct names", "    BareInvalidData:\n", "    InvalidMODULE: {summary: s, value: {}}\n    BareInvalidData:\n"},
		{"distinct names", "        - $ref: '#/components/parameters/ContactRoleId'\n", "        - $ref: '#/components/parameters/ContactRoleId'\n        - {name: contactRoleID, in: query, description: d, schema: {type: string}}\n"},
		{"distinct names", "  securitySchemes:\n", "  securitySchemes:\n    zoho_oauth_token: {type: apiKey, in: header, name: A}\n"},
		{"null enum", "enum: [success, error]", "enum: [success, null]"},
		{"null enum", "          not:\n            enum: [true, false]\n", "          enum: [null]\n"},
		{"closed request", "      required: [id]\n      additionalProperties: false\n", "      required: [id]\n"},
		{"closed request", "      required: [modules]\n      additionalProperties: false\n", "      required: [modules]\n      additionalProperties: true\n"},
		{"bounded request", "          maxLength: 50\n", ""},
		{"bounded request", "        pattern: '^[0-9]{1,19}$'\n        x-pattern", "        x-pattern"},
		{"open answer", "      required: [code, details, message, status]\n", "      required: [code, details, message, status]\n      additionalProperties: true\n"},
		{"open answer", "      minProperties: 1\n", "      additionalProperties: false\n"},
		{"statuses", "'429':", "'4XX':"},
		{"statuses", "'429':", "429:"},
		{"statuses", "'500':", "default:"},
		{"statuses", "        '403':\n          $ref: '#/components/responses/NoPermission'\n", ""},
		{"bare error", "            $ref: '#/components/schemas/ErrorResult'\n", "            $ref: '#/components/schemas/ItemResult'\n"},
		{"bare error", "$ref: '#/components/responses/InternalError'", "description: d"},
		{"body", "          application/json:\n", "          application/problem+json:\n"},
		{"body", "            examples:\n              sample:\n                $ref: '#/components/examples/ContactRolesSampleInput'\n", ""},
		{"value example", "          example: Sales Lead\n", ""},
		{"example summary", "      summary: Both contact roles were updated\n", ""},
		{"example summary", "                success:\n                  $ref: '#/components/examples/ContactRoleResponse'\n", "                success: {value: {}}\n"},
		{"error example", "                not_allowed:\n", "                notAllowed:\n"},
		{"error example", "message: Minimum one profile is needed\n          resolution", "message: At least one profile is needed\n          resolution"},
		{"error example", "        code: INTERNAL_ERROR\n", "        code: INTERNAL_FAILURE\n"},
		{"error example", "        - code: AUTHORIZATION_FAILED\n          status: 400\n", "        - code: AUTHORIZATION_FAILED\n          status: 403\n"},
		{"further error example", "  - code: INVALID_TOKEN\n    status: 401\n", "  - code: INVALID_TOKEN\n    status: 403\n"},
		{"further error example", "    message: invalid oauth token\n    resolution", "    message: Invalid token\n    resolution"},
		{"documented error", "        code: LIMIT_EXCEEDED\n", "        code: TOO_MANY\n"},
		{"documented error", "          - code: SUCCESS\n            details:\n              id: '2423488000000834002'\n", "          - code: DONE\n            details:\n              id: '2423488000000834002'\n"},
		{"error", "          resolution: Send plural_label, singular_label and profiles.\n", ""},
		{"error", "        - code: NO_PERMISSION\n", "        - code: INVALID_URL_PATTERN\n"},
		{"error", "      x-zoho-errors: *contactRoleErrors\n", ""},
		{"extensible enum", "            - NOT_ALLOWED\n", ""},
		{"extensible enum", "            - NOT_ALLOWED\n", "            - NOT_ALLOWED\n            - NOT_NOW\n"},
		{"extensible enum", "          x-extensible-enum: *errorCodes\n          example: OAUTH_SCOPE_MISMATCH\n", "          example: OAUTH_SCOPE_MISMATCH\n"},
		{"description", "      description: An error of the whole request.\n", ""},
		{"description", "          description: Exactly one module.\n", ""},
		{"description", "        description: The one contact role to update.\n", ""},
		{"description", "        description: The version of the API. This document describes v7.\n", ""},
		{"description", "    description: Production, data centre US\n", ""},
		{"description", "    description: Custom modules of an org.\n", ""},
		{"description", "      description: Zoho failed.", "      title: Zoho failed."},
		{"security", "security:\n  - zohoOAuthToken: []\n", "security: []\n"},
		{"security", "security:\n  - zohoOAuthToken: []\n", "security:\n  - zohoOAuthToken: []\n  - {}\n"},
		{"security", "      operationId: updateContactRole\n", "      operationId: updateContactRole\n      security: []\n"},
		{"used component", "$ref: '#/components/examples/ContactRoleInput'", "$ref: '#/components/examples/ContactRolesSampleInput'"},
		{"operation", "      x-zoho-scopes: *contactRoleScopes\n", ""},
		{"operation", "      summary: Update one contact role\n", ""},
		{"explained extension", "          x-go-name: Delete\n", "          x-go-type: string\n"},
	}
	proven := map[string]bool{}
	for _, change := range changes {
		proven[change.gate] = true
		t.Run(change.gate, func(t *testing.T) {
			if len(findings(t, change.gate, edit(t, spec.YAML, change.old, change.new))) == 0 {
				t.Errorf("%q in place of %q is not refused", change.new, change.old)
			}
		})
	}
	for name := range rules {
		if !proven[name] {
			t.Errorf("no change proves the rule %q", name)
		}
	}
}

// edit replaces a text that the document must have, everywhere.
func edit(t *testing.T, data []byte, old, replacement string) []byte {
	t.Helper()
	if !bytes.Contains(data, []byte(old)) {
		t.Fatalf("the document has no %q", old)
	}
	return bytes.ReplaceAll(data, []byte(old), []byte(replacement))
}

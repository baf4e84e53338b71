package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/spec"
)

func TestGeneratedFilesAreCurrent(t *testing.T) {
	files, err := generate(spec.YAML)
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range files {
		committed, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(source, committed) {
			t.Errorf("%s is not what the document makes: run make generate", name)
		}
		if !bytes.HasPrefix(source, []byte("// Code generated ")) || !bytes.Contains(source, []byte(" DO NOT EDIT.\n")) {
			t.Errorf("%s does not say that it is generated", name)
		}
	}
}

// A limit that changes in the document changes the check and its text, with no other edit.
func TestLimitFollowsDocument(t *testing.T) {
	files, err := generate(edit(t, "maxLength: 50", "maxLength: 60"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"utf8.RuneCountInString(v.Name) > 60", "must have at most 60 characters, has %d"} {
		if !bytes.Contains(files["generated/checks.gen.go"], []byte(want)) {
			t.Errorf("checks.gen.go lacks %q", want)
		}
	}
}

func TestOperationWithoutBody(t *testing.T) {
	files, err := generate(edit(t, "  /Contacts/roles:\n", `  /Contacts/roles:
    get:
      operationId: getContactRoles
      summary: Get the contact roles
      externalDocs: {url: https://www.zoho.com/crm/developer/docs/api/v7/get-contact-roles.html}
      x-zoho-scopes: [ZohoCRM.modules.contacts.READ]
      x-zoho-errors: []
      responses: {'200': {description: The contact roles.}}
`))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(files["generated/operations.gen.go"], []byte("OperationGetContactRoles = Operation{")) {
		t.Error("the operation is missing")
	}
}

func TestRefusesWhatItCannotMake(t *testing.T) {
	for _, test := range []struct{ name, old, new, want string }{
		{"unknown keyword", "maxLength: 50\n", "maxLength: 50\n          writeOnly: true\n", "keyword writeOnly is not checked"},
		{"keyword of another type", "minimum: 1\n", "minimum: 1\n          maximum: 9\n", "keyword maximum is not checked"},
		{"open request", "required: [contact_roles]\n      additionalProperties: false", "required: [contact_roles]", "additionalProperties must be false"},
		{"boolean", "          not:\n            enum: [true, false]\n", "", "a boolean is checked only as"},
		{"pattern without words", "          x-pattern-description: only letters, digits and spaces\n", "", "x-pattern-description is missing"},
		{"pattern that is not anchored", "'^[0-9]{1,19}$'", "'[0-9]{1,19}'", "must begin with ^"},
		{"pattern with a group", "'^[0-9]{1,19}$'", "'^([0-9]+)[0-9]*$'", "a group must hold all alternatives"},
		{"pattern that may backtrack", "'^[0-9]{1,19}$'", "'^[0-9]+[0-9]$'", "is not supported here"},
		{"body that is not JSON", "        content:\n          application/json:\n            schema:\n              $ref: '#/components/schemas/ContactRolesUpdateBody'", "        content:\n          text/plain:\n            schema:\n              $ref: '#/components/schemas/ContactRolesUpdateBody'", "the body must be application/json"},
		{"parameters of a path", "  /Contacts/roles:\n", "  /Contacts/roles:\n    parameters: [{name: x, in: query, schema: {type: string}}]\n", "parameters of a path are not read"},
		{"minimum that is no integer", "          minimum: 1\n", "          minimum: 1.5\n", "minimum 1.5 is no integer"},
		{"no scopes", "x-zoho-scopes:", "x-scopes:", "x-zoho-scopes is missing"},
		{"code that is not listed", "code: INVALID_MODULE\n          status", "code: NEW_CODE\n          status", "it lacks [NEW_CODE], and has [INVALID_MODULE] besides"},
		{"invalid document", "openapi: 3.0.3", "openapi: 3.0.3\nfoo: bar", "foo"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := generate(edit(t, test.old, test.new)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

func edit(t *testing.T, old, replacement string) []byte {
	t.Helper()
	if !bytes.Contains(spec.YAML, []byte(old)) {
		t.Fatalf("the document has no %q", old)
	}
	return bytes.ReplaceAll(spec.YAML, []byte(old), []byte(replacement))
}

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
			t.Errorf("%s is not current: run make generate", name)
		}
		if !bytes.HasPrefix(source, []byte("// Code generated ")) || !bytes.Contains(source, []byte(" DO NOT EDIT.\n")) {
			t.Errorf("%s does not say that it is generated", name)
		}
	}
}

func TestLimitFollowsSpec(t *testing.T) {
	files, err := generate(edit(t, "maxLength: 50", "maxLength: 60"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `checkString(".name", v.Name, stringRules{required: false, maxLength: 60}),`; !bytes.Contains(files["generated/checks.gen.go"], []byte(want)) {
		t.Errorf("checks.gen.go lacks %q", want)
	}
}

func TestUnsupportedSpecIsRejected(t *testing.T) {
	for _, test := range []struct{ name, old, new, want string }{
		{"unknown keyword", "maxLength: 50\n", "maxLength: 50\n          writeOnly: true\n", `unsupported keyword "writeOnly"`},
		{"keyword of another type", "minimum: 1\n", "minimum: 1\n          maximum: 9\n", `unsupported keyword "maximum"`},
		{"other minimum", "minimum: 1\n", "minimum: 2\n", "is not supported: implement it"},
		{"boolean", "          not:\n            enum: [true, false]\n", "", "is not supported: implement it"},
		{"open request", "required: [contact_roles]\n      additionalProperties: false", "required: [contact_roles]", "additionalProperties must be false"},
		{"pattern without description", "          x-pattern-description: only letters, digits and spaces\n", "", "x-pattern-description is missing"},
		{"parameters of a path", "  /Contacts/roles:\n", "  /Contacts/roles:\n    parameters: [{name: x, in: query, schema: {type: string}}]\n", "parameters of a path are not supported"},
		{"no scopes", "x-zoho-scopes:", "x-scopes:", "x-zoho-scopes is missing"},
		{"unlisted code", "code: INVALID_MODULE\n          status", "code: NEW_CODE\n          status", "x-extensible-enum is"},
		{"invalid spec", "openapi: 3.0.3", "openapi: 3.0.3\nfoo: bar", "foo"},
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
		t.Fatalf("the spec has no %q", old)
	}
	return bytes.ReplaceAll(spec.YAML, []byte(old), []byte(replacement))
}

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
	t.Parallel()
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
	}
}

func TestUnsupportedSpecIsRejected(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, old, new, want string }{
		{"unknown keyword", "maxLength: 50\n", "maxLength: 50\n          writeOnly: true\n", `unsupported keyword "writeOnly"`},
		{"other minimum", "minimum: 1\n", "minimum: 2\n", "is not supported: implement it"},
		{"boolean", "          not:\n            enum: [true, false]\n", "", "is not supported: implement it"},
		{"open request", "required: [contact_roles]\n      additionalProperties: false", "required: [contact_roles]", "additionalProperties must be false"},
		{"pattern without description", "          x-pattern-description: only letters, digits and spaces\n", "", "x-pattern-description is missing"},
		{"parameters of a path", "  /Contacts/roles:\n", "  /Contacts/roles:\n    parameters: [{name: x, in: query, schema: {type: string}}]\n", "parameters of a path are not supported"},
		{"no scopes", "x-zoho-scopes:", "x-scopes:", "x-zoho-scopes is missing"},
		{"unlisted code", "- code: NOT_ALLOWED\n          status", "- code: NEW_CODE\n          status", "ErrorCode lists NOT_ALLOWED, which is not"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := generate(bytes.ReplaceAll(spec.YAML, []byte(test.old), []byte(test.new))); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

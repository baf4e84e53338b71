package contracttest

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const modulePath = "github.com/seed-87e331f0/zohocrm-go/"

// Imports run one way, and kin-openapi stays out of the programs of users.
func TestImports(t *testing.T) {
	t.Parallel()
	allowed := map[string][]string{ // folders whose packages may be imported, directly or not
		"client":       {"internal", "generated"},
		"internal":     {},
		"generated":    {},
		"spec":         {},
		"gen":          {"spec"},
		"contracttest": {"client", "internal", "generated", "spec"}, // internal through client
	}
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Deps " "}}`,
		"./client", "./internal/...", "./generated", "./spec", "./gen", "./contracttest/...")
	cmd.Dir = ".."
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		packages := strings.Fields(line)
		folder, _, _ := strings.Cut(strings.TrimPrefix(packages[0], modulePath), "/")
		for _, dependency := range packages[1:] {
			if strings.Contains(dependency, "kin-openapi") && slices.Contains([]string{"client", "internal", "generated"}, folder) {
				t.Errorf("%s imports %s", packages[0], dependency)
			}
			path, own := strings.CutPrefix(dependency, modulePath)
			if imported, _, _ := strings.Cut(path, "/"); own && imported != folder && !slices.Contains(allowed[folder], imported) {
				t.Errorf("%s imports %s, but %s may only import %q", packages[0], dependency, folder, allowed[folder])
			}
		}
	}
}

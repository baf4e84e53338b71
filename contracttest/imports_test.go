package contracttest

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const modulePath = "github.com/seed-87e331f0/zohocrm-go"

// The arrows between the packages run one way, and what only tests and the generator need stays out of
// the programs of users.
func TestImports(t *testing.T) {
	own := map[string][]string{
		"client":    {"generated", "internal/safetext", "internal/tokens", "internal/wire"},
		"generated": {},
		"spec":      {},
		"gen":       {"spec"},
		// The rooms below client know nothing of its operations.
		"internal/tokens":   {"internal/safetext", "internal/wire"},
		"internal/wire":     {},
		"internal/safetext": {},
	}
	for name, allowed := range own {
		for _, path := range dependencies(t, "./"+name) {
			if strings.Contains(path, "kin-openapi") && name != "gen" {
				t.Errorf("%s links %s", name, path)
			}
			ownPath, isOwn := strings.CutPrefix(path, modulePath+"/")
			if isOwn && ownPath != name && !slices.Contains(allowed, ownPath) {
				t.Errorf("%s imports %s, it may import %v", name, ownPath, allowed)
			}
		}
	}
}

func dependencies(t *testing.T, pkg string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg)
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v", pkg, err)
	}
	return strings.Fields(string(out))
}

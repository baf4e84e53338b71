package contracttest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The Go code of the README compiles. A block that is not a whole program gets the imports that it uses.
func TestREADMECompiles(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(blocks) < 3 {
		t.Fatalf("found %d blocks of Go code in the README", len(blocks))
	}
	packages := map[string]string{
		"client.": modulePath + "client", "zohotest.": modulePath + "contracttest/zohotest", "filecache.": modulePath + "filecache",
		"context.": "context", "errors.": "errors", "fmt.": "fmt", "http.": "net/http", "slog.": "log/slog", "testing.": "testing", "time.": "time",
	}
	for i, block := range blocks {
		source := block[1]
		if !strings.HasPrefix(source, "package ") {
			imports := ""
			for use, path := range packages {
				if regexp.MustCompile(`\b` + regexp.QuoteMeta(use)).MatchString(source) {
					imports += fmt.Sprintf("import %q\n", path)
				}
			}
			source = "package p\n\n" + imports + source
		}
		file := filepath.Join(t.TempDir(), fmt.Sprintf("block%d.go", i))
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "go", "vet", file)
		cmd.Dir = ".."
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("block %d does not compile: %v\n%s", i, err, out)
		}
	}
}

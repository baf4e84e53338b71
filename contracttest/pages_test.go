package contracttest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A file of testdata/pages has what a page of Zoho's documentation says: its address, its operations, and below them
// their scopes, their errors and the samples, byte for byte. The heading of a sample is the operation, "request" or the
// status, and the name that the sample has among the examples of the spec.
func TestSpecHasWhatThePagesSay(t *testing.T) {
	t.Parallel()
	for file, archive := range readArchives(t, "testdata/pages/*.txtar") {
		address, ids, _ := strings.Cut(strings.TrimSpace(string(archive.Comment)), "\n")
		for _, id := range strings.Fields(ids) {
			operation := operations()[id]
			if operation == nil || operation.ExternalDocs == nil || operation.ExternalDocs.URL != address {
				t.Fatalf("%s: the spec has no operation %s with externalDocs %s", file, id, address)
			}
			for _, section := range archive.Files {
				lines := strings.Split(strings.TrimSpace(string(section.Data)), "\n")
				switch section.Name {
				case "scopes, narrowest first":
					if got := extension[[]string](t, operation.Extensions, "x-zoho-scopes"); !slices.Equal(got, lines) {
						t.Errorf("%s: %s has the scopes %q, the page %q", file, id, got, lines)
					}
				case "errors":
					var got []string
					for _, e := range extension[[]documentedError](t, operation.Extensions, "x-zoho-errors") {
						got = append(got, fmt.Sprint(e.Status, " ", e.Code, " ", e.Message))
					}
					if !slices.Equal(got, lines) {
						t.Errorf("%s: %s has the errors\n%s\nthe page\n%s", file, id, strings.Join(got, "\n"), strings.Join(lines, "\n"))
					}
				}
			}
		}
		for _, section := range archive.Files {
			if heading := strings.Fields(section.Name); heading[0] != "scopes," && heading[0] != "errors" {
				checkSample(t, heading[0], heading[1], heading[2], section.Data)
			}
		}
	}
}

// checkSample tests that a sample is valid, and that it is the named example of the spec.
func checkSample(t *testing.T, operationID, part, name string, sample []byte) {
	t.Helper()
	checker := newChecker(t)
	examples := checker.RequestExamples()
	status, _ := strconv.Atoi(part)
	err := error(nil)
	if part == "request" {
		err = checker.Request(newRequest(t, operationID, sample), sample)
	} else {
		examples = checker.Examples()
		err = checker.Response(newRequest(t, operationID, nil), status, jsonHeader, sample)
	}
	if err != nil {
		t.Errorf("sample of %s %s: %v", operationID, part, err)
	}
	for _, e := range examples {
		if e.Operation == operationID && e.Status == status && e.Name == name {
			if !equalJSON(t, e.Body, sample) {
				t.Errorf("example %s of %s %s is %s, the page has %s", name, operationID, part, e.Body, sample)
			}
			return
		}
	}
	t.Errorf("the spec has no example %s of %s %s", name, operationID, part)
}

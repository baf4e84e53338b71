package contracttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"golang.org/x/tools/txtar"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/internal/contract"
	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/spec"
)

// payload is a line of testdata/payloads/*.txtar. The first lines of a file say what its payloads are: an
// operationId, or * for all operations, and then "request" or the statuses of responses. The payloads under the
// heading "valid" are valid; every other heading is a part of the error that the payloads under it cause. Lines that
// begin with # are comments.
type payload struct {
	operation, part string
	err             string // empty for a valid payload
	body            []byte
	place           string // in testdata
}

func TestPayloads(t *testing.T) {
	t.Parallel()
	checker := newChecker(t)
	found := map[string]bool{}
	for _, p := range readPayloads(t) {
		var err error
		if p.part == "request" {
			err = checker.Request(newRequest(t, p.operation, p.body), p.body)
		} else {
			status, _ := strconv.Atoi(p.part)
			err = checker.Response(newRequest(t, p.operation, nil), status, jsonHeader, p.body)
		}
		if p.err == "" && err != nil {
			t.Errorf("%s of %s %s is rejected: %v", p.place, p.operation, p.part, err)
		}
		if p.err != "" && (err == nil || !strings.Contains(err.Error(), p.err)) {
			t.Errorf("%s of %s %s: the error is %v", p.place, p.operation, p.part, err)
		}
		found[fmt.Sprintf("%s %s, valid: %v", p.operation, p.part, p.err == "")] = true
	}
	for _, p := range partsWithBody() {
		for _, valid := range []bool{true, false} {
			if kind := fmt.Sprintf("%s %s, valid: %v", p.operation, p.part, valid); !found[kind] {
				t.Errorf("add a payload of %s", kind)
			}
		}
	}
}

func TestExamples(t *testing.T) {
	t.Parallel()
	checker := newChecker(t)
	for _, e := range checker.RequestExamples() {
		if err := checker.Request(newRequest(t, e.Operation, e.Body), e.Body); err != nil {
			t.Errorf("%s %s: %v", e.Operation, e.Name, err)
		}
	}
	for _, e := range checker.Examples() {
		if err := checker.Response(newRequest(t, e.Operation, nil), e.Status, jsonHeader, e.Body); err != nil {
			t.Errorf("%s %d %s: %v", e.Operation, e.Status, e.Name, err)
		}
	}
}

func readPayloads(t testing.TB) (payloads []payload) {
	t.Helper()
	for file, archive := range readArchives(t, "testdata/payloads/*.txtar") {
		parts := partsOf(t, string(archive.Comment))
		for _, section := range archive.Files {
			for line := range bytes.Lines(section.Data) {
				body := bytes.TrimSpace(line)
				if len(body) == 0 || body[0] == '#' {
					continue
				}
				for _, p := range parts {
					p.body, p.place = body, file+": "+section.Name
					if section.Name != "valid" {
						p.err = section.Name
					}
					payloads = append(payloads, p)
				}
			}
		}
	}
	return payloads
}

// partsOf returns the requests and responses that the first lines of a file name.
func partsOf(t testing.TB, comment string) (parts []payload) {
	t.Helper()
	for line := range strings.Lines(comment) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		for _, name := range fields[1:] {
			before := len(parts)
			for _, p := range partsWithBody() {
				if p.part == name && (fields[0] == "*" || fields[0] == p.operation) {
					parts = append(parts, p)
				}
			}
			if len(parts) == before {
				t.Fatalf("the spec has no %s %s", fields[0], name)
			}
		}
	}
	return parts
}

// partsWithBody returns the requests and responses of the spec that have a body.
func partsWithBody() (parts []payload) {
	for id, operation := range operations() {
		if operation.RequestBody != nil {
			parts = append(parts, payload{operation: id, part: "request"})
		}
		for status, response := range operation.Responses.Map() {
			if len(response.Value.Content) > 0 {
				parts = append(parts, payload{operation: id, part: status})
			}
		}
	}
	return parts
}

func readArchives(t testing.TB, pattern string) map[string]*txtar.Archive {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || files == nil {
		t.Fatalf("no file %s: %v", pattern, err)
	}
	archives := map[string]*txtar.Archive{}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		archives[filepath.Base(file)] = archive
	}
	return archives
}

var jsonHeader = http.Header{"Content-Type": {"application/json;charset=UTF-8"}}

func newChecker(t testing.TB) *contract.Checker {
	t.Helper()
	checker, err := contract.New()
	if err != nil {
		t.Fatal(err)
	}
	return checker
}

// newRequest returns a request of an operation, with 1 for each path parameter.
func newRequest(t testing.TB, operationID string, body []byte) *http.Request {
	t.Helper()
	all := generated.Operations()
	at := slices.IndexFunc(all, func(o generated.Operation) bool { return o.ID == operationID })
	if at < 0 {
		t.Fatalf("no operation %s", operationID)
	}
	path := regexp.MustCompile(`\{\w+\}`).ReplaceAllString(all[at].Path, "1")
	r, err := http.NewRequest(all[at].Method, "https://www.zohoapis.com"+generated.BasePath+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = jsonHeader.Clone()
	r.Header.Set("Authorization", "Zoho-oauthtoken 1000.token")
	return r
}

var theSpec = sync.OnceValue(func() *openapi3.T {
	doc, err := openapi3.NewLoader().LoadFromData(spec.YAML)
	if err != nil {
		panic(err)
	}
	return doc
})

// operations returns the operations of the spec by operationId.
func operations() map[string]*openapi3.Operation {
	all := map[string]*openapi3.Operation{}
	for _, item := range theSpec().Paths.Map() {
		for _, operation := range item.Operations() {
			all[operation.OperationID] = operation
		}
	}
	return all
}

// decode decodes JSON, and keeps all digits of numbers.
func decode(t testing.TB, data []byte) (value any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return value
}

func encode(t testing.TB, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func equalJSON(t testing.TB, a, b []byte) bool {
	t.Helper()
	return reflect.DeepEqual(decode(t, a), decode(t, b))
}

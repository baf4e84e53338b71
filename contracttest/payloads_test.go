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

// payload is an example of the spec, or a line of testdata/payloads/*.txtar. The first lines of such a file say what
// its payloads are: an operationId, or * for all operations, and then "request" or the statuses of responses. The
// payloads under the heading "valid" are valid; every other heading is a part of the error that the payloads under it
// cause. Lines that begin with # are comments.
type payload struct {
	operation, part string // the part is request or a status
	body            []byte
	err             string // empty for a valid payload
	place           string
}

func (p payload) String() string { return p.operation + " " + p.part + ", " + p.place }

func TestPayloads(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, p := range readPayloads(t) {
		found[fmt.Sprint(p.operation, " ", p.part, ", valid: ", p.err == "")] = true
		err := check(t, p)
		if p.err == "" && err != nil {
			t.Errorf("%s: the payload is rejected: %v", p, err)
		}
		if p.err != "" && (err == nil || !strings.Contains(err.Error(), p.err)) {
			t.Errorf("%s: the error is %v", p, err)
		}
	}
	for _, p := range partsWithBody() {
		for _, valid := range []bool{true, false} {
			if kind := fmt.Sprint(p.operation, " ", p.part, ", valid: ", valid); !found[kind] {
				t.Errorf("add a payload of %s", kind)
			}
		}
	}
}

// The samples of Zoho's pages are valid, and they are examples of the spec.
func TestSamplesOfThePages(t *testing.T) {
	t.Parallel()
	for _, sample := range readArchive(t, "testdata/samples.txtar").Files {
		operation, part, _ := strings.Cut(sample.Name, " ")
		p := payload{operation: operation, part: part, body: sample.Data, place: "sample"}
		if err := check(t, p); err != nil {
			t.Errorf("%s: %v", p, err)
		}
		isSample := func(e payload) bool {
			return e.operation == operation && e.part == part && equalJSON(t, e.body, sample.Data)
		}
		if !slices.ContainsFunc(readPayloads(t), isSample) {
			t.Errorf("%s: the spec does not have it as an example", p)
		}
	}
}

// check returns how a payload differs from the spec.
func check(t testing.TB, p payload) error {
	t.Helper()
	if p.part == "request" {
		return newChecker(t).Request(newRequest(t, p.operation, p.body), p.body)
	}
	status, err := strconv.Atoi(p.part)
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Content-Type": {"application/json;charset=UTF-8"}}
	return newChecker(t).Response(newRequest(t, p.operation, nil), status, header, p.body)
}

func readPayloads(t testing.TB) (payloads []payload) {
	t.Helper()
	for _, e := range slices.Concat(newChecker(t).RequestExamples(), newChecker(t).Examples()) {
		part := strconv.Itoa(e.Status)
		if e.Status == 0 {
			part = "request"
		}
		payloads = append(payloads, payload{e.Operation, part, e.Body, "", "example " + e.Name})
	}
	files, err := filepath.Glob("testdata/payloads/*.txtar")
	if err != nil || files == nil {
		t.Fatalf("found no payloads: %v", err)
	}
	for _, file := range files {
		archive := readArchive(t, file)
		parts := partsOf(t, string(archive.Comment))
		for _, section := range archive.Files {
			for line := range bytes.Lines(section.Data) {
				body := bytes.TrimSpace(line)
				if len(body) == 0 || body[0] == '#' {
					continue
				}
				for _, p := range parts {
					if p.body, p.place = body, filepath.Base(file)+": "+section.Name; section.Name != "valid" {
						p.err = section.Name
					}
					payloads = append(payloads, p)
				}
			}
		}
	}
	return payloads
}

func readArchive(t testing.TB, file string) *txtar.Archive {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return archive
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

// operations returns the operations of the spec by operationId.
var operations = sync.OnceValue(func() map[string]*openapi3.Operation {
	doc, err := openapi3.NewLoader().LoadFromData(spec.YAML)
	if err != nil {
		panic(err)
	}
	all := map[string]*openapi3.Operation{}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			all[operation.OperationID] = operation
		}
	}
	return all
})

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
	o := all[slices.IndexFunc(all, func(o generated.Operation) bool { return o.ID == operationID })]
	path := regexp.MustCompile(`\{\w+\}`).ReplaceAllString(o.Path, "1")
	r, err := http.NewRequest(o.Method, "https://www.zohoapis.com"+generated.BasePath+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Authorization": {"Zoho-oauthtoken 1000.token"}, "Content-Type": {"application/json"}}
	return r
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

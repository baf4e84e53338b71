package contracttest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// page is what a page of Zoho's documentation says: a file of testdata/pages.
type page struct {
	Page           string
	Endpoints      map[string]string // the operationId of each
	Header         string
	Scopes         []string
	OperationTypes map[string]string `json:"operation_types"`
	Keys           map[string]map[string]struct {
		Mandatory                bool
		Schema                   map[string]any
		OnlyLettersNumbersSpaces bool `json:"only_letters_numbers_spaces"`
	} // by operationId and place
	Samples map[string]string // the name of the example of each payload
	Notes   []struct {
		Fact      string
		At        string // operation, a path parameter in braces, or a place in the request
		Words     []string
		Operation string // empty for each operation of the page
	}
	Errors []struct {
		Code       string
		Status     int
		Message    string
		Resolution []string
	}
}

// pages returns the pages by their names.
var pages = sync.OnceValue(func() map[string]page {
	files, err := filepath.Glob("testdata/pages/*.json")
	if err != nil || len(files) == 0 {
		panic(fmt.Sprintf("found no page: %v", err))
	}
	pages := map[string]page{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		var p page
		if err := errors.Join(err, json.Unmarshal(data, &p)); err != nil {
			panic(fmt.Sprintf("%s: %v", file, err))
		}
		pages[strings.TrimSuffix(filepath.Base(file), ".json")] = p
	}
	return pages
})

func TestDocumentSaysNoLessThanThePages(t *testing.T) {
	for name, p := range pages() {
		t.Run(name, func(t *testing.T) { checkPage(t, theDocument(), p) })
	}
}

func checkPage(t judge, d *document, p page) {
	t.Helper()
	checkEndpoints(t, d, p)
	checkSamples(t, d, p)
	for id := range p.Keys {
		operation := d.operations()[id]
		if operation == nil {
			t.Fatalf("the document has no operation %s", id)
		}
		checkOperation(t, d, p, operation)
		checkKeys(t, d, p, id)
		checkNotes(t, d, p, operation)
		checkErrors(t, d, p, operation)
	}
}

func checkEndpoints(t judge, d *document, p page) {
	t.Helper()
	server := d.Servers[0].URL
	for endpoint, want := range p.Endpoints {
		method, url, _ := strings.Cut(endpoint, " ")
		if strings.HasPrefix(url, "/") {
			url = server + pathParameter.ReplaceAllString(url, "1")
		}
		got, _ := d.checker(t).Operation(httptest.NewRequest(method, url, nil))
		if got != want || !strings.HasPrefix(url, server) {
			t.Errorf("%s is the operation %q of %s, want %q", endpoint, got, server, want)
		}
	}
}

func checkSamples(t judge, d *document, p page) {
	t.Helper()
	payloads := payloads()
	for name, example := range p.Samples {
		sample := payloads[name]
		got, want := d.exampleOf(t, sample.Operation, sample.Part, example), decode(t, sample.Body)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("example %s of %s %s is %v, want %v", example, sample.Operation, sample.Part, got, want)
		}
	}
}

func checkOperation(t judge, d *document, p page, operation *openapi3.Operation) {
	t.Helper()
	if operation.ExternalDocs == nil || operation.ExternalDocs.URL != p.Page {
		t.Errorf("externalDocs are %v, want %s", operation.ExternalDocs, p.Page)
	}
	scopes := extension[[]string](t, operation.Extensions, "x-zoho-scopes")
	if !slices.IsSortedFunc(scopes, narrower) {
		t.Errorf("the narrowest scope is not the first of %q", scopes)
	}
	if want := slices.SortedFunc(slices.Values(p.Scopes), narrower); !slices.Equal(scopes, want) {
		t.Errorf("scopes are %q, want %q", scopes, want)
	}
	if !operation.RequestBody.Value.Required {
		t.Errorf("a request may have no body")
	}
	if got := extension[map[string]string](t, operation.Extensions, "x-zoho-operation-types"); !maps.Equal(got, p.OperationTypes) {
		t.Errorf("operation types are %q, want %q", got, p.OperationTypes)
	}
	name, scheme, _ := strings.Cut(p.Header, ": ")
	if len(d.Security) != 1 || len(d.Security[0]) != 1 {
		t.Errorf("the security is %v, want one header", d.Security)
	}
	for _, requirement := range d.Security {
		for key := range requirement {
			security := d.Components.SecuritySchemes[key].Value
			if security.In != "header" || security.Name != name || !strings.Contains(security.Description, scheme) {
				t.Errorf("%s is %v, want %s", key, security, p.Header)
			}
		}
	}
}

// narrower orders scopes: of fewer records first, then of fewer operation types.
func narrower(a, b string) int {
	return cmp.Or(cmp.Compare(strings.Count(b, "."), strings.Count(a, ".")), cmp.Compare(strings.Count(a, ".ALL"), strings.Count(b, ".ALL")), cmp.Compare(a, b))
}

func checkKeys(t judge, d *document, p page, id string) {
	t.Helper()
	for place, key := range p.Keys[id] {
		parent, name, schema := d.at(t, id, place)
		if got := slices.Contains(parent.Required, name); got != key.Mandatory {
			t.Errorf("%s is mandatory: %v, want %v", place, got, key.Mandatory)
		}
		keywords := decode(t, encode(t, schema)).(map[string]any)
		for keyword, want := range key.Schema {
			if got := keywords[keyword]; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s has %s %v, want %v", place, keyword, got, want)
			}
		}
		if !key.OnlyLettersNumbersSpaces {
			continue
		}
		for c := range rune(128) {
			want := c == ' ' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
			if got := broken(schema, string(c)) == nil; got != want {
				t.Errorf("%s takes %q: %v, want %v", place, c, got, want)
			}
		}
	}
}

func checkNotes(t judge, d *document, p page, operation *openapi3.Operation) {
	t.Helper()
	for _, note := range p.Notes {
		if note.Operation != "" && note.Operation != operation.OperationID {
			continue
		}
		var text string
		switch {
		case note.At == "operation":
			text = operation.Description
		case strings.HasPrefix(note.At, "{"):
			text = operation.Parameters.GetByInAndName(openapi3.ParameterInPath, strings.Trim(note.At, "{}")).Description
		default:
			_, _, schema := d.at(t, operation.OperationID, note.At)
			text = schema.Description
		}
		checkWords(t, note.At+" ("+note.Fact+")", text, note.Words)
	}
}

func checkErrors(t judge, d *document, p page, operation *openapi3.Operation) {
	t.Helper()
	documented := map[string]documentedError{}
	for _, e := range extension[[]documentedError](t, operation.Extensions, "x-zoho-errors") {
		documented[e.Code] = e
	}
	if len(documented) != len(p.Errors) {
		t.Errorf("x-zoho-errors has %d codes, want %d", len(documented), len(p.Errors))
	}
	for _, e := range p.Errors {
		got := documented[e.Code]
		if got.Status != e.Status || got.Message != e.Message {
			t.Errorf("%s is %d %q, want %d %q", e.Code, got.Status, got.Message, e.Status, e.Message)
		}
		checkWords(t, "the resolution of "+e.Code, got.Resolution, e.Resolution)
		example := d.exampleOf(t, operation.OperationID, "response/"+strconv.Itoa(e.Status), strings.ToLower(e.Code))
		if r := resultsOf(encode(t, example))[0]; r.Code != e.Code || r.Message != e.Message {
			t.Errorf("the example of %s is %+v, want the message %q", e.Code, r, e.Message)
		}
	}
}

func checkWords(t judge, where, text string, words []string) {
	t.Helper()
	text = strings.Join(strings.Fields(text), " ")
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%s lacks %q: %s", where, word, text)
		}
	}
}

// at returns the schema of a place in the request of an operation, and the object that it is a key of.
func (d *document) at(t judge, id, place string) (parent *openapi3.Schema, key string, schema *openapi3.Schema) {
	t.Helper()
	schema = d.schemaOf(t, id, "request")
	for _, step := range strings.Split(place, ".")[1:] {
		if schema.Items != nil {
			schema = schema.Items.Value
		}
		parent, key = schema, strings.TrimSuffix(step, "[0]")
		property := parent.Properties[key]
		if property == nil {
			t.Fatalf("%s has no %s", id, place)
		}
		schema = property.Value
	}
	return parent, key, schema
}

// exampleOf returns a named example of a part of an operation.
func (d *document) exampleOf(t judge, id, part, name string) any {
	t.Helper()
	media := d.mediaOf(t, id, part)
	if media == nil || media.Examples[name] == nil {
		t.Fatalf("%s %s has no example %s", id, part, name)
	}
	return decode(t, encode(t, media.Examples[name].Value.Value))
}

func extension[T any](t judge, extensions map[string]any, name string) (value T) {
	t.Helper()
	if err := json.Unmarshal(encode(t, extensions[name]), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

package contracttest

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

func TestExamples(t *testing.T)   { checkExamples(t, theDocument()) }
func TestErrors(t *testing.T)     { checkDocumentedErrors(t, theDocument()) }
func TestServers(t *testing.T)    { checkServers(t, theDocument()) }
func TestProperties(t *testing.T) { checkProperties(t, theDocument()) }

// checkExamples checks the named examples with the strict checker.
func checkExamples(t judge, d *document) {
	t.Helper()
	for _, e := range d.checker(t).RequestExamples() {
		if err := d.request(t, e.Operation, e.Body); err != nil {
			t.Errorf("%s %s: %v", e.Operation, e.Name, err)
		}
	}
	for _, e := range d.checker(t).Examples() {
		if err := d.answer(t, e.Operation, strconv.Itoa(e.Status), e.Body); err != nil {
			t.Errorf("%s %d %s: %v", e.Operation, e.Status, e.Name, err)
		}
	}
}

// request returns what the strict checker refuses in a request of an operation.
func (d *document) request(t judge, id string, body []byte) error {
	t.Helper()
	return d.checker(t).Request(requestOf(t, id, client.US.APIURL, "1", body), body)
}

// checkDocumentedErrors holds that examples, lists of errors and lists of codes tell the same.
func checkDocumentedErrors(t judge, d *document) {
	t.Helper()
	codes := map[string]bool{}
	for id, operation := range d.operations() {
		messages := map[string]bool{"SUCCESS": true}
		for _, e := range d.errors(t, operation) {
			codes[e.Code] = true
			messages[e.Message] = true
			example, err := d.checker(t).Example(id, e.Status, strings.ToLower(e.Code))
			if err != nil {
				t.Errorf("%s of %s: %v", e.Code, id, err)
			} else if r := resultsOf(example.Body)[0]; r.Code != e.Code || r.Message != e.Message {
				t.Errorf("the example of %s of %s is %+v", e.Code, id, r)
			}
			if e.Resolution == "" {
				t.Errorf("%s of %s has no resolution", e.Code, id)
			}
		}
		for _, e := range d.checker(t).Examples() {
			for _, r := range resultsOf(e.Body) {
				if e.Operation == id && r.Status == "error" && !messages[r.Message] {
					t.Errorf("the example %s of %s has the message %q, which no error of it has", e.Name, id, r.Message)
				}
			}
		}
	}
	want := slices.Sorted(maps.Keys(codes))
	for name, schema := range d.Components.Schemas {
		if code := schema.Value.Properties["code"]; code != nil && code.Value.Enum == nil {
			if got := extension[[]string](t, code.Value.Extensions, "x-extensible-enum"); !slices.Equal(got, want) {
				t.Errorf("%s has the codes %q, want %q", name, got, want)
			}
		}
	}
}

// checkServers holds that the document and the client know the same hosts.
func checkServers(t judge, d *document) {
	t.Helper()
	var want []string
	for _, dc := range client.DataCenters() {
		want = append(want, dc.APIURL)
		if dc != client.UK && dc != client.AE {
			want = append(want, dc.Sandbox().APIURL, dc.Developer().APIURL)
		}
	}
	slices.Sort(want)
	server := d.Servers[1]
	var got []string
	for _, host := range server.Variables["api_domain"].Enum {
		got = append(got, "https://"+host)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the document has the hosts %q, the client %q", got, want)
	}
	if d.OpenAPI != "3.0.3" || !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(d.Info.Version) {
		t.Errorf("the document is of OpenAPI %s and of the version %s", d.OpenAPI, d.Info.Version)
	}
	for _, item := range d.Paths.Map() {
		for _, operation := range item.Operations() {
			if len(item.Servers) > 0 || operation.Servers != nil || operation.Security != nil {
				t.Errorf("%s has servers or a security of its own", operation.OperationID)
			}
		}
	}
	version := server.Variables["version"]
	if d.Servers[0].URL != client.US.APIURL+generated.BasePath || server.URL != "https://{api_domain}/crm/{version}" ||
		server.Variables["api_domain"].Default != "www.zohoapis.com" || version.Default != "v7" || !slices.Equal(version.Enum, []string{"v7"}) {
		t.Errorf("the servers are %s", encode(t, d.Servers))
	}
}

// ofAnyType are the details whose values differ in type.
var ofAnyType = []string{"permissions", "expected_fields", "dependee", "supported_values"}

// checkProperties holds that each property of a body is in a payload that is valid, that it has a type, and that
// null is no value but of _delete.
func checkProperties(t judge, d *document) {
	t.Helper()
	used := map[string]bool{}
	for _, p := range payloads() {
		if p.Reason == "" {
			use(used, p.Operation+" "+p.Part+" $", p.value)
		}
	}
	details := d.Components.Schemas["Details"].Value.Properties
	every := decode(t, payloads()["updateContactRole/response/400/valid/every_detail"].Body).(map[string]any)
	if want := slices.Sorted(maps.Keys(every["details"].(map[string]any))); !slices.Equal(slices.Sorted(maps.Keys(details)), want) {
		t.Errorf("the details are %v, want %q", details, want)
	}
	for id, operation := range d.operations() {
		operationOf(t, id)
		parts := []string{"request"}
		for status := range operation.Responses.Map() {
			parts = append(parts, "response/"+status)
		}
		for _, parameter := range operation.Parameters {
			if checkProperty(t, id, parameter.Value.Schema.Value); parameter.Value.In != openapi3.ParameterInPath {
				t.Errorf("%s has the parameter %s in %s", id, parameter.Value.Name, parameter.Value.In)
			}
		}
		for _, part := range parts {
			if content := d.contentOf(t, id, part); len(content) != 1 || content["application/json"] == nil {
				t.Errorf("%s %s is of other types than application/json", id, part)
			}
			root := id + " " + part + " $"
			for place, schema := range places(root, d.schemaOf(t, id, part)) {
				_, detail, _ := strings.Cut(place, ".details.")
				if place != root && !strings.HasSuffix(place, "[0]") && !used[place] && details[detail] == nil {
					t.Errorf("no payload has %s", place)
				}
				checkProperty(t, place, schema)
			}
		}
	}
}

func checkProperty(t judge, place string, schema *openapi3.Schema) {
	t.Helper()
	name := place[strings.LastIndexByte(place, '.')+1:]
	if (schema.Type == nil) != slices.Contains(ofAnyType, name) || schema.Type.Is("number") {
		t.Errorf("%s is of the type %v", place, schema.Type)
	}
	if schema.Nullable != (name == "_delete") {
		t.Errorf("%s may be null: %v", place, schema.Nullable)
	}
}

func use(used map[string]bool, place string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, member := range value {
			used[place+"."+key] = true
			use(used, place+"."+key, member)
		}
	case []any:
		for _, item := range value {
			use(used, place+"[0]", item)
		}
	}
}

// places returns the schemas of all places below one.
func places(place string, schema *openapi3.Schema) map[string]*openapi3.Schema {
	all := map[string]*openapi3.Schema{place: schema}
	for key, property := range schema.Properties {
		maps.Copy(all, places(place+"."+key, property.Value))
	}
	if schema.Items != nil {
		maps.Copy(all, places(place+"[0]", schema.Items.Value))
	}
	return all
}

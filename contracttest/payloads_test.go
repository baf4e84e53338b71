package contracttest

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

// payload is a file testdata/payloads/<operation>/<part>/<valid or invalid>/<case>.json, whose part is
// request, response/<status>, or path for the path parameter. A valid file is the value itself. An invalid
// one is an object of the value, body, and of the rules that it breaks, reason: each of them, as
// "place keyword". Where only the strict checker refuses an answer, reason is a part of what it says.
type payload struct {
	Operation string `json:"-"`
	Part      string `json:"-"`
	Reason    string
	Body      json.RawMessage
	value     any // of the body
}

// payloads returns the payloads by their files.
var payloads = sync.OnceValue(func() map[string]payload {
	payloads := map[string]payload{}
	root := os.DirFS("testdata/payloads")
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		directory, validity := path.Split(path.Dir(name))
		operation, part, _ := strings.Cut(path.Clean(directory), "/")
		p := payload{Operation: operation, Part: part, Body: data}
		if validity == "invalid" {
			if err := json.Unmarshal(data, &p); err != nil || p.Reason == "" || p.Body == nil {
				return fmt.Errorf("%s: write an object of reason and body", name)
			}
		} else if validity != "valid" {
			return fmt.Errorf("%s: move it to a directory valid or invalid", name)
		}
		if p.value, err = decodeJSON(p.Body); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		payloads[strings.TrimSuffix(name, ".json")] = p
		return nil
	})
	if err != nil {
		panic(err)
	}
	return payloads
})

func TestPayloads(t *testing.T) {
	for name, p := range payloads() {
		t.Run(name, func(t *testing.T) {
			if complaint := theDocument().complaint(t, p); complaint != "" {
				t.Error(complaint)
			}
		})
	}
}

func TestMisfiledPayloadsAreNoticed(t *testing.T) {
	for name, p := range payloads() {
		if p.Reason != "" {
			p.Reason = ""
		} else {
			p.Reason = "$ type"
		}
		if theDocument().complaint(t, p) == "" {
			t.Errorf("%s passes as its opposite", name)
		}
	}
}

// complaint returns how a payload differs from what the document says of it.
func (d *document) complaint(t judge, p payload) (complaint string) {
	t.Helper()
	var got string
	if schema := d.schemaOf(t, p.Operation, p.Part); schema != nil {
		got = strings.Join(broken(schema, p.value), ", ")
	}
	// What the document refuses, its strict copy refuses too.
	if status, isAnswer := strings.CutPrefix(p.Part, "response/"); isAnswer && (p.Reason == "" || got != p.Reason) {
		err := d.answer(t, p.Operation, status, p.Body)
		if (err != nil) != (p.Reason != "") {
			return fmt.Sprintf("the strict checker says %v, want %q", err, p.Reason)
		}
		if got == "" && err != nil && strings.Contains(err.Error(), p.Reason) {
			return ""
		}
	}
	if got != p.Reason {
		return fmt.Sprintf("the document refuses %q, want %q", got, p.Reason)
	}
	return ""
}

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

// answer returns what the strict checker refuses in an answer of an operation.
func (d *document) answer(t judge, id, status string, body []byte) error {
	t.Helper()
	code, err := strconv.Atoi(status)
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Content-Type": {"application/json;charset=UTF-8"}}
	return d.checker(t).Response(requestOf(t, id, client.US.APIURL, "1", nil), code, header, body)
}

func TestEveryRuleOfARequestHasANearMiss(t *testing.T) { checkNearMisses(t, theDocument()) }

func checkNearMisses(t judge, d *document) {
	t.Helper()
	tested := map[string]bool{}
	for _, p := range payloads() {
		for rule := range strings.SplitSeq(p.Reason, ", ") {
			tested[p.Operation+" "+p.Part+" "+rule] = true
		}
	}
	for id, operation := range d.operations() {
		want := rules(t, "request $", d.schemaOf(t, id, "request"))
		if len(operation.Parameters) > 0 {
			want = append(want, "path $ pattern")
		}
		for _, rule := range want {
			if !tested[id+" "+rule] {
				t.Errorf("no payload of %s breaks %s", id, rule)
			}
		}
	}
}

// rules returns every rule of a schema as "place keyword".
func rules(t judge, place string, schema *openapi3.Schema) (all []string) {
	t.Helper()
	for keyword := range decode(t, encode(t, schema)).(map[string]any) {
		switch keyword {
		case "description", "example", "items", "nullable", "properties", "required":
		default:
			if !strings.HasPrefix(keyword, "x-") {
				all = append(all, place+" "+keyword)
			}
		}
	}
	if !schema.Nullable {
		all = append(all, place+" nullable")
	}
	for _, key := range schema.Required {
		all = append(all, place+"."+key+" required")
	}
	for key, property := range schema.Properties {
		all = append(all, rules(t, place+"."+key, property.Value)...)
	}
	if schema.Items != nil {
		all = append(all, rules(t, place+"[0]", schema.Items.Value)...)
	}
	return all
}

func TestEveryAnswerHasPayloads(t *testing.T) { checkAnswersHavePayloads(t, theDocument()) }

func checkAnswersHavePayloads(t judge, d *document) {
	t.Helper()
	found := map[string]bool{}
	for _, p := range payloads() {
		found[fmt.Sprintf("%s %s, valid: %v", p.Operation, p.Part, p.Reason == "")] = true
	}
	for id, operation := range d.operations() {
		for status := range operation.Responses.Map() {
			for _, valid := range []bool{true, false} {
				if kind := fmt.Sprintf("%s response/%s, valid: %v", id, status, valid); !found[kind] {
					t.Errorf("no payload is of %s", kind)
				}
			}
		}
	}
}

// broken returns the rules that a JSON value breaks, each as "place keyword", sorted.
func broken(schema *openapi3.Schema, value any) (rules []string) {
	err := schema.VisitJSON(value, openapi3.MultiErrors())
	failures, several := err.(openapi3.MultiError)
	if err != nil && !several {
		failures = openapi3.MultiError{err}
	}
	for _, failure := range failures {
		e, isRule := failure.(*openapi3.SchemaError)
		if !isRule {
			rules = append(rules, failure.Error())
			continue
		}
		place := "$"
		for _, key := range e.JSONPointer() {
			if _, err := strconv.Atoi(key); err == nil {
				place += "[" + key + "]"
			} else {
				place += "." + key
			}
		}
		keyword := e.SchemaField
		if keyword == "properties" { // kin-openapi's name for a key too many
			keyword = "additionalProperties"
		}
		rules = append(rules, place+" "+keyword)
	}
	slices.Sort(rules)
	return rules
}

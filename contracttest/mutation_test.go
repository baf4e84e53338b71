package contracttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/internal/contract"
	"github.com/seed-87e331f0/zohocrm-go/spec"
)

// rule plants a fault: it yields each way to replace a value at a place, with the key or index that it
// changes, if it does so below the value.
type rule struct {
	name  string
	plant func(place []string, value any) iter.Seq2[string, any]
}

// exclusion is a reason why what a rule plants is no fault.
type exclusion struct {
	reason  string
	applies func(m mutant) bool
}

// mutant is a value with one planted fault.
type mutant struct {
	rule  string
	place []string // of the change
	from  string   // what was mutated
	to    any      // what replaced the value
}

func (m mutant) String() string {
	return fmt.Sprintf("%s: %s at %s", m.from, m.rule, strings.Join(m.place, "/"))
}

func (m mutant) key() string { return m.place[len(m.place)-1] }

// below reports whether the place is below a key.
func (m mutant) below(key string) bool { return slices.Contains(m.place[:len(m.place)-1], key) }

// plantAll plants every fault in a value, one at a time, and takes it back. Of lists it visits the first
// two items: the others are like them.
func plantAll(from string, rules []rule, root any, visit func(m mutant, root any)) {
	var walk func(place []string, value any, set func(any))
	walk = func(place []string, value any, set func(any)) {
		for _, r := range rules {
			for key, to := range r.plant(place, value) {
				m := mutant{r.name, place, from, to}
				if key != "" {
					m.place = append(slices.Clone(place), key)
				}
				set(to)
				visit(m, root)
			}
			set(value)
		}
		switch value := value.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(value)) {
				walk(append(slices.Clone(place), key), value[key], func(v any) { value[key] = v })
			}
		case []any:
			for i := range value[:min(len(value), 2)] {
				walk(append(slices.Clone(place), strconv.Itoa(i)), value[i], func(v any) { value[i] = v })
			}
		}
	}
	walk([]string{"$"}, root, func(v any) { root = v })
}

// score counts what the suite noticed of a kind of mutants.
type score struct {
	mu               sync.Mutex
	noticed, planted map[string]int // by rule
	excluded         map[string]int // by reason
	survivors        []string
	exclusions       []exclusion
}

func newScore(exclusions []exclusion) *score {
	return &score{noticed: map[string]int{}, planted: map[string]int{}, excluded: map[string]int{}, exclusions: exclusions}
}

// enter counts a mutant, unless it is excluded.
func (s *score) enter(m mutant, noticed bool) {
	if !noticed && s.exclude(m, s.exclusions) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.planted[m.rule]++
	if noticed {
		s.noticed[m.rule]++
	} else {
		s.survivors = append(s.survivors, m.String())
	}
}

func (s *score) exclude(m mutant, exclusions []exclusion) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(exclusions, func(e exclusion) bool { return e.applies(m) })
	if at >= 0 {
		s.excluded[exclusions[at].reason]++
	}
	return at >= 0
}

func (s *score) report(t *testing.T) {
	t.Helper()
	slices.Sort(s.survivors)
	noticed, planted := 0, 0
	var b strings.Builder
	for _, rule := range slices.Sorted(maps.Keys(s.planted)) {
		fmt.Fprintf(&b, "  %5d of %5d  %s\n", s.noticed[rule], s.planted[rule], rule)
		noticed += s.noticed[rule]
		planted += s.planted[rule]
	}
	for _, reason := range slices.Sorted(maps.Keys(s.excluded)) {
		fmt.Fprintf(&b, "  %5d excluded: %s\n", s.excluded[reason], reason)
	}
	for _, survivor := range s.survivors {
		t.Errorf("not noticed: %s", survivor)
	}
	if *tables {
		fmt.Printf("%s: %d of %d noticed\n%s", strings.TrimPrefix(t.Name(), "TestMutation"), noticed, planted, &b)
	}
	if planted == 0 {
		t.Error("no fault was planted")
	}
}

// twice is an object with a key that is there twice.
type twice struct {
	object map[string]any
	key    string
}

func (t twice) MarshalJSON() ([]byte, error) {
	data, err := json.Marshal(t.object)
	if err != nil {
		return nil, err
	}
	member, err := json.Marshal(map[string]any{t.key: t.object[t.key]})
	return append(append(member[:len(member)-1], ','), data[1:]...), err
}

func without(object map[string]any, key string) map[string]any {
	object = maps.Clone(object)
	delete(object, key)
	return object
}

func with(object map[string]any, key string, value any) map[string]any {
	object = maps.Clone(object)
	object[key] = value
	return object
}

// ofObject makes a rule of the keys of an object, ofList of the indexes of a list.
func ofObject(name string, plant func(object map[string]any, key string) any) rule {
	return rule{name, func(_ []string, value any) iter.Seq2[string, any] {
		return func(yield func(string, any) bool) {
			object, _ := value.(map[string]any)
			for _, key := range slices.Sorted(maps.Keys(object)) {
				if !yield(key, plant(object, key)) {
					return
				}
			}
		}
	}}
}

func ofList(name string, plant func(list []any, i int) []any) rule {
	return rule{name, func(_ []string, value any) iter.Seq2[string, any] {
		return func(yield func(string, any) bool) {
			list, _ := value.([]any)
			for i := range list[:min(len(list), 2)] {
				if planted := plant(list, i); planted != nil && !yield(strconv.Itoa(i), planted) {
					return
				}
			}
		}
	}}
}

// ofValue makes a rule of a value.
func ofValue(name string, plant func(place []string, value any) []any) rule {
	return rule{name, func(place []string, value any) iter.Seq2[string, any] {
		return func(yield func(string, any) bool) {
			for _, to := range plant(place, value) {
				if !yield("", to) {
					return
				}
			}
		}
	}}
}

var (
	dropKey   = ofObject("drop a key", func(o map[string]any, key string) any { return without(o, key) })
	renameKey = ofObject("rename a key", func(o map[string]any, key string) any { return with(without(o, key), key+"x", o[key]) })
	dropItem  = ofList("drop an item", func(l []any, i int) []any { return slices.Delete(slices.Clone(l), i, i+1) })
	swapItems = ofList("swap two items", func(l []any, i int) []any {
		if i == 0 {
			return nil
		}
		l = slices.Clone(l)
		l[i-1], l[i] = l[i], l[i-1]
		return l
	})
)

var payloadRules = []rule{
	dropKey, renameKey, dropItem, swapItems,
	ofObject("a key twice", func(o map[string]any, key string) any { return twice{o, key} }),
	ofList("repeat an item", func(l []any, i int) []any { return slices.Insert(slices.Clone(l), i, l[i]) }),
	ofValue("add a key", func(_ []string, value any) []any {
		if object, isObject := value.(map[string]any); isObject {
			return []any{with(object, "added", "x")}
		}
		return nil
	}),
	ofValue("change the type", func(_ []string, value any) []any {
		var others []any
		for _, other := range []any{nil, true, json.Number("1"), "1", []any{}, map[string]any{}} {
			if fmt.Sprintf("%T", other) != fmt.Sprintf("%T", value) {
				others = append(others, other)
			}
		}
		return others
	}),
	ofValue("change a word", func(_ []string, value any) []any {
		if text, isText := value.(string); isText {
			return []any{text + "!"}
		}
		return nil
	}),
}

// schemaAt returns the schema of a place of a body, nil where there is none.
func schemaAt(schema *openapi3.Schema, place []string) *openapi3.Schema {
	for _, key := range place[1:] {
		var ref *openapi3.SchemaRef
		if ref = schema.Properties[key]; ref == nil {
			ref = schema.Items
		}
		if ref == nil {
			return nil
		}
		schema = ref.Value
	}
	return schema
}

// crossBounds makes the rule that crosses each bound of a schema by one.
func crossBounds(schema *openapi3.Schema) rule {
	return ofValue("cross a bound by one", func(place []string, value any) (crossed []any) {
		at := schemaAt(schema, place)
		if at == nil {
			return nil
		}
		if at.MaxLength != nil {
			crossed = append(crossed, strings.Repeat("a", int(*at.MaxLength)+1))
		}
		if at.MinLength > 0 {
			crossed = append(crossed, strings.Repeat("a", int(at.MinLength)-1))
		}
		if at.Min != nil {
			crossed = append(crossed, json.Number(fmt.Sprint(*at.Min-1)))
		}
		if list, isList := value.([]any); isList && len(list) > 0 {
			if at.MaxItems != nil {
				crossed = append(crossed, slices.Repeat(list[:1], int(*at.MaxItems)+1))
			}
			crossed = append(crossed, slices.Repeat(list[:1], int(at.MinItems)-1))
		}
		return crossed
	})
}

// TestMutationOfRequests plants faults in requests that are valid, for the strict checker to notice.
func TestMutationOfRequests(t *testing.T) {
	d := theDocument()
	schemaOf := func(m mutant) *openapi3.Schema {
		id, _, _ := strings.Cut(m.from, "/")
		return schemaAt(d.schemaOf(t, id, "request"), m.place)
	}
	above := func(m mutant) *openapi3.Schema {
		m.place = m.place[:len(m.place)-1]
		return schemaOf(m)
	}
	s := newScore([]exclusion{
		{"the key is optional", func(m mutant) bool { return m.rule == "drop a key" && !slices.Contains(above(m).Required, m.key()) }},
		{"the text is free", func(m mutant) bool { return m.rule == "change a word" && schemaOf(m).Pattern == "" }},
		{"items stand for themselves", func(m mutant) bool { return m.rule == "swap two items" }},
		{"there may be so many items", func(m mutant) bool {
			list, isList := m.to.([]any)
			if !isList || m.rule == "change the type" {
				return false
			}
			schema := above(m)
			return len(list) >= int(schema.MinItems) && (schema.MaxItems == nil || len(list) <= int(*schema.MaxItems))
		}},
	})
	plant := func(id, name string, body []byte) {
		rules := append(slices.Clone(payloadRules), crossBounds(d.schemaOf(t, id, "request")))
		plantAll(id+"/"+name, rules, decode(t, body), func(m mutant, root any) {
			s.enter(m, d.request(t, id, encode(t, root)) != nil)
		})
	}
	for name, p := range payloads() {
		if p.Part == "request" && p.Reason == "" {
			plant(p.Operation, strings.TrimPrefix(name, p.Operation+"/"), p.Body)
		}
	}
	for _, e := range d.checker(t).RequestExamples() {
		plant(e.Operation, "example "+e.Name, e.Body)
	}
	s.report(t)
}

// network answers every request alike.
type network struct {
	status      int
	contentType string
	body        []byte
}

func (n network) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: n.status, Header: http.Header{"Content-Type": {n.contentType}},
		Body: io.NopCloser(bytes.NewReader(n.body)), ContentLength: int64(len(n.body)),
	}, nil
}

// TestMutationOfAnswers plants faults in answers that are valid. The checking transport must notice each, and the
// client must take none for a success.
func TestMutationOfAnswers(t *testing.T) {
	d := theDocument()
	const ofCode = "swap the status"
	byTransport := newScore([]exclusion{
		{"details are open", func(m mutant) bool {
			at := slices.Index(m.place, "details") + 1
			if m.rule != "change the type" {
				return at > 0 && (at < len(m.place) || m.rule == "add a key")
			}
			if at == 0 || at == len(m.place) {
				return false
			}
			known := d.Components.Schemas["Details"].Value.Properties[m.place[at]]
			return known == nil || known.Value.Type == nil
		}},
		{"the text is free", func(m mutant) bool { return m.rule == "change a word" && (m.key() == "message" || m.key() == "code") }},
		{"an error is tied to its input by its position alone", func(m mutant) bool {
			list, isList := m.to.([]any)
			return m.rule == "swap two items" && isList && !slices.ContainsFunc(list, func(item any) bool { return item.(map[string]any)["status"] == "success" })
		}},
		{"a partial success comes with 200 or with 207", func(m mutant) bool {
			return m.rule == ofCode && (m.key() == "200" || m.key() == "207")
		}},
		{"the list of codes is open", func(m mutant) bool { return m.rule == ofCode && strings.Contains(m.from, "new_code") }},
	})
	byClient := newScore([]exclusion{
		{"answers are open to the client, which reads what it needs", func(m mutant) bool {
			return m.rule == "add a key" || m.rule == "a key twice" || m.key() == "message" || m.below("details") && m.key() != "id"
		}},
		{"an id may come as a number", func(m mutant) bool { return m.key() == "id" && m.to == json.Number("1") }},
		{"207 is a success of the client's if each of its results is one", func(m mutant) bool { return m.rule == ofCode && m.key() == "207" }},
	})
	plant := func(id, name string, status int, body []byte) {
		enter := func(m mutant, n network) {
			var noticed error
			transport := &contract.Transport{Checker: d.checker(t), Base: n, Seen: func(e contract.Exchange) { noticed = e.AnswerError }}
			_, err := carryOut(t, newClient(t, client.EU, "1000.token", transport), id, body)
			byTransport.enter(m, noticed != nil)
			byClient.enter(m, err != nil)
		}
		from := fmt.Sprint(id, " ", status, " ", name)
		const contentType = "application/json;charset=UTF-8"
		plantAll(from, payloadRules, decode(t, body), func(m mutant, root any) {
			enter(m, network{status, contentType, encode(t, root)})
		})
		for _, other := range []int{200, 201, 202, 204, 206, 207, 301, 304, 307, 400, 401, 403, 404, 405, 409, 418, 429, 500, 502, 503} {
			if other != status {
				enter(mutant{ofCode, []string{"$", strconv.Itoa(other)}, from, nil}, network{other, contentType, body})
			}
		}
		for name, n := range map[string]network{
			"cut it off":         {status, contentType, body[:bytes.LastIndexByte(body, '}')]},
			"leave it out":       {status, contentType, nil},
			"let more follow":    {status, contentType, slices.Concat(body, body)},
			"call it HTML":       {status, "text/html", body},
			"call it plain text": {status, "text/plain", body},
			"call it nothing":    {status, "", body},
			"send HTML":          {status, contentType, []byte("<!DOCTYPE html>")},
		} {
			enter(mutant{name, []string{"$"}, from, nil}, n)
		}
	}
	for _, e := range d.checker(t).Examples() {
		plant(e.Operation, e.Name, e.Status, e.Body)
	}
	for name, p := range payloads() {
		if status, isAnswer := strings.CutPrefix(p.Part, "response/"); isAnswer && p.Reason == "" && len(resultsOf(p.Body)) < 3 {
			code, err := strconv.Atoi(status)
			if err != nil {
				t.Fatal(err)
			}
			plant(p.Operation, strings.TrimPrefix(name, p.Operation+"/"), code, p.Body)
		}
	}
	t.Run("NoticedByTheTransport", byTransport.report)
	t.Run("NoSuccessToTheClient", byClient.report)
}

// namesAreFree are the objects whose keys are names.
var namesAreFree = []string{"properties", "responses", "examples", "paths", "schemas", "parameters", "securitySchemes", "variables"}

var documentRules = []rule{
	dropKey, dropItem, swapItems,
	{"rename a key", func(place []string, value any) iter.Seq2[string, any] {
		if slices.Contains(namesAreFree, place[len(place)-1]) {
			return renameKey.plant(place, value)
		}
		return func(func(string, any) bool) {}
	}},
	ofValue("add a property", func(place []string, value any) []any {
		if place[len(place)-1] == "properties" {
			return []any{with(value.(map[string]any), "added", map[string]any{"type": "string"})}
		}
		return nil
	}),
	ofValue("require an optional key", func(_ []string, value any) (all []any) {
		schema, _ := value.(map[string]any)
		properties, _ := schema["properties"].(map[string]any)
		required, _ := schema["required"].([]any)
		for key := range properties {
			if !slices.Contains(required, any(key)) {
				all = append(all, with(schema, "required", append(slices.Clone(required), key)))
			}
		}
		return all
	}),
	ofValue("give an operation something of its own", func(_ []string, value any) []any {
		operation, _ := value.(map[string]any)
		if operation["operationId"] == nil {
			return nil
		}
		parameters, _ := operation["parameters"].([]any)
		query := map[string]any{"name": "added", "in": "query", "schema": map[string]any{"type": "string"}}
		return []any{
			with(operation, "servers", []any{map[string]any{"url": "https://www.zohoapis.com/crm/v8"}}),
			with(operation, "security", []any{}),
			with(operation, "parameters", append(slices.Clone(parameters), query)),
		}
	}),
	ofValue("add a media type", func(place []string, value any) []any {
		if place[len(place)-1] == "content" {
			content := value.(map[string]any)
			return []any{with(content, "application/x-www-form-urlencoded", content["application/json"])}
		}
		return nil
	}),
	ofValue("allow null", func(_ []string, value any) []any {
		if schema, _ := value.(map[string]any); schema["type"] != nil && schema["nullable"] == nil && schema["in"] == nil {
			return []any{with(schema, "nullable", true)}
		}
		return nil
	}),
	ofValue("close an object", func(_ []string, value any) []any {
		if schema, _ := value.(map[string]any); schema["properties"] != nil && schema["additionalProperties"] == nil {
			return []any{with(schema, "additionalProperties", false)}
		}
		return nil
	}),
	ofValue("widen or narrow by one", func(_ []string, value any) []any {
		if number, isNumber := value.(int); isNumber {
			return []any{number - 1, number + 1}
		}
		return nil
	}),
	ofValue("turn over", func(_ []string, value any) []any {
		if truth, isBool := value.(bool); isBool {
			return []any{!truth}
		}
		return nil
	}),
	ofValue("change the type", func(place []string, value any) []any {
		types := []any{"string", "integer", "number", "boolean", "array", "object"}
		if at := slices.Index(types, value); at >= 0 && place[len(place)-1] == "type" {
			return []any{types[(at+1)%len(types)], types[(at+2)%len(types)]}
		}
		return nil
	}),
	ofValue("change the pattern", func(place []string, value any) (others []any) {
		pattern, _ := value.(string)
		if place[len(place)-1] == "pattern" {
			for _, change := range [][2]string{{"{1,", "{0,"}, {"{1,", "{2,"}, {"19}", "18}"}, {"19}", "20}"}, {"^", ""}, {"$", ""}, {"0-9", "1-9"}, {"A-Z", "B-Z"}, {"a-z", "a-y"}, {"_", ""}, {"[^", "["}, {`\x1F`, `\x1E`}, {"!", "#"}, {`\x7F`, `\x7E`}, {"|", ""}, {"*", "+"}, {"+", "*"}} {
				if strings.Contains(pattern, change[0]) {
					others = append(others, strings.Replace(pattern, change[0], change[1], 1))
				}
			}
		}
		return others
	}),
	ofValue("change a word", func(_ []string, value any) []any {
		if text, isText := value.(string); isText {
			return []any{text + "x"}
		}
		return nil
	}),
	{"swap two", func(place []string, value any) iter.Seq2[string, any] {
		return func(yield func(string, any) bool) {
			object, _ := value.(map[string]any)
			keys := slices.Sorted(maps.Keys(object))
			if !slices.Contains(namesAreFree, place[len(place)-1]) || len(keys) < 2 {
				return
			}
			for i, key := range keys {
				next := keys[(i+1)%len(keys)]
				if !yield(key, with(with(object, key, object[next]), next, object[key])) {
					return
				}
			}
		}
	}},
}

// verdict ends the judgement of a mutant at the first thing that is noticed.
type verdict struct{}

func (verdict) Helper()               {}
func (verdict) Errorf(string, ...any) { panic(verdict{}) }
func (verdict) Fatal(...any)          { panic(verdict{}) }
func (verdict) Fatalf(string, ...any) { panic(verdict{}) }

// isNoticed has all judges of the document judge one.
func isNoticed(data []byte) (noticed bool) {
	defer func() { noticed = noticed || recover() != nil }()
	d, err := readDocument(data)
	if err != nil {
		return true
	}
	var t verdict
	for _, check := range []func(judge, *document){checkProperties, checkNearMisses, checkAnswersHavePayloads, checkServers} {
		check(t, d)
	}
	for _, p := range payloads() {
		if d.complaint(t, p) != "" {
			return true
		}
	}
	for _, p := range pages() {
		checkPage(t, d, p)
	}
	checkExamples(t, d)
	checkDocumentedErrors(t, d)
	return false
}

// TestMutationOfTheDocument plants faults in the document, for its judges to notice.
func TestMutationOfTheDocument(t *testing.T) {
	var root any
	if err := yaml.Unmarshal(spec.YAML, &root); err != nil {
		t.Fatal(err)
	}
	if isNoticed(encode(t, root)) {
		t.Fatal("the document itself is refused")
	}
	under := func(m mutant, keys ...string) bool {
		return slices.ContainsFunc(m.place, func(key string) bool { return slices.Contains(keys, key) })
	}
	unjudged := []exclusion{
		{"prose", func(m mutant) bool {
			return under(m, "description", "summary", "title", "x-pattern-description", "resolution", "tags", "contact", "license") || m.place[1] == "externalDocs"
		}},
		{"the sample value of a property", func(m mutant) bool { return under(m, "example") }},
		{"a name in generated Go code, which compiles or does not", func(m mutant) bool { return under(m, "x-go-name") }},
	}
	s := newScore([]exclusion{
		{"what is swapped differs in prose alone", func(m mutant) bool {
			object, _ := m.to.(map[string]any)
			return m.rule == "swap two" && m.below("schemas") && len(without(object[m.key()].(map[string]any), "x-go-name")) == len([]string{"description", "example", "type"})
		}},
		{"another body that is valid is an example as good", func(m mutant) bool { return m.below("examples") && m.below("value") }},
		{"the list has no order", func(m mutant) bool {
			return m.rule == "swap two items" && under(m, "enum", "required", "x-zoho-errors", "x-zoho-common-errors")
		}},
	})
	type planted struct {
		m    mutant
		data []byte
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // each mutant is a whole document
	n, step := 0, 1
	if race {
		step = 20 // the detector slows all down, and has seen all the code by then
	}
	mutants := make(chan planted, 8)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for p := range mutants {
				s.enter(p.m, isNoticed(p.data))
			}
		})
	}
	plantAll("the document", documentRules, root, func(m mutant, root any) {
		if n++; n%step == 0 && !s.exclude(m, unjudged) {
			mutants <- planted{m, encode(t, root)}
		}
	})
	close(mutants)
	workers.Wait()
	s.report(t)
}

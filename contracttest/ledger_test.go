package contracttest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/internal/contract"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

// entry is something that the document declares: an aspect of a named example, a property or an error
// of an operation.
type entry struct{ Operation, Section, Subject, Aspect string }

func (e entry) String() string {
	return strings.Join([]string{e.Operation, e.Section, e.Subject, e.Aspect}, " ")
}

// ledger is what the document declares, and whether it was seen.
type ledger struct {
	*document
	mu   sync.Mutex
	seen map[entry]bool
}

func newLedger(t judge, d *document) *ledger {
	l := &ledger{document: d, seen: map[entry]bool{}}
	for _, e := range d.checker(t).Examples() {
		l.seen[answered(e.Operation, e.Status, e.Name)] = false
	}
	for id, operation := range d.operations() {
		for _, parameter := range operation.Parameters {
			l.declare(id, "{"+parameter.Value.Name+"}", false, parameter.Value.Schema.Value)
		}
		l.declare(id, "$", false, d.schemaOf(t, id, "request"))
		for _, e := range d.errors(t, operation) {
			for _, aspect := range []string{"caused", "queued", "errors.Is"} {
				l.seen[entry{id, "errors", e.Code, aspect}] = false
			}
		}
	}
	return l
}

func answered(id string, status int, example string) entry {
	return entry{id, "answers", strconv.Itoa(status), example}
}

func (l *ledger) see(e entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, declared := l.seen[e]; declared {
		l.seen[e] = true
	}
}

// declare enters what the requests of an operation may hold at a place.
func (l *ledger) declare(id, place string, isProperty bool, schema *openapi3.Schema) {
	enter := func(aspect string) { l.seen[entry{id, "request", place, aspect}] = false }
	if isProperty {
		enter("present")
		enter("absent")
	}
	if schema.Nullable {
		enter("null")
	}
	for bound := range bounds(schema, nil) {
		enter(bound + " kept")
		enter(bound + " broken")
	}
	for key, property := range schema.Properties {
		l.declare(id, place+"."+key, true, property.Value)
	}
	if schema.Items != nil {
		l.declare(id, place+"[0]", false, schema.Items.Value)
	}
}

// bounds returns how far a value is beyond each bound of its schema, 0 where it is at the bound. A value
// that does not have the type of the schema has none.
func bounds(schema *openapi3.Schema, value any) map[string]int {
	size := -1
	switch value := value.(type) {
	case string:
		size = utf8.RuneCountInString(value)
	case []any:
		size = len(value)
	case json.Number:
		n, err := value.Int64()
		if err != nil {
			return nil
		}
		size = int(n)
	}
	beyond := map[string]int{}
	if schema.Type.Is("string") && (schema.MinLength > 0 || schema.MaxLength != nil) {
		beyond["minLength"] = int(schema.MinLength) - size
		beyond["maxLength"] = size - int(*schema.MaxLength)
	}
	if schema.Type.Is("array") {
		beyond["minItems"] = int(schema.MinItems) - size
		if schema.MaxItems != nil {
			beyond["maxItems"] = size - int(*schema.MaxItems)
		}
	}
	if schema.Min != nil {
		beyond["minimum"] = int(*schema.Min) - size
	}
	if schema.Pattern != "" {
		beyond["pattern"] = min(len(broken(&openapi3.Schema{Pattern: schema.Pattern}, value)), 1)
	}
	return beyond
}

// request enters what a request holds. An accepted one shows what is allowed, a refused one what is not.
func (l *ledger) request(id, place string, schema *openapi3.Schema, value any, accepted bool) {
	if schema.Nullable && value == nil && accepted {
		l.see(entry{id, "request", place, "null"})
	}
	for bound, beyond := range bounds(schema, value) {
		if beyond == 0 && accepted {
			l.see(entry{id, "request", place, bound + " kept"})
		} else if beyond == 1 && !accepted {
			l.see(entry{id, "request", place, bound + " broken"})
		}
	}
	if object, isObject := value.(map[string]any); isObject {
		for key, property := range schema.Properties {
			member, present := object[key]
			switch {
			case present:
				if accepted {
					l.see(entry{id, "request", place + "." + key, "present"})
				}
				l.request(id, place+"."+key, property.Value, member, accepted)
			case accepted != slices.Contains(schema.Required, key):
				l.see(entry{id, "request", place + "." + key, "absent"})
			}
		}
	}
	if array, isArray := value.([]any); isArray && schema.Items != nil {
		for _, item := range array {
			l.request(id, place+"[0]", schema.Items.Value, item, accepted)
		}
	}
}

// exchange enters a request and its answer.
func (l *ledger) exchange(t judge, e contract.Exchange) {
	id, _ := l.checker(t).Operation(e.Request)
	if id == "" {
		return
	}
	for _, parameter := range l.operations()[id].Parameters {
		_, below, _ := strings.Cut(e.Request.URL.EscapedPath(), generated.BasePath)
		if values, matches := contract.MatchPath(operationOf(t, id).Path, below); matches {
			l.request(id, "{"+parameter.Value.Name+"}", parameter.Value.Schema.Value, values[parameter.Value.Name], isAccepted(e))
		}
	}
	if value, err := decodeJSON(e.Sent); err == nil {
		l.request(id, "$", l.schemaOf(t, id, "request"), value, isAccepted(e))
	}
	for _, example := range l.checker(t).Examples() {
		if example.Operation == id && example.Status == e.Status && equalJSON(example.Body, e.Answered) {
			l.see(answered(id, e.Status, example.Name))
		}
	}
}

// table writes the ledger for a person to read, and returns the entries that were not seen.
func (l *ledger) table() (table string, missing []entry) {
	var b strings.Builder
	var last entry
	entries := slices.SortedFunc(maps.Keys(l.seen), func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Section, b.Section), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Aspect, b.Aspect))
	})
	for _, e := range entries {
		if e.Operation != last.Operation || e.Section != last.Section {
			fmt.Fprintf(&b, "\n\n%s: %s", e.Operation, e.Section)
		}
		if e.Operation != last.Operation || e.Section != last.Section || e.Subject != last.Subject {
			fmt.Fprintf(&b, "\n  %-42s", e.Subject)
		}
		fmt.Fprintf(&b, " %s", e.Aspect)
		if !l.seen[e] {
			b.WriteString(" (not seen)")
			missing = append(missing, e)
		}
		b.WriteString(",")
		last = e
	}
	return strings.ReplaceAll(strings.TrimSpace(b.String()), ",\n", "\n") + "\n", missing
}

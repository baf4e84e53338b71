package spec_test

import (
	"fmt"
	"iter"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type object = map[string]any

// document is the OpenAPI document as a tree, with its references as they stand.
type document struct{ root object }

func parse(t *testing.T, data []byte) document {
	t.Helper()
	var d document
	if err := yaml.Unmarshal(data, &d.root); err != nil {
		t.Fatal(err)
	}
	return d
}

// rules are what no linter demands of the document: what client generators of several languages need,
// and what this document promises of itself.
var rules = map[string]func(d document, refuse func(place, why string)){
	"openapi version": func(d document, refuse func(place, why string)) {
		if d.root["openapi"] != "3.0.3" {
			refuse("openapi", "must be 3.0.3, which all generators read")
		}
	},
	"semantic version": func(d document, refuse func(place, why string)) {
		if !semanticVersion.MatchString(d.version()) {
			refuse("info.version", "must be a semantic version")
		}
	},
	"union": func(d document, refuse func(place, why string)) {
		for place, node := range d.objects() {
			for _, keyword := range []string{"oneOf", "anyOf", "allOf"} {
				if node[keyword] != nil {
					refuse(place, keyword+" breaks generators; describe one flat object")
				}
			}
		}
	},
	"unicode class": func(d document, refuse func(place, why string)) {
		for place, node := range d.objects() {
			if pattern, _ := node["pattern"].(string); strings.Contains(strings.ToLower(pattern), `\p{`) {
				refuse(place, "not every regular expression engine knows \\p{…}")
			}
		}
	},
	"string reference": func(d document, refuse func(place, why string)) {
		for place, node := range d.objects() {
			if ref, ok := node["$ref"].(string); ok && d.resolve(node)["type"] == "string" {
				refuse(place, ref+" is a string; write it in place")
			}
		}
	},
	"reserved name": func(d document, refuse func(place, why string)) {
		for name := range sorted(d.child("components", "schemas")) {
			if slices.Contains([]string{"error", "apierror", "configuration"}, fold(name)) {
				refuse("components.schemas."+name, "generated clients have a class of that name")
			}
		}
	},
	"distinct names": func(d document, refuse func(place, why string)) {
		distinct := func(place string, names iter.Seq[string]) {
			seen := map[string]string{}
			for name := range names {
				if other, found := seen[fold(name)]; found {
					refuse(place, fmt.Sprintf("%s and %s differ only in case or _", other, name))
				}
				seen[fold(name)] = name
			}
		}
		var types []string
		for _, kind := range []string{"schemas", "parameters", "responses", "requestBodies", "headers"} {
			types = slices.AppendSeq(types, maps.Keys(d.child("components", kind)))
		}
		slices.Sort(types)
		distinct("components", slices.Values(types))
		distinct("components.examples", keys(d.child("components", "examples")))
		distinct("components.securitySchemes", keys(d.child("components", "securitySchemes")))
		var operationIDs []string
		for place, operation := range d.operations() {
			operationIDs = append(operationIDs, fmt.Sprint(operation["operationId"]))
			var parameters []string
			for _, parameter := range list(operation["parameters"]) {
				parameters = append(parameters, fmt.Sprint(d.resolve(parameter)["name"]))
			}
			distinct(place, slices.Values(parameters))
		}
		distinct("paths", slices.Values(operationIDs))
		for place, node := range d.objects() {
			distinct(place, keys(child(node, "properties")))
		}
	},
	"null enum": func(d document, refuse func(place, why string)) {
		for place, node := range d.objects() {
			if slices.Contains(list(node["enum"]), nil) {
				refuse(place, "null among the values of an enum crashes generators; see _delete")
			}
		}
	},
	"closed request": func(d document, refuse func(place, why string)) {
		for place, operation := range d.operations() {
			d.reach(place+".requestBody", operation["requestBody"], func(place string, node object) {
				if node["type"] == "object" && node["additionalProperties"] != false {
					refuse(place, "an object of a request must have additionalProperties: false")
				}
			})
		}
	},
	"bounded request": func(d document, refuse func(place, why string)) {
		for place, operation := range d.operations() {
			for _, key := range []string{"parameters", "requestBody"} {
				d.reach(place+"."+key, operation[key], func(place string, node object) {
					if node["type"] == "string" && node["pattern"] == nil && node["maxLength"] == nil && node["enum"] == nil {
						refuse(place, "a string of a request must have a pattern, a maxLength or an enum")
					}
				})
			}
		}
	},
	"open answer": func(d document, refuse func(place, why string)) {
		for place, operation := range d.operations() {
			d.reach(place+".responses", operation["responses"], func(place string, node object) {
				if node["additionalProperties"] != nil {
					refuse(place, "an object of an answer is open, which is the default: leave additionalProperties out")
				}
			})
		}
	},
	"statuses": func(d document, refuse func(place, why string)) {
		for place, operation := range d.operations() {
			responses := child(operation, "responses")
			for status := range sorted(responses) {
				if status != "default" && !threeDigits.MatchString(status) {
					refuse(place, "status "+status+" must be three digits")
				}
			}
			for _, status := range []string{"200", "400", "401", "403", "404", "429", "500"} {
				if responses[status] == nil {
					refuse(place, "has no answer "+status)
				}
			}
		}
	},
	"bare error": func(d document, refuse func(place, why string)) {
		for place, operation := range d.operations() {
			for status, response := range sorted(child(operation, "responses")) {
				media := child(d.resolve(response), "content", "application/json")
				if status > "400" && child(media, "schema")["$ref"] != "#/components/schemas/ErrorResult" {
					refuse(place, status+" must be a bare ErrorResult")
				}
			}
		}
	},
	"body": func(d document, refuse func(place, why string)) {
		for place, node := range d.objects() {
			content, ok := node["content"].(object)
			if !ok {
				continue
			}
			if len(content) != 1 || len(child(content, "application/json", "examples")) == 0 {
				refuse(place, "a body must be application/json and have a named example")
			}
		}
	},
	"value example": func(d document, refuse func(place, why string)) {
		for place, node := range d.objects() {
			for name, value := range sorted(child(node, "properties")) {
				property, _ := value.(object)
				structured := property["$ref"] != nil || property["type"] == "array" || property["type"] == "object"
				if !structured && property["example"] == nil && property["enum"] == nil && property["not"] == nil {
					refuse(place+"."+name, "has no example")
				}
			}
		}
	},
	"example summary": func(d document, refuse func(place, why string)) {
		for name, example := range sorted(d.child("components", "examples")) {
			if child(example)["summary"] == nil {
				refuse("components.examples."+name, "has no summary")
			}
		}
		for place, operation := range d.operations() {
			for status, examples := range d.answers(operation) {
				for name, example := range examples {
					if example["summary"] == nil {
						refuse(place, fmt.Sprintf("example %s at %s has no summary", name, status))
					}
				}
			}
		}
	},
	"error example": func(d document, refuse func(place, why string)) {
		for place, operation := range d.operations() {
			answers := d.answers(operation)
			for _, e := range list(operation["x-zoho-errors"]) {
				e, _ := e.(object)
				status, name := fmt.Sprint(e["status"]), strings.ToLower(fmt.Sprint(e["code"]))
				if !hasError(answers[status][name], e) {
					refuse(place, fmt.Sprintf("%s has no example %s with the code and message of x-zoho-errors", status, name))
				}
			}
		}
	},
	"further error example": func(d document, refuse func(place, why string)) {
		for _, e := range list(d.root["x-zoho-common-errors"]) {
			e, _ := e.(object)
			status, found := fmt.Sprint(e["status"]), false
			for _, operation := range d.operations() {
				for _, example := range d.answers(operation)[status] {
					found = found || hasError(example, e)
				}
			}
			if !found {
				refuse("x-zoho-common-errors", fmt.Sprintf("no example at %s has the code and message of %s", status, e["code"]))
			}
		}
	},
	"documented error": func(d document, refuse func(place, why string)) {
		for place, operation := range d.operations() {
			documented := map[string]bool{"200 SUCCESS": true, "207 SUCCESS": true}
			for _, e := range slices.Concat(list(operation["x-zoho-errors"]), list(d.root["x-zoho-common-errors"])) {
				e, _ := e.(object)
				documented[fmt.Sprintf("%v %v", e["status"], e["code"])] = true
				if e["status"] == 400 { // a bulk update can fail in part
					documented[fmt.Sprintf("200 %v", e["code"])] = true
					documented[fmt.Sprintf("207 %v", e["code"])] = true
				}
			}
			for status, examples := range d.answers(operation) {
				for name, example := range examples {
					for _, result := range results(example) {
						if key := fmt.Sprintf("%s %v", status, result["code"]); !documented[key] {
							refuse(place, fmt.Sprintf("example %s: %s is not among the errors of the operation", name, key))
						}
					}
				}
			}
		}
	},
	"error": func(d document, refuse func(place, why string)) {
		errors := map[string]any{"x-zoho-common-errors": d.root["x-zoho-common-errors"]}
		for place, operation := range d.operations() {
			errors[place] = operation["x-zoho-errors"]
		}
		for place, value := range sorted(errors) {
			if len(list(value)) == 0 {
				refuse(place, "lists no errors")
			}
			seen := map[string]bool{}
			for _, e := range list(value) {
				e, _ := e.(object)
				if len(e) != 4 || e["code"] == nil || e["status"] == nil || e["message"] == nil || e["resolution"] == nil {
					refuse(place, fmt.Sprintf("%v must have exactly code, status, message and resolution", e["code"]))
				}
				code := fmt.Sprint(e["code"])
				if seen[code] {
					refuse(place, code+" is there twice")
				}
				seen[code] = true
			}
		}
	},
	"extensible enum": func(d document, refuse func(place, why string)) {
		codes := map[string]bool{}
		for _, node := range d.objects() {
			for _, e := range slices.Concat(list(node["x-zoho-errors"]), list(node["x-zoho-common-errors"])) {
				codes[fmt.Sprint(child(e)["code"])] = true
			}
		}
		var want []any
		for _, code := range slices.Sorted(maps.Keys(codes)) {
			want = append(want, code)
		}
		for place, node := range d.objects() {
			code, ok := child(node, "properties")["code"].(object)
			if ok && code["enum"] == nil && !reflect.DeepEqual(code["x-extensible-enum"], any(want)) {
				refuse(place+".code", "x-extensible-enum must be the sorted list of all error codes")
			}
		}
	},
	"description": func(d document, refuse func(place, why string)) {
		described := func(place string, node any) {
			if d.resolve(node)["description"] == nil {
				refuse(place, "has no description")
			}
		}
		for kind := range sorted(d.child("components")) {
			for name, component := range sorted(d.child("components", kind)) {
				if kind != "examples" { // these have a summary
					described("components."+kind+"."+name, component)
				}
			}
		}
		for place, operation := range d.operations() {
			described(place, operation)
			described(place+".requestBody", operation["requestBody"])
			for _, parameter := range list(operation["parameters"]) {
				described(place+".parameters", parameter)
			}
			for status, response := range sorted(child(operation, "responses")) {
				described(place+".responses."+status, response)
			}
		}
		for place, node := range d.objects() {
			for name, property := range sorted(child(node, "properties")) {
				described(place+"."+name, property)
			}
		}
		for _, server := range list(d.root["servers"]) {
			described("servers", server)
			for name, variable := range sorted(child(server, "variables")) {
				described("servers.variables."+name, variable)
			}
		}
		for _, tag := range list(d.root["tags"]) {
			described("tags", tag)
		}
		described("info", d.root["info"])
		described("externalDocs", d.root["externalDocs"])
	},
	"security": func(d document, refuse func(place, why string)) {
		for place, operation := range d.operations() {
			requirements, own := operation["security"]
			if !own {
				requirements = d.root["security"]
			}
			if len(list(requirements)) == 0 {
				refuse(place, "needs no token")
			}
			for _, requirement := range list(requirements) {
				if child(requirement)["zohoOAuthToken"] == nil {
					refuse(place, "can be called without zohoOAuthToken")
				}
			}
		}
	},
	"used component": func(d document, refuse func(place, why string)) {
		used := map[string]bool{}
		for _, node := range d.objects() {
			used[fmt.Sprint(node["$ref"])] = true
		}
		for kind := range sorted(d.child("components")) {
			for name := range sorted(d.child("components", kind)) {
				if kind != "securitySchemes" && !used["#/components/"+kind+"/"+name] {
					refuse("components."+kind+"."+name, "is not used")
				}
			}
		}
	},
	"operation": func(d document, refuse func(place, why string)) {
		for place, operation := range d.operations() {
			for _, key := range []string{"operationId", "summary", "tags", "externalDocs", "requestBody", "x-zoho-scopes"} {
				if operation[key] == nil {
					refuse(place, "has no "+key)
				}
			}
		}
	},
	"explained extension": func(d document, refuse func(place, why string)) {
		description, _ := d.child("info")["description"].(string)
		for place, node := range d.objects() {
			for key := range sorted(node) {
				if strings.HasPrefix(key, "x-") && !strings.Contains(description, "* `"+key+"`: ") {
					refuse(place, key+" is not explained in info.description")
				}
			}
		}
	},
}

var (
	semanticVersion = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$`)
	threeDigits     = regexp.MustCompile(`^[1-5]\d\d$`)
)

func (d document) child(path ...string) object { return child(d.root, path...) }

func (d document) version() string {
	version, _ := d.child("info")["version"].(string)
	return version
}

// objects yields every object of the document but the values of examples, without following references.
func (d document) objects() iter.Seq2[string, object] {
	return func(yield func(string, object) bool) { each("", d.root, yield) }
}

func each(place string, node any, yield func(string, object) bool) bool {
	switch node := node.(type) {
	case object:
		if !yield(place, node) {
			return false
		}
		for key, value := range sorted(node) {
			if key != "value" && key != "example" && !each(strings.TrimPrefix(place+"."+key, "."), value, yield) {
				return false
			}
		}
	case []any:
		for i, value := range node {
			if !each(fmt.Sprintf("%s[%d]", place, i), value, yield) {
				return false
			}
		}
	}
	return true
}

// operations yields every operation of the document.
func (d document) operations() iter.Seq2[string, object] {
	return func(yield func(string, object) bool) {
		for path, item := range sorted(d.child("paths")) {
			for method, operation := range sorted(child(item)) {
				if !yield("paths."+path+"."+method, child(operation)) {
					return
				}
			}
		}
	}
}

// answers returns the named examples of an operation's answers, by status and name.
func (d document) answers(operation object) map[string]map[string]object {
	answers := map[string]map[string]object{}
	for status, response := range child(operation, "responses") {
		answers[status] = map[string]object{}
		for name, example := range child(d.resolve(response), "content", "application/json", "examples") {
			answers[status][name] = d.resolve(example)
		}
	}
	return answers
}

// reach visits every object that a part of the document leads to, references included, once.
func (d document) reach(place string, node any, visit func(place string, node object)) {
	seen := map[string]bool{}
	var follow func(place string, node any)
	follow = func(place string, node any) {
		each(place, node, func(place string, node object) bool {
			visit(place, node)
			if ref, ok := node["$ref"].(string); ok && !seen[ref] {
				seen[ref] = true
				follow(strings.ReplaceAll(strings.TrimPrefix(ref, "#/"), "/", "."), d.resolve(node))
			}
			return true
		})
	}
	follow(place, node)
}

// resolve returns the object that a reference leads to, or the object itself.
func (d document) resolve(node any) object {
	target := child(node)
	if ref, ok := target["$ref"].(string); ok {
		return d.child(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	return target
}

// results returns the results in the body of an answer: the bare error, or those of the envelope.
func results(example object) []object {
	body := child(example, "value")
	if body["code"] != nil {
		return []object{body}
	}
	var results []object
	for _, envelope := range sorted(body) {
		for _, result := range list(envelope) {
			results = append(results, child(result))
		}
	}
	return results
}

func hasError(example, e object) bool {
	return slices.ContainsFunc(results(example), func(result object) bool {
		return reflect.DeepEqual(result["code"], e["code"]) && reflect.DeepEqual(result["message"], e["message"]) && result["status"] == "error"
	})
}

// child returns the object below a node; where there is none, it has no keys.
func child(node any, path ...string) object {
	current, _ := node.(object)
	for _, key := range path {
		current, _ = current[key].(object)
	}
	return current
}

func list(node any) []any {
	values, _ := node.([]any)
	return values
}

func keys(node object) iter.Seq[string] { return slices.Values(slices.Sorted(maps.Keys(node))) }

func sorted(node object) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for key := range keys(node) {
			if !yield(key, node[key]) {
				return
			}
		}
	}
}

// fold returns a name as a generator that ignores case and _ sees it.
func fold(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

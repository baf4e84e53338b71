package zohotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

const (
	maxRoles       = 100
	maxLabelLength = 25
	maxNameLength  = 50
)

// answer carries out a request of the API.
func (s *Server) answer(c call) answer {
	if !c.known {
		return s.refuseAs(generated.OperationUpdateContactRoles, client.CodeInvalidURLPattern)
	}
	if c.Method != c.operation.Method {
		return s.refuseAs(c.operation, client.CodeInvalidRequestMethod)
	}
	if code := s.authorize(c.Request, c.operation); code != "" {
		return s.refuseAs(c.operation, code)
	}
	switch c.operation.ID {
	case generated.OperationUpdateCustomModule.ID:
		return s.updateModules(c)
	default:
		return s.updateRoles(c)
	}
}

// refuseAs answers by the document's example of a code.
func (s *Server) refuseAs(o generated.Operation, code client.Code) answer {
	a, err := s.example(o.ID, 0, strings.ToLower(string(code)))
	if err != nil {
		panic(err)
	}
	return a
}

func (s *Server) updateModules(c call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := c.parameters["module"]
	at := slices.IndexFunc(s.modules, func(m Module) bool { return name == m.ID || name == m.APIName })
	if at < 0 {
		return s.refuseAs(c.operation, client.CodeInvalidModule)
	}
	return s.eachItem(c, "modules", 1, func(o object) (string, *refusal) {
		return s.modules[at].ID, s.updateModule(&s.modules[at], o)
	})
}

func (s *Server) updateRoles(c call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := maxRoles
	pathID, single := c.parameters["contact_role_id"]
	if single {
		limit = 1
	}
	return s.eachItem(c, "contact_roles", limit, func(o object) (string, *refusal) {
		id := pathID
		if _, given := o.values["id"]; given || !single {
			var r *refusal
			if id, r = o.text("id"); r != nil {
				return "", r
			}
		}
		at := slices.IndexFunc(s.roles, func(role ContactRole) bool { return role.ID == id })
		if at < 0 || single && id != pathID {
			return "", &refusal{client.CodeInvalidData, details{"id": id}}
		}
		return id, s.updateRole(&s.roles[at], o)
	})
}

// eachItem calls update with each object of the array under key, and answers with the results.
func (s *Server) eachItem(c call, key string, limit int, update func(object) (id string, r *refusal)) answer {
	bare := func(code client.Code, d details) answer {
		return jsonAnswer(http.StatusBadRequest, (&refusal{code, d}).result(c.operation))
	}
	var envelope map[string]any
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	decoder.UseNumber()
	if err := decoder.Decode(&envelope); err != nil || envelope == nil {
		return s.refuseAs(c.operation, client.CodeUnableToParseDataType)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return s.refuseAs(c.operation, client.CodeUnableToParseDataType)
	}
	top := object{values: envelope, path: "$"}
	if r := top.only(key); r != nil {
		return bare(r.code, r.details)
	}
	value, found := envelope[key]
	items, isArray := value.([]any)
	switch {
	case !found || isArray && len(items) == 0:
		return wrapped(key, []result{top.refuse(client.CodeMandatoryNotFound, key, nil).result(c.operation)})
	case !isArray:
		r := top.refuse(client.CodeInvalidData, key, details{"expected_data_type": "jsonarray"})
		return bare(r.code, r.details)
	case len(items) > limit:
		return bare(client.CodeLimitExceeded, details{"limit": limit})
	}
	results := make([]result, len(items))
	for i, item := range items {
		o := object{path: fmt.Sprintf("$.%s[%d]", key, i)}
		var id string
		r := &refusal{client.CodeInvalidData, details{"json_path": o.path, "expected_data_type": "jsonobject"}}
		if o.values, _ = item.(map[string]any); o.values != nil {
			id, r = update(o)
		}
		if results[i] = (result{"SUCCESS", details{"id": id}, s.successMessage(c.operation), "success"}); r != nil {
			results[i] = r.result(c.operation)
		}
	}
	return wrapped(key, results)
}

func (s *Server) updateModule(module *Module, o object) *refusal {
	if _, given := o.values["api_name"]; given {
		return o.refuse(client.CodeNotAllowed, "api_name", nil)
	}
	if r := o.only("plural_label", "singular_label", "profiles"); r != nil {
		return r
	}
	plural, r := o.label("plural_label")
	if r != nil {
		return r
	}
	singular, r := o.label("singular_label")
	if r != nil {
		return r
	}
	for _, other := range s.modules {
		switch {
		case other.ID == module.ID:
		case other.PluralLabel == plural:
			return o.refuse(client.CodeDuplicateData, "plural_label", details{"id": other.ID})
		case other.SingularLabel == singular:
			return o.refuse(client.CodeDuplicateData, "singular_label", details{"id": other.ID})
		}
	}
	profiles, r := s.changeProfiles(module.Profiles, o)
	if r != nil {
		return r
	}
	module.PluralLabel, module.SingularLabel, module.Profiles = plural, singular, profiles
	return nil
}

// changeProfiles applies a delta: a profile is granted, or removed where _delete is there and null.
func (s *Server) changeProfiles(profiles []string, o object) ([]string, *refusal) {
	profiles = slices.Clone(profiles)
	value, found := o.values["profiles"]
	items, isArray := value.([]any)
	switch {
	case !found:
		return nil, o.refuse(client.CodeMandatoryNotFound, "profiles", nil)
	case value == nil || isArray && len(items) == 0:
		return nil, o.refuse(client.CodeMinimumDataNotFound, "profiles", nil)
	case !isArray:
		return nil, o.refuse(client.CodeInvalidData, "profiles", details{"expected_data_type": "jsonarray"})
	}
	for i, item := range items {
		// Zoho leaves out the index of the module here.
		profile := object{path: fmt.Sprintf("$.modules.profiles[%d]", i)}
		if profile.values, _ = item.(map[string]any); profile.values == nil {
			return nil, o.refuse(client.CodeInvalidData, "profiles", details{"expected_data_type": "jsonobject"})
		}
		if r := profile.only("id", "_delete"); r != nil {
			return nil, r
		}
		id, r := profile.text("id")
		if r != nil {
			return nil, r
		}
		remove, isRemoval := profile.values["_delete"]
		switch at := slices.Index(profiles, id); {
		case remove != nil:
			return nil, profile.refuse(client.CodeInvalidData, "_delete", details{"expected_data_type": "jsonobject"})
		case !slices.Contains(s.profiles, id):
			return nil, profile.refuse(client.CodeInvalidData, "id", nil)
		case isRemoval && at >= 0:
			profiles = slices.Delete(profiles, at, at+1)
		case !isRemoval && at < 0:
			profiles = append(profiles, id)
		}
	}
	if len(profiles) == 0 {
		return nil, o.refuse(client.CodeMinimumDataNotFound, "profiles", nil)
	}
	return profiles, nil
}

func (s *Server) updateRole(role *ContactRole, o object) *refusal {
	if r := o.only("id", "name", "sequence_number"); r != nil {
		return r
	}
	updated := *role
	if _, given := o.values["name"]; given {
		var r *refusal
		if updated.Name, r = o.text("name"); r != nil {
			return r
		}
		if utf8.RuneCountInString(updated.Name) > maxNameLength {
			return o.refuse(client.CodeInvalidData, "name", details{"maximum_length": maxNameLength})
		}
		for _, other := range s.roles {
			if other.ID != role.ID && other.Name == updated.Name {
				return o.refuse(client.CodeDuplicateData, "name", details{"id": other.ID})
			}
		}
	}
	if position, given := o.values["sequence_number"]; given {
		number, _ := position.(json.Number)
		n, err := number.Int64()
		if err != nil {
			return o.refuse(client.CodeInvalidData, "sequence_number", details{"expected_data_type": "integer"})
		}
		if n < 1 {
			return o.refuse(client.CodeInvalidData, "sequence_number", nil)
		}
		updated.SequenceNumber = int(n)
	}
	*role = updated
	return nil
}

// successMessage returns the message of the document's sample.
func (s *Server) successMessage(o generated.Operation) string {
	a, err := s.example(o.ID, http.StatusOK, "success")
	if err != nil {
		panic(err)
	}
	var sample map[string][]result
	if err := json.Unmarshal(a.body, &sample); err != nil {
		panic(err)
	}
	for _, results := range sample {
		return results[0].Message
	}
	return ""
}

// object is a JSON object of a request body, at a JSON path.
type object struct {
	values map[string]any
	path   string
}

// refuse names a key of the object, with further details.
func (o object) refuse(code client.Code, key string, further details) *refusal {
	d := details{"api_name": key, "json_path": o.path + "." + key}
	maps.Copy(d, further)
	return &refusal{code, d}
}

// only refuses keys other than those known.
func (o object) only(known ...string) *refusal {
	for _, key := range slices.Sorted(maps.Keys(o.values)) {
		if !slices.Contains(known, key) {
			return o.refuse(client.CodeInvalidData, key, nil)
		}
	}
	return nil
}

// text returns a key that must be there, as a string that is not empty.
func (o object) text(key string) (string, *refusal) {
	value, found := o.values[key]
	if !found {
		return "", o.refuse(client.CodeMandatoryNotFound, key, nil)
	}
	text, isString := value.(string)
	if !isString {
		return "", o.refuse(client.CodeInvalidData, key, details{"expected_data_type": "string"})
	}
	if text == "" {
		return "", o.refuse(client.CodeInvalidData, key, nil)
	}
	return text, nil
}

// label returns a label of a module.
func (o object) label(key string) (string, *refusal) {
	label, r := o.text(key)
	if r != nil {
		return "", r
	}
	if utf8.RuneCountInString(label) > maxLabelLength {
		return "", o.refuse(client.CodeInvalidData, key, details{"maximum_length": maxLabelLength})
	}
	for _, char := range label {
		if char != ' ' && !unicode.In(char, unicode.Letter, unicode.Mark, unicode.Number) {
			return "", o.refuse(client.CodeInvalidData, key, nil)
		}
	}
	return label, nil
}

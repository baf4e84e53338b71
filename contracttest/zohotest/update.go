package zohotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

const (
	maxRoles       = 100
	maxLabelLength = 25
	maxNameLength  = 50
)

var isID = regexp.MustCompile(`^[0-9]{1,19}$`).MatchString

func (s *Server) updateCustomModule(c call) response {
	i := s.org.moduleIndex(c.parameters["module"])
	if i < 0 {
		return s.reject(*c.operation, client.CodeInvalidModule)
	}
	return s.updateEach(c, "modules", 1, func(o object) string { return s.updateModule(&s.org.modules[i], o) })
}

func (s *Server) updateRoleOfPath(c call, o object) string {
	id := c.parameters["contact_role_id"]
	if o.has("id") && o.id() != id {
		o.rejectID(o.id())
	}
	return s.updateRole(id, o)
}

// updateEach calls update with each object of the array under key, and responds with the results.
func (s *Server) updateEach(c call, key string, limit int, update func(object) (id string)) response {
	body := object{path: "$", rejection: &rejection{}}
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	decoder.UseNumber()
	if !json.Valid(c.body) || decoder.Decode(&body.values) != nil || body.values == nil {
		return s.reject(*c.operation, client.CodeUnableToParseDataType)
	}
	body.rejectUnknown(key)
	items, isArray := body.values[key].([]any)
	switch {
	case !body.has(key) || isArray && len(items) == 0:
		body.reject(client.CodeMandatoryNotFound, key, nil)
		return resultsResponse(key, []result{s.result(c, key, "", body.rejection)})
	case !isArray:
		body.reject(client.CodeInvalidData, key, details{"expected_data_type": "jsonarray"})
	case len(items) > limit:
		*body.rejection = rejection{client.CodeLimitExceeded, details{"limit": limit}}
	}
	if body.rejection.code != "" {
		return jsonResponse(http.StatusBadRequest, s.result(c, key, "", body.rejection))
	}
	var results []result
	for i, item := range items {
		o := object{path: fmt.Sprintf("$.%s[%d]", key, i), rejection: &rejection{}}
		var id string
		if o.values, _ = item.(map[string]any); o.values != nil {
			id = update(o)
		} else {
			*o.rejection = rejection{client.CodeInvalidData, details{"json_path": o.path, "expected_data_type": "jsonobject"}}
		}
		results = append(results, s.result(c, key, id, o.rejection))
	}
	return resultsResponse(key, results)
}

func (s *Server) updateModule(module *Module, o object) (id string) {
	if o.has("api_name") {
		o.reject(client.CodeNotAllowed, "api_name", nil)
	}
	o.rejectUnknown("plural_label", "singular_label", "profiles")
	updated := *module
	updated.PluralLabel, updated.SingularLabel = o.label("plural_label"), o.label("singular_label")
	for _, other := range s.org.modules {
		switch {
		case other.ID == module.ID:
		case other.PluralLabel == updated.PluralLabel:
			o.reject(client.CodeDuplicateData, "plural_label", details{"id": other.ID})
		case other.SingularLabel == updated.SingularLabel:
			o.reject(client.CodeDuplicateData, "singular_label", details{"id": other.ID})
		}
	}
	updated.Profiles = s.changeProfiles(slices.Clone(module.Profiles), o)
	if o.rejection.code == "" {
		*module = updated
	}
	return module.ID
}

// changeProfiles applies a delta: a profile is granted, or removed where _delete is there and null.
func (s *Server) changeProfiles(profiles []string, o object) []string {
	value := o.values["profiles"]
	items, isArray := value.([]any)
	switch {
	case !o.has("profiles"):
		o.reject(client.CodeMandatoryNotFound, "profiles", nil)
	case value != nil && !isArray:
		o.reject(client.CodeInvalidData, "profiles", details{"expected_data_type": "jsonarray"})
	case len(items) == 0:
		o.reject(client.CodeMinimumDataNotFound, "profiles", nil)
	}
	for i, item := range items {
		values, isObject := item.(map[string]any)
		if !isObject {
			o.reject(client.CodeInvalidData, "profiles", details{"expected_data_type": "jsonobject"})
		}
		// Zoho leaves out the index of the module in this path.
		profile := object{values, fmt.Sprintf("$.modules.profiles[%d]", i), o.rejection}
		profile.rejectUnknown("id", "_delete")
		if values["_delete"] != nil {
			profile.reject(client.CodeInvalidData, "_delete", details{"expected_data_type": "jsonobject"})
		}
		id := profile.id()
		if !s.org.hasProfile(id) {
			profile.reject(client.CodeInvalidData, "id", nil)
		}
		profiles = slices.DeleteFunc(profiles, func(granted string) bool { return granted == id })
		if !profile.has("_delete") {
			profiles = append(profiles, id)
		}
	}
	if len(profiles) == 0 {
		o.reject(client.CodeMinimumDataNotFound, "profiles", nil)
	}
	return profiles
}

func (s *Server) updateRole(id string, o object) string {
	o.rejectUnknown("id", "name", "sequence_number")
	at := slices.IndexFunc(s.org.roles, func(role ContactRole) bool { return role.ID == id })
	if at < 0 {
		o.rejectID(id)
		return ""
	}
	updated := s.org.roles[at]
	if o.has("name") {
		updated.Name = o.text("name")
		if utf8.RuneCountInString(updated.Name) > maxNameLength {
			o.reject(client.CodeInvalidData, "name", details{"maximum_length": maxNameLength})
		}
	}
	for _, other := range s.org.roles {
		if other.ID != id && other.Name == updated.Name {
			o.reject(client.CodeDuplicateData, "name", details{"id": other.ID})
		}
	}
	if o.has("sequence_number") {
		number, _ := o.values["sequence_number"].(json.Number)
		position, err := number.Int64()
		if err != nil {
			o.reject(client.CodeInvalidData, "sequence_number", details{"expected_data_type": "integer"})
		} else if position < 1 {
			o.reject(client.CodeInvalidData, "sequence_number", nil)
		}
		updated.SequenceNumber = int(position)
	}
	if o.rejection.code == "" {
		s.org.roles[at] = updated
	}
	return id
}

// rejection is why an input, or a whole request, is rejected. Without a code it is accepted.
type rejection struct {
	code    client.Code
	details details
}

// object is a JSON object of a request body, at a JSON path, with the first error in it.
type object struct {
	values    map[string]any
	path      string
	rejection *rejection
}

func (o object) reject(code client.Code, key string, more details) {
	if o.rejection.code == "" {
		*o.rejection = rejection{code, details{"api_name": key, "json_path": o.path + "." + key}}
		maps.Copy(o.rejection.details, more)
	}
}

func (o object) rejectID(id string) {
	if o.rejection.code == "" {
		*o.rejection = rejection{client.CodeInvalidData, details{"id": id}}
	}
}

func (o object) rejectUnknown(known ...string) {
	for _, key := range slices.Sorted(maps.Keys(o.values)) {
		if !slices.Contains(known, key) {
			o.reject(client.CodeInvalidData, key, nil)
		}
	}
}

func (o object) has(key string) bool {
	_, found := o.values[key]
	return found
}

// id returns the id of an object. Zoho accepts a number too.
func (o object) id() string {
	if number, isNumber := o.values["id"].(json.Number); isNumber && isID(number.String()) {
		return number.String()
	}
	return o.text("id")
}

// text returns a string that must be there and not be empty.
func (o object) text(key string) string {
	text, isString := o.values[key].(string)
	switch {
	case !o.has(key):
		o.reject(client.CodeMandatoryNotFound, key, nil)
	case !isString:
		o.reject(client.CodeInvalidData, key, details{"expected_data_type": "string"})
	case text == "":
		o.reject(client.CodeInvalidData, key, nil)
	}
	return text
}

func (o object) label(key string) string {
	label := o.text(key)
	if utf8.RuneCountInString(label) > maxLabelLength {
		o.reject(client.CodeInvalidData, key, details{"maximum_length": maxLabelLength})
	}
	if strings.ContainsFunc(label, func(r rune) bool {
		return r != ' ' && !unicode.In(r, unicode.Letter, unicode.Mark, unicode.Number)
	}) {
		o.reject(client.CodeInvalidData, key, nil)
	}
	return label
}

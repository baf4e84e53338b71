// Package envelope reads the JSON that Zoho puts around results and objects: a list under a key, or a bare error.
package envelope

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/internal/jsonscan"
)

// The keys of lists.
const (
	Modules      = "modules"
	ContactRoles = "contact_roles"
	Profiles     = "profiles"
)

// Success is the code of a success. Its status is statusSuccess, that of an error statusError.
const (
	Success       = "SUCCESS"
	statusSuccess = "success"
	statusError   = "error"
)

// maxDigits is the length of the longest id.
const maxDigits = 19

// Item is the result of one input, or a whole response: a bare error, or a list.
type Item struct {
	Code, Status, Message string
	Details               json.RawMessage
	// IsResult reports whether the object has a code or a status, of whatever type.
	IsResult bool

	modules, contactRoles, profiles json.RawMessage
}

// Read reads an object. It is not ok if data is something else, or if the object has a key twice.
func Read(data json.RawMessage) (it Item, ok bool) {
	var code, status, message json.RawMessage
	ok = jsonscan.Scan(data,
		jsonscan.Field{Key: "code", Value: &code}, jsonscan.Field{Key: "status", Value: &status},
		jsonscan.Field{Key: "message", Value: &message}, jsonscan.Field{Key: "details", Value: &it.Details},
		jsonscan.Field{Key: Modules, Value: &it.modules}, jsonscan.Field{Key: ContactRoles, Value: &it.contactRoles},
		jsonscan.Field{Key: Profiles, Value: &it.profiles},
	)
	it.Code, it.Status, it.Message = word(code), word(status), jsonscan.String(message)
	it.IsResult = code != nil || status != nil
	return it, ok
}

// word returns the value of a string, without memory of its own for the usual ones.
func word(raw json.RawMessage) string {
	switch string(raw) {
	case `"SUCCESS"`:
		return Success
	case `"success"`:
		return statusSuccess
	default:
		return jsonscan.String(raw)
	}
}

// List returns the list under a key, nil if there is none, and whether there is another one.
func (it *Item) List(key string) (list json.RawMessage, hasOther bool) {
	switch key {
	case Modules:
		return it.modules, it.contactRoles != nil || it.profiles != nil
	case ContactRoles:
		return it.contactRoles, it.modules != nil || it.profiles != nil
	default:
		return it.profiles, it.modules != nil || it.contactRoles != nil
	}
}

// ClaimsSuccess reports whether the status is that of a success.
func (it *Item) ClaimsSuccess() bool { return it.Status == statusSuccess }

// IsError reports whether the item has the code of an error, without the status of a success.
func (it *Item) IsError() bool {
	return it.Code != "" && it.Code != Success && it.Status != statusSuccess
}

// IsErrorResult reports whether the item is an error with all that Zoho documents for the result of one input.
func (it *Item) IsErrorResult() bool { return it.IsError() && it.Status == statusError }

// ID returns the id of an object, empty if it has none, two or one of more than 19 digits. Zoho documents a string; a number is
// accepted, with all its digits.
func ID(object json.RawMessage) string {
	var raw json.RawMessage
	if !jsonscan.Scan(object, jsonscan.Field{Key: "id", Value: &raw}) {
		return ""
	}
	id := jsonscan.String(raw)
	if id == "" {
		id = string(raw)
	}
	if len(id) > maxDigits || strings.Trim(id, "0123456789") != "" {
		return ""
	}
	return id
}

// Decode sets the fields of a struct from an object, each from the key that is its json tag, without options. A value of another
// type leaves the field zero, and an element of a list that has no id is left out. It returns false if object, or an element
// of a list, is not an object or has one of the keys twice.
func Decode(object json.RawMessage, target any) bool {
	return decode(object, reflect.ValueOf(target).Elem())
}

func decode(object json.RawMessage, target reflect.Value) bool {
	values, fields := make([]json.RawMessage, target.NumField()), make([]jsonscan.Field, target.NumField())
	for i := range fields {
		fields[i] = jsonscan.Field{Key: target.Type().Field(i).Tag.Get("json"), Value: &values[i]}
	}
	ok := jsonscan.Scan(object, fields...)
	for i := 0; i < len(fields) && ok; i++ {
		switch field := target.Field(i); {
		case fields[i].Key == "id":
			field.SetString(ID(object))
		case field.Kind() == reflect.String:
			field.SetString(jsonscan.String(values[i]))
		case field.Kind() == reflect.Slice:
			ok = decodeSlice(values[i], field)
		default:
			_ = json.Unmarshal(values[i], field.Addr().Interface()) // fails for an absent key
		}
	}
	return ok
}

func decodeSlice(list json.RawMessage, slice reflect.Value) bool {
	for element := range jsonscan.Elements(list) {
		value := reflect.New(slice.Type().Elem()).Elem()
		if !decode(element, value) {
			return false
		}
		if ID(element) != "" {
			slice.Set(reflect.Append(slice, value))
		}
	}
	return true
}

// HasMore reports whether info.more_records of the response to a read is true, or cannot be read.
func HasMore(body json.RawMessage) bool {
	var info, more json.RawMessage
	ok := jsonscan.Scan(body, jsonscan.Field{Key: "info", Value: &info})
	if ok && info == nil {
		return false
	}
	ok = ok && jsonscan.Scan(info, jsonscan.Field{Key: "more_records", Value: &more})
	return !ok || more != nil && string(more) != "false"
}

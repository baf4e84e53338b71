package contracttest

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed-87e331f0/zohocrm-go/generated"
)

func FuzzCustomModuleUpdateBody(f *testing.F) {
	fuzzBody(f, "updateCustomModule", generated.CheckCustomModuleUpdateBody)
}

func FuzzContactRolesUpdateBody(f *testing.F) {
	fuzzBody(f, "updateContactRoles", generated.CheckContactRolesUpdateBody)
}

func FuzzSingleContactRoleUpdateBody(f *testing.F) {
	fuzzBody(f, "updateContactRole", generated.CheckSingleContactRoleUpdateBody)
}

// fuzzBody holds the generated check of a request against the schema that it is made from: kin-openapi must
// refuse the same places of the same value. Input that is JSON is decoded into the value, which must
// lose nothing that the schema accepts; any other input is a recipe for one.
func fuzzBody[T any](f *testing.F, id string, check func(T) []generated.Violation) {
	for _, p := range payloads() {
		if p.Operation == id && p.Part == "request" {
			f.Add([]byte(p.Body))
		}
	}
	schema := theDocument().schemaOf(f, id, "request")
	f.Fuzz(func(t *testing.T, data []byte) {
		var body T
		if json.Valid(data) {
			// Encoding the value again leaves one of each key: which of two a reader takes is its own choice.
			value := decode(t, data)
			err := json.Unmarshal(encode(t, value), &body)
			var mismatch *json.UnmarshalTypeError
			if accepted := broken(schema, value) == nil; err != nil {
				// 1.0, 1e2 and what needs more than 64 bits are integers to JSON Schema, not to Go. The
				// client never writes them.
				if accepted && (!errors.As(err, &mismatch) || !strings.HasPrefix(mismatch.Value, "number")) {
					t.Errorf("the schema accepts %s, decoding says %v", data, err)
				}
				return
			} else if sent := decode(t, encode(t, body)); accepted && !reflect.DeepEqual(sent, value) {
				t.Errorf("%s became %v", data, sent)
			}
		} else {
			r := recipe{data: data, lengths: []int{1, 2, 0, -1, 100, 101}}
			r.fill(reflect.ValueOf(&body).Elem())
			if r.invalidUTF8 {
				// json.Marshal would change the string without a word, so kin-openapi cannot judge it.
				if !slices.ContainsFunc(check(body), func(v generated.Violation) bool { return v.Rule == "utf-8" }) {
					t.Errorf("the check lets a string pass that is not UTF-8: %+v", body)
				}
				return
			}
		}
		refused := map[string]bool{}
		for _, violation := range check(body) {
			refused[violation.Field] = true
		}
		want := map[string]bool{}
		for _, rule := range broken(schema, decode(t, encode(t, body))) {
			place, _, _ := strings.Cut(rule, " ")
			want[place] = true
		}
		if !maps.Equal(refused, want) {
			t.Errorf("the check of %s refuses %v, the schema %v", encode(t, body), refused, want)
		}
	})
}

// recipe makes a value of its bytes, near the bounds that the schemas have. Where the bytes end, the rest is valid.
type recipe struct {
	data        []byte
	lengths     []int // of slices, -1 for nil
	invalidUTF8 bool
}

func (r *recipe) next() int {
	if len(r.data) == 0 {
		return 0
	}
	first := r.data[0]
	r.data = r.data[1:]
	return int(first)
}

func (r *recipe) fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			r.fill(field)
		}
	case reflect.Slice:
		n := r.lengths[r.next()%len(r.lengths)]
		r.lengths = r.lengths[:4] // a slice in a slice stays short
		if n >= 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				if v.Index(i).Set(v.Index(0)); i < 3 {
					r.fill(v.Index(i))
				}
			}
		}
	case reflect.String:
		n := (r.next() + 1) % 60
		switch r.next() % 4 {
		case 0:
			v.SetString(strings.Repeat("7", n))
		case 1:
			v.SetString(strings.Repeat("é", n))
		case 2:
			v.SetString(strings.Repeat(string(rune(r.next()<<9|r.next())), n))
		case 3:
			n = min(n, len(r.data))
			v.SetString(string(r.data[:n]))
			r.data = r.data[n:]
			r.invalidUTF8 = r.invalidUTF8 || !utf8.ValidString(v.String())
		}
	case reflect.Int:
		if n := r.next(); n == 255 && len(r.data) >= 8 {
			v.SetInt(int64(binary.BigEndian.Uint64(r.data)))
			r.data = r.data[8:]
		} else {
			v.SetInt(int64(int8(n)))
		}
	case reflect.Map: // nullable.Nullable
		v.Set(reflect.MakeMap(v.Type()))
		for _, key := range [][]bool{{}, {false}, {true}, {false, true}}[r.next()%4] {
			v.SetMapIndex(reflect.ValueOf(key), reflect.ValueOf(r.next()%2 == 0))
		}
	default:
		panic("no recipe for " + v.Type().String())
	}
}

func FuzzPathParameters(f *testing.F) {
	for _, p := range payloads() {
		if p.Part == "path" {
			f.Add(decode(f, p.Body).(string))
		}
	}
	module, role := theDocument().schemaOf(f, "updateCustomModule", "path"), theDocument().schemaOf(f, "updateContactRole", "path")
	f.Fuzz(func(t *testing.T, value string) {
		if got, want := generated.CheckModule(value) == nil, broken(module, value) == nil; got != want {
			t.Errorf("the check accepts module %q: %v, the schema: %v", value, got, want)
		}
		if got, want := generated.CheckContactRoleID(value) == nil, broken(role, value) == nil; got != want {
			t.Errorf("the check accepts contact_role_id %q: %v, the schema: %v", value, got, want)
		}
	})
}

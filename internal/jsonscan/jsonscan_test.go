package jsonscan_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/internal/jsonscan"
)

func TestMembers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ data, want string }{
		{`{}`, ``},
		{` { "a" : 1 , "b":"x,}" } `, `a=1 b="x,}" `},
		{`{"a":{"b":[1,2,"]"]},"c":[{}]}`, `a={"b":[1,2,"]"]} c=[{}] `},
		{`{"a":1,"a":2,"A":3}`, `a=1 a=2 A=3 `},
		{`{"c\u006fde":"\"\\"}`, `code="\"\\" `},
		{`[1]`, ``},
		{`"text"`, ``},
		{`null`, ``},
	} {
		var got string
		for key, value := range jsonscan.Members([]byte(test.data)) {
			got += fmt.Sprintf("%s=%s ", key, value)
		}
		if got != test.want {
			t.Errorf("the members of %s are %q, want %q", test.data, got, test.want)
		}
	}
}

func TestElements(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		data string
		want []string
	}{
		{`[]`, nil},
		{` [ 1 , "a]" ,{"b":[2]},[ ] , null, true ] `, []string{`1`, `"a]"`, `{"b":[2]}`, `[ ]`, `null`, `true`}},
		{`{"a":1}`, nil},
		{`12`, nil},
	} {
		var got []string
		for value := range jsonscan.Elements([]byte(test.data)) {
			got = append(got, string(value))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("the elements of %s are %q, want %q", test.data, got, test.want)
		}
	}
}

// Both agree with encoding/json on all valid data, and a loop may end early.
func FuzzScan(f *testing.F) {
	for _, data := range []string{`{"a":[1,-2.5e3,"x\"y"],"b":{"c":null}}`, `[[],{},"\\",true]`, ` {"é":"\u00e9", "k" :false } `, `{"a":1,"a":2}`} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, text string) {
		data := []byte(text)
		if !json.Valid(data) {
			return
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(data, &object) == nil {
			got := map[string]json.RawMessage{}
			for key, value := range jsonscan.Members(data) {
				got[string(key)] = value
			}
			if len(got) != len(object) || len(got) > 0 && !reflect.DeepEqual(got, object) {
				t.Errorf("the members of %s are %s, want %s", data, got, object)
			}
		}
		var array []json.RawMessage
		if json.Unmarshal(data, &array) == nil {
			got := slices.Collect(jsonscan.Elements(data))
			if len(got) != len(array) || len(got) > 0 && !reflect.DeepEqual(got, array) {
				t.Errorf("the elements of %s are %s, want %s", data, got, array)
			}
		}
		var s string
		if json.Unmarshal(data, &s) == nil && data[0] == '"' && data[len(data)-1] == '"' {
			if got := jsonscan.String(data); got != s {
				t.Errorf("the string %s is %q, want %q", data, got, s)
			}
		}
		for range jsonscan.Members(data) {
			break
		}
		for range jsonscan.Elements(data) {
			break
		}
	})
}

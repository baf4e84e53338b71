package jsonscan_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/internal/jsonscan"
)

func TestMembersAreThoseOfAnObjectInOrder(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ data, want string }{
		{`{}`, ``},
		{" {\r\n\t\"a\" : 1 , \"b\":\"x,}\" } ", `a=1 b="x,}" `},
		{`{"a":{"b":[1,2,"]"]},"c":[{}],"d":-1.5e3,"e":true,"f":null}`, `a={"b":[1,2,"]"]} c=[{}] d=-1.5e3 e=true f=null `},
		{`{"a":1,"a":2,"A":3}`, `a=1 a=2 A=3 `},
		{`{"c\u006fde":"\"\\"}`, `code="\"\\" `},
		{"{\"a\xff\":1}", "a\ufffd=1 "},
		{`[1]`, ``},
		{`"text"`, ``},
		{``, ``},
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

func TestElementsAreThoseOfAnArrayInOrder(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		data string
		want []string
	}{
		{`[]`, nil},
		{" [ 1 , \"a]\" ,{\"b\":[2]},[ ] ,\tnull\r\n, true ] ", []string{`1`, `"a]"`, `{"b":[2]}`, `[ ]`, `null`, `true`}},
		{`{"a":1}`, nil},
		{`12`, nil},
		{``, nil},
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

func TestScanRejectsAKeyThatIsThereTwice(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		data, a, b string
		ok         bool
	}{
		{` {"b":"x","c":0,"a":{"b":1},"c":1}`, `{"b":1}`, `"x"`, true},
		{`{"A":1}`, ``, ``, true},
		{`{"a":null}`, `null`, ``, true},
		{`{"b":1,"a":1,"a":1}`, `1`, `1`, false},
		{`{"b":1,"\u0062":1}`, ``, `1`, false},
		{`[{"a":1}]`, ``, ``, false},
		{``, ``, ``, false},
	} {
		var a, b json.RawMessage
		ok := jsonscan.Scan([]byte(test.data), jsonscan.Field{Key: "a", Value: &a}, jsonscan.Field{Key: "b", Value: &b})
		if ok != test.ok || string(a) != test.a || string(b) != test.b {
			t.Errorf("%s: a is %s, b is %s, %t; want %+v", test.data, a, b, ok, test)
		}
	}
}

func TestAppendingToAValueDoesNotChangeTheData(t *testing.T) {
	t.Parallel()
	data := []byte(`{"a":[1,2]}`)
	for _, value := range jsonscan.Members(data) {
		_ = append(value, 'x')
		for element := range jsonscan.Elements(value) {
			_ = append(element, 'x')
		}
	}
	if string(data) != `{"a":[1,2]}` {
		t.Errorf("the data is %s", data)
	}
}

// All of them agree with encoding/json on valid data, and a loop may end early.
func FuzzScan(f *testing.F) {
	for _, data := range []string{`{"a":[1,-2.5e3,"x\"y"],"b":{"c":null}}`, `[[],{},"\\",true]`, ` {"é":"\u00e9", "k" :false } `, `{"a":1,"a":2}`, `"\u00e9é"`, "\"\xff\"", `""`} {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var object map[string]json.RawMessage
		if json.Unmarshal(data, &object) == nil {
			got := map[string]json.RawMessage{}
			for key, value := range jsonscan.Members(data) {
				got[string(key)] = value
			}
			if !maps.EqualFunc(got, object, slices.Equal[json.RawMessage]) {
				t.Errorf("the members of %s are %s, want %s", data, got, object)
			}
			for range jsonscan.Members(data) {
				break
			}
		}
		var array []json.RawMessage
		if json.Unmarshal(data, &array) == nil {
			got := slices.Collect(jsonscan.Elements(data))
			if !slices.EqualFunc(got, array, slices.Equal[json.RawMessage]) {
				t.Errorf("the elements of %s are %s, want %s", data, got, array)
			}
			for range jsonscan.Elements(data) {
				break
			}
		}
		var text string
		if json.Unmarshal(data, &text) == nil && data[0] == '"' && data[len(data)-1] == '"' {
			if got := jsonscan.String(data); got != text {
				t.Errorf("the string %s is %q, want %q", data, got, text)
			}
		}
	})
}

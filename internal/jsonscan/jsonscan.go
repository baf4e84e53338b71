// Package jsonscan splits JSON objects and arrays into their members, without decoding these.
//
// encoding/json takes the last of two equal keys and ignores the case of a key. A response that has both a success and an error
// under such keys must not be taken for a success.
package jsonscan

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"
	"unicode/utf8"
)

// Field is a key to look for, and where its raw value goes. The value stays nil if the key is absent.
type Field struct {
	Key   string
	Value *json.RawMessage
}

// Scan sets the values of fields of a JSON object. It returns false if data is not an object, or if it has one of the keys
// twice. The data must be valid JSON.
func Scan(data []byte, fields ...Field) bool {
	if !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return false
	}
	for key, value := range Members(data) {
		for _, field := range fields {
			if field.Key != string(key) {
				continue
			}
			if *field.Value != nil {
				return false
			}
			*field.Value = value
		}
	}
	return true
}

// Members returns the keys and raw values of a JSON object, in order and with repeated keys. Anything but an object has
// none. The data must be valid JSON.
func Members(data []byte) iter.Seq2[[]byte, json.RawMessage] {
	return func(yield func([]byte, json.RawMessage) bool) {
		i := skipSpace(data, 0)
		if i == len(data) || data[i] != '{' {
			return
		}
		for i = skipSpace(data, i+1); data[i] != '}'; i = nextMember(data, i) {
			end := valueEnd(data, i)
			key := data[i+1 : end-1]
			if bytes.IndexByte(key, '\\') >= 0 || !utf8.Valid(key) {
				key = []byte(String(data[i:end]))
			}
			i = skipSpace(data, skipSpace(data, end)+1) // the colon
			end = valueEnd(data, i)
			if !yield(key, data[i:end:end]) {
				return
			}
			i = end
		}
	}
}

// Elements returns the raw values of a JSON array. Anything but an array has none. The data must be valid JSON.
func Elements(data []byte) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		i := skipSpace(data, 0)
		if i == len(data) || data[i] != '[' {
			return
		}
		for i = skipSpace(data, i+1); data[i] != ']'; i = nextMember(data, i) {
			end := valueEnd(data, i)
			if !yield(data[i:end:end]) {
				return
			}
			i = end
		}
	}
}

// String returns the value of a JSON string, empty for any other value.
func String(data []byte) string {
	if len(data) < 2 || data[0] != '"' {
		return ""
	}
	for _, b := range data {
		if b == '\\' || b >= 0x80 {
			var s string
			_ = json.Unmarshal(data, &s) // of a valid string
			return s
		}
	}
	return string(data[1 : len(data)-1])
}

// nextMember returns the position of the next member, or of the closing bracket, after a value that ends at i.
func nextMember(data []byte, i int) int {
	if i = skipSpace(data, i); data[i] == ',' {
		i = skipSpace(data, i+1)
	}
	return i
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && strings.IndexByte(" \t\r\n", data[i]) >= 0 {
		i++
	}
	return i
}

// valueEnd returns the end of the value that begins at i.
func valueEnd(data []byte, i int) int {
	depth := 0
	for ; i < len(data); i++ {
		switch data[i] {
		case '"':
			for i++; data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		default:
			if depth == 0 {
				for i < len(data) && strings.IndexByte(" \t\r\n,}]", data[i]) < 0 {
					i++
				}
				return i
			}
		}
		if depth == 0 {
			return i + 1
		}
	}
	return i
}

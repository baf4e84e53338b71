package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-87e331f0/zohocrm-go/spec"
)

// anonymiser replaces what belongs to an org, the same value always by the same text. It shows a text only if it is known:
// from the spec, written by a probe, or a value that it replaces. Everything else is left out.
type anonymiser struct {
	aliases    map[string]string
	ids, names int
	sorted     []string        // the values of aliases, longest first
	words      map[string]bool // of the spec, in lower case
}

const (
	leftOut  = "…"
	hiddenID = "(number)"
	firstID  = 1000000000000000000
	someTime = "2020-01-01T00:00:00+00:00"
)

var (
	wordPattern = regexp.MustCompile(`[\pL_][\pL\pM\pN_]*`)
	idPattern   = regexp.MustCompile(`[0-9]{5,}`)
	isDigits    = regexp.MustCompile(`^[0-9]+$`).MatchString
	isCode      = regexp.MustCompile(`^[A-Z][A-Z_]{2,50}$`).MatchString
	isKey       = regexp.MustCompile(`^(_?[a-z][a-z0-9_]{0,50}|[0-9]{1,4}|\*|)$`).MatchString
	isPath      = regexp.MustCompile(`^\$[.\[\]0-9a-z_]{0,80}$`).MatchString
	// isOwn matches what probes write.
	isOwn   = regexp.MustCompile(`^(Live check( two|( temporary)?( [0-9]+)?)|` + strings.Join([]string{unknownModule, label26, label51, labelScript, labelEmoji}, "|") + `|90000000000000[0-9]{5})$`).MatchString
	address = regexp.MustCompile(`https?://\S+|\S+@\S+`)
)

var (
	// nameKeys are keys whose values belong to the org.
	nameKeys = []string{"name", "api_name", "module_name", "display_label", "singular_label", "plural_label", "actual_singular_label", "actual_plural_label"}
	// wordKeys are keys whose values are words of Zoho.
	wordKeys = []string{"status", "generated_type", "type", "access_type", "expected_data_type", "permissions", "api_name", "param_name", "limit"}
	// numberKeys are keys whose values are small numbers.
	numberKeys = []string{"sequence_number", "maximum_length", "limit", "resource_path_index", "supported_version", "profile_count", "visibility", "page", "per_page", "count"}
	// openKeys are keys whose objects and lists are shown. Those of others are shown empty.
	openKeys = []string{"", "contact_roles", "modules", "profiles", "details", "info", "modified_by", "created_by", "parent_module", "permissions"}
)

func newAnonymiser() *anonymiser {
	a := &anonymiser{aliases: map[string]string{}, words: map[string]bool{}}
	for _, word := range wordPattern.FindAllString(string(spec.YAML), -1) {
		a.words[strings.ToLower(word)] = true
	}
	return a
}

// learn registers the values of a JSON body, so that texts can be anonymised.
func (a *anonymiser) learn(body []byte) { a.json(body) }

// hide registers a value of the org that has no alias.
func (a *anonymiser) hide(value, alias string) string {
	if value = strings.TrimSpace(value); value != "" && a.aliases[value] == "" {
		a.aliases[value] = alias
		a.sorted = nil
	}
	return alias
}

func (a *anonymiser) id(value string) string {
	if isOwn(value) {
		return value
	}
	if alias := a.aliases[value]; isDigits(alias) {
		return alias
	}
	a.ids++
	a.aliases[value], a.sorted = strconv.Itoa(firstID+a.ids), nil
	return a.aliases[value]
}

func (a *anonymiser) name(value string) string {
	if alias := a.aliases[value]; alias != "" && alias != leftOut {
		return alias
	}
	a.names++
	a.aliases[value], a.sorted = fmt.Sprint("Name", a.names), nil
	return a.aliases[value]
}

// json returns nil for a body that is not JSON.
func (a *anonymiser) json(body []byte) []byte {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return nil
	}
	return encode(a.value("", value))
}

// value anonymises a JSON value by its key.
func (a *anonymiser) value(key string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		shown := object{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			shown[a.key(k)] = a.value(k, v[k])
		}
		if !slices.Contains(openKeys, key) {
			return object{}
		}
		return shown
	case []any:
		shown := []any{}
		for _, element := range v {
			shown = append(shown, a.value(key, element))
		}
		if !slices.Contains(openKeys, key) {
			return []any{}
		}
		return shown
	case json.Number:
		switch {
		case key == "id":
			return json.Number(a.id(v.String()))
		case slices.Contains(numberKeys, key) && len(v) < 5:
			return v
		}
		a.hide(v.String(), hiddenID)
		return json.Number("0")
	case string:
		return a.string(key, v)
	default:
		return v // true, false, null
	}
}

func (a *anonymiser) string(key, v string) string {
	switch {
	case v == "" || isOwn(v):
		return v
	case key == "message":
		return a.message(v)
	case key == "code" && isCode(v), key == "json_path" && isPath(v), slices.Contains(wordKeys, key) && a.words[v]:
		return v
	case isDigits(v) && (key == "id" || len(v) >= 5):
		return a.id(v)
	case slices.Contains(nameKeys, key):
		return a.name(v)
	case strings.HasSuffix(key, "_time"):
		a.hide(v, someTime)
		return someTime
	default:
		return a.hide(v, leftOut)
	}
}

// key returns the name of a key if it looks like one of Zoho.
func (a *anonymiser) key(key string) string {
	if isKey(key) && (a.words[key] || a.aliases[key] == "") {
		return key
	}
	return a.hide(key, "(key)")
}

// keys anonymises a path of facts.
func (a *anonymiser) keys(at string) string {
	if at == "" {
		return "the body"
	}
	segments := strings.Split(at, "/")
	for i, segment := range segments {
		segments[i] = a.key(segment)
	}
	return strings.Join(segments, "/")
}

// scalar anonymises a value of facts.
func (a *anonymiser) scalar(key string, value any) string {
	if k, isKind := value.(kind); isKind {
		return string(k)
	}
	return string(encode(a.value(key, value)))
}

// text anonymises a text that this program or one of its libraries made of values that are registered.
func (a *anonymiser) text(s string) string {
	if a.sorted == nil {
		a.sorted = slices.SortedFunc(maps.Keys(a.aliases), func(x, y string) int {
			return cmp.Or(cmp.Compare(len(y), len(x)), strings.Compare(x, y))
		})
	}
	s = address.ReplaceAllString(s, leftOut)
	for _, value := range a.sorted {
		if !a.words[value] && strings.Contains(s, value) {
			s = replaceWord(s, value, a.aliases[value])
		}
	}
	return idPattern.ReplaceAllStringFunc(s, func(digits string) string {
		if n, err := strconv.Atoi(digits); isOwn(digits) || err == nil && n > firstID && n <= firstID+a.ids {
			return digits
		}
		return hiddenID
	})
}

// replaceWord replaces a value that is not a part of a longer word.
func replaceWord(s, value, alias string) string {
	isPart := func(edge, next rune) bool {
		return edge < utf8.RuneSelf && isWord(edge) && next < utf8.RuneSelf && isWord(next)
	}
	first, _ := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	var done strings.Builder
	for {
		before, after, found := strings.Cut(s, value)
		done.WriteString(before)
		if !found {
			return done.String()
		}
		previous, _ := utf8.DecodeLastRuneInString(done.String())
		next, _ := utf8.DecodeRuneInString(after)
		if isPart(first, previous) || isPart(last, next) {
			done.WriteString(value)
		} else {
			done.WriteString(alias)
		}
		s = after
	}
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// message anonymises a text of Zoho. Words that the spec does not have are left out.
func (a *anonymiser) message(s string) string {
	if isKnownMessage(s) {
		return s
	}
	return wordPattern.ReplaceAllStringFunc(a.text(s), func(word string) string {
		if a.words[strings.ToLower(word)] || slices.Contains(slices.Collect(maps.Values(a.aliases)), word) {
			return word
		}
		return leftOut
	})
}

// isKnownMessage reports whether the spec has a message.
func isKnownMessage(s string) bool { return len(s) > 5 && strings.Contains(string(spec.YAML), s) }

// summary is that of the anonymised exchange.
func (a *anonymiser) summary(x exchange) string {
	if shown := a.json(x.answer); shown != nil {
		x.answer = shown
	}
	return x.summary()
}

func (a *anonymiser) request(q request) string {
	text := q.method + " " + a.path(q.path)
	if q.bearer {
		text += " (Bearer)"
	}
	if q.untyped {
		text += " (no Content-Type)"
	}
	return text
}

// path anonymises the last segment of a path below that of a list.
func (a *anonymiser) path(p string) string {
	if p == rolesPath || p == modulesPath || p == profilesPath {
		return p
	}
	return path.Dir(p) + "/" + a.string(map[bool]string{true: "id", false: "name"}[isDigits(path.Base(p))], path.Base(p))
}

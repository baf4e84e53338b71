package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/seed-87e331f0/zohocrm-go/spec"
)

// anonymiser replaces what belongs to an org, the same value always by the same text. It shows a text only if it is known:
// from the spec, written by a probe, or a replacement. Everything else is left out.
type anonymiser struct {
	aliases map[string]string
	count   int
}

const (
	leftOut  = "…"
	firstID  = 1000000000000000000
	someTime = "2020-01-01T00:00:00+00:00"
)

var (
	wordPattern  = regexp.MustCompile(`[\pL\pN_][\pL\pM\pN_]*`)
	idPattern    = regexp.MustCompile(`[0-9]{5,}`)
	aliasPattern = regexp.MustCompile(`^(10000000000000[0-9]{5}|Name[0-9]+)$`)
	isDigits     = regexp.MustCompile(`^[0-9]+$`).MatchString
	isCode       = regexp.MustCompile(`^[A-Z][A-Z_]{2,50}$`).MatchString
	isKey        = regexp.MustCompile(`^_?[a-z][a-z0-9_]{0,50}$`).MatchString
	isJSONPath   = regexp.MustCompile(`^\$[.\[\]0-9a-z_]{0,80}$`).MatchString
	// isOwn matches what probes write.
	isOwn = regexp.MustCompile(`^(Live check( two|( temporary)?( [0-9]+)?)|` +
		strings.Join([]string{unknownModule, label26, label51, labelScript, labelEmoji}, "|") + `|90000000000000[0-9]{5})$`).MatchString
)

var (
	// nameKeys are keys whose values belong to the org.
	nameKeys = strings.Fields("name api_name module_name display_label singular_label plural_label actual_singular_label actual_plural_label")
	// wordKeys are keys whose values are shown if they are words of the spec.
	wordKeys = strings.Fields("status generated_type type access_type expected_data_type permissions api_name param_name")
	// numberKeys are keys whose values are small numbers.
	numberKeys = strings.Fields("sequence_number maximum_length limit resource_path_index supported_version profile_count visibility page per_page count")
	// openKeys are keys whose objects and lists are shown. Those of others are shown empty.
	openKeys = append(strings.Fields("contact_roles modules profiles details info modified_by created_by parent_module permissions"), "")
)

// specWords are the words of the spec in lower case.
var specWords = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for _, word := range wordPattern.FindAllString(string(spec.YAML), -1) {
		words[strings.ToLower(word)] = !isDigits(word)
	}
	return words
})

// isKnownMessage reports whether the spec has a message.
func isKnownMessage(s string) bool { return len(s) > 5 && bytes.Contains(spec.YAML, []byte(s)) }

// alias returns what replaces a value: the replacement, or a new one in the format.
func (a *anonymiser) alias(value, format string) string {
	if isOwn(value) {
		return value
	}
	if known := a.aliases[value]; known == "" || known == leftOut && format != leftOut {
		if strings.Contains(format, "%") {
			a.count++
			format = fmt.Sprintf(format, a.count)
		}
		a.aliases[value] = format
	}
	return a.aliases[value]
}

func (a *anonymiser) id(value string) string {
	return a.alias(value, strconv.Itoa(firstID)[:14]+"%05d")
}

// json returns nil for a body that is not JSON.
func (a *anonymiser) json(body []byte) []byte {
	if value := decode(body); value != nil {
		return encode(a.value("", value))
	}
	return nil
}

// value anonymises a JSON value by its key.
func (a *anonymiser) value(key string, value any) any {
	isOpen := slices.Contains(openKeys, key)
	switch v := value.(type) {
	case map[string]any:
		shown := object{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if element := a.value(k, v[k]); isOpen { // what is not shown is registered nevertheless
				shown[a.key(k)] = element
			}
		}
		return shown
	case []any:
		shown := []any{}
		for _, item := range v {
			if element := a.value(key, item); isOpen {
				shown = append(shown, element)
			}
		}
		return shown
	case json.Number:
		switch {
		case key == "id":
			return json.Number(a.id(v.String()))
		case slices.Contains(numberKeys, key) && len(v) < 5:
			return v
		default:
			a.alias(v.String(), leftOut)
			return 0
		}
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
	case key == "code" && isCode(v), key == "json_path" && isJSONPath(v), slices.Contains(wordKeys, key) && specWords()[v]:
		return v
	case isDigits(v) && (key == "id" || key == "profiles" || len(v) >= 5):
		return a.id(v)
	case slices.Contains(nameKeys, key):
		return a.alias(v, "Name%d")
	case strings.HasSuffix(key, "_time"):
		a.alias(v, leftOut)
		return someTime
	default:
		return a.alias(v, leftOut)
	}
}

// key returns a key if it looks like one of Zoho.
func (a *anonymiser) key(key string) string {
	if isKey(key) && (specWords()[key] || a.aliases[key] == "") {
		return key
	}
	return a.alias(key, leftOut)
}

// text anonymises a text that this program or one of its libraries made of values that are registered.
func (a *anonymiser) text(s string) string {
	values := slices.SortedFunc(maps.Keys(a.aliases), func(x, y string) int {
		return cmp.Or(cmp.Compare(len(y), len(x)), strings.Compare(x, y))
	})
	for _, value := range values {
		if !strings.Contains(s, value) || specWords()[value] || strings.TrimSpace(value) == "" {
			continue
		}
		pattern := regexp.QuoteMeta(value) // as a whole word, if it begins and ends like one
		if regexp.MustCompile(`^\w`).MatchString(value) {
			pattern = `\b` + pattern
		}
		if regexp.MustCompile(`\w$`).MatchString(value) {
			pattern += `\b`
		}
		s = regexp.MustCompile(pattern).ReplaceAllLiteralString(s, a.aliases[value])
	}
	return idPattern.ReplaceAllStringFunc(s, func(digits string) string {
		if isOwn(digits) || aliasPattern.MatchString(digits) {
			return digits
		}
		return leftOut
	})
}

// texts anonymises and sorts texts.
func (a *anonymiser) texts(list []string) (shown []string) {
	for _, s := range list {
		shown = append(shown, a.text(s))
	}
	slices.Sort(shown)
	return shown
}

// message anonymises a text of Zoho. Words that the spec does not have are left out.
func (a *anonymiser) message(s string) string {
	if isKnownMessage(s) {
		return s
	}
	return wordPattern.ReplaceAllStringFunc(a.text(s), func(word string) string {
		if specWords()[strings.ToLower(word)] || aliasPattern.MatchString(word) || isDigits(word) && len(word) < 3 {
			return word
		}
		return leftOut
	})
}

// exchange anonymises all but the error. A response that is not JSON is left out.
func (a *anonymiser) exchange(x exchange) exchange {
	response := a.json(x.response)
	if response == nil && len(x.response) > 0 {
		response = []byte(leftOut)
	}
	x.path, x.body, x.response = a.path(x.path), a.json(x.body), response
	x.header = http.Header{"Content-Type": {a.text(x.header.Get("Content-Type"))}}
	return x
}

func (a *anonymiser) request(q request) string { return q.method + " " + a.path(q.path) }

// path anonymises the id or name at the end of a path.
func (a *anonymiser) path(p string) string {
	if p == rolesPath || p == modulesPath || p == profilesPath {
		return p
	}
	if name := path.Base(p); isDigits(name) {
		return path.Dir(p) + "/" + a.string("id", name)
	}
	return path.Dir(p) + "/" + a.string("module_name", path.Base(p))
}

package safetext_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/seed-87e331f0/zohocrm-go/internal/safetext"
)

func TestRedact(t *testing.T) {
	for _, test := range []struct {
		text    string
		secrets []string
		want    string
	}{
		{"token 1000.abcdef, again 1000.abcdef", []string{"1000.abcdef"}, "token (secret), again (secret)"},
		{"id 1000.id0 and hunter22", []string{"hunter22", "1000.id0"}, "id (secret) and (secret)"},
		{"a short one is in any text", []string{"a", "short", ""}, "a short one is in any text"},
		{"none", nil, "none"},
	} {
		if got := safetext.Redact(test.text, test.secrets...); got != test.want {
			t.Errorf("%q without %q is %q, it must be %q", test.text, test.secrets, got, test.want)
		}
	}
}

func TestRedactJSON(t *testing.T) {
	for _, test := range []struct{ document, secret, want string }{
		{`{"message":"1000.abcdef"}`, "1000.abcdef", `{"message":"(secret)"}`},
		{`{"message":"\u0031000.abcdef","id":4150868000003611011}`, "1000.abcdef", `{"id":4150868000003611011,"message":"(secret)"}`},
		{`{"message":"1000.abc\/def"}`, "1000.abc/def", `{"message":"(secret)"}`},
		{`{"message":"\u0031"}`, "1000.abcdef", `{"message":"\u0031"}`},
		{`no JSON: 1000.abcdef \u`, "1000.abcdef", `no JSON: (secret) \u`},
		{`{"message":"short"}`, "short", `{"message":"short"}`},
	} {
		if got := safetext.RedactJSON([]byte(test.document), []byte(test.secret)); string(got) != test.want {
			t.Errorf("%s without %q is %s, it must be %s", test.document, test.secret, got, test.want)
		}
	}
}

func FuzzShorten(f *testing.F) {
	for _, text := range []string{"", " one line ", "two\r\nlines\tand\x00more", "é\u2028é\u200bé", "\xff\xfe", strings.Repeat("日本語", 100)} {
		f.Add(text, 20)
	}
	f.Fuzz(func(t *testing.T, text string, most int) {
		most = max(0, most%1000)
		got := safetext.Shorten(text, most)
		if len(got) > most || !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("of %q this is shown: %q", text, got)
		}
		if plain := strings.TrimSpace(text); len(text) <= 4*most && len(plain) <= most && got != plain && !strings.ContainsFunc(plain, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
			t.Errorf("%q must be shown whole, it is %q", plain, got)
		}
	})
}

package sanitize_test

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/seed-87e331f0/zohocrm-go/internal/sanitize"
)

func TestTextIsOneShortPrintableLineWithoutSecrets(t *testing.T) {
	t.Parallel()
	const secret = "1000.secret-token"
	for _, test := range []struct {
		name, text string
		limit      int
		want       string
	}{
		{"plain text", "no such scope", 100, "no such scope"},
		{"line breaks and tabs", " a\r\nb\tc ", 100, "a  b c"},
		{"unprintable characters", "a\x00b\u200bc\ufffdd\xffe\u2028f", 100, "abcdef"},
		{"other scripts", "取引先 é", 100, "取引先 é"},
		{"limit", "abcdef", 4, "abcd"},
		{"limit in a character", "aéé", 4, "aé"},
		{"limit after unprintable characters", strings.Repeat("\x00", 4) + "abcdef", 2, "ab"},
		{"secret", "token " + secret + "!", 100, "token (redacted)!"},
		{"secret twice", secret + secret, 100, "(redacted)(redacted)"},
		{"secret with an unprintable character", "token 1000.sec\u200bret-token", 100, "token (redacted)"},
		{"invisible characters", "a\ufe0fb\u034fc\u3164d\uffa0e\u115ff\u180bg\u17b4h\U000e0100i\u2800j\u00ad\U000e0041", 100, "abcdefghij"},
		{"accents and emoji", "e\u0301 \u0e01\u0e34 \U0001f600", 100, "e\u0301 \u0e01\u0e34 \U0001f600"},
		{"secret with an invisible character", "token 1000.sec\ufe0fret-token", 100, "token (redacted)"},
		{"secret with a line break", "token 1000.sec\nret-token", 100, "token(redacted)"},
		{"secret with tabs", "token\t1000.\tsec\r\nret-token at the end", 100, "token(redacted)attheend"},
		{"beginning of a secret with a line break at the end", "token 1000.\nsec", 100, "token(redacted)"},
		{"beginning of a secret at the end", "token 1000.sec", 100, "token (redacted)"},
		{"almost a whole secret at the end", "token " + secret[:len(secret)-1], 100, "token (redacted)"},
		{"beginning of a secret before the end", "token 1000.sec!", 100, "token 1000.sec!"},
		{"short beginning of a secret at the end", "token 1000.se", 100, "token 1000.se"},
		{"secret across four times the limit", strings.Repeat("\x00", 391) + secret, 100, "(redacted)"},
		{"short secret", "abcdefg", 100, "abcdefg"},
		{"secret of eight bytes", "12345678", 100, "(redacted)"},
		{"empty text", "", 100, ""},
	} {
		if got := sanitize.Text(test.text, test.limit, "", "abcdefg", "12345678", secret); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// The rest of a text that is cut does not stay in memory.
func TestTextThatIsCutIsCopied(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("x", 1000)
	if got := sanitize.Text(text, 10); unsafe.StringData(got) == unsafe.StringData(text) {
		t.Error("the text is part of the original")
	}
}

func TestURLHasNoCredentials(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://user:password@id.example.com/t?code=1": "https://id.example.com/t",
		"https://id.example.com#a?b":                    "https://id.example.com",
		"user@id.example.com/t":                         "id.example.com/t",
		"?code=1":                                       "",
		"https://%zz@id.example.com":                    "https://id.example.com",
	} {
		if got := sanitize.URL(address); got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
}

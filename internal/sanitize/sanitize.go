// Package sanitize makes text from outside fit for an error message or a log line: one line, short, and
// without secrets.
package sanitize

import (
	"regexp"
	"strings"
	"unicode"
)

// Placeholder replaces a secret.
const Placeholder = "(redacted)"

// minSecret is the shortest string that is redacted. A shorter one is not a secret of Zoho's and may occur in
// any text.
const minSecret = 8

// Text returns the printable characters of text in one line, at most limit bytes, without secrets.
//
// Unprintable characters go first: a token with one in its middle is only then found.
func Text(text string, limit int, secrets ...string) string {
	text = text[:min(len(text), 4*limit)]
	isBroken := strings.ContainsAny(text, "\n\r\t") // and maybe a secret in it
	text = Redact(Line(text), secrets...)
	if isBroken {
		if joined := strings.ReplaceAll(text, " ", ""); Redact(joined, secrets...) != joined {
			text = Redact(joined, secrets...) // has no spaces any more, but is rare
		}
	}
	if len(text) > limit {
		text = strings.Clone(text[:limit]) // so that the rest does not stay in memory
	}
	return strings.TrimSpace(strings.ToValidUTF8(text, ""))
}

// brailleBlank has no ink, although it is printable according to Unicode.
const brailleBlank = '\u2800'

// Line returns the printable and visible characters of text, with a space for each line break and tab.
func Line(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case r == unicode.ReplacementChar || r == brailleBlank || !unicode.IsPrint(r),
			r > unicode.MaxLatin1 && unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			return -1
		default:
			return r
		}
	}, text)
}

// Redact replaces secrets in text, and the beginning of one at its end, where the text may have been cut.
func Redact(text string, secrets ...string) string {
	for _, secret := range secrets {
		if len(secret) < minSecret {
			continue
		}
		text = strings.ReplaceAll(text, secret, Placeholder)
		for n := min(len(secret)-1, len(text)); n >= minSecret; n-- {
			if strings.HasSuffix(text, secret[:n]) {
				text = text[:len(text)-n] + Placeholder
				break
			}
		}
	}
	return text
}

// URL returns a URL, even an invalid one, without user, query and fragment.
func URL(address string) string {
	if i := strings.IndexAny(address, "?#"); i >= 0 {
		address = address[:i]
	}
	scheme := ""
	if i := strings.Index(address, "://"); i >= 0 {
		scheme, address = address[:i+3], address[i+3:]
	}
	return scheme + address[strings.LastIndexByte(address, '@')+1:]
}

// Credentials removes from the text of an error what may be a credential: form fields with a secret; users, queries and fragments
// of URLs. It compiles its patterns each time, as such errors are rare.
func Credentials(text string) string {
	secretField := regexp.MustCompile(`(\b(?:refresh_token|client_secret|access_token|code)=)["']?[^\s&"']+`)
	// Of a URL in quotes, in which net/url puts it; of one up to a space; and without a scheme.
	partsOfURLs := regexp.MustCompile(`("[^"\s:/]*://)(?:[^\s/"?#]*@)?([^"?#]*)(?:[?#](?:[^"\\]|\\.)*)?` +
		`|(://)(?:[^\s/"?#]*@)?([^\s"?#]*)(?:[?#]\S*)?` +
		`|[^\s/"=?#:]+:[^\s/"?#]+@` +
		`|[?#][^\s"]*=(?:[^"\\\s]|\\.)*`)
	text = secretField.ReplaceAllString(text, "$1"+Placeholder)
	return partsOfURLs.ReplaceAllString(text, "$1$2$3$4")
}

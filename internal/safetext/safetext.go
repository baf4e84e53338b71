// Package safetext makes text that came from outside fit to be shown: in one line, short, and without
// secrets.
package safetext

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

// Placeholder stands where a secret was.
const Placeholder = "(secret)"

// minSecret is the least length that is redacted: a shorter string is no secret of Zoho's, and may
// stand in any text.
const minSecret = 8

// Redact takes secrets out of text.
func Redact(text string, secrets ...string) string {
	for _, secret := range secrets {
		if len(secret) >= minSecret {
			text = strings.ReplaceAll(text, secret, Placeholder)
		}
	}
	return text
}

// RedactJSON takes a secret out of a document of JSON, be it written with escapes.
func RedactJSON(document, secret []byte) []byte {
	if len(secret) < minSecret {
		return document
	}
	if bytes.IndexByte(document, '\\') >= 0 {
		decoder := json.NewDecoder(bytes.NewReader(document))
		decoder.UseNumber()
		var value any
		if decoder.Decode(&value) == nil {
			if plain, err := json.Marshal(value); err == nil && bytes.Contains(plain, secret) {
				document = plain
			}
		}
	}
	if bytes.Contains(document, secret) {
		document = bytes.ReplaceAll(document, secret, []byte(Placeholder))
	}
	return document
}

// Line makes one line of text.
func Line(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return -1
		default:
			return r
		}
	}, text)
}

// Shorten returns the printable beginning of text, of at most so many bytes, in one line.
func Shorten(text string, most int) string {
	text = strings.TrimSpace(Line(text[:min(len(text), 4*most)]))
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}

// Package errlist makes one error of several, with a message of one line.
package errlist

import (
	"fmt"
	"slices"
	"strings"
)

// maxErrors is the number of errors that a message lists.
const maxErrors = 3

// list is several errors with a message of one line.
type list struct {
	text string
	errs []error
}

func (l *list) Error() string { return l.text }

func (l *list) Unwrap() []error { return l.errs }

// New returns errors as one with another message.
func New(text string, errs ...error) error { return &list{text, errs} }

// Join returns nil, the one error, or all of them as one, whose message lists the first three.
func Join(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	first := errs[0].Error()
	texts := []string{strings.TrimSuffix(first, ".")}
	for _, err := range errs[1:min(maxErrors, len(errs))] {
		texts = append(texts, strings.TrimSuffix(withoutSharedPrefix(err.Error(), first), "."))
	}
	if more := len(errs) - maxErrors; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return &list{strings.Join(texts, "; "), slices.Clone(errs)} // so that errs can stay on the caller's stack
}

// withoutSharedPrefix removes the beginning that text has in common with first: the package, the operation, the input.
func withoutSharedPrefix(text, first string) string {
	beginning, _, _ := strings.Cut(text, "HTTP ")
	n := 0
	for n < min(len(beginning), len(first)) && text[n] == first[n] {
		n++
	}
	shared := strings.LastIndex(text[:n], ": ")
	if shared < 0 {
		return text
	}
	return text[shared+len(": "):]
}

// Any reports whether is is true for err or an error that it wraps.
func Any(err error, is func(error) bool) bool {
	if err == nil || is(err) {
		return err != nil
	}
	switch e := err.(type) { //nolint:errorlint // this unwraps
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), func(err error) bool { return Any(err, is) })
	case interface{ Unwrap() error }:
		return Any(e.Unwrap(), is)
	}
	return false
}

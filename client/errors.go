package client

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/internal/safetext"
	"github.com/seed-87e331f0/zohocrm-go/internal/tokens"
)

// Code is an error code of Zoho's, such as [CodeDuplicateData]. The list is open: a code that this
// package does not know is kept as it came. A Code is an error, so that it can be asked for:
//
//	if errors.Is(err, client.CodeDuplicateData) { … }
//
// The empty Code matches nothing.
type Code string

// Error returns the code itself.
func (c Code) Error() string { return string(c) }

func (c Code) is(target error) bool {
	code, ok := target.(Code) //nolint:errorlint // an Is method compares target as it is
	return ok && code != "" && code == c
}

// Error is an answer that is not a success: an error of Zoho's for one input or for the whole request,
// or an answer that is not one of Zoho's at all, such as the HTML page of a gateway. The codes of each
// operation are on its documentation page, Operation.DocumentationURL.
type Error struct {
	// Operation is the operation that was called.
	Operation Operation
	// StatusCode is the HTTP status, never 0. It does not tell success or failure of an input.
	StatusCode int
	// Code is Zoho's code, empty where the answer is not one of Zoho's.
	Code Code
	// Message is Zoho's message, which varies and may be localised; or, where Code is empty, what is
	// wrong with the answer.
	Message string
	// Details are Zoho's details.
	Details Details
	// Index is the position of the input that the error belongs to, -1 for the whole request.
	Index int
	// InputID is the id of that input, empty where it is not known.
	InputID string
	// Resolution says what to do, empty for an unknown code.
	Resolution string
	// Attempts is the number of requests that were sent. Where an earlier one may have taken effect, the
	// text of the error says so.
	Attempts int
	// RetryAfter is the wait that the answer asks for, 0 where it asks for none.
	RetryAfter time.Duration
	// CreditsRemaining is the number of API credits that the org has left today, -1 where the answer
	// does not say. Zoho says it once half of them are used.
	CreditsRemaining int
	// ContentType is that of the answer.
	ContentType string
	// Snippet is the printable beginning of an answer that is not one of Zoho's, at most 200 bytes.
	Snippet string

	cause  error
	unsure bool // whether an earlier attempt may have taken effect
}

// Details is the details object of an error. Its typed keys are those that Zoho is known to send; a
// key of an unexpected type is left zero there. An ID that came as a number has all its digits.
type Details struct {
	generated.Details
	// Raw is the whole value as it came.
	Raw json.RawMessage
}

// Error returns one line: the operation, the input, status, code and message, and what to do.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "zohocrm: %s: ", e.Operation.ID)
	if e.InputID != "" {
		fmt.Fprintf(&b, "input %d, id %s: ", e.Index, safetext.Shorten(e.InputID, maxSnippet))
	} else if e.Index >= 0 {
		fmt.Fprintf(&b, "input %d: ", e.Index)
	}
	fmt.Fprintf(&b, "HTTP %d", e.StatusCode)
	if e.Code != "" {
		fmt.Fprintf(&b, " %s", safetext.Shorten(string(e.Code), maxSnippet))
	}
	fmt.Fprintf(&b, ": %s", safetext.Shorten(e.Message, maxMessage))
	if raw := string(e.Details.Raw); raw != "" && raw != "{}" && raw != "null" {
		fmt.Fprintf(&b, " %s", safetext.Shorten(raw, maxSnippet))
	}
	if e.Snippet != "" {
		fmt.Fprintf(&b, ": %q", e.Snippet)
	}
	if e.Resolution != "" {
		fmt.Fprintf(&b, ": %s", e.Resolution)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, " (it asks to wait %s)", e.RetryAfter.Round(time.Second))
	}
	if e.unsure {
		fmt.Fprintf(&b, " (%d attempts, an earlier one may have taken effect)", e.Attempts)
	} else if e.Attempts > 1 {
		fmt.Fprintf(&b, " (%d attempts)", e.Attempts)
	}
	return b.String()
}

// Is reports whether target is the code of e.
func (e *Error) Is(target error) bool { return e.Code.is(target) }

// Unwrap returns what ended the answer before its end, if that is what happened.
func (e *Error) Unwrap() error { return e.cause }

// LogValue returns the error as a group of attributes for [log/slog].
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("operation", e.Operation.ID),
		slog.Int("status", e.StatusCode),
		slog.String("code", safetext.Shorten(string(e.Code), maxSnippet)),
		slog.String("message", safetext.Shorten(e.Message, maxMessage)),
		slog.Int("attempts", e.Attempts),
	}
	if e.Index >= 0 {
		attrs = append(attrs, slog.Int("index", e.Index))
	}
	if e.CreditsRemaining >= 0 {
		attrs = append(attrs, slog.Int("credits_remaining", e.CreditsRemaining))
	}
	return slog.GroupValue(attrs...)
}

// ValidationError is a fault in a request, found before anything was sent. Each fault is an error of
// its own; several are one error that [errors.As] looks into.
type ValidationError struct {
	// Operation is the operation that was called.
	Operation Operation
	// Field is the JSON path of the value, such as $.contact_roles[0].name, or the name of the path
	// parameter.
	Field string
	// Rule is what the value breaks: a keyword of the OpenAPI document, such as maxLength, or for what
	// the document cannot say the keyword that would: minProperties (nothing to change), const (an id
	// other than that of the path).
	Rule string
	// Message says what the value must be.
	Message string
}

// Error returns one line: the operation, the field, and what it must be.
func (e *ValidationError) Error() string {
	return fmt.Sprintf("zohocrm: %s: nothing was sent: %s %s", e.Operation.ID, e.Field, e.Message)
}

// AuthError is a failure to get an access token: what the token endpoint answered, or why there was no
// answer. See https://www.zoho.com/crm/developer/docs/api/v7/refresh.html.
type AuthError struct {
	// StatusCode is the HTTP status of the token endpoint, 0 where it did not answer. Zoho answers 200
	// to most failures.
	StatusCode int
	// Code is the error code of the token endpoint, such as invalid_client. It can be asked for with
	// [errors.Is].
	Code Code
	// Throttled says that Zoho refuses more tokens for now: a refresh token gets 10 in 10 minutes.
	Throttled bool
	// Message says what went wrong and what to do.
	Message string

	cause error
}

// Error returns one line: what went wrong and what to do.
func (e *AuthError) Error() string {
	var b strings.Builder
	b.WriteString("zohocrm: no access token: ")
	if e.StatusCode != 0 {
		fmt.Fprintf(&b, "HTTP %d: ", e.StatusCode)
	}
	if e.Code != "" {
		fmt.Fprintf(&b, "%s: ", e.Code)
	}
	b.WriteString(safetext.Shorten(e.Message, maxMessage))
	return b.String()
}

// Is reports whether target is the code of e.
func (e *AuthError) Is(target error) bool { return e.Code.is(target) }

// Unwrap returns the error of the transport, of the context or of the caller's token source, if there
// was one.
func (e *AuthError) Unwrap() error { return e.cause }

func authError(f *tokens.Failure) *AuthError {
	return &AuthError{StatusCode: f.Status, Code: Code(f.Code), Throttled: f.Throttled, Message: f.Message, cause: f.Cause}
}

// errorList is one or more errors with a text of one line.
type errorList struct {
	text string
	errs []error
}

func (l *errorList) Error() string   { return l.text }
func (l *errorList) Unwrap() []error { return l.errs }

// joinErrors returns nil, the one error, or all of them as one.
func joinErrors(errs []error) error {
	const most = 3
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 0 {
		return nil
	} else if len(errs) == 1 {
		return errs[0]
	}
	text := errs[0].Error()
	for _, err := range errs[1:min(most, len(errs))] {
		text += "; " + err.Error()
	}
	if len(errs) > most {
		text += fmt.Sprintf("; and %d more", len(errs)-most)
	}
	return &errorList{text, slices.Clone(errs)} // so that errs can stay on the stack of the caller
}

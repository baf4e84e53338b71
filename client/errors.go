package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/internal/errlist"
	"github.com/seed-87e331f0/zohocrm-go/internal/sanitize"
	"github.com/seed-87e331f0/zohocrm-go/internal/transport"
)

const (
	maxSnippet = 200
	maxMessage = 400
)

// Errors of responses, for errors.Is.
var (
	// ErrResponseTooLarge: the response is larger than 4 MiB, or 32 MiB for a read.
	ErrResponseTooLarge = transport.ErrTooLarge
	// ErrResponseTruncated: the connection or the body ended early.
	ErrResponseTruncated = transport.ErrTruncated
	// ErrResponseEmpty: there is no body where one is documented.
	ErrResponseEmpty = transport.ErrEmpty
	// ErrRedirect: the response redirects to another URL. Redirects are not followed.
	ErrRedirect = transport.ErrRedirect
	// ErrIncomplete: Zoho returned a part of a list. The method returns that part beside this error.
	ErrIncomplete = errors.New("the list is incomplete")
)

// Code is an error code of Zoho's, such as [CodeDuplicateData]. The list is open: Zoho may send codes that this package
// does not know. A Code is an error, for errors.Is:
//
//	if errors.Is(err, client.CodeDuplicateData) { … }
type Code string

// Error returns the code itself.
func (c Code) Error() string { return string(c) }

func (c Code) is(target error) bool {
	code, ok := target.(Code) //nolint:errorlint // an Is method compares target as it is
	return ok && code != "" && code == c
}

// Error is a response that is not a success: an error of Zoho's for one input or for the whole request, or a response that
// is not Zoho's, such as the HTML page of a gateway. The codes of an operation are on its documentation page,
// Operation.DocumentationURL.
type Error struct {
	// Operation is the operation that was called.
	Operation Operation
	// StatusCode is the HTTP status, never 0. It does not say which inputs succeeded.
	StatusCode int
	// Code is Zoho's code, empty if the response is not Zoho's.
	Code Code
	// Message is Zoho's message, without unprintable characters and at most 4 KiB, which varies and may be localised; or, if
	// Code is empty, what is wrong with the response.
	Message string
	// Details are Zoho's details.
	Details Details
	// Index is the position of the input that the error is for, -1 for the whole request.
	Index int
	// InputID is the id of that input, empty if it is not known.
	InputID string
	// Resolution says what to do. It is empty for an unknown code.
	Resolution string
	// Attempts is the number of requests that were sent, replays after a 401 included.
	Attempts int
	// RetryAfter is the wait that the response requests, 0 if none.
	RetryAfter time.Duration
	// CreditsRemaining is the number of API credits that the org has left today, -1 if the response does not say. Zoho
	// says so once half of them are used.
	CreditsRemaining int
	// ContentType is that of the response.
	ContentType string
	// Snippet is the printable beginning of the response, or of the result of the input, that is not in the documented
	// format. It has at most 200 bytes.
	Snippet string

	err          error // why the body could not be used, nil for an error of Zoho's
	maybeApplied bool  // this request may have taken effect
	earlierMaybe bool  // an earlier attempt may have taken effect
}

// Details are the details of an error. The typed keys are those that Zoho is known to send; one with a value of another
// type is left zero.
type Details struct {
	// ID is the module or contact role that the error is about; with CodeDuplicateData, the one that has the value.
	ID string `json:"id"`
	// APIName is the key of the request that is wrong or missing.
	APIName string `json:"api_name"`
	// JSONPath is the place of that key in the request. An index in it may be missing or wrong.
	JSONPath string `json:"json_path"`
	// ExpectedDataType is the type that the key should have.
	ExpectedDataType string `json:"expected_data_type"`
	// MaximumLength is the length that the value may have.
	MaximumLength int `json:"maximum_length"`
	// Limit is the limit that was exceeded.
	Limit int `json:"limit"`
	// ParamName is the request parameter that is wrong or missing.
	ParamName string `json:"param_name"`
	// ResourcePathIndex is the segment of the path that is wrong.
	ResourcePathIndex int `json:"resource_path_index"`
	// SupportedVersion is the API version that has the operation.
	SupportedVersion int `json:"supported_version"`
	// Permissions are the permissions that the user lacks, empty if there are more than 100.
	Permissions []string `json:"permissions"`
	// Raw is the whole JSON value, without unprintable characters. It and the typed keys but ID are empty if
	// that has more than 4 KiB.
	Raw json.RawMessage `json:"-"`
}

// Error returns one line: the operation, the input, status, code, message, details, and what to do.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "zohocrm: %s: ", e.Operation.ID)
	if e.InputID != "" && e.Index >= 0 {
		fmt.Fprintf(&b, "input %d, id %s: ", e.Index, sanitize.Text(e.InputID, maxSnippet))
	} else if e.Index >= 0 {
		fmt.Fprintf(&b, "input %d: ", e.Index)
	}
	fmt.Fprintf(&b, "HTTP %d", e.StatusCode)
	if e.Code != "" {
		fmt.Fprintf(&b, " %s", sanitize.Text(string(e.Code), maxSnippet))
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", sanitize.Text(e.Message, maxMessage))
	}
	if raw := string(e.Details.Raw); raw != "" && raw != "{}" && raw != "null" {
		fmt.Fprintf(&b, " %s", sanitize.Text(raw, maxSnippet))
	}
	if e.Snippet != "" {
		fmt.Fprintf(&b, ": %s", e.Snippet)
	}
	if e.Resolution != "" {
		fmt.Fprintf(&b, ": %s", e.Resolution)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, " (retry after %s)", e.RetryAfter.Round(time.Second))
	}
	switch {
	case e.earlierMaybe && !e.maybeApplied:
		fmt.Fprintf(&b, " (%d attempts, an earlier one may have taken effect)", e.Attempts)
	case e.maybeApplied && e.Attempts > 1:
		fmt.Fprintf(&b, " (%d attempts, may have taken effect)", e.Attempts)
	case e.maybeApplied:
		b.WriteString(" (may have taken effect)")
	case e.Attempts > 1:
		fmt.Fprintf(&b, " (%d attempts)", e.Attempts)
	}
	return b.String()
}

// Is reports whether target is the code of e.
func (e *Error) Is(target error) bool { return e.Code.is(target) }

// Unwrap returns why the body could not be used, such as [ErrResponseEmpty], nil for an error of Zoho's.
func (e *Error) Unwrap() error { return e.err }

// LogValue returns the error as a group of attributes for [log/slog].
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("operation", e.Operation.ID),
		slog.Int("status", e.StatusCode),
		slog.String("code", sanitize.Text(string(e.Code), maxSnippet)),
		slog.String("message", sanitize.Text(e.Message, maxMessage)),
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

// ValidationError is a rule that a request does not follow. It is found before anything is sent. Several are joined into one
// error, which [errors.As] looks into.
type ValidationError struct {
	// Operation is the operation that was called.
	Operation Operation
	// Field is the JSON path of the value, such as $.contact_roles[0].name, or the name of the path parameter.
	Field string
	// Rule is a keyword of the OpenAPI spec, such as maxLength. Rules that the spec cannot express are utf-8 (the
	// value must be valid UTF-8), minProperties (nothing would change) and const (an id other than that of the path).
	Rule string
	// Message says what the value must be.
	Message string
}

// Error returns one line: the operation, the field, and what it must be.
func (e *ValidationError) Error() string {
	return fmt.Sprintf("zohocrm: %s: nothing was sent: %s %s", e.Operation.ID, e.Field, e.Message)
}

// joinViolations returns violations as one error.
func joinViolations(operation *generated.Operation, violations []generated.Violation) error {
	errs := make([]error, 0, len(violations))
	for _, v := range violations {
		errs = append(errs, &ValidationError{Operation: newOperation(operation), Field: v.Field, Rule: v.Rule, Message: v.Message})
	}
	return errlist.Join(errs)
}

// noResponseError is the end of a call without a response.
type noResponseError struct {
	text         string
	err          error
	retryable    bool
	maybeApplied bool
}

func (e *noResponseError) Error() string { return e.text }

func (e *noResponseError) Unwrap() error { return e.err }

// Retryable reports whether the same call may succeed later: after a status 429 or 5xx, Zoho's codes for these, a truncated
// response, a failure of the network, a throttled token request, a timeout. Several errors in one must all be retryable. After
// [Client.UpdateContactRoles] ask for the error of each [Result], and send only those inputs again.
func Retryable(err error) bool {
	switch e := err.(type) { //nolint:errorlint // this unwraps
	case *Error:
		return transport.IsRetryableStatus(e.StatusCode) || errors.Is(e.err, ErrResponseTruncated) || isInternal(e.Code) || e.Code == CodeTooManyRequests
	case *AuthError:
		return e.transient
	case *noResponseError:
		return e.retryable
	case *laterError:
		return Retryable(e.err)
	case interface{ Unwrap() []error }:
		return !slices.ContainsFunc(e.Unwrap(), func(err error) bool { return !Retryable(err) })
	case interface{ Unwrap() error }:
		return Retryable(e.Unwrap())
	}
	return false
}

// isInternal reports whether a code says that Zoho failed.
func isInternal(code Code) bool { return code == CodeInternalError || code == CodeInternalServerError }

// MaybeApplied reports whether an update that failed may have taken effect, in this or an earlier attempt: a request was
// sent, and no response says what became of it, or a response has a success that does not match the input. Read the module
// or contact role to find out. An update may be repeated: it leaves the same state.
//
// It is also true if a server or proxy requires a client certificate under TLS 1.3, which rejects a request only after it was
// sent.
func MaybeApplied(err error) bool {
	return errlist.Any(err, func(err error) bool {
		switch e := err.(type) { //nolint:errorlint // Any unwraps
		case *Error:
			return e.maybeApplied || e.earlierMaybe
		case *noResponseError:
			return e.maybeApplied
		}
		return false
	})
}

// laterError is the error of the last attempt of a call, with that of an earlier one.
type laterError struct{ err, previous error }

func withPrevious(err, previous error) error {
	if previous == nil {
		return err
	}
	return &laterError{err, previous}
}

func (e *laterError) Error() string {
	return e.err.Error() + "; previous error: " + strings.TrimPrefix(e.previous.Error(), "zohocrm: ")
}

func (e *laterError) Unwrap() []error { return []error{e.err, e.previous} }

package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/seed-87e331f0/zohocrm-go/generated"
)

const (
	codeSuccess   = "SUCCESS"
	statusSuccess = "success"
	statusError   = "error"
	maxSnippet    = 200
)

// Result is what became of one input.
type Result struct {
	// ID is the id of the module or contact role that was updated, empty where Err is set.
	ID string
	// Code is SUCCESS, or Zoho's code for what went wrong.
	Code Code
	// Message is Zoho's message, which varies and may be localised.
	Message string
	// Err says why the input was not carried out, or is not known to be: an [*Error], or several as
	// one, or what ended the whole call.
	Err error
}

// item is the result of one input, or the error of a whole request, as Zoho sends it.
type item struct {
	Code    string          `json:"code"`
	Details json.RawMessage `json:"details"`
	Message string          `json:"message"`
	Status  string          `json:"status"`
}

// envelope is an answer in either of its shapes: the results of the inputs under a key, or one bare
// error.
type envelope struct {
	Modules      []json.RawMessage `json:"modules"`
	ContactRoles []json.RawMessage `json:"contact_roles"`
	item
}

// results reads an answer with one result per input. ids are those of the inputs, "" where it is not
// known. The answer is a success only if each of its elements is one, of that very input.
func (a *answer) results(items func(*envelope) []json.RawMessage, ids []string) ([]Result, error) {
	var body envelope
	if err := a.decode(&body); err != nil {
		return failAll(ids, err), err
	}
	elements := items(&body)
	bare := body.item
	switch {
	case bare.Code != "" && bare.Status != statusSuccess && body.Modules == nil && body.ContactRoles == nil:
		err := a.failure(-1, bare)
		return failAll(ids, err), err
	case bare.Code != "" || len(elements) != len(ids):
		err := a.unexpected(fmt.Sprintf("the answer has %d results for %d inputs", len(elements), len(ids)))
		return failAll(ids, err), err
	}
	results := make([]Result, len(ids))
	var errs []error
	for i, element := range elements {
		results[i] = a.result(i, element, ids[i])
		if results[i].Err != nil {
			errs = append(errs, results[i].Err)
		}
	}
	return results, joinErrors(errs)
}

// result reads one element of an answer: an object, or an array of objects for several errors.
func (a *answer) result(index int, element json.RawMessage, id string) Result {
	items := make([]item, 1)
	target := any(&items[0])
	if bytes.HasPrefix(element, []byte("[")) {
		target = &items
	}
	if err := json.Unmarshal(element, target); err != nil || len(items) == 0 {
		return Result{Err: a.unexpectedAt(index, "the result is not of the documented form")}
	}
	var errs []error
	for _, it := range items {
		switch {
		case it.Code == "" || it.Status != statusSuccess && it.Status != statusError:
			errs = append(errs, a.unexpectedAt(index, "the result is not of the documented form"))
		case it.Status == statusError:
			errs = append(errs, a.failure(index, it))
		}
	}
	first := items[0]
	if len(errs) > 0 {
		return Result{Code: Code(first.Code), Message: first.Message, Err: joinErrors(errs)}
	}
	answered := readDetails(first.Details).ID
	switch {
	case len(items) > 1 || first.Code != codeSuccess || a.status != http.StatusOK && a.status != http.StatusMultiStatus:
		return Result{Err: a.unexpectedAt(index, "the result contradicts itself")}
	case strings.Trim(answered, "0123456789") != "" || answered == "":
		return Result{Err: a.unexpectedAt(index, "the success has no id")}
	case id != "" && id != answered:
		return Result{Err: a.unexpectedAt(index, fmt.Sprintf("the success is of id %s, not of %s", answered, id))}
	}
	return Result{ID: answered, Code: Code(first.Code), Message: first.Message}
}

// decode decodes the body, which must be a whole JSON object.
func (a *answer) decode(body *envelope) error {
	switch {
	case a.cause != nil:
		err := a.unexpected("the answer was cut off: " + a.cause.Error())
		err.cause = a.cause
		return err
	case a.tooLarge:
		return a.unexpected(fmt.Sprintf("the answer is larger than %d MiB", maxBody>>20))
	case a.status >= 300 && a.status < 400 && a.location != "":
		return a.unexpected("the redirect to " + a.location + " was not followed: check DataCenter.APIURL")
	case len(bytes.TrimSpace(a.body)) == 0:
		return a.unexpected("the answer is empty")
	}
	err := json.Unmarshal(a.body, body)
	if _, mistyped := errors.AsType[*json.UnmarshalTypeError](err); mistyped {
		return a.unexpected("the answer is not of the documented form")
	} else if err != nil {
		a.cutOff = err.Error() == "unexpected end of JSON input"
		return a.unexpected("the answer is not JSON")
	}
	if media, _, err := mime.ParseMediaType(a.contentType); a.status < 300 && (err != nil || media != "application/json") {
		return a.unexpected(fmt.Sprintf("the answer is of the content type %q", a.contentType))
	}
	return nil
}

// failure is an error of Zoho's.
func (a *answer) failure(index int, it item) *Error {
	err := a.unexpectedAt(index, it.Message)
	err.Code, err.Details, err.Snippet = Code(it.Code), readDetails(it.Details), ""
	_, err.Resolution = generated.Explain(a.operation.ID, it.Code)
	if err.Code == CodeOAuthScopeMismatch {
		err.Resolution += " The scopes are " + strings.Join(a.operation.Scopes, ", ") + "."
	}
	return err
}

// unexpected is an answer that is not one of Zoho's.
func (a *answer) unexpected(message string) *Error { return a.unexpectedAt(-1, message) }

func (a *answer) unexpectedAt(index int, message string) *Error {
	return &Error{
		Operation: *a.operation, StatusCode: a.status, Message: message, Index: index, Attempts: a.attempts,
		CreditsRemaining: a.credits, ContentType: a.contentType, Snippet: snippet(string(a.body[:min(len(a.body), 2*maxSnippet)])),
	}
}

// readDetails reads the keys that it knows. A key of another type than the document has is left zero.
func readDetails(raw json.RawMessage) Details {
	details := Details{Raw: raw}
	typed := struct {
		*generated.Details
		ID idOrNumber `json:"id"`
	}{Details: &details.Details}
	_ = json.Unmarshal(raw, &typed) // decodes what it can
	details.ID = string(typed.ID)
	return details
}

// idOrNumber is an id that came as a string or as a number, with all its digits.
type idOrNumber string

func (i *idOrNumber) UnmarshalJSON(data []byte) error {
	if data[0] == '-' || data[0] >= '0' && data[0] <= '9' {
		*i = idOrNumber(data)
		return nil
	}
	return json.Unmarshal(data, (*string)(i))
}

// failAll gives each input the error of the whole request.
func failAll(ids []string, err error) []Result {
	results := make([]Result, len(ids))
	for i := range results {
		results[i].Err = err
		if failure, ok := errors.AsType[*Error](err); ok {
			results[i].Code, results[i].Message = failure.Code, failure.Message
		}
	}
	return results
}

// snippet returns the printable beginning of text.
func snippet(text string) string {
	text = strings.TrimSpace(oneLine(text))
	if len(text) <= maxSnippet {
		return text
	}
	text = text[:maxSnippet]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text
}

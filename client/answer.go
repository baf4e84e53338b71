package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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

	keyModules      = "modules"
	keyContactRoles = "contact_roles"
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
type item[Details any] struct {
	Code    word    `json:"code"`
	Details Details `json:"details"`
	Message string  `json:"message"`
	Status  word    `json:"status"`
}

// word is a string of which the common values are not copied out of an answer.
type word string

func (w *word) UnmarshalJSON(data []byte) error {
	for _, common := range []word{codeSuccess, statusSuccess, statusError} {
		if len(data) == len(common)+2 && string(data[1:len(data)-1]) == string(common) {
			*w = common
			return nil
		}
	}
	return json.Unmarshal(data, (*string)(w))
}

// envelope is an answer in either of its shapes: a list of the results of the inputs, or one bare
// error.
type envelope[Element any] struct {
	Modules      []Element `json:"modules"`
	ContactRoles []Element `json:"contact_roles"`
	item[json.RawMessage]
}

// list returns the results under key, and whether that is all that the answer has.
func (e *envelope[Element]) list(key string) ([]Element, bool) {
	if key == keyModules {
		return e.Modules, e.ContactRoles == nil && e.Code == ""
	}
	return e.ContactRoles, e.Modules == nil && e.Code == ""
}

// read reads the answer, which is a success only if each of its elements is one, of that very input.
func (c *call) read(auth *authorization) ([]Result, error) {
	if results := c.readSuccesses(); results != nil {
		return results, nil
	}
	if len(auth.secret) >= minSecret && bytes.Contains(c.answer.body, auth.secret) {
		c.answer.body = bytes.ReplaceAll(c.answer.body, auth.secret, []byte(placeholder))
	}
	return c.readFailures()
}

// readSuccesses reads an answer in which all went well, in one pass. It returns nil for any other.
func (c *call) readSuccesses() []Result {
	var body envelope[item[struct {
		ID idOrNumber `json:"id"`
	}]]
	if a := &c.answer; a.cutOff || a.tooLarge || !a.isJSON() || a.status >= 300 || json.Unmarshal(a.body, &body) != nil {
		return nil
	}
	list, only := body.list(c.key)
	if !only || len(list) != len(c.ids) {
		return nil
	}
	results := make([]Result, len(list))
	for i, it := range list {
		id := string(it.Details.ID)
		if it.Status != statusSuccess || c.contradiction(i, it.Code, id) != "" {
			return nil
		}
		results[i] = Result{ID: id, Code: codeSuccess, Message: it.Message}
	}
	return results
}

// contradiction says why what calls itself a success of an input is none.
func (c *call) contradiction(index int, code word, id string) string {
	switch {
	case code != codeSuccess || c.answer.status != http.StatusOK && c.answer.status != http.StatusMultiStatus:
		return "the result contradicts itself"
	case id == "" || strings.Trim(id, "0123456789") != "":
		return "the success has no id"
	case c.ids[index] != "" && c.ids[index] != id:
		return fmt.Sprintf("the success is of id %s, not of %s", id, c.ids[index])
	default:
		return ""
	}
}

// readFailures reads any answer.
func (c *call) readFailures() ([]Result, error) {
	a := &c.answer
	var body envelope[json.RawMessage]
	if err := c.decode(&body); err != nil {
		return c.fail(err)
	}
	list, only := body.list(c.key)
	switch {
	case body.Code != "" && body.Status != statusSuccess && body.Modules == nil && body.ContactRoles == nil:
		return c.fail(c.failure(-1, body.item))
	case !only || len(list) != len(c.ids):
		return c.fail(c.unexpected(-1, fmt.Sprintf("the answer has %d results for %d inputs", len(list), len(c.ids))))
	case a.status < 300 && !a.isJSON():
		return c.fail(c.unexpected(-1, fmt.Sprintf("the answer is of the content type %q", a.contentType)))
	}
	results := make([]Result, len(list))
	errs := make([]error, 0, 1)
	for i, element := range list {
		results[i] = c.readResult(i, element)
		if results[i].Err != nil {
			errs = append(errs, results[i].Err)
		}
	}
	return results, joinErrors(errs)
}

// readResult reads one element of a list: an object, or an array of objects for several errors.
func (c *call) readResult(index int, element json.RawMessage) Result {
	if !bytes.HasPrefix(element, []byte("[")) {
		return c.readItem(index, element)
	}
	var elements []json.RawMessage
	_ = json.Unmarshal(element, &elements) // it is an array: the whole answer was JSON
	result := c.readItem(index, nil)
	var errs []error
	for i, element := range elements {
		r := c.readItem(index, element)
		if r.Err == nil {
			r = Result{Err: c.unexpected(index, "the result contradicts itself")}
		}
		if i == 0 {
			result = r
		}
		errs = append(errs, r.Err)
	}
	if len(errs) > 1 {
		result.Err = joinErrors(errs)
	}
	return result
}

// readItem reads one object.
func (c *call) readItem(index int, element json.RawMessage) Result {
	var it item[json.RawMessage]
	err := json.Unmarshal(element, &it)
	switch {
	case err != nil || it.Code == "" || it.Status != statusSuccess && it.Status != statusError:
		return Result{Err: c.unexpected(index, "the result is not of the documented form")}
	case it.Status == statusError:
		return Result{Code: Code(it.Code), Message: it.Message, Err: c.failure(index, it)}
	}
	id := readDetails(it.Details).ID
	if problem := c.contradiction(index, it.Code, id); problem != "" {
		return Result{Err: c.unexpected(index, problem)}
	}
	return Result{ID: id, Code: codeSuccess, Message: it.Message}
}

// decode decodes the body, which must be a whole JSON object.
func (c *call) decode(body *envelope[json.RawMessage]) error {
	a := &c.answer
	switch {
	case a.cause != nil:
		err := c.unexpected(-1, "the answer was cut off: "+a.cause.Error())
		err.cause = a.cause
		return err
	case a.tooLarge:
		return c.unexpected(-1, fmt.Sprintf("the answer is larger than %d MiB", maxBody>>20))
	case a.location != "":
		return c.unexpected(-1, "the redirect to "+a.location+" was not followed: check DataCenter.APIURL")
	case len(bytes.TrimSpace(a.body)) == 0:
		return c.unexpected(-1, "the answer is empty")
	}
	err := json.Unmarshal(a.body, body)
	if _, mistyped := errors.AsType[*json.UnmarshalTypeError](err); mistyped {
		return c.unexpected(-1, "the answer is not of the documented form")
	} else if err != nil {
		a.cutOff = err.Error() == "unexpected end of JSON input"
		return c.unexpected(-1, "the answer is not JSON")
	}
	return nil
}

func (a *answer) isJSON() bool {
	media, _, _ := strings.Cut(a.contentType, ";")
	return strings.EqualFold(strings.TrimSpace(media), "application/json")
}

// failure is an error of Zoho's.
func (c *call) failure(index int, it item[json.RawMessage]) *Error {
	err := c.newError(index, it.Message)
	err.Code, err.Details = Code(it.Code), readDetails(it.Details)
	_, err.Resolution = generated.Explain(c.operation.ID, string(it.Code))
	if err.Code == CodeOAuthScopeMismatch {
		err.Resolution += " The scopes are " + strings.Join(c.operation.Scopes, ", ") + "."
	}
	return err
}

// unexpected is an answer that is not one of Zoho's.
func (c *call) unexpected(index int, message string) *Error {
	err := c.newError(index, message)
	err.Snippet = snippet(string(c.answer.body[:min(len(c.answer.body), 2*maxSnippet)]))
	return err
}

func (c *call) newError(index int, message string) *Error {
	return &Error{
		Operation: *c.operation, StatusCode: c.answer.status, Message: message, Index: index, Attempts: c.attempts,
		CreditsRemaining: c.answer.credits, ContentType: c.answer.contentType,
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
	if string(data) != "null" {
		*i = idOrNumber(bytes.Trim(data, `"`))
	}
	return nil
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

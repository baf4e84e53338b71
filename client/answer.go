package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/internal/safetext"
	"github.com/seed-87e331f0/zohocrm-go/internal/wire"
)

const (
	codeSuccess   = "SUCCESS"
	statusSuccess = "success"
	statusError   = "error"
	maxSnippet    = 200
	maxMessage    = 400
	maxErrors     = 100 // of one input
	// maxSuccess is the most that a success may take of an answer to be read in one pass: how many elements
	// there are is known only after all are decoded.
	maxSuccess = 4 << 10

	keyModules      = "modules"
	keyContactRoles = "contact_roles"
)

// Result is what became of one input.
type Result struct {
	// ID is the id of the module or contact role that was updated, empty where Err is set.
	ID string
	// Code is SUCCESS, or Zoho's code for what went wrong.
	Code Code
	// Message is Zoho's message, which varies and may be localised; or, where Code is empty, what is
	// wrong with the answer.
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

// success is an item that is expected to be a success: only what is needed of it.
type success struct {
	Code    string `json:"code"`
	Details struct {
		ID string `json:"id"`
	} `json:"details"`
	Message string `json:"message"`
	Status  string `json:"status"`
}

// envelope is an answer in either of its shapes: a list of the results of the inputs, or one bare
// error.
type envelope[Element any] struct {
	Modules      []Element `json:"modules"`
	ContactRoles []Element `json:"contact_roles"`
	item
}

// list returns the results under key, and whether that is all that the answer has.
func (e *envelope[Element]) list(key string) (list []Element, only bool) {
	if key == keyModules {
		return e.Modules, e.ContactRoles == nil && e.Code == "" && e.Status == ""
	}
	return e.ContactRoles, e.Modules == nil && e.Code == "" && e.Status == ""
}

// read reads the answer, which is a success only if each of its elements is one, of that very input.
func (c *call) read() ([]Result, error) {
	a := &c.answer
	a.Body = safetext.RedactJSON(a.Body, c.auth.Secret)
	if a.Problem != "" {
		err := c.unexpected(-1, safetext.Shorten(c.redact(a.Problem), maxMessage))
		err.cause = a.Cause
		return c.fail(err)
	}
	if a.Status < 300 && c.isJSON() && len(a.Body) <= maxSuccess*len(c.ids) {
		if results := c.readSuccesses(); results != nil {
			return results, nil
		}
	}
	return c.readElements()
}

// readSuccesses reads an answer in which all went well, in one pass. It returns nil for any other.
func (c *call) readSuccesses() []Result {
	var body envelope[success]
	if json.Unmarshal(c.answer.Body, &body) != nil {
		return nil
	}
	list, only := body.list(c.key)
	if !only || len(list) == 0 || len(list) != len(c.ids) {
		return nil
	}
	results := make([]Result, len(list))
	for i := range list {
		it := &list[i]
		if it.Status != statusSuccess || c.contradiction(i, it.Code, it.Details.ID) != "" {
			return nil
		}
		results[i] = Result{ID: it.Details.ID, Code: codeSuccess, Message: it.Message}
	}
	return results
}

// contradiction says why what calls itself a success of an input is none.
func (c *call) contradiction(index int, code, id string) string {
	switch {
	case code != codeSuccess || c.answer.Status != http.StatusOK && c.answer.Status != http.StatusMultiStatus:
		return "the result contradicts itself"
	case id == "" || strings.Trim(id, "0123456789") != "":
		return "the success has no id"
	case c.ids[index] != "" && c.ids[index] != id:
		return fmt.Sprintf("the success is of id %s, not of %s", id, c.ids[index])
	default:
		return ""
	}
}

// readElements reads any answer.
func (c *call) readElements() ([]Result, error) {
	var body envelope[json.RawMessage]
	err := json.Unmarshal(c.answer.Body, &body)
	list, only := body.list(c.key)
	bare := &body.item
	switch {
	case len(list) == 0 && bare.Code != "" && bare.Code != codeSuccess && bare.Status != statusSuccess:
		return c.fail(c.failure(-1, bare)) // whatever its other keys are
	case err != nil:
		c.answer.CutOff = err.Error() == "unexpected end of JSON input"
		return c.fail(c.unexpected(-1, "the answer is not JSON of the documented form"))
	case len(list) > 0 && !only:
		return c.fail(c.unexpected(-1, "the answer contradicts itself"))
	case len(list) == 0 || len(list) != len(c.ids):
		return c.fail(c.unexpected(-1, fmt.Sprintf("the answer has %d results for %d inputs", len(list), len(c.ids))))
	case c.answer.Status < 300 && !c.isJSON():
		return c.fail(c.unexpected(-1, fmt.Sprintf("the answer is of the content type %q", c.contentType())))
	}
	results, errs := make([]Result, len(list)), make([]error, len(list))
	for i := range list {
		results[i] = c.readElement(i, list[i])
		errs[i] = results[i].Err
	}
	return results, joinErrors(errs)
}

// readElement reads the result of one input: an item, or several errors.
func (c *call) readElement(index int, data json.RawMessage) Result {
	var it item
	if json.Unmarshal(data, &it) != nil {
		return failed(c.readErrors(index, data))
	} else if it.Status != statusSuccess {
		return failed(c.readError(index, &it))
	}
	var details Details
	details.read(it.Details)
	if problem := c.contradiction(index, it.Code, details.ID); problem != "" {
		return failed(c.unexpected(index, problem))
	}
	return Result{ID: details.ID, Code: codeSuccess, Message: it.Message}
}

// readErrors reads what is no item, and so must be several errors of an input.
func (c *call) readErrors(index int, data json.RawMessage) error {
	var list []json.RawMessage
	_ = json.Unmarshal(data, &list) // what is no list is one error of no form
	errs := make([]error, max(1, min(len(list), maxErrors)))
	for i := range errs {
		var it item
		if i < len(list) {
			_ = json.Unmarshal(list[i], &it) // decodes what it can
		}
		errs[i] = c.readError(index, &it)
	}
	return joinErrors(errs)
}

// readError reads what must be an error of an input.
func (c *call) readError(index int, it *item) error {
	if it.Code == "" || it.Code == codeSuccess || it.Status != statusError {
		return c.unexpected(index, "the result is not of the documented form")
	}
	return c.failure(index, it)
}

func (c *call) isJSON() bool {
	media, _, _ := strings.Cut(c.answer.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(media), "application/json")
}

func (c *call) contentType() string { return c.redact(c.answer.Header.Get("Content-Type")) }

// credits returns the API credits that remain, -1 where Zoho did not say.
func (c *call) credits() int {
	if value := c.answer.Header.Get("X-Api-Credits-Remaining"); value != "" { // spares the error of Atoi
		if credits, err := strconv.Atoi(value); err == nil && credits >= 0 {
			return credits
		}
	}
	return -1
}

// failure is an error of Zoho's.
func (c *call) failure(index int, it *item) *Error {
	err := c.newError(index, it.Message)
	err.Code = Code(it.Code)
	err.Details.read(it.Details)
	_, err.Resolution = generated.Explain(c.operation.ID, it.Code)
	if err.Code == CodeOAuthScopeMismatch {
		err.Resolution = strings.TrimSpace(err.Resolution + " The scopes are " + strings.Join(c.operation.Scopes, ", ") + ".")
	}
	return err
}

// unexpected is an answer that is not one of Zoho's.
func (c *call) unexpected(index int, message string) *Error {
	err := c.newError(index, message)
	if wire.IsRetryable(c.answer.Status) {
		err.Resolution = "Try again later."
	} else if index < 0 {
		err.Resolution = "Check DataCenter.APIURL, and the proxy if there is one."
	}
	err.Snippet = safetext.Shorten(string(c.answer.Body[:min(len(c.answer.Body), 4*maxSnippet)]), maxSnippet)
	return err
}

func (c *call) newError(index int, message string) *Error {
	err := &Error{
		Operation: *c.operation, StatusCode: c.answer.Status, Message: message, Index: index, Attempts: c.attempts, unsure: c.unsure,
		RetryAfter: c.answer.RetryAfter(), CreditsRemaining: c.credits(), ContentType: c.contentType(),
	}
	if index >= 0 {
		err.InputID = c.ids[index]
	}
	return err
}

// read reads the keys that it knows. A key of another type than the document has is left zero, but for an
// id that came as a number.
func (d *Details) read(raw json.RawMessage) {
	d.Raw = raw
	if json.Unmarshal(raw, &d.Details) != nil {
		var number struct {
			ID json.Number `json:"id"`
		}
		if json.Unmarshal(raw, &number) == nil {
			d.ID = number.ID.String()
		}
	}
}

func failed(err error) Result {
	result := Result{Err: err}
	if failure, ok := errors.AsType[*Error](err); ok {
		result.Code, result.Message = failure.Code, failure.Message
	}
	return result
}

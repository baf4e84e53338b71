package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/generated"
)

const (
	codeSuccess   = "SUCCESS"
	statusSuccess = "success"
	statusError   = "error"
	maxSnippet    = 200
	maxMessage    = 400

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
	Status  itemStatus      `json:"status"`
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
func (c *call) read(auth *authorization) ([]Result, error) {
	a := &c.answer
	a.body = redactJSON(a.body, auth.secret)
	if a.status < 300 && a.isJSON() && !a.cutOff && !a.tooLarge {
		if results := c.readSuccesses(); results != nil {
			return results, nil
		}
	}
	return c.readFailures(auth)
}

// redactJSON takes a secret out of an answer, be it written with escapes.
func redactJSON(body, secret []byte) []byte {
	if len(secret) < minSecret {
		return body
	}
	if bytes.Contains(body, []byte(`\u`)) {
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		var value any
		if decoder.Decode(&value) == nil {
			if plain, err := json.Marshal(value); err == nil && bytes.Contains(plain, secret) {
				body = plain
			}
		}
	}
	if bytes.Contains(body, secret) {
		body = bytes.ReplaceAll(body, secret, []byte(placeholder))
	}
	return body
}

// readSuccesses reads an answer in which all went well, in one pass. It returns nil for any other.
func (c *call) readSuccesses() []Result {
	var body envelope[success]
	if json.Unmarshal(c.answer.body, &body) != nil {
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
func (c *call) readFailures(auth *authorization) ([]Result, error) {
	if err := c.checkBody(auth); err != nil {
		return c.fail(err)
	}
	var body envelope[item]
	err := json.Unmarshal(c.answer.body, &body)
	if _, mistyped := errors.AsType[*json.UnmarshalTypeError](err); mistyped {
		return c.readElements()
	} else if err != nil {
		c.answer.cutOff = err.Error() == "unexpected end of JSON input"
		return c.fail(c.unexpected(-1, "the answer is not JSON"))
	}
	list, only := body.list(c.key)
	if err := c.checkEnvelope(len(list), only, &body.item); err != nil {
		return c.fail(err)
	}
	results := make([]Result, len(list))
	for i := range list {
		results[i] = c.readResult(i, &list[i])
	}
	return results, joinResults(results)
}

// readElements reads an answer with an element that is not an object: an array of errors of one input,
// or nothing documented.
func (c *call) readElements() ([]Result, error) {
	var body envelope[json.RawMessage]
	if json.Unmarshal(c.answer.body, &body) != nil {
		return c.fail(c.unexpected(-1, "the answer is not of the documented form"))
	}
	list, only := body.list(c.key)
	if err := c.checkEnvelope(len(list), only, &body.item); err != nil {
		return c.fail(err)
	}
	results := make([]Result, len(list))
	for i, element := range list {
		var (
			it     item
			errors []item
		)
		if json.Unmarshal(element, &errors) != nil || len(errors) == 0 {
			if json.Unmarshal(element, &it) != nil {
				it = item{}
			}
			results[i] = c.readResult(i, &it)
			continue
		}
		var errs []error
		for k := range errors {
			errs = append(errs, c.readError(i, &errors[k]))
		}
		results[i] = failed(joinErrors(errs))
	}
	return results, joinResults(results)
}

// checkEnvelope refuses an answer that is a bare error, or has not one result per input.
func (c *call) checkEnvelope(results int, only bool, bare *item) error {
	switch {
	case bare.Code != "" && bare.Code != codeSuccess && bare.Status != statusSuccess && results == 0:
		return c.failure(-1, bare)
	case !only && results > 0:
		return c.unexpected(-1, "the answer contradicts itself")
	case !only || results == 0 || results != len(c.ids):
		return c.unexpected(-1, fmt.Sprintf("the answer has %d results for %d inputs", results, len(c.ids)))
	case c.answer.status < 300 && !c.answer.isJSON():
		return c.unexpected(-1, fmt.Sprintf("the answer is of the content type %q", c.answer.contentType))
	default:
		return nil
	}
}

// readResult reads the result of one input.
func (c *call) readResult(index int, it *item) Result {
	if it.Status != statusSuccess {
		return failed(c.readError(index, it))
	}
	id := readDetails(it.Details).ID
	if problem := c.contradiction(index, it.Code, id); problem != "" {
		return failed(c.unexpected(index, problem))
	}
	return Result{ID: id, Code: codeSuccess, Message: it.Message}
}

// readError reads what must be an error of an input.
func (c *call) readError(index int, it *item) error {
	if it.Code == "" || it.Code == codeSuccess || it.Status != statusError {
		return c.unexpected(index, "the result is not of the documented form")
	}
	return c.failure(index, it)
}

// checkBody refuses a body that is not to be decoded.
func (c *call) checkBody(auth *authorization) error {
	a := &c.answer
	switch {
	case a.cause != nil:
		err := c.unexpected(-1, "the answer was cut off: "+redact(a.cause.Error(), auth.token))
		err.cause = a.cause
		return err
	case a.tooLarge:
		return c.unexpected(-1, fmt.Sprintf("the answer is larger than %d MiB", maxBody>>20))
	case a.location != "":
		return c.unexpected(-1, "the redirect to "+a.location+" was not followed: check DataCenter.APIURL")
	case len(bytes.TrimSpace(a.body)) == 0:
		return c.unexpected(-1, "the answer is empty")
	default:
		return nil
	}
}

func (a *answer) isJSON() bool {
	media, _, _ := strings.Cut(a.contentType, ";")
	return strings.EqualFold(strings.TrimSpace(media), "application/json")
}

// failure is an error of Zoho's.
func (c *call) failure(index int, it *item) *Error {
	err := c.newError(index, it.Message)
	err.Code, err.Details = Code(it.Code), readDetails(it.Details)
	_, err.Resolution = generated.Explain(c.operation.ID, it.Code)
	if err.Code == CodeOAuthScopeMismatch {
		err.Resolution = strings.TrimSpace(err.Resolution + " The scopes are " + strings.Join(c.operation.Scopes, ", ") + ".")
	}
	return err
}

// unexpected is an answer that is not one of Zoho's.
func (c *call) unexpected(index int, message string) *Error {
	err := c.newError(index, message)
	err.Snippet = shorten(string(c.answer.body[:min(len(c.answer.body), 4*maxSnippet)]), maxSnippet)
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
	var known struct {
		generated.Details
		ID idOrNumber `json:"id"`
	}
	_ = json.Unmarshal(raw, &known) // decodes what it can
	known.Details.ID = string(known.ID)
	return Details{Details: known.Details, Raw: raw}
}

// idOrNumber is an id that came as a string or as a number, with all its digits.
type idOrNumber string

func (i *idOrNumber) UnmarshalJSON(data []byte) error {
	if text := bytes.Trim(data, `"`); len(bytes.Trim(text, "0123456789")) == 0 {
		*i = idOrNumber(text)
	} else if data[0] == '"' {
		_ = json.Unmarshal(data, (*string)(i)) // it is a string
	}
	return nil
}

// itemStatus is the status of an item, success or error, and empty for any other.
type itemStatus string

func (s *itemStatus) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case `"` + statusSuccess + `"`:
		*s = statusSuccess
	case `"` + statusError + `"`:
		*s = statusError
	}
	return nil
}

// joinResults returns the errors of the results as one.
func joinResults(results []Result) error {
	var errs []error
	for i := range results {
		if results[i].Err != nil && len(results) == 1 {
			return results[i].Err
		} else if results[i].Err != nil {
			errs = append(errs, results[i].Err)
		}
	}
	return joinErrors(errs)
}

func failed(err error) Result {
	result := Result{Err: err}
	if failure, ok := errors.AsType[*Error](err); ok {
		result.Code, result.Message = failure.Code, failure.Message
	}
	return result
}

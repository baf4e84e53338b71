package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/internal/envelope"
	"github.com/seed-87e331f0/zohocrm-go/internal/errlist"
	"github.com/seed-87e331f0/zohocrm-go/internal/jsonscan"
	"github.com/seed-87e331f0/zohocrm-go/internal/sanitize"
	"github.com/seed-87e331f0/zohocrm-go/internal/transport"
)

const (
	limitRequests = "WithMaxConcurrent limits the requests of a client."

	// maxElementErrors is the number of errors of one input that are read.
	maxElementErrors = 100
	// maxObjects is the number of objects that a list of a read may have, nested ones included. Each takes more memory than its
	// JSON may have.
	maxObjects = 500_000
	// maxText limits each text that a result or an error keeps, and its details. Zoho's are much shorter.
	maxText = 4 << 10
	// maxPermissions is the number of permissions that the details of an error may have. A longer list is left out.
	maxPermissions = 100
)

// Result is the result of one input.
type Result struct {
	// ID is the id of the module or contact role that was updated, empty if Err is set.
	ID string
	// Code is SUCCESS, or Zoho's code for what went wrong.
	Code Code
	// Message is Zoho's message, which varies and may be localised; or, if Code is empty, what is wrong with the response.
	Message string
	// Err says why the input was not updated, or is not known to be: an [*Error], several as one, or the error of
	// the whole call.
	Err error
}

// reply is a response with what its errors say of the call.
type reply struct {
	operation *generated.Operation
	response  transport.Response
	token     string
	progress  progress
}

// list returns the value of key if it is the only content of the response, or the error that the response is.
func (r *reply) list(key string) (json.RawMessage, *Error) {
	if r.response.Err != nil {
		return nil, r.malformed(r.response.Err.Error())
	}
	bare, ok := envelope.Read(r.response.Body)
	if !ok {
		return nil, r.malformed(transport.ErrNotJSON.Error())
	}
	list, hasOther := bare.List(key)
	switch {
	case bare.IsError() && !bytes.Contains(list, []byte("{")): // the list has no results
		return nil, r.apiError(-1, &bare)
	case list == nil:
		return nil, r.malformed(transport.ErrNotJSON.Error())
	case bare.IsResult || hasOther:
		return nil, r.malformed("response has a list of results beside another list or a top-level error")
	case r.response.Status < 300 && !r.response.IsJSON():
		return nil, r.malformed(fmt.Sprintf("response has the content type %q", r.contentType()))
	}
	return list, nil
}

// decodeResults decodes the response to an update of the inputs with these ids, "" where an id is not known. It is a success
// only if each element is one, of the input at the same position.
func decodeResults(r *reply, key string, ids []string) ([]Result, error) {
	list, failure := r.list(key)
	if failure != nil {
		return failAll(len(ids), failure), failure
	}
	results, count := make([]Result, len(ids)), 0
	var errs []error
	for element := range jsonscan.Elements(list) {
		if count < len(ids) {
			results[count] = r.decodeElement(count, ids[count], element)
			if err := results[count].Err; err != nil {
				errs = append(errs, err)
			}
		}
		count++
	}
	if count != len(ids) || count == 0 {
		failure := r.malformed(fmt.Sprintf("response has %d results, want %d", count, len(ids)))
		return failAll(len(ids), failure), failure
	}
	return results, errlist.Join(errs)
}

// decodeResult decodes the response to an update of one input.
func decodeResult(r *reply, key, id string) (Result, error) {
	results, err := decodeResults(r, key, []string{id})
	if err != nil {
		return Result{}, err
	}
	return results[0], nil
}

// decodeElement decodes the result of one input: a success, an error, or a list of errors.
func (r *reply) decodeElement(index int, id string, element json.RawMessage) Result {
	it, ok := envelope.Read(element)
	if !ok || !it.ClaimsSuccess() {
		return errorResult(r.elementErrors(index, id, element))
	}
	resultID, problem := r.validateSuccess(&it, id)
	if problem != "" {
		return errorResult(r.malformedResult(index, id, element, problem))
	}
	return Result{ID: resultID, Code: envelope.Success, Message: r.redact(it.Message)}
}

// validateSuccess returns the id of a success, or why the success cannot be trusted.
func (r *reply) validateSuccess(it *envelope.Item, want string) (id, problem string) {
	id = envelope.ID(it.Details)
	switch {
	case it.Code != envelope.Success || r.response.Status >= 300 && r.response.Status != http.StatusBadRequest:
		return "", "code, status and HTTP status of the result disagree"
	case id == "":
		return "", "the successful result has no id"
	case want != "" && want != id:
		return "", fmt.Sprintf("the successful result has id %s, want %s", id, want)
	}
	return id, ""
}

// elementErrors returns the error of one input, or several as one.
func (r *reply) elementErrors(index int, id string, element json.RawMessage) error {
	var errs []error
	for data := range jsonscan.Elements(element) {
		if len(errs) == maxElementErrors {
			errs = append(errs, r.malformedResult(index, id, element, fmt.Sprintf("the result has more than %d errors", maxElementErrors)))
			break
		}
		errs = append(errs, r.resultError(index, id, data))
	}
	if len(errs) == 0 {
		return r.resultError(index, id, element)
	}
	return errlist.Join(errs)
}

// resultError returns the error of one input from one result.
func (r *reply) resultError(index int, id string, data json.RawMessage) *Error {
	it, ok := envelope.Read(data)
	if !ok || !it.IsErrorResult() {
		return r.malformedResult(index, id, data, "the result is not in the documented format")
	}
	err := r.apiError(index, &it)
	err.InputID = id
	return err
}

// decodeList decodes the list of objects that a read returns. No content is a nil list.
func decodeList[T any](r reply, key string) ([]T, error) {
	objects, err := r.objects(key)
	if objects == nil {
		return nil, err
	}
	values := make([]T, len(objects))
	for i, object := range objects {
		if !envelope.Decode(object, &values[i]) {
			return nil, r.malformed(fmt.Sprintf("element %d of the list has a key twice, or a list in it an element that is not an object", i))
		}
	}
	return values, nil
}

// objects returns the elements of the list of objects that a read returns, each with an id. No content is a nil list.
func (r *reply) objects(key string) ([]json.RawMessage, error) {
	if r.response.Status == http.StatusNoContent {
		return nil, nil
	}
	list, failure := r.list(key)
	if failure != nil {
		return nil, failure
	}
	if r.response.Status >= 300 {
		return nil, r.malformed("response has a list, but its HTTP status is that of an error")
	}
	if list[0] != '[' {
		return nil, r.malformed(transport.ErrNotJSON.Error())
	}
	if bytes.Count(list, []byte("{")) > maxObjects {
		return nil, r.malformed(fmt.Sprintf("the list has more than %d objects", maxObjects))
	}
	objects := []json.RawMessage{}
	for object := range jsonscan.Elements(list) {
		if envelope.ID(object) == "" {
			return nil, r.malformed(fmt.Sprintf("element %d of the list has no id", len(objects)))
		}
		objects = append(objects, object)
	}
	return objects, nil
}

func (r *reply) contentType() string {
	return sanitize.Text(r.response.Header.Get("Content-Type"), maxSnippet, r.token)
}

// apiError returns an error of Zoho's.
func (r *reply) apiError(index int, it *envelope.Item) *Error {
	err := r.newError(index, r.redact(it.Message))
	err.Code = Code(r.redact(it.Code))
	r.readDetails(&err.Details, it.Details)
	err.maybeApplied = (r.response.Status >= http.StatusInternalServerError || isInternal(Code(it.Code))) && r.changes()
	err.Resolution = generated.Resolution(r.operation.ID, it.Code)
	switch {
	case err.Code == CodeOAuthScopeMismatch:
		err.Resolution = strings.TrimSuffix(err.Resolution, ".") + ": " + strings.Join(r.operation.Scopes, ", ") + "."
	case err.Code == CodeTooManyRequests, r.response.Status == http.StatusTooManyRequests:
		err.Resolution = strings.TrimSpace(err.Resolution + " " + limitRequests)
	}
	return err
}

// malformed returns the error of a response that is not in the documented format.
func (r *reply) malformed(message string) *Error {
	return r.malformedResult(-1, "", r.response.Body, message)
}

// malformedResult returns the error of a part of a response that is not in the documented format, the result of one input.
func (r *reply) malformedResult(index int, id string, data json.RawMessage, message string) *Error {
	err := r.newError(index, sanitize.Text(message, maxMessage, r.token))
	err.InputID, err.Snippet, err.err = id, r.snippet(data), r.response.Err
	err.maybeApplied = r.changes() && (transport.Classify(r.response, nil).MaybeApplied || r.mayHaveSuccess(index, data))
	switch {
	case r.response.Status == http.StatusTooManyRequests:
		err.Resolution = limitRequests + " Try again later."
	case transport.IsRetryableStatus(r.response.Status), errors.Is(r.response.Err, ErrResponseTruncated):
		err.Resolution = "Try again later."
	case index < 0:
		err.Resolution = "Check DataCenter.APIURL, and the proxy if there is one."
	}
	return err
}

// mayHaveSuccess reports whether data that cannot be used has a success, or with status 400, which may come with successes
// too, a result.
func (r *reply) mayHaveSuccess(index int, data []byte) bool {
	text := strings.ToLower(string(data))
	isHTML := strings.HasPrefix(strings.TrimSpace(text), "<")
	isResult := index >= 0 || strings.Count(text, "{") > 1 && (strings.Contains(text, envelope.ContactRoles) || strings.Contains(text, envelope.Modules))
	return !isHTML && (strings.Contains(text, `"success"`) || isResult && r.response.Status == http.StatusBadRequest)
}

func (r *reply) snippet(data []byte) string {
	return sanitize.Text(string(data[:min(len(data), 4*maxSnippet)]), maxSnippet, r.token)
}

// redact returns the printable characters of a text of Zoho's, without the token.
func (r *reply) redact(text string) string { return sanitize.Text(text, maxText, r.token) }

func (r *reply) newError(index int, message string) *Error {
	return &Error{
		Operation: newOperation(r.operation), StatusCode: r.response.Status, Message: message, Index: index, Attempts: r.progress.requests,
		RetryAfter: transport.RetryAfter(r.response.Header), CreditsRemaining: r.response.Credits(), ContentType: r.contentType(),
		earlierMaybe: r.progress.maybeApplied,
	}
}

// changes reports whether the operation is an update.
func (r *reply) changes() bool { return r.operation.Method != http.MethodGet }

// readDetails reads details into memory of their own, as an error may be kept longer than its response.
func (r *reply) readDetails(d *Details, raw json.RawMessage) {
	if len(raw) <= maxText {
		_ = json.Unmarshal(raw, d) // goes on after a key that does not fit
		d.Raw = json.RawMessage(r.redact(string(raw)))
		if len(d.Permissions) > maxPermissions {
			d.Permissions = nil
		}
		for _, text := range []*string{&d.APIName, &d.JSONPath, &d.ExpectedDataType, &d.ParamName} {
			*text = r.redact(*text)
		}
		for i, permission := range d.Permissions {
			d.Permissions[i] = r.redact(permission)
		}
	}
	d.ID = envelope.ID(raw)
}

// failAll returns n results with the error of the whole call.
func failAll(n int, err error) []Result {
	return slices.Repeat([]Result{errorResult(err)}, n)
}

func errorResult(err error) Result {
	result := Result{Err: err}
	if failure, ok := errors.AsType[*Error](err); ok {
		result.Code, result.Message = failure.Code, failure.Message
	}
	return result
}

// codes returns Zoho's codes of the errors in err, in order.
func codes(err error) (all []Code) {
	errlist.Any(err, func(err error) bool {
		var code Code
		switch e := err.(type) { //nolint:errorlint // Any unwraps
		case *Error:
			code = e.Code
		case *AuthError:
			code = e.Code
		}
		if code != "" {
			all = append(all, code)
		}
		return false
	})
	return all
}

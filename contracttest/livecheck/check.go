package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/internal/contract"
	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/spec"
)

// Verdicts, beside noResponse.
const (
	asExpected = "as expected"
	differs    = "differs"
	notTried   = "not tried"
)

// Kinds of findings.
const (
	kindStatus  = "status"
	kindCode    = "code"
	kindMessage = "message"
	kindExtra   = "extra key"
	kindMissing = "missing key"
	kindValue   = "value"
	kindSpec    = "spec"
	kindClient  = "client"
	kindState   = "state"
)

// result is the outcome of a step of a probe. Its texts are anonymised.
type result struct {
	Group   string `json:"group"`
	Probe   string `json:"probe"`
	Request string `json:"request"`
	// Operation is the operationId in the spec, empty if it has none for the request.
	Operation string `json:"operation,omitempty"`
	// InSpec reports whether the spec allows the request.
	InSpec bool `json:"spec_allows_request"`
	// Mock and Seen are summaries of the response of the mock server and of the one that is compared.
	Mock     string    `json:"mock_server"`
	Seen     string    `json:"seen"`
	Verdict  string    `json:"verdict"`
	Findings []finding `json:"findings,omitempty"`
	// Client is what the client made of the response.
	Client string `json:"client,omitempty"`
	// Changes are what the request changed in the org.
	Changes []string `json:"changes,omitempty"`
	// The bodies are those of a response that differs.
	RequestBody  any `json:"request_body,omitempty"`
	ResponseBody any `json:"response_body,omitempty"`
}

type finding struct {
	Kind string `json:"kind"`
	// Where is a place in the response body.
	Where string `json:"where,omitempty"`
	Text  string `json:"text"`
}

func (r *result) add(kind, where, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if where != "" {
		text = fmt.Sprintf("`%s` %s", where, text)
	}
	if f := (finding{kind, where, text}); !slices.Contains(r.Findings, f) {
		r.Findings = append(r.Findings, f)
	}
}

// checks compares exchanges with the spec, the client and the mock server.
type checks struct {
	spec *contract.Checker
	anon *anonymiser
}

// judge compares an exchange and what it changed. The mock server gets the same request in the same state.
func (c *checks) judge(ctx context.Context, x exchange, before org, changes []string) (result, error) {
	shown := c.anon.exchange(x)
	r := result{
		Request: c.anon.request(x.request), Operation: operationID(x.request), Seen: shown.summary(), Verdict: noResponse,
		Changes: c.anon.texts(changes), RequestBody: decode(shown.body), ResponseBody: decode(shown.response),
	}
	mock, mockChanges, err := x.sendToMock(ctx, before)
	if err != nil {
		return r, err
	}
	request, err := x.build(ctx, "https://api.invalid")
	if err != nil {
		return r, err
	}
	request.Header.Set("Authorization", "Zoho-oauthtoken token")
	r.Mock = mock.summary()
	r.InSpec = c.spec.Request(request, x.body) == nil && !x.bearer
	if mockChanges = c.anon.texts(mockChanges); !slices.Equal(r.Changes, mockChanges) {
		r.add(kindState, "", "in the mock server the request changes %s", cmp.Or(strings.Join(mockChanges, "; "), "nothing"))
	}
	if x.err != nil {
		r.add(noResponse, "", "the connection failed, or the response took more than a minute")
		return r, nil //nolint:nilerr // the error of the exchange is in the report
	}
	if x.status != mock.status {
		r.add(kindStatus, "", "the tested server responded with HTTP %d, the mock server with %d", x.status, mock.status)
	}
	if seen, want := mediaType(x), mediaType(mock); seen != want {
		r.add(kindValue, "", "the Content-Type is %s, that of the mock server is %s", c.anon.text(seen), want)
	}
	list, _ := codes(x.response)
	for _, code := range list {
		if !bytes.Contains(spec.YAML, []byte(code)) {
			r.add(kindCode, "", "%s is not in the spec", c.anon.string("code", code))
		}
	}
	if err := c.spec.Response(request, x.status, x.header, x.response); err != nil {
		r.add(kindSpec, "", "%s", c.anon.text(inWords.Replace(err.Error())))
	}
	var misread string
	if r.Client, misread = c.client(ctx, x, shown); misread != "" {
		r.add(kindClient, "", "%s", misread)
	}
	if body := decode(x.response); body != nil {
		c.compare(&r, "", "", body, decode(mock.response), []any{body}, false)
	} else {
		r.add(kindValue, "", "the body is empty or not JSON")
	}
	if r.Verdict = differs; len(r.Findings) == 0 {
		r.Verdict, r.RequestBody, r.ResponseBody = asExpected, nil, nil
	}
	return r, nil
}

// inWords explains the errors of the validator.
var inWords = strings.NewReplacer("response body doesn't match schema #/components/schemas/", "the response does not match the schema ",
	`Error at "`, `at "`, `" is unsupported`, `" is not in the schema`, `" is missing`, `" is required by the schema, and missing`)

func operationID(q request) string {
	for _, o := range generated.Operations() {
		if _, matches := contract.MatchPath(o.Path, q.path); matches && o.Method == q.method {
			return o.ID
		}
	}
	return ""
}

func mediaType(x exchange) string {
	t, _, err := mime.ParseMediaType(x.header.Get("Content-Type"))
	if err != nil {
		return "missing"
	}
	return t
}

// decode returns nil for a body that is not JSON.
func decode(body []byte) (value any) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	_ = decoder.Decode(&value) // nil then
	return value
}

// compare finds what differs from the mock server's body at a path, with a key: the keys and the kinds of values and, within
// results, the values. All are the values at the path, of all elements of a list.
func (c *checks) compare(r *result, at, key string, seen, want any, all []any, inResult bool) {
	place := cmp.Or(at, "the body")
	switch w := want.(type) {
	case map[string]any:
		s, isObject := seen.(map[string]any)
		if !isObject {
			r.add(kindValue, place, "is %s, the mock server sends an object", kindOf(seen))
			return
		}
		_, isResult := w["code"]
		for _, k := range slices.Sorted(maps.Keys(s)) {
			if _, has := w[k]; !has {
				values := valuesOf(all, k)
				example := values[max(0, slices.IndexFunc(values, func(v any) bool { return v != nil }))]
				r.add(kindExtra, path.Join(at, c.anon.key(k)), "is not in the mock server's response; %s it, %s such as `%s`",
					share(len(values), len(all)), kindOf(example), shorten(c.anon.value(k, example), 100))
			}
		}
		for _, k := range slices.Sorted(maps.Keys(w)) {
			if value, has := s[k]; has {
				c.compare(r, path.Join(at, c.anon.key(k)), k, value, w[k], valuesOf(all, k), inResult || isResult)
			} else {
				r.add(kindMissing, path.Join(at, c.anon.key(k)), "is missing, the mock server sends %s such as `%s`; %s it",
					kindOf(w[k]), shorten(c.anon.value(k, w[k]), 100), share(len(valuesOf(all, k)), len(all)))
			}
		}
	case []any:
		s, isList := seen.([]any)
		if !isList {
			r.add(kindValue, place, "is %s, the mock server sends a list", kindOf(seen))
			return
		}
		if len(s) != len(w) && at == "contact_roles" { // other lists of the mock server are shorter than those of an org
			r.add(kindValue, place, "has %d elements, the mock server sends %d", len(s), len(w))
		}
		var elements []any
		for _, list := range all {
			list, _ := list.([]any)
			elements = append(elements, list...)
		}
		for i := range min(len(s), len(w)) {
			c.compare(r, at+"/*", key, s[i], w[i], elements, inResult)
		}
	default:
		switch {
		case reflect.DeepEqual(seen, want) || !inResult && (seen == nil || want == nil || kindOf(seen) == kindOf(want)):
		case key == "message":
			text := fmt.Sprint(seen)
			r.add(kindMessage, place, "is %q, the mock server sends %q; the spec has it: %t", c.anon.message(text), want, isKnownMessage(text))
		case inResult:
			r.add(kindValue, place, "is `%s`, the mock server sends `%s`", encode(c.anon.value(key, seen)), encode(c.anon.value(key, want)))
		default:
			r.add(kindValue, place, "is %s, the mock server sends %s", kindOf(seen), kindOf(want))
		}
	}
}

// valuesOf returns the values that objects have for a key.
func valuesOf(objects []any, key string) (values []any) {
	for _, o := range objects {
		o, _ := o.(map[string]any)
		if value, has := o[key]; has {
			values = append(values, value)
		}
	}
	return values
}

func share(count, of int) string {
	if count == of {
		return "all objects have"
	}
	return fmt.Sprintf("%d of %d objects have", count, of)
}

func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	default:
		return "an object"
	}
}

// canned is a transport that returns a response that was received before.
type canned struct{ exchange }

// RoundTrip implements [http.RoundTripper].
func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: c.status, Header: c.header, Body: io.NopCloser(bytes.NewReader(c.response)), Request: r}, nil
}

const notGiven = "not given the response"

// client gives the response to the client. It returns what the client makes of it, from the anonymised exchange, and how that
// is wrong.
func (c *checks) client(ctx context.Context, x, shown exchange) (outcome, misread string) {
	err := callClient(ctx, x)
	if _, isInvalid := errors.AsType[*client.ValidationError](err); isInvalid || errors.Is(err, errors.ErrUnsupported) {
		return notGiven + ", because it does not send such a request", ""
	}
	if outcome = "success"; err != nil {
		outcome = "an error"
		if err := callClient(ctx, shown); err != nil {
			outcome += ": " + strings.TrimSuffix(c.anon.text(err.Error()), ".")
		}
	}
	list, _ := codes(x.response)
	at := slices.IndexFunc(list, func(code string) bool { return code != "SUCCESS" })
	failed := x.status >= http.StatusMultipleChoices || at >= 0
	switch {
	case err == nil && failed:
		return outcome, "it reports a success of a request that failed"
	case err != nil && !failed:
		return outcome, "it reports an error of a request that succeeded"
	case at >= 0 && !errors.Is(err, client.Code(list[at])):
		return outcome, "it reports another error than the code in the response"
	default:
		return asExpected + ", " + outcome, ""
	}
}

// callClient calls the method of the client that sends the request, and gives it the response.
func callClient(ctx context.Context, q exchange) error {
	crm, err := client.New(client.DataCenter{APIURL: "https://api.invalid"}, client.StaticToken("token"),
		client.WithHTTPClient(&http.Client{Transport: canned{q}}), client.WithMaxAttempts(1), client.WithoutValidation())
	if err != nil {
		return err
	}
	sent, _ := org{}.merge(q.body) // what the client cannot send is left out
	var roles []client.ContactRoleUpdate
	for _, r := range sent.Roles {
		roles = append(roles, client.ContactRoleUpdate{ID: r.ID, Name: r.Name, SequenceNumber: r.SequenceNumber})
	}
	name := path.Base(q.path)
	switch {
	case q.isRead() && q.path == rolesPath:
		_, err = crm.ListContactRoles(ctx)
	case q.isRead() && q.path == modulesPath:
		_, err = crm.ListModules(ctx)
	case q.isRead() && q.path == profilesPath:
		_, err = crm.ListProfiles(ctx)
	case q.isRead():
		_, err = crm.GetModule(ctx, name)
	case q.method == http.MethodPut && q.isOfModule():
		_, err = crm.UpdateCustomModule(ctx, name, client.CustomModuleUpdate{})
	case q.method == http.MethodPut && q.path == rolesPath && len(roles) > 0:
		_, err = crm.UpdateContactRoles(ctx, roles)
	case q.method == http.MethodPut && q.path != rolesPath && len(roles) == 1:
		_, err = crm.UpdateContactRole(ctx, name, roles[0])
	default:
		err = errors.ErrUnsupported
	}
	return err
}

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
	kindKey     = "key"
	kindValue   = "value"
	kindSpec    = "spec"
	kindClient  = "client"
	kindState   = "state"
)

// result is the outcome of a step of a probe. Its texts are anonymised.
type result struct {
	Group    string `json:"group"`
	Probe    string `json:"probe"`
	Request  string `json:"request"`
	Expected string `json:"expected"`
	Seen     string `json:"seen"`
	Verdict  string `json:"verdict"`
	// InSpec reports whether the spec allows the request.
	InSpec   bool      `json:"request_in_spec"`
	Findings []finding `json:"findings,omitempty"`
	// Changes are what the request changed in the org.
	Changes []string `json:"changes,omitempty"`
}

type finding struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

func (r *result) add(kind, format string, args ...any) {
	if f := (finding{kind, fmt.Sprintf(format, args...)}); !slices.Contains(r.Findings, f) {
		r.Findings = append(r.Findings, f)
	}
}

// checks compares exchanges with the spec, the client and the mock server.
type checks struct {
	spec *contract.Checker
	anon *anonymiser
}

// judge compares an exchange and what it changed. The mock server gets the same request in the same state.
func (c *checks) judge(ctx context.Context, s step, x exchange, before org, changes []string) (result, error) {
	r := result{Request: c.anon.request(x.request), Expected: s.want, Seen: c.anon.summary(x), Verdict: noResponse, Changes: c.anon.texts(changes)}
	mock, mockChanges, err := x.sendToMock(ctx, before)
	if err != nil {
		return r, err
	}
	request, err := x.build(ctx, "https://api.invalid")
	if err != nil {
		return r, err
	}
	request.Header.Set("Authorization", "Zoho-oauthtoken token")
	r.InSpec = c.spec.Request(request, x.body) == nil && !x.bearer
	if mockChanges = c.anon.texts(mockChanges); !slices.Equal(r.Changes, mockChanges) {
		r.add(kindState, "in the mock server the request changes %s", cmp.Or(strings.Join(mockChanges, "; "), "nothing"))
	}
	if x.err != nil {
		return r, nil //nolint:nilerr // the error of the exchange is in the report
	}
	if x.status != mock.status {
		r.add(kindStatus, "HTTP %d, the mock server responds with %d", x.status, mock.status)
	}
	if seen, want := mediaType(x), mediaType(mock); seen != want {
		r.add(kindValue, "the Content-Type is %s, that of the mock server is %s", c.anon.text(seen), want)
	}
	list, _ := codes(x.response)
	for _, code := range list {
		if !bytes.Contains(spec.YAML, []byte(code)) {
			r.add(kindCode, "%s is not in the spec", c.anon.string("code", code))
		}
	}
	if err := c.spec.Response(request, x.status, x.header, x.response); err != nil {
		r.add(kindSpec, "%s", c.anon.text(err.Error()))
	}
	if misread := checkClient(ctx, x); misread != "" {
		r.add(kindClient, "%s", misread)
	}
	c.compare(&r, "", "", decode(x.response), decode(mock.response), false)
	r.Verdict = asExpected
	if len(r.Findings) > 0 || r.Seen != r.Expected {
		r.Verdict = differs
	}
	return r, nil
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
// results, the values.
func (c *checks) compare(r *result, at, key string, seen, want any, inResult bool) {
	place := cmp.Or(at, "the body")
	switch w := want.(type) {
	case map[string]any:
		s, isObject := seen.(map[string]any)
		if !isObject {
			r.add(kindKey, "%s is %s, the mock server sends an object", place, kindOf(seen))
			return
		}
		_, isResult := w["code"]
		for k := range maps.Keys(s) {
			if _, has := w[k]; !has {
				r.add(kindKey, "%s is not in the mock server's response", path.Join(at, c.anon.key(k)))
			}
		}
		for _, k := range slices.Sorted(maps.Keys(w)) {
			if value, has := s[k]; has {
				c.compare(r, path.Join(at, c.anon.key(k)), k, value, w[k], inResult || isResult)
			} else {
				r.add(kindKey, "%s is missing, the mock server sends it", path.Join(at, c.anon.key(k)))
			}
		}
	case []any:
		s, isList := seen.([]any)
		if !isList {
			r.add(kindKey, "%s is %s, the mock server sends a list", place, kindOf(seen))
			return
		}
		if len(s) != len(w) && at == "contact_roles" { // other lists of the mock server are shorter than those of an org
			r.add(kindValue, "%s has %d elements, the mock server sends %d", place, len(s), len(w))
		}
		for i := range min(len(s), len(w)) {
			c.compare(r, at+"/*", key, s[i], w[i], inResult)
		}
	default:
		switch {
		case reflect.DeepEqual(seen, want) || !inResult && (seen == nil || want == nil || kindOf(seen) == kindOf(want)):
		case key == "message" && isKnownMessage(fmt.Sprint(seen)):
			r.add(kindMessage, "%q, which the spec has, instead of %q", seen, want)
		case key == "message":
			r.add(kindMessage, "%q, which the spec does not have, instead of %q", c.anon.message(fmt.Sprint(seen)), want)
		case inResult:
			r.add(kindValue, "%s is %s, the mock server sends %s", place, encode(c.anon.value(key, seen)), encode(c.anon.value(key, want)))
		default:
			r.add(kindValue, "%s is %s, the mock server sends %s", place, kindOf(seen), kindOf(want))
		}
	}
}

func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null or missing"
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

// checkClient gives the response to the client, and says how it misreads it.
func checkClient(ctx context.Context, x exchange) string {
	crm, err := client.New(client.DataCenter{APIURL: "https://api.invalid"}, client.StaticToken("token"),
		client.WithHTTPClient(&http.Client{Transport: canned{x}}), client.WithMaxAttempts(1), client.WithoutValidation())
	if err != nil {
		return err.Error()
	}
	err = callClient(ctx, crm, x.request)
	if _, isInvalid := errors.AsType[*client.ValidationError](err); isInvalid || errors.Is(err, errors.ErrUnsupported) {
		return "" // the client does not send such a request
	}
	list, _ := codes(x.response)
	at := slices.IndexFunc(list, func(code string) bool { return code != "SUCCESS" })
	failed := x.status >= http.StatusMultipleChoices || at >= 0
	switch {
	case err == nil && failed:
		return "the client reports a success"
	case err != nil && !failed:
		return "the client reports an error"
	case at >= 0 && !errors.Is(err, client.Code(list[at])):
		return "the client reports another error than the code in the response"
	default:
		return ""
	}
}

// callClient calls the method of the client that sends a request.
func callClient(ctx context.Context, crm *client.Client, q request) (err error) {
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

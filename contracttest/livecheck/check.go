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
)

// Verdicts.
const (
	asExpected = "as expected"
	differs    = "differs"
	notTried   = "not tried"
	unknown    = noResponse
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
	Probe    string `json:"probe"`
	Group    string `json:"group"`
	Request  string `json:"request"`
	Expected string `json:"expected"`
	Seen     string `json:"seen"`
	Verdict  string `json:"verdict"`
	// Reason is why the probe was not tried.
	Reason string `json:"reason,omitempty"`
	// InSpec reports whether the spec allows the request.
	InSpec   bool      `json:"request_in_spec"`
	Findings []finding `json:"findings"`
	// Changes are what the request changed in the org.
	Changes []string `json:"changes,omitempty"`
}

type finding struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// checks compares exchanges with the spec, the client and the mock server.
type checks struct {
	spec     *contract.Checker
	anon     *anonymiser
	statuses map[int]bool
	codes    map[string]bool
}

func newChecks(anon *anonymiser) (*checks, error) {
	checker, err := contract.New()
	if err != nil {
		return nil, err
	}
	c := &checks{spec: checker, anon: anon, statuses: map[int]bool{http.StatusNoContent: true}, codes: map[string]bool{}}
	for _, e := range checker.Examples() {
		c.statuses[e.Status] = true
		codes, _ := results(e.Body)
		for _, code := range codes {
			c.codes[code] = true
		}
	}
	return c, nil
}

// judge compares an exchange and what it changed. The mock server gets the same request in the same state.
func (c *checks) judge(ctx context.Context, s step, x exchange, before org, changed []string) (result, error) {
	r := result{Request: c.anon.request(x.request), Expected: s.want, Seen: c.anon.summary(x), Verdict: unknown, Findings: []finding{}}
	for _, line := range changed {
		r.Changes = append(r.Changes, c.anon.text(line))
	}
	add := func(kind, text string) {
		if f := (finding{kind, text}); text != "" && !slices.Contains(r.Findings, f) {
			r.Findings = append(r.Findings, f)
		}
	}
	mock, mockChanged, err := x.sendToMock(ctx, before)
	if err != nil {
		return r, err
	}
	if x.err == nil {
		r.Verdict = asExpected
		c.checkSpec(ctx, &r, x, add)
		c.checkCodes(x, add)
		c.compare(x, mock, add)
		add(kindClient, c.checkClient(ctx, x))
	}
	if !slices.Equal(changed, mockChanged) {
		add(kindState, "in the mock server the request changes "+cmp.Or(c.anon.text(strings.Join(mockChanged, "; ")), "nothing"))
	}
	if x.err == nil && (len(r.Findings) > 0 || r.Seen != r.Expected) {
		r.Verdict = differs
	}
	return r, nil
}

// canned is a transport that returns a response.
type canned struct{ exchange }

// RoundTrip implements [http.RoundTripper].
func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: c.status, Header: c.header, Body: io.NopCloser(bytes.NewReader(c.answer)), Request: r}, nil
}

// checkSpec finds out how the request and the response differ from the spec.
func (c *checks) checkSpec(ctx context.Context, r *result, x exchange, add func(kind, text string)) {
	request, err := x.build(ctx, "https://api.invalid")
	if err != nil {
		add(kindSpec, "the request is not valid")
		return
	}
	request.Header.Set("Authorization", "Zoho-oauthtoken token")
	if x.bearer {
		request.Header.Set("Authorization", "Bearer token")
	}
	r.InSpec = c.spec.Request(request, x.body) == nil
	if err := c.spec.Response(request, x.status, x.header, x.answer); err != nil {
		add(kindSpec, c.anon.text(err.Error()))
	}
}

// checkCodes finds statuses, codes and messages that the spec does not have.
func (c *checks) checkCodes(x exchange, add func(kind, text string)) {
	if !c.statuses[x.status] {
		add(kindStatus, fmt.Sprintf("HTTP %d is not in the spec", x.status))
	}
	codes, _ := results(x.answer)
	for _, code := range codes {
		if !c.codes[code] {
			add(kindCode, c.anon.string("code", code)+" is not in the spec")
		}
	}
}

// compare finds what differs from the response of the mock server.
func (c *checks) compare(x, mock exchange, add func(kind, text string)) {
	if x.status != mock.status {
		add(kindStatus, fmt.Sprintf("HTTP %d, the mock server responds with %d", x.status, mock.status))
	}
	if seen, want := mediaType(x), mediaType(mock); seen != want {
		add(kindValue, fmt.Sprintf("the Content-Type is %s, that of the mock server is %s", c.anon.text(seen), want))
	}
	seen, want := facts(x.answer), facts(mock.answer)
	for _, at := range slices.Sorted(maps.Keys(merged(seen, want))) {
		a, b := seen[at], want[at]
		parent := path.Dir("/" + at)[1:]
		switch {
		case reflect.DeepEqual(a, b) || strings.HasSuffix(at, "*") && (a == nil || b == nil):
		case a == nil && (at == "" || seen[parent] != nil):
			add(kindKey, c.anon.keys(at)+" is missing, the mock server sends it")
		case b == nil && (at == "" || want[parent] != nil):
			add(kindKey, c.anon.keys(at)+" is not in the mock server's response")
		case a == nil || b == nil: // its parent is reported
		case path.Base(at) == "message":
			known := "which the spec does not have"
			if text, _ := a.(string); isKnownMessage(text) {
				known = "which the spec has"
			}
			add(kindMessage, fmt.Sprintf("%q, %s, instead of %q", c.anon.message(fmt.Sprint(a)), known, fmt.Sprint(b)))
		case a != kind("null") && b != kind("null"):
			add(kindValue, fmt.Sprintf("%s is %v, the mock server sends %v", c.anon.keys(at), c.anon.scalar(path.Base(at), a), c.anon.scalar(path.Base(at), b)))
		}
	}
}

func mediaType(x exchange) string {
	t, _, err := mime.ParseMediaType(x.header.Get("Content-Type"))
	if err != nil {
		return "missing"
	}
	return t
}

// kind is the kind of a JSON value whose value is not compared.
type kind string

// facts returns what is compared of a body, by path: the values of results, and the kinds of everything else. The elements of
// an array that are not results have one path, with * as the index.
func facts(body []byte) map[string]any {
	all := map[string]any{}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if decoder.Decode(&value) == nil {
		collect(all, "", value, false)
	}
	return all
}

func collect(all map[string]any, at string, value any, inResult bool) {
	switch v := value.(type) {
	case map[string]any:
		all[at] = kind("object")
		_, isResult := v["code"]
		for key, element := range v {
			collect(all, path.Join(at, strings.ReplaceAll(key, "/", " ")), element, inResult || isResult)
		}
	case []any:
		all[at] = kind("array")
		for i, element := range v {
			index := "*"
			if o, isObject := element.(map[string]any); isObject && o["code"] != nil || inResult {
				index = fmt.Sprint(i)
			}
			collect(all, path.Join(at, index), element, inResult)
		}
	default:
		k := map[string]string{"string": "string", "json.Number": "number", "bool": "boolean", "<nil>": "null"}[fmt.Sprintf("%T", v)]
		if all[at] == nil || all[at] == kind("null") {
			all[at] = kind(k)
		}
		if inResult && v != nil {
			all[at] = v
		}
	}
}

func merged(a, b map[string]any) map[string]any {
	m := maps.Clone(a)
	maps.Copy(m, b)
	return m
}

// checkClient gives the response to the client, and says how it misreads it.
func (c *checks) checkClient(ctx context.Context, x exchange) string {
	crm, err := client.New(client.DataCenter{APIURL: "https://api.invalid"}, client.StaticToken("token"),
		client.WithHTTPClient(&http.Client{Transport: canned{x}}), client.WithMaxAttempts(1), client.WithoutValidation())
	if err != nil {
		return "cannot be created"
	}
	err = callClient(ctx, crm, x.request)
	codes, _ := results(x.answer)
	isError := func(code string) bool { return code != "SUCCESS" }
	if _, isInvalid := errors.AsType[*client.ValidationError](err); isInvalid || errors.Is(err, errors.ErrUnsupported) {
		return "" // the client does not send such a request
	}
	at := slices.IndexFunc(codes, isError)
	switch {
	case err == nil && (x.status >= 300 || at >= 0):
		return "reports a success"
	case err != nil && x.status < 300 && at < 0:
		return "reports an error"
	case err != nil && at >= 0 && !errors.Is(err, client.Code(codes[at])):
		return "reports another error"
	default:
		return ""
	}
}

// callClient calls the method of the client that sends a request.
func callClient(ctx context.Context, crm *client.Client, q request) (err error) {
	var sent org
	_ = json.Unmarshal(q.body, &sent) // what the client cannot send is left out
	var roles []client.ContactRoleUpdate
	for _, r := range sent.Roles {
		roles = append(roles, client.ContactRoleUpdate{ID: string(r.ID), Name: r.Name, SequenceNumber: r.SequenceNumber})
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
	case q.method != http.MethodPut:
		err = errors.ErrUnsupported
	case q.isOfModule():
		_, err = crm.UpdateCustomModule(ctx, name, client.CustomModuleUpdate{})
	case q.path == rolesPath && len(roles) > 0:
		_, err = crm.UpdateContactRoles(ctx, roles)
	case len(roles) == 1:
		_, err = crm.UpdateContactRole(ctx, name, roles[0])
	default:
		err = errors.ErrUnsupported
	}
	return err
}

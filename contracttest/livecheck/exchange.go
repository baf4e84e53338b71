package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

const (
	requestTimeout = time.Minute
	maxBody        = 32 << 20
)

// request is a request of the API.
type request struct {
	method string
	path   string // below generated.BasePath
	body   []byte
	// bearer sends the token as Bearer, untyped leaves out the Content-Type.
	bearer, untyped bool
}

// exchange is a request and its response.
type exchange struct {
	request
	status int // 0 without a response
	header http.Header
	answer []byte
	err    error
}

type bearerKey struct{}

func (q request) isRead() bool { return q.method == http.MethodGet }

func (q request) isOfModule() bool { return strings.HasPrefix(q.path, modulesPath) }

func (q request) build(ctx context.Context, server string) (*http.Request, error) {
	if q.bearer {
		ctx = context.WithValue(ctx, bearerKey{}, true)
	}
	r, err := http.NewRequestWithContext(ctx, q.method, server+generated.BasePath+q.path, bytes.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	if q.bearer {
		r.GetBody = nil // the client then does not repeat the request with another token
	}
	if q.body != nil && !q.untyped {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, nil
}

func (q request) send(ctx context.Context, hc *http.Client, server, authorization string) exchange {
	x := exchange{request: q}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	r, err := q.build(ctx, server)
	if err != nil {
		x.err = err
		return x
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	response, err := hc.Do(r)
	if err != nil {
		x.err = err
		return x
	}
	defer response.Body.Close()
	x.answer, err = io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		x.err = fmt.Errorf("the response was truncated: %w", err)
		return x
	}
	x.status, x.header = response.StatusCode, response.Header
	return x
}

// sendToMock sends a request to a new mock server with an org, and returns how it changed the org.
func (q request) sendToMock(ctx context.Context, before org) (exchange, []string, error) {
	var scopes []string
	for _, o := range generated.Operations() {
		scopes = append(scopes, o.Scopes...)
	}
	server, err := zohotest.Start(append(before.mockOptions(), zohotest.WithInMemory(), zohotest.WithScopes(scopes...),
		zohotest.WithProblemFunc(func(string) {}))...) // probes send what the spec does not allow
	if err != nil {
		return exchange{}, nil, err
	}
	defer server.Close()
	scheme := "Zoho-oauthtoken "
	if q.bearer {
		scheme = "Bearer "
	}
	start := mockOrg(server)
	x := q.send(ctx, server.HTTPClient(), server.URL, scheme+server.AccessToken())
	return x, mockOrg(server).changes(start), x.err
}

// wire is the transport below the client. It changes what the client cannot, and counts requests of the API.
type wire struct {
	base     http.RoundTripper
	seen     func(token string)
	requests int
}

// RoundTrip implements [http.RoundTripper].
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	token, isAPI := strings.CutPrefix(r.Header.Get("Authorization"), "Zoho-oauthtoken ")
	if isAPI {
		w.requests++
		w.seen(token)
	}
	if r.Context().Value(bearerKey{}) != nil {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return w.base.RoundTrip(r)
}

// results returns the codes of the results in a body, and whether there is one bare result.
func results(body []byte) (codes []string, bare bool) {
	var one struct{ Code string }
	if json.Unmarshal(body, &one) == nil && one.Code != "" {
		return []string{one.Code}, true
	}
	var lists map[string][]struct{ Code string }
	_ = json.Unmarshal(body, &lists) // it skips what is not a list of objects
	for _, list := range lists {
		for _, item := range list {
			if item.Code != "" {
				codes = append(codes, item.Code)
			}
		}
	}
	return codes, false
}

// summary is the form in which expected and seen responses are compared: HTTP status, shape of the body, codes.
func (x exchange) summary() string {
	codes, bare := results(x.answer)
	distinct := strings.Join(slices.Compact(slices.Sorted(slices.Values(codes))), " and ")
	switch {
	case x.err != nil:
		return noResponse
	case len(x.answer) == 0:
		return fmt.Sprintf("%d empty", x.status)
	case bare:
		return fmt.Sprintf("%d bare %s", x.status, distinct)
	case len(codes) > 0:
		return fmt.Sprintf("%d wrapped %s", x.status, distinct)
	case json.Valid(x.answer):
		return fmt.Sprintf("%d list", x.status)
	default:
		return fmt.Sprintf("%d not JSON", x.status)
	}
}

const noResponse = "no response"

// succeeded reports whether every result is a success.
func (x exchange) succeeded() bool {
	codes, _ := results(x.answer)
	return x.err == nil && x.status < 300 && len(codes) > 0 && !slices.ContainsFunc(codes, func(c string) bool { return c != "SUCCESS" })
}

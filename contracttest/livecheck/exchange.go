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

	"github.com/seed-87e331f0/zohocrm-go/client"
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
	// step is its name in a probe of several.
	step string
	// bearer sends the token as Bearer, untyped leaves out the Content-Type.
	bearer, untyped bool
}

// exchange is a request and its response.
type exchange struct {
	request
	status   int
	header   http.Header
	response []byte
	err      error // why there is no response
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

// send sends a request with a client that authorizes it.
func (q request) send(ctx context.Context, hc *http.Client, server string) exchange {
	x := exchange{request: q}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	r, err := q.build(ctx, server)
	if err != nil {
		x.err = err
		return x
	}
	response, err := hc.Do(r)
	if err != nil {
		x.err = err
		return x
	}
	defer response.Body.Close()
	x.status, x.header = response.StatusCode, response.Header
	x.response, x.err = io.ReadAll(io.LimitReader(response.Body, maxBody))
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
	hc, err := authorize(server.DataCenter(), client.StaticToken(server.AccessToken()), &countingTransport{base: server.HTTPClient().Transport})
	if err != nil {
		return exchange{}, nil, err
	}
	x := q.send(ctx, hc, server.URL)
	return x, (org{Roles: server.ContactRoles(), Modules: server.Modules()}).changes(before), x.err
}

// authorize returns the http.Client of a client above a transport.
func authorize(dc client.DataCenter, auth client.Auth, w *countingTransport) (*http.Client, error) {
	crm, err := client.New(dc, auth, client.WithHTTPClient(&http.Client{Transport: w}))
	if err != nil {
		return nil, err
	}
	return crm.HTTPClient(), nil
}

// countingTransport is the transport below a client. It counts requests of the API and sends Bearer, which the client does not.
type countingTransport struct {
	base      http.RoundTripper
	requests  int
	userAgent string // that of the client
}

// RoundTrip implements [http.RoundTripper].
func (w *countingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if token, isAPI := strings.CutPrefix(r.Header.Get("Authorization"), "Zoho-oauthtoken "); isAPI {
		w.requests++
		w.userAgent = r.Header.Get("User-Agent")
		if r.Context().Value(bearerKey{}) != nil {
			r = r.Clone(r.Context())
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}
	return w.base.RoundTrip(r)
}

// codes returns the codes of the results in a body, and whether there is one bare result.
func codes(body []byte) (list []string, bare bool) {
	var one struct{ Code string }
	if json.Unmarshal(body, &one) == nil && one.Code != "" {
		return []string{one.Code}, true
	}
	var lists map[string][]struct{ Code string }
	_ = json.Unmarshal(body, &lists) // it skips what is not a list of objects
	for _, results := range lists {
		for _, r := range results {
			if r.Code != "" {
				list = append(list, r.Code)
			}
		}
	}
	return list, false
}

const noResponse = "no response"

// summary is the form in which the report shows a response: HTTP status, shape of the body, codes.
func (x exchange) summary() string {
	list, bare := codes(x.response)
	distinct := strings.Join(slices.Compact(slices.Sorted(slices.Values(list))), " and ")
	switch {
	case x.err != nil:
		return noResponse
	case len(x.response) == 0:
		return fmt.Sprintf("%d empty", x.status)
	case bare:
		return fmt.Sprintf("%d bare %s", x.status, distinct)
	case distinct != "":
		return fmt.Sprintf("%d wrapped %s", x.status, distinct)
	case json.Valid(x.response):
		return fmt.Sprintf("%d list", x.status)
	default:
		return fmt.Sprintf("%d not JSON", x.status)
	}
}

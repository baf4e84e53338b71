package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"golang.org/x/oauth2"
	"golang.org/x/sync/errgroup"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

const leadsURL = "https://www.zohoapis.eu/crm/v7/Leads"

// otherEndpoint returns a client for requests that the spec does not have.
func (z *fakeZoho) otherEndpoint(t testing.TB, auth client.Auth, options ...client.Option) *client.Client {
	allowViolations(t)
	return z.client(t, auth, options...)
}

// closer is a body that records whether it was closed.
type closer struct {
	io.Reader
	closed atomic.Bool
}

func newCloser(text string) *closer { return &closer{Reader: strings.NewReader(text)} }

func (c *closer) Close() error {
	c.closed.Store(true)
	return nil
}

func newRequest(t testing.TB, url string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// request sends a request with HTTPClient, and returns the status and the body of the response.
func request(crm *client.Client, req *http.Request) (status int, body string, err error) {
	res, err := crm.HTTPClient().Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return res.StatusCode, string(data), err
}

func TestHTTPClientAuthorizesOnlyTheAPIHost(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		url, host string
		rejected  string // the host in the error, empty if the request is allowed
	}{
		"the API":                  {leadsURL, "", ""},
		"capital letters":          {"https://WWW.ZohoAPIs.eu/", "", ""},
		"the default port":         {"https://www.zohoapis.eu:443/", "", ""},
		"its own Host header":      {leadsURL, "www.zohoapis.eu", ""},
		"http":                     {"http://www.zohoapis.eu/", "", "http://www.zohoapis.eu"},
		"http with the https port": {"http://www.zohoapis.eu:443/", "", "http://www.zohoapis.eu:443"},
		"another port":             {"https://www.zohoapis.eu:8443/", "", "https://www.zohoapis.eu:8443"},
		"the accounts host":        {"https://accounts.zoho.eu/", "", "https://accounts.zoho.eu"},
		"another data centre":      {"https://www.zohoapis.com/", "", "https://www.zohoapis.com"},
		"the sandbox":              {"https://sandbox.zohoapis.eu/", "", "https://sandbox.zohoapis.eu"},
		"a longer name":            {"https://www.zohoapis.eu.example.com/", "", "https://www.zohoapis.eu.example.com"},
		"the API as a user":        {"https://www.zohoapis.eu:443@example.com/", "", "https://example.com"},
		"another Host header":      {leadsURL, "example.com", "https://example.com"},
		"a Host header with port":  {leadsURL, "www.zohoapis.eu:8443", "https://www.zohoapis.eu:8443"},
		"the API as Host header":   {"https://example.com/", "www.zohoapis.eu", "https://example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := &fakeZoho{}
			body := newCloser("{}")
			req := newRequest(t, test.url, body)
			req.Host = test.host
			status, _, err := request(z.otherEndpoint(t, credentials()), req)
			if test.rejected == "" && (err != nil || status != http.StatusOK || !slices.Equal(z.usedTokens, []string{token(1)})) {
				t.Errorf("the response is %d, %v, want 200 for an authorized request", status, err)
			}
			if test.rejected != "" && (err == nil || !strings.Contains(err.Error(), "a token is sent only to https://www.zohoapis.eu, not to "+test.rejected+": ") || len(z.requests) > 0) {
				t.Errorf("the error is %v, want that of another host, with nothing sent", err)
			}
			if !body.closed.Load() {
				t.Error("the body was not closed")
			}
		})
	}
}

func TestHTTPClientRepeatsARequestWhoseTokenIsRejected(t *testing.T) {
	t.Parallel()
	replayable := func() io.Reader { return strings.NewReader("body") }
	rejected := errorBody("INVALID_TOKEN")
	for name, test := range map[string]struct {
		body     func() io.Reader
		response string
		want     int
		sent     []string // the bodies
	}{
		"INVALID_TOKEN":          {replayable, rejected, 200, []string{"body", "body"}},
		"INVALID_OAUTHTOKEN":     {replayable, errorBody("INVALID_OAUTHTOKEN"), 200, []string{"body", "body"}},
		"AUTHENTICATION_FAILURE": {replayable, errorBody("AUTHENTICATION_FAILURE"), 200, []string{"body", "body"}},
		"no body":                {func() io.Reader { return nil }, rejected, 200, []string{"", ""}},
		"http.NoBody":            {func() io.Reader { return http.NoBody }, rejected, 200, []string{"", ""}},
		"OAUTH_SCOPE_MISMATCH":   {replayable, errorBody("OAUTH_SCOPE_MISMATCH"), 401, []string{"body"}},
		"a long page":            {replayable, "<html>" + strings.Repeat("x", 100_000), 401, []string{"body"}},
		"truncated JSON":         {replayable, `{"code":"INVALID_TOKEN"`, 401, []string{"body"}},
		"an empty response":      {replayable, "", 401, []string{"body"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := &fakeZoho{respondUpdate: func(sent string) *http.Response {
				if sent == token(1) {
					return newResponse(http.StatusUnauthorized, test.response)
				}
				return newResponse(http.StatusOK, "accepted")
			}}
			status, body, err := request(z.otherEndpoint(t, credentials()), newRequest(t, leadsURL, test.body()))
			wantBody := "accepted"
			if test.want == http.StatusUnauthorized {
				wantBody = test.response
			}
			sent := slices.DeleteFunc(z.bodies, func(body string) bool { return strings.HasPrefix(body, "client_id=") })
			if err != nil || status != test.want || body != wantBody || !slices.Equal(sent, test.sent) {
				t.Errorf("%d %.40q, %v after %q; want %d %.40q after %q", status, body, err, sent, test.want, wantBody, test.sent)
			}
			z.wantTokenRequests(t, len(test.sent))
		})
	}
}

func TestHTTPClientReplacesARejectedTokenEvenIfItCannotRepeatTheRequest(t *testing.T) {
	t.Parallel()
	z := &fakeZoho{respondUpdate: rejectTokens(token(1))}
	crm := z.otherEndpoint(t, credentials())
	for _, want := range []int{http.StatusUnauthorized, http.StatusOK} {
		if status, _, err := request(crm, newRequest(t, leadsURL, newCloser("body"))); err != nil || status != want {
			t.Errorf("%d, %v, want %d", status, err, want)
		}
	}
	if want := []string{token(1), token(2)}; !slices.Equal(z.usedTokens, want) {
		t.Errorf("the requests had the tokens %q, want %q", z.usedTokens, want)
	}
}

// A process that slept has an expired token in memory, and an expired one in the cache.
func TestHTTPClientRepeatsARequestTwiceWithOneTokenRequest(t *testing.T) {
	t.Parallel()
	z, auth := &fakeZoho{}, credentials()
	auth.Cache = memoryCache{}
	crm, other := z.otherEndpoint(t, auth), z.otherEndpoint(t, auth)
	mustUpdate(t, crm)
	mustUpdate(t, other)
	z.respondUpdate = rejectTokens(token(1))
	mustUpdate(t, other) // now the cache has token 2
	z.respondUpdate = rejectTokens(token(1), token(2))
	z.usedTokens = nil
	if status, _, err := request(crm, newRequest(t, leadsURL, nil)); err != nil || status != http.StatusOK {
		t.Error(status, err)
	}
	z.wantTokenRequests(t, 3)
	if want := []string{token(1), token(2), token(3)}; !slices.Equal(z.usedTokens, want) {
		t.Errorf("the requests had the tokens %q, want %q", z.usedTokens, want)
	}
}

func TestHTTPClientReturnsA401ThatOtherTokensDoNotChange(t *testing.T) {
	t.Parallel()
	n := 0
	others := client.TokenSource(tokenSourceFunc(func() (*oauth2.Token, error) { n++; return &oauth2.Token{AccessToken: token(n)}, nil }))
	for auth, want := range map[client.Auth]int{static: 1, others: 3, credentials(): 1} {
		noToken := func(n int) *http.Response {
			if n > 1 {
				return newResponse(http.StatusOK, `{"error":"invalid_code"}`)
			}
			return newResponse(http.StatusOK, tokenBody(n))
		}
		z := &fakeZoho{respondToken: noToken, respondUpdate: func(string) *http.Response { return newResponse(http.StatusUnauthorized, errorBody("INVALID_TOKEN")) }}
		status, body, err := request(z.otherEndpoint(t, auth), newRequest(t, leadsURL, nil))
		if err != nil || status != http.StatusUnauthorized || body != errorBody("INVALID_TOKEN") || len(z.usedTokens) != want {
			t.Errorf("%d %q, %v after %d requests, want the 401 after %d", status, body, err, len(z.usedTokens), want)
		}
	}
}

// A token that worked is replaced at once when it is rejected. One that never did is replaced once, then after a pause. An
// error may be that of a gateway, which has not checked the token.
func TestHTTPClientRemembersThatATokenWorked(t *testing.T) {
	t.Parallel()
	for status, tokenRequests := range map[int]int{http.StatusOK: 3, http.StatusFound: 3, http.StatusBadRequest: 2, http.StatusInternalServerError: 2} {
		z := &fakeZoho{respondUpdate: func(string) *http.Response { return newResponse(status, "") }}
		crm := z.otherEndpoint(t, credentials())
		_, _, _ = request(crm, newRequest(t, leadsURL, nil))
		z.respondUpdate = rejectTokens(token(1), token(2), token(3))
		_, _, _ = request(crm, newRequest(t, leadsURL, nil))
		z.wantTokenRequests(t, 2)
		_, _, _ = request(crm, newRequest(t, leadsURL, nil))
		z.wantTokenRequests(t, tokenRequests)
	}
}

func TestHTTPClientSharesTokensWithTheClient(t *testing.T) {
	t.Parallel()
	z := &fakeZoho{respondUpdate: rejectTokens(token(1))}
	crm := z.otherEndpoint(t, credentials(), client.WithMaxConcurrent(4))
	var requests errgroup.Group
	for i := range 20 {
		requests.Go(func() error {
			if i%2 == 0 {
				return update(t, crm)
			}
			status, _, err := request(crm, newRequest(t, leadsURL, strings.NewReader("body")))
			if status != http.StatusOK {
				t.Errorf("the status is %d", status)
			}
			return err
		})
	}
	if err := requests.Wait(); err != nil {
		t.Error(err)
	}
	z.wantTokenRequests(t, 2)
}

func TestHTTPClientSendsTheRequestOfTheCaller(t *testing.T) {
	t.Parallel()
	z := &fakeZoho{respondUpdate: func(string) *http.Response {
		res := newResponse(http.StatusFound, "")
		res.Header.Set("Location", leadsURL+"/elsewhere")
		return res
	}}
	crm := z.otherEndpoint(t, static, client.WithUserAgent("orders/2.1"))
	own := newRequest(t, leadsURL, nil)
	own.Header = http.Header{"User-Agent": {"mine/1.0"}, "Authorization": {"Bearer other"}, "authorization": {"Bearer other"}, "X-Extra": {"1"}}
	for _, req := range []*http.Request{newRequest(t, leadsURL, nil), own} {
		if status, _, err := request(crm, req); err != nil || status != http.StatusFound {
			t.Fatalf("%d, %v, want the redirect itself", status, err)
		}
	}
	if len(z.requests) != 2 || z.requests[0].UserAgent() != "orders/2.1 zohocrm-go/0.1.0" {
		t.Errorf("%d requests, the User-Agent is %q, want that of the client", len(z.requests), z.requests[0].UserAgent())
	}
	if h := z.requests[1].Header; h.Get("User-Agent") != "mine/1.0" || h.Get("Authorization") != "Zoho-oauthtoken 1000.token" || h.Get("X-Extra") != "1" || len(h) != 3 {
		t.Errorf("the header is %v, want the caller's with a token", h)
	}
	if own.Header.Get("Authorization") != "Bearer other" {
		t.Error("the request of the caller was changed")
	}
}

func TestHTTPClientReturnsErrorsAndClosesBodies(t *testing.T) {
	t.Parallel()
	noToken := func(int) *http.Response { return newResponse(http.StatusOK, `{"error":"invalid_code"}`) }
	newTokens := func(n int) *http.Response { return newResponse(http.StatusOK, tokenBody(n)) }
	for name, test := range map[string]struct {
		tokens   func(n int) *http.Response
		response *closer // the body of a 401
		getBody  error
		want     string
	}{
		"no token":                      {noToken, nil, nil, "zohocrm: no access token: HTTP 200: invalid_code"},
		"the body cannot be read again": {newTokens, newCloser(errorBody("INVALID_TOKEN")), io.ErrNoProgress, "zohocrm: cannot read the body of the request again: " + io.ErrNoProgress.Error()},
		"a broken RoundTripper":         {newTokens, nil, nil, ": the RoundTripper returned neither a response nor an error"},
	} {
		z := &fakeZoho{respondToken: test.tokens, respondUpdate: func(string) *http.Response {
			if test.response == nil {
				return nil
			}
			return &http.Response{StatusCode: http.StatusUnauthorized, Body: test.response}
		}}
		body := newCloser("body")
		req := newRequest(t, leadsURL, body)
		req.GetBody = func() (io.ReadCloser, error) { return newCloser("body"), test.getBody }
		_, _, err := request(z.otherEndpoint(t, credentials()), req)
		if err == nil || !strings.Contains(err.Error(), test.want) || test.getBody != nil && !errors.Is(err, test.getBody) {
			t.Errorf("%s: the error is %v, want %q", name, err, test.want)
		}
		if !body.closed.Load() || test.response != nil && !test.response.closed.Load() {
			t.Errorf("%s: the body of the request or of the response was not closed", name)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	z := &fakeZoho{}
	if _, _, err := request(z.otherEndpoint(t, credentials()), newRequest(t, leadsURL, nil).WithContext(ended)); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want that of the context", err)
	}
	z.wantTokenRequests(t, 0)
	withoutURL := &http.Request{Body: newCloser("body")}
	res, err := (&fakeZoho{}).otherEndpoint(t, static).HTTPClient().Transport.RoundTrip(withoutURL)
	if err == nil {
		res.Body.Close()
	}
	if err == nil || !withoutURL.Body.(*closer).closed.Load() {
		t.Errorf("a request without a URL: %v, or its body was not closed", err)
	}
	withoutHeader := newRequest(t, leadsURL, nil)
	withoutHeader.Header = nil // as only a caller of the Transport itself can send it
	if res, err = (&fakeZoho{}).otherEndpoint(t, static).HTTPClient().Transport.RoundTrip(withoutHeader); err != nil {
		t.Errorf("a request without a header: %v", err)
	} else {
		res.Body.Close()
	}
	for _, crm := range []*client.Client{nil, {}} {
		body := newCloser("body")
		if _, _, err := request(crm, newRequest(t, leadsURL, body)); err == nil || !strings.HasSuffix(err.Error(), ": zohocrm: create the client with New, and pass a context") || !body.closed.Load() {
			t.Errorf("a client that New did not create: %v, body closed: %t", err, body.closed.Load())
		}
	}
}

func TestHTTPClientReturnsItsSlotWithTheResponseHeader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		body, end := io.Pipe()
		z := &fakeZoho{respondUpdate: func(string) *http.Response { return &http.Response{StatusCode: http.StatusOK, Body: body} }}
		crm := z.otherEndpoint(t, static, client.WithMaxConcurrent(1))
		res, err := crm.HTTPClient().Do(newRequest(t, leadsURL, nil))
		if err != nil {
			t.Fatal(err)
		}
		z.respondUpdate = nil
		mustUpdate(t, crm) // although the body above has not arrived
		_ = end.Close()
		_ = res.Body.Close()

		respond, done := make(chan struct{}), make(chan error)
		z.respondUpdate = func(string) *http.Response { <-respond; return newResponse(http.StatusOK, roleUpdated) }
		go func() { done <- update(t, crm) }()
		synctest.Wait() // the slot is taken
		ctx, cancel := context.WithCancel(t.Context())
		go func() { synctest.Wait(); cancel() }()
		waiting := newCloser("body")
		_, _, err = request(crm, newRequest(t, leadsURL, waiting).WithContext(ctx))
		if !errors.Is(err, context.Canceled) || !waiting.closed.Load() {
			t.Errorf("waiting for a slot ends with %v, body closed: %t; want context canceled", err, waiting.closed.Load())
		}
		close(respond)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

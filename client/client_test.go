package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

func TestNewRejects(t *testing.T) {
	t.Parallel()
	const password = "hunter22"
	eu := client.EU
	refresh := client.RefreshToken{ClientID: "c", ClientSecret: "s", RefreshToken: "r"}
	with := func(change func(*client.RefreshToken)) client.Auth {
		auth := refresh
		change(&auth)
		return auth
	}
	api := func(address string) client.DataCenter { return client.DataCenter{APIURL: address} }
	accounts := func(address string) client.DataCenter {
		return client.DataCenter{APIURL: eu.APIURL, AccountsURL: address}
	}
	for name, test := range map[string]struct {
		dc     client.DataCenter
		auth   client.Auth
		option client.Option
		want   string
	}{
		"a nil Auth":                      {eu, nil, nil, "the Auth is nil"},
		"a nil pointer as Auth":           {eu, (*client.RefreshToken)(nil), nil, "the Auth is nil"},
		"an empty token":                  {eu, client.StaticToken(""), nil, "StaticToken: the access token is empty"},
		"a token with its scheme":         {eu, client.StaticToken("Zoho-oauthtoken 1000.token"), nil, "without a scheme"},
		"a token in quotation marks":      {eu, client.StaticToken(`"1000.token"`), nil, "no access token has"},
		"a nil TokenSource":               {eu, client.TokenSource(nil), nil, "the oauth2.TokenSource is nil"},
		"a nil function as TokenSource":   {eu, client.TokenSource(tokenSourceFunc(nil)), nil, "the oauth2.TokenSource is nil"},
		"no ClientID":                     {eu, with(func(a *client.RefreshToken) { a.ClientID = "" }), nil, "RefreshToken.ClientID is empty"},
		"a line break after a credential": {eu, with(func(a *client.RefreshToken) { a.RefreshToken = "r\n" }), nil, "RefreshToken.RefreshToken has white space"},
		"a line break in a credential":    {eu, with(func(a *client.RefreshToken) { a.RefreshToken = "r\nr" }), nil, "RefreshToken.RefreshToken has quotation marks, line breaks"},
		"a zero-width space":              {eu, with(func(a *client.RefreshToken) { a.ClientID = "c\u200b" }), nil, "RefreshToken.ClientID has quotation marks"},
		"typographic quotation marks":     {eu, with(func(a *client.RefreshToken) { a.ClientID = "“c”" }), nil, "RefreshToken.ClientID has quotation marks"},
		"a scope with a space":            {eu, client.ClientCredentials{ClientID: "c", ClientSecret: "s", OrgID: "1", Scopes: []string{"a", " b"}}, nil, "ClientCredentials.Scopes[1] has white space"},
		"an empty scope":                  {eu, client.ClientCredentials{ClientID: "c", ClientSecret: "s", OrgID: "1", Scopes: []string{""}}, nil, "ClientCredentials.Scopes[0] is empty"},
		"a ClientID in quotation marks":   {eu, with(func(a *client.RefreshToken) { a.ClientID = `"c"` }), nil, "RefreshToken.ClientID has quotation marks"},
		"an apostrophe in a ClientSecret": {eu, with(func(a *client.RefreshToken) { a.ClientSecret = "s'" }), nil, "RefreshToken.ClientSecret has quotation marks"},
		"a nil pointer as Cache":          {eu, with(func(a *client.RefreshToken) { a.Cache = (*memoryCache)(nil) }), nil, "RefreshToken.Cache is a nil pointer or map"},
		"a nil map as Cache":              {eu, with(func(a *client.RefreshToken) { a.Cache = memoryCache(nil) }), nil, "RefreshToken.Cache is a nil pointer or map"},
		"an empty self client":            {eu, client.ClientCredentials{}, nil, "ClientCredentials.ClientID is empty: copy it from Zoho's API console; ClientCredentials.ClientSecret is empty: copy it from Zoho's API console; ClientCredentials.OrgID is empty"},
		"an OrgID with the prefix":        {eu, client.ClientCredentials{ClientID: "c", ClientSecret: "s", OrgID: "zohoCRM.1"}, nil, "has the prefix ZohoCRM."},

		"no APIURL":                  {api(""), static, nil, "DataCenter.APIURL is empty"},
		"an APIURL without a host":   {api("https://:443"), static, nil, "APIURL is not a URL with a host"},
		"an APIURL with a space":     {api("https://a b"), static, nil, "APIURL is not a URL with a host"},
		"a host alone":               {api("www.zohoapis.eu"), static, nil, "APIURL is not a URL with a host"},
		"http":                       {api("http://www.zohoapis.eu"), static, nil, "APIURL must be https"},
		"http, with a loopback name": {api("http://127.0.0.1.example.com"), static, nil, "APIURL must be https"},
		"http to any address":        {api("http://0.0.0.0:80"), static, nil, "APIURL must be https"},
		"ftp":                        {api("ftp://localhost"), static, nil, "APIURL must be https"},
		"a password":                 {api("https://user:" + password + "@www.zohoapis.eu"), static, nil, "must have no user, query or fragment"},
		"a query":                    {api("https://www.zohoapis.eu?a=b"), static, nil, "must have no user, query or fragment"},
		"an empty query":             {api("https://www.zohoapis.eu?"), static, nil, "must have no user, query or fragment"},
		"an empty fragment":          {api("https://www.zohoapis.eu/#"), static, nil, "must have no user, query or fragment"},
		"the path of the API":        {api("https://www.zohoapis.eu/crm/v7/"), static, nil, "APIURL must be given without /crm/v7"},
		"the path in capitals":       {api("https://proxy.example.com//CRM//V7"), static, nil, "APIURL must be given without /crm/v7"},
		"a path of Zoho's host":      {api("https://www.zohoapis.eu/crm"), static, nil, "APIURL must be given without /crm/v7"},
		"a space after the URL":      {api("https://www.zohoapis.eu/ "), static, nil, "APIURL has white space around it"},
		"a path of Zoho's accounts":  {accounts("https://accounts.zoho.eu/oauth"), refresh, nil, "AccountsURL must be given without /oauth/v2/token"},
		"another version":            {api("https://www.zohoapis.eu/crm/v2.1"), static, nil, "APIURL must be given without /crm/v7"},
		"no AccountsURL":             {accounts(""), refresh, nil, "DataCenter.AccountsURL is empty"},
		"http for credentials":       {accounts("http://accounts.zoho.eu"), refresh, nil, "AccountsURL must be https"},
		"the token path":             {accounts("https://proxy.example.com/zoho/oauth/v2/token"), refresh, nil, "AccountsURL must be given without /oauth/v2/token"},
		"an unknown sandbox":         {api("https://crm.example.com").Sandbox(), static, nil, "the sandbox host of crm.example.com is not known"},
		"an unknown www host":        {api("https://www.example.com").Sandbox(), static, nil, "is not known"},
		"a developer of a sandbox":   {eu.Sandbox().Developer(), static, nil, "the developer host of sandbox.zohoapis.eu is not known"},
		"a sandbox with a password":  {api("https://user:" + password + "@example.com\n").Sandbox(), static, nil, "is not known"},

		"no attempts":              {eu, static, client.WithMaxAttempts(0), "WithMaxAttempts must be at least 1, is 0"},
		"no concurrency":           {eu, static, client.WithMaxConcurrent(0), "WithMaxConcurrent must be at least 1, is 0"},
		"no attempt timeout":       {eu, static, client.WithAttemptTimeout(0), "WithAttemptTimeout must be above 0, is 0s"},
		"no timeout":               {eu, static, client.WithTimeout(0), "WithTimeout must be above 0, is 0s"},
		"a nil http.Client":        {eu, static, client.WithHTTPClient(nil), "the http.Client is nil"},
		"a nil *http.Transport":    {eu, static, client.WithHTTPClient(&http.Client{Transport: (*http.Transport)(nil)}), "the Transport is a nil pointer"},
		"a nil logger":             {eu, static, client.WithLogger(nil), "the logger is nil"},
		"a nil hook":               {eu, static, client.WithCallHook(nil), "the hook is nil"},
		"an empty User-Agent":      {eu, static, client.WithUserAgent(""), "WithUserAgent must be printable ASCII"},
		"a header in a User-Agent": {eu, static, client.WithUserAgent("a\r\nX-Header: 1"), "WithUserAgent must be printable ASCII"},
		"a delete character":       {eu, static, client.WithUserAgent("\x7f"), "WithUserAgent must be printable ASCII"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			crm, err := client.New(test.dc, test.auth, test.option)
			if crm != nil || err == nil || !strings.HasPrefix(err.Error(), "zohocrm: ") || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("New returns %v, %v, want an error with %q", crm, err, test.want)
			}
			if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), password) {
				t.Errorf("the error has a line break or a password: %q", err)
			}
		})
	}
}

func TestNewAccepts(t *testing.T) {
	t.Parallel()
	all := []client.DataCenter{
		{APIURL: "http://localhost:8080", AccountsURL: "http://[::1]"},
		{APIURL: "http://127.0.0.2/", AccountsURL: "https://accounts.zoho.eu/"},
		{APIURL: "https://proxy.example.com/crm", AccountsURL: "https://proxy.example.com/oauth"},
	}
	for _, dc := range client.DataCenters() {
		all = append(all, dc, dc.Sandbox(), dc.Developer())
	}
	for _, dc := range all {
		for _, auth := range []client.Auth{static, credentials(), &client.ClientCredentials{ClientID: "c", ClientSecret: "s", OrgID: "1"}} {
			if _, err := client.New(dc, auth, nil, client.WithMaxAttempts(1), client.WithMaxConcurrent(1), client.WithTimeout(1), client.WithAttemptTimeout(1), client.WithUserAgent("my app/1.0")); err != nil {
				t.Errorf("%+v: %v", dc, err)
			}
		}
	}
	if _, err := client.New(client.DataCenter{APIURL: client.EU.APIURL}, static); err != nil {
		t.Errorf("StaticToken needs no AccountsURL: %v", err)
	}
}

func TestRequestsGoToTheHostsOfTheDataCenter(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		dc                  client.DataCenter
		name, api, accounts string
	}{
		{client.US, "US", "https://www.zohoapis.com", "https://accounts.zoho.com"},
		{client.EU, "EU", "https://www.zohoapis.eu", "https://accounts.zoho.eu"},
		{client.IN, "IN", "https://www.zohoapis.in", "https://accounts.zoho.in"},
		{client.AU, "AU", "https://www.zohoapis.com.au", "https://accounts.zoho.com.au"},
		{client.JP, "JP", "https://www.zohoapis.jp", "https://accounts.zoho.jp"},
		{client.CN, "CN", "https://www.zohoapis.com.cn", "https://accounts.zoho.com.cn"},
		{client.CA, "CA", "https://www.zohoapis.ca", "https://accounts.zohocloud.ca"},
		{client.SA, "SA", "https://www.zohoapis.sa", "https://accounts.zoho.sa"},
		{client.UK, "UK", "https://www.zohoapis.uk", "https://accounts.zoho.uk"},
		{client.AE, "AE", "https://www.zohoapis.ae", "https://accounts.zoho.ae"},
		{client.JP.Sandbox(), "JP sandbox", "https://sandbox.zohoapis.jp", "https://accounts.zoho.jp"},
		{client.AU.Developer(), "AU developer", "https://developer.zohoapis.com.au", "https://accounts.zoho.com.au"},
		{client.DataCenter{APIURL: "https://www.zohoapis.eu/", AccountsURL: "https://accounts.zoho.eu//"}.Sandbox(), "sandbox", "https://sandbox.zohoapis.eu", "https://accounts.zoho.eu"},
		{client.DataCenter{APIURL: "https://example.com/a//", AccountsURL: "https://example.com/b/"}, "", "https://example.com/a", "https://example.com/b"},
	} {
		z := &fakeZoho{}
		mustUpdate(t, newClient(t, test.dc, credentials(), client.WithHTTPClient(&http.Client{Transport: z})))
		urls := []string{z.requests[0].URL.String(), z.requests[1].URL.String()}
		if want := []string{test.accounts + "/oauth/v2/token", test.api + "/crm/v7/Contacts/roles/" + roleID}; !slices.Equal(urls, want) || test.dc.Name != test.name {
			t.Errorf("%q: requests went to %s, want %q: %s", test.dc.Name, urls, test.name, want)
		}
	}
}

// Scopes that the user of a self client did not grant make its token requests fail, so a new version must not add any.
func TestDefaultScopesDoNotGrow(t *testing.T) {
	t.Parallel()
	const want = "ZohoCRM.modules.contacts.READ,ZohoCRM.modules.contacts.UPDATE,ZohoCRM.settings.modules.READ,ZohoCRM.settings.modules.UPDATE,ZohoCRM.settings.profiles.READ"
	z := &fakeZoho{}
	mustUpdate(t, z.client(t, client.ClientCredentials{ClientID: "c", ClientSecret: "s", OrgID: "1"}))
	form, _ := url.ParseQuery(z.bodies[0])
	if form.Get("scope") != want {
		t.Errorf("the scopes are %s, want %s", form.Get("scope"), want)
	}
}

func TestClientsThatNewDidNotCreateReturnErrors(t *testing.T) {
	t.Parallel()
	crm := (&fakeZoho{}).client(t, credentials())
	methods := maps.Clone(calls)
	methods["Check"] = func(ctx context.Context, crm *client.Client) error { return crm.Check(ctx) }
	for id, call := range methods {
		for name, err := range map[string]error{
			"a nil Client":  call(t.Context(), nil),
			"a zero Client": call(t.Context(), &client.Client{}),
			"a nil Context": call(nil, crm),
		} {
			if err == nil || err.Error() != "zohocrm: create the client with New, and pass a context" {
				t.Errorf("%s: the error of %s is %v", id, name, err)
			}
		}
	}
}

func TestTheHTTPClientOfTheCallerStaysAsItWas(t *testing.T) {
	t.Parallel()
	expectViolations(t) // by a redirect
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	followed := errors.New("followed")
	network := roundTripFunc(func(r *http.Request) (*http.Response, error) {
		res := newResponse(http.StatusTemporaryRedirect, "")
		res.Header.Set("Location", "https://elsewhere.example.com/x?code=hunter22")
		res.Header.Set("Set-Cookie", "a=b")
		return res, nil
	})
	hc := &http.Client{Transport: network, Timeout: time.Hour, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return followed }}
	err = update(t, newClient(t, client.EU, static, client.WithHTTPClient(hc)))
	if !errors.Is(err, client.ErrRedirect) || !strings.Contains(err.Error(), "https://elsewhere.example.com/x") || strings.Contains(err.Error(), "hunter22") {
		t.Errorf("the error is %v, want that of a redirect, without its query", err)
	}
	if _, same := hc.Transport.(roundTripFunc); !same || hc.Timeout != time.Hour || hc.Jar != jar || hc.CheckRedirect(nil, nil) != followed {
		t.Error("the http.Client was changed")
	}
	if cookies := jar.Cookies(&url.URL{Scheme: "https", Host: "www.zohoapis.eu"}); len(cookies) > 0 {
		t.Errorf("cookies were stored: %s", cookies)
	}
}

func TestClientsShareTheDefaultTransport(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, roleUpdated)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	for _, options := range [][]client.Option{nil, nil, {client.WithHTTPClient(&http.Client{})}} {
		crm, err := client.New(client.DataCenter{APIURL: server.URL}, static, options...)
		if err != nil {
			t.Fatal(err)
		}
		mustUpdate(t, crm)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("three clients made %d connections, want 1", n)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	const roles = `{"contact_roles":[{"id":"1","name":"Sales Lead","sequence_number":1}]}`
	for name, test := range map[string]struct {
		token, read *http.Response
		code        client.Code
		want        string // in the error, empty for none
	}{
		"the credentials work":   {nil, newResponse(200, roles), "", ""},
		"an org without roles":   {nil, newResponse(204, ""), "", ""},
		"a wrong refresh token":  {newResponse(200, `{"error":"invalid_code"}`), nil, client.CodeInvalidCode, "zohocrm: no access token: HTTP 200: invalid_code"},
		"a wrong client secret":  {newResponse(200, `{"error":"invalid_client_secret"}`), nil, client.CodeInvalidClientSecret, "invalid_client_secret"},
		"another data centre":    {newResponse(200, `{"error":"invalid_client"}`), nil, client.CodeInvalidClient, "belongs to another data centre than EU"},
		"a token of another one": {newResponse(200, `{"access_token":"1000.token","api_domain":"https://www.zohoapis.com"}`), nil, "", "the token is for the API at https://www.zohoapis.com"},
		"no scope to read":       {nil, newResponse(401, errorBody("OAUTH_SCOPE_MISMATCH")), client.CodeOAuthScopeMismatch, "zohocrm: the credentials work, but have no scope to read: getContactRoles: HTTP 401"},
		"no permission":          {nil, newResponse(403, errorBody("NO_PERMISSION")), client.CodeNoPermission, "zohocrm: getContactRoles: HTTP 403 NO_PERMISSION"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := &fakeZoho{respondUpdate: func(string) *http.Response { return test.read }}
			if test.token != nil {
				z.respondToken = func(int) *http.Response { return test.token }
			}
			err := z.client(t, credentials()).Check(t.Context())
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("the error is %v, want %q", err, test.want)
			}
			if test.code != "" && !errors.Is(err, test.code) {
				t.Errorf("the error is %v, want the code %s", err, test.code)
			}
			if strings.Count(fmt.Sprint(err), "zohocrm: ") > 1 {
				t.Errorf("the error has its prefix twice: %v", err)
			}
		})
	}
}

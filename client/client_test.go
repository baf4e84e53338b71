package client_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The ids of the org that zohotest starts with.
const (
	moduleID   = "2423488000000834002"
	profileID  = "2423488000000015975"
	roleID     = "4150868000003611011"
	nextRoleID = "4150868000003611012"
)

var (
	rename  = client.ContactRoleUpdate{Name: "Sales Lead", SequenceNumber: 5}
	renames = []client.ContactRoleUpdate{{ID: roleID, Name: "Sales Lead"}, {ID: nextRoleID, Name: "Quality Control"}}
	labels  = client.CustomModuleUpdate{
		PluralLabel: "Digital Marketings", SingularLabel: "Digital Marketing",
		Profiles: []client.ModuleProfile{client.GrantProfile(profileID)},
	}
)

// operations are the operations by id, each with an input that zohotest carries out.
var operations = map[string]func(context.Context, *client.Client) ([]client.Result, error){
	"updateCustomModule": func(ctx context.Context, crm *client.Client) ([]client.Result, error) {
		result, err := crm.UpdateCustomModule(ctx, moduleID, labels)
		return []client.Result{result}, err
	},
	"updateContactRoles": func(ctx context.Context, crm *client.Client) ([]client.Result, error) {
		return crm.UpdateContactRoles(ctx, renames)
	},
	"updateContactRole": func(ctx context.Context, crm *client.Client) ([]client.Result, error) {
		result, err := crm.UpdateContactRole(ctx, roleID, rename)
		return []client.Result{result}, err
	},
}

func newClient(t testing.TB, dc client.DataCenter, auth client.Auth, options ...client.Option) *client.Client {
	t.Helper()
	checked := client.WithTransport(contractOf(t).transport)
	crm, err := client.New(dc, auth, append(options[:len(options):len(options)], checked)...)
	if err != nil {
		t.Fatal(err)
	}
	return crm
}

// transport is a network of one function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (f transport) option() client.Option {
	return client.WithHTTPClient(&http.Client{Transport: f})
}

func answer(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json;charset=UTF-8"}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

const roleUpdated = `{"contact_roles":[{"code":"SUCCESS","details":{"id":"` + roleID + `"},"message":"record updated","status":"success"}]}`

func bare(code string) string {
	return `{"code":"` + code + `","details":{},"message":"text","status":"error"}`
}

// zoho answers token requests with token-1, token-2, …, and any update with a success, until a test
// changes that.
type zoho struct {
	mu     sync.Mutex
	grants int
	sent   []string // the tokens of the updates
	grant  func(n int) *http.Response
	update func(token string) *http.Response
}

func token(n int) string { return "1000.token-" + strconv.Itoa(n) }

func granted(n int) string {
	return `{"access_token":"` + token(n) + `","expires_in":3600,"token_type":"Bearer"}`
}

func (z *zoho) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	sent := strings.TrimPrefix(r.Header.Get("Authorization"), "Zoho-oauthtoken ")
	z.mu.Lock()
	if sent == "" {
		z.grants++
	} else {
		z.sent = append(z.sent, sent)
	}
	n := z.grants
	z.mu.Unlock()
	switch {
	case sent == "" && z.grant != nil:
		return z.grant(n), nil
	case sent == "":
		return answer(http.StatusOK, granted(n)), nil
	case z.update != nil:
		return z.update(sent), nil
	default:
		return answer(http.StatusOK, roleUpdated), nil
	}
}

func (z *zoho) client(t testing.TB, auth client.Auth, options ...client.Option) *client.Client {
	t.Helper()
	return newClient(t, client.EU, auth, append([]client.Option{client.WithHTTPClient(&http.Client{Transport: z})}, options...)...)
}

// refusing refuses the named tokens.
func refusing(tokens ...string) func(string) *http.Response {
	return func(token string) *http.Response {
		if slices.Contains(tokens, token) {
			return answer(http.StatusUnauthorized, bare("INVALID_TOKEN"))
		}
		return answer(http.StatusOK, roleUpdated)
	}
}

func update(t testing.TB, crm *client.Client) error {
	_, err := crm.UpdateContactRole(t.Context(), roleID, rename)
	return err
}

func mustUpdate(t testing.TB, crm *client.Client) {
	t.Helper()
	if err := update(t, crm); err != nil {
		t.Fatal(err)
	}
}

// mustHaveAsked fails the test if other than n tokens were asked for.
func (z *zoho) mustHaveAsked(t testing.TB, n int) {
	t.Helper()
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.grants != n {
		t.Fatalf("%d tokens were asked for, there must be %d; the updates had %s", z.grants, n, z.sent)
	}
}

// credentials are those of no other test: equal ones would share a token.
func credentials() client.RefreshToken {
	return client.RefreshToken{ClientID: "1000." + rand.Text(), ClientSecret: rand.Text(), RefreshToken: "1000." + rand.Text()}
}

func TestNewRefuses(t *testing.T) {
	valid := client.StaticToken("1000.token")
	var typedNil *client.RefreshToken
	for name, test := range map[string]struct {
		dc      client.DataCenter
		auth    client.Auth
		options []client.Option
		want    string
	}{
		"nil Auth":                {client.EU, nil, nil, "Auth is nil"},
		"typed nil Auth":          {client.EU, typedNil, nil, "Auth is nil"},
		"empty token":             {client.EU, client.StaticToken(""), nil, "StaticToken: the access token is empty"},
		"token with scheme":       {client.EU, client.StaticToken("Zoho-oauthtoken 1000.token"), nil, "without a scheme"},
		"token with other scheme": {client.EU, client.StaticToken("bearer 1000.token"), nil, "without a scheme"},
		"token with newline":      {client.EU, client.StaticToken("1000.to\nken"), nil, "no access token has"},
		"no ClientID":             {client.EU, client.RefreshToken{ClientSecret: "s", RefreshToken: "r"}, nil, "RefreshToken.ClientID is empty"},
		"no ClientSecret":         {client.EU, client.RefreshToken{ClientID: "c", RefreshToken: "r"}, nil, "RefreshToken.ClientSecret is empty"},
		"no RefreshToken":         {client.EU, client.RefreshToken{ClientID: "c", ClientSecret: "s"}, nil, "RefreshToken.RefreshToken is empty"},
		"RefreshToken with blank": {client.EU, client.RefreshToken{ClientID: "c", ClientSecret: "s", RefreshToken: "r\n"}, nil, "RefreshToken.RefreshToken has blanks"},
		"no ClientID of a self client": {client.EU, client.ClientCredentials{ClientSecret: "s", OrgID: "1"}, nil,
			"ClientCredentials.ClientID is empty"},
		"no OrgID":               {client.EU, client.ClientCredentials{ClientID: "c", ClientSecret: "s"}, nil, "ClientCredentials.OrgID is empty"},
		"OrgID with ZohoCRM":     {client.EU, client.ClientCredentials{ClientID: "c", ClientSecret: "s", OrgID: "ZohoCRM.1"}, nil, "begins with ZohoCRM."},
		"nil TokenSource":        {client.EU, client.TokenSource(nil), nil, "oauth2.TokenSource is nil"},
		"typed nil TokenSource":  {client.EU, client.TokenSource(tokens(nil)), nil, "oauth2.TokenSource is nil"},
		"typed nil Cache":        {client.EU, client.RefreshToken{ClientID: "c", ClientSecret: "s", RefreshToken: "r", Cache: (*cache)(nil)}, nil, "the Cache is nil"},
		"no URL":                 {client.DataCenter{}, valid, nil, "DataCenter.APIURL is empty"},
		"no host":                {client.DataCenter{APIURL: "https://:443"}, valid, nil, "APIURL is not a URL with a host"},
		"not a URL":              {client.DataCenter{APIURL: "https://a b\n"}, valid, nil, "APIURL is not a URL with a host"},
		"no scheme":              {client.DataCenter{APIURL: "www.zohoapis.eu"}, valid, nil, "APIURL is not a URL with a host"},
		"plain http":             {client.DataCenter{APIURL: "http://www.zohoapis.eu"}, valid, nil, "must be https"},
		"http like loopback":     {client.DataCenter{APIURL: "http://127.0.0.1.example.com"}, valid, nil, "must be https"},
		"http any address":       {client.DataCenter{APIURL: "http://0.0.0.0:80"}, valid, nil, "must be https"},
		"another scheme":         {client.DataCenter{APIURL: "ftp://www.zohoapis.eu"}, valid, nil, "must be https"},
		"user in URL":            {client.DataCenter{APIURL: "https://user:hunter22@www.zohoapis.eu"}, valid, nil, "no user, query or fragment"},
		"query in URL":           {client.DataCenter{APIURL: "https://www.zohoapis.eu?"}, valid, nil, "no user, query or fragment"},
		"plain http accounts":    {client.DataCenter{APIURL: client.EU.APIURL, AccountsURL: "http://accounts.zoho.eu"}, credentials(), nil, "AccountsURL must be https"},
		"no accounts":            {client.DataCenter{APIURL: client.EU.APIURL}, credentials(), nil, "AccountsURL is empty"},
		"unknown sandbox":        {client.DataCenter{APIURL: "https://crm.example.com"}.Sandbox(), valid, nil, "sandbox host of crm.example.com cannot be derived"},
		"sandbox of another www": {client.DataCenter{APIURL: "https://www.example.com"}.Sandbox(), valid, nil, "cannot be derived"},
		"sandbox of a sandbox":   {client.EU.Sandbox().Sandbox(), valid, nil, "cannot be derived"},
		"developer of sandbox":   {client.EU.Sandbox().Developer(), valid, nil, "cannot be derived"},
		"sandbox with password":  {client.DataCenter{APIURL: "https://user:hunter22@example.com\n"}.Sandbox(), valid, nil, "cannot be derived"},
		"attempts":               {client.EU, valid, []client.Option{client.WithMaxAttempts(0)}, "WithMaxAttempts: must be at least 1, is 0"},
		"attempt timeout":        {client.EU, valid, []client.Option{client.WithAttemptTimeout(0)}, "WithAttemptTimeout: must be above 0"},
		"timeout":                {client.EU, valid, []client.Option{client.WithTimeout(-1)}, "WithTimeout: must be above 0"},
		"nil http.Client":        {client.EU, valid, []client.Option{client.WithHTTPClient(nil)}, "http.Client is nil"},
		"nil logger":             {client.EU, valid, []client.Option{client.WithLogger(nil)}, "logger is nil"},
		"empty User-Agent":       {client.EU, valid, []client.Option{client.WithUserAgent("")}, "WithUserAgent"},
		"newline in User-Agent":  {client.EU, valid, []client.Option{client.WithUserAgent("a\r\nX-Evil: 1")}, "WithUserAgent"},
	} {
		t.Run(name, func(t *testing.T) {
			crm, err := client.New(test.dc, test.auth, test.options...)
			if err == nil || crm != nil {
				t.Fatalf("New returned %v, %v", crm, err)
			}
			if text := err.Error(); !strings.Contains(text, test.want) || strings.Contains(text, "\n") || strings.Contains(text, "hunter22") {
				t.Errorf("the error is %q, it must have %q", text, test.want)
			}
		})
	}
	_, err := client.New(client.DataCenter{}, nil, client.WithMaxAttempts(0), nil)
	for _, part := range []string{"APIURL", "Auth", "WithMaxAttempts"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("all faults must be in one error, it is: %v", err)
		}
	}
}

func TestNewAccepts(t *testing.T) {
	all := []client.DataCenter{
		client.US, client.EU, client.IN, client.AU, client.JP, client.CN, client.CA, client.SA, client.UK, client.AE,
		{APIURL: "http://localhost:8080", AccountsURL: "http://[::1]"}, {APIURL: "https://proxy.example.com/zoho/", AccountsURL: "https://proxy.example.com/accounts/"},
	}
	for _, dc := range all[:10] {
		all = append(all, dc.Sandbox(), dc.Developer())
	}
	for _, dc := range all {
		for _, auth := range []client.Auth{client.StaticToken("1000.token"), credentials(), &client.ClientCredentials{ClientID: "c", ClientSecret: "s", OrgID: "1"}} {
			if _, err := client.New(dc, auth, nil); err != nil {
				t.Errorf("%+v: %v", dc, err)
			}
		}
	}
}

// TestHosts holds that requests go to the hosts of the data centre, and to no others.
func TestHosts(t *testing.T) {
	for _, test := range []struct {
		dc            client.DataCenter
		api, accounts string
	}{
		{client.US, "https://www.zohoapis.com/crm/v7/", "https://accounts.zoho.com/"},
		{client.EU, "https://www.zohoapis.eu/crm/v7/", "https://accounts.zoho.eu/"},
		{client.IN, "https://www.zohoapis.in/crm/v7/", "https://accounts.zoho.in/"},
		{client.AU, "https://www.zohoapis.com.au/crm/v7/", "https://accounts.zoho.com.au/"},
		{client.JP, "https://www.zohoapis.jp/crm/v7/", "https://accounts.zoho.jp/"},
		{client.CN, "https://www.zohoapis.com.cn/crm/v7/", "https://accounts.zoho.com.cn/"},
		{client.CA, "https://www.zohoapis.ca/crm/v7/", "https://accounts.zohocloud.ca/"},
		{client.SA, "https://www.zohoapis.sa/crm/v7/", "https://accounts.zoho.sa/"},
		{client.UK, "https://www.zohoapis.uk/crm/v7/", "https://accounts.zoho.uk/"},
		{client.AE, "https://www.zohoapis.ae/crm/v7/", "https://accounts.zoho.ae/"},
		{client.JP.Sandbox(), "https://sandbox.zohoapis.jp/crm/v7/", "https://accounts.zoho.jp/"},
		{client.AU.Developer(), "https://developer.zohoapis.com.au/crm/v7/", "https://accounts.zoho.com.au/"},
		{client.DataCenter{APIURL: "https://proxy.example.com/zoho/", AccountsURL: "https://proxy.example.com/accounts/"},
			"https://proxy.example.com/zoho/crm/v7/", "https://proxy.example.com/accounts/"},
	} {
		var urls []string
		z := &zoho{}
		crm := newClient(t, test.dc, credentials(), transport(func(r *http.Request) (*http.Response, error) {
			urls = append(urls, r.URL.String())
			return z.RoundTrip(r)
		}).option())
		if _, err := crm.UpdateContactRole(t.Context(), roleID, rename); err != nil {
			t.Error(err)
		}
		if want := []string{test.accounts + "oauth/v2/token", test.api + "Contacts/roles/" + roleID}; strings.Join(urls, " ") != strings.Join(want, " ") {
			t.Errorf("%s: requests went to %s, not to %s", test.dc.Name, urls, want)
		}
	}
}

func TestZeroClient(t *testing.T) {
	var none *client.Client
	for _, crm := range []*client.Client{none, {}} {
		for id, call := range operations {
			results, err := call(t.Context(), crm)
			if err == nil || len(results) == 0 || results[0].Err == nil {
				t.Errorf("%s: %v, %v", id, results, err)
			}
		}
	}
}

// TestHTTPClientStays holds that the caller's http.Client is copied, and its own settings are kept.
func TestHTTPClientStays(t *testing.T) {
	breaksContract(t)
	followed := errors.New("followed")
	hc := &http.Client{
		Timeout:       time.Hour,
		CheckRedirect: func(*http.Request, []*http.Request) error { return followed },
		Transport: transport(func(r *http.Request) (*http.Response, error) {
			res := answer(http.StatusTemporaryRedirect, "")
			res.Header.Set("Location", "https://elsewhere.example.com/x?code=hunter22")
			return res, nil
		}),
	}
	_, err := newClient(t, client.EU, client.StaticToken("1000.token"), client.WithHTTPClient(hc)).UpdateContactRole(t.Context(), roleID, rename)
	failure, isError := errors.AsType[*client.Error](err)
	if !isError || failure.StatusCode != http.StatusTemporaryRedirect || !strings.Contains(err.Error(), "https://elsewhere.example.com/x ") {
		t.Errorf("a redirect is %v", err)
	}
	if strings.Contains(err.Error(), "hunter22") {
		t.Errorf("the error shows the query of the redirect: %v", err)
	}
	if hc.Timeout != time.Hour || hc.CheckRedirect(nil, nil) != followed { // the very same
		t.Error("the http.Client of the caller was changed")
	}
	if _, isOurs := hc.Transport.(transport); !isOurs {
		t.Error("the transport of the caller's http.Client was changed")
	}
}

// jsonLines is a logger that keeps what it logged.
func jsonLines() (*bytes.Buffer, *slog.Logger) {
	var lines bytes.Buffer
	return &lines, slog.New(slog.NewJSONHandler(&lines, nil))
}

func TestAllCredentials(t *testing.T) {
	_, err := client.New(client.EU, client.RefreshToken{})
	for _, field := range []string{"ClientID", "ClientSecret", "RefreshToken"} {
		if !strings.Contains(fmt.Sprint(err), "RefreshToken."+field+" is empty") {
			t.Errorf("the error does not name %s: %v", field, err)
		}
	}
}

func TestDefaultTransport(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, roleUpdated)
	}))
	defer server.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	mustUpdate(t, newClient(t, client.DataCenter{APIURL: server.URL}, client.StaticToken("1000.token"), client.WithHTTPClient(&http.Client{})))
}

func TestEmptyFragment(t *testing.T) {
	var urls []string
	crm, err := client.New(client.DataCenter{APIURL: "https://www.zohoapis.eu/#"}, client.StaticToken("1000.token"), transport(func(r *http.Request) (*http.Response, error) {
		urls = append(urls, r.URL.String())
		return answer(200, roleUpdated), nil
	}).option())
	if err != nil {
		return
	}
	_ = update(t, crm)
	t.Errorf("went to %s", urls)
}

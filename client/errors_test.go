package client_test

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

var updateGolden = flag.Bool("update", false, "write testdata/errors.txt")

// Each error message that a user can see is in testdata/errors.txt, with what Retryable and MaybeApplied say of the error.
func TestErrorMessages(t *testing.T) {
	t.Parallel()
	var golden strings.Builder
	synctest.Test(t, func(t *testing.T) {
		for _, m := range slices.Concat(configurationErrors(t), responseErrors(t), tokenErrors(t), networkErrors(t)) {
			if m.err == nil {
				t.Fatalf("%s: there is no error", m.name)
			}
			text, retryable, maybeApplied := m.err.Error(), client.Retryable(m.err), client.MaybeApplied(m.err)
			if !strings.HasPrefix(text, "zohocrm: ") || strings.ContainsAny(text, "\n\r\t") || len(text) > 1500 {
				t.Errorf("%s: the message is not one short line that begins with zohocrm: %q", m.name, text)
			}
			if slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(text, secret[:8]) }) {
				t.Errorf("%s: the message holds a secret: %s", m.name, text)
			}
			if maybeApplied != strings.Contains(text, "may have taken effect") {
				t.Errorf("%s: MaybeApplied is %t, but the message is %s", m.name, maybeApplied, text)
			}
			fmt.Fprintf(&golden, "%s\n\t%s\n", m.name, text)
			if retryable || maybeApplied {
				fmt.Fprintf(&golden, "\tretryable: %t, maybe applied: %t\n", retryable, maybeApplied)
			}
		}
		time.Sleep(2 * time.Hour) // until everything that the calls started has ended
	})
	if *updateGolden {
		if err := os.WriteFile("testdata/errors.txt", []byte(golden.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile("testdata/errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	got, want := strings.Split(golden.String(), "\n"), strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("line %d of testdata/errors.txt differs, got %q: if it should change, run go test -update", i+1, got[min(i, len(got)-1)])
		}
	}
}

type message struct {
	name string
	err  error
}

const (
	secretToken = "1000.secret-access-token"
	throttle    = `{"error":"Access Denied","error_description":"You have made too many requests continuously.","status":"failure"}`
)

var (
	secretAuth   = client.RefreshToken{ClientID: "client id", ClientSecret: "client-secret", RefreshToken: "2000.secret-refresh-token"}
	secrets      = []string{secretToken, secretAuth.ClientSecret, secretAuth.RefreshToken}
	secretStatic = client.StaticToken(secretToken)
)

// offline returns a client whose requests the contract does not cover.
func offline(t *testing.T, auth client.Auth, network http.RoundTripper, options ...client.Option) *client.Client {
	t.Helper()
	crm, err := client.New(client.EU, auth, append(options, client.WithHTTPClient(&http.Client{Transport: network}))...)
	if err != nil {
		t.Fatal(err)
	}
	return crm
}

// responding returns a network with one response to all requests. Headers are names and values.
func responding(status int, body string, headers ...string) roundTripFunc {
	return func(*http.Request) (*http.Response, error) {
		res := newResponse(status, body)
		for i := 0; i < len(headers); i += 2 {
			res.Header.Set(headers[i], headers[i+1])
		}
		return res, nil
	}
}

// sequence returns a network that responds like each in turn, and then like the last one.
func sequence(each ...roundTripFunc) roundTripFunc {
	n := 0
	return func(r *http.Request) (*http.Response, error) {
		n++
		return each[min(n, len(each))-1](r)
	}
}

// failing returns a network that fails after the request was sent, and unreachable one that fails before.
func failing(err error) roundTripFunc {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func unreachable(err error) roundTripFunc {
	return (&http.Transport{DialTLSContext: func(context.Context, string, string) (net.Conn, error) { return nil, err }}).RoundTrip
}

func neverResponding(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// rejectingProxy returns a network whose proxy rejects CONNECT, or does not respond if status is empty.
func rejectingProxy(status string) *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyURL(&url.URL{Scheme: "http", User: url.UserPassword("user", secretToken), Host: "proxy.example.com:3128"}),
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			if status == "" {
				return nil, refusedConnection
			}
			here, there := net.Pipe()
			go func() {
				_, _ = http.ReadRequest(bufio.NewReader(there))
				_, _ = io.WriteString(there, "HTTP/1.1 "+status+"\r\n\r\n")
				_ = there.Close()
			}()
			return here, nil
		},
	}
}

var (
	rejected          = responding(401, errorBody("INVALID_TOKEN"))
	unavailable       = responding(503, "<html>", "Content-Type", "text/html")
	throttled         = responding(429, errorBody("TOO_MANY_REQUESTS"))
	connectionReset   = failing(errors.New("read: connection reset by peer"))
	refusedConnection = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	noConnection      = unreachable(refusedConnection)
)

// configurationErrors are found before anything is sent.
func configurationErrors(t *testing.T) []message {
	create := func(dc client.DataCenter, auth client.Auth, options ...client.Option) error {
		_, err := client.New(dc, auth, options...)
		return err
	}
	api := func(url string) error { return create(client.DataCenter{APIURL: url}, secretStatic) }
	crm := offline(t, secretStatic, noConnection)
	role := func(id string, role client.ContactRoleUpdate) error {
		return second(crm.UpdateContactRole(t.Context(), id, role))
	}
	roles := func(roles ...client.ContactRoleUpdate) error {
		return second(crm.UpdateContactRoles(t.Context(), roles))
	}
	module := func(id string, update client.CustomModuleUpdate) error {
		return second(crm.UpdateCustomModule(t.Context(), id, update))
	}
	return []message{
		{"New: nil Auth", create(client.EU, nil)},
		{"New: empty token", create(client.EU, client.StaticToken(""))},
		{"New: token with a scheme", create(client.EU, client.StaticToken("Zoho-oauthtoken "+secretToken))},
		{"New: token with a space", create(client.EU, client.StaticToken(secretToken+" "))},
		{"New: empty credentials", create(client.EU, client.RefreshToken{})},
		{"New: white space around a secret", create(client.EU, client.RefreshToken{ClientID: "c", ClientSecret: "client-secret\n", RefreshToken: "r"})},
		{"New: quoted client id", create(client.EU, client.RefreshToken{ClientID: `"c"`, ClientSecret: "s", RefreshToken: "r"})},
		{"New: nil Cache", create(client.EU, client.RefreshToken{ClientID: "c", ClientSecret: "s", RefreshToken: "r", Cache: memoryCache(nil)})},
		{"New: org id with its prefix", create(client.EU, client.ClientCredentials{ClientID: "c", ClientSecret: "s", OrgID: "ZohoCRM.1"})},
		{"New: nil TokenSource", create(client.EU, client.TokenSource(nil))},
		{"New: empty API URL", api("")},
		{"New: API URL without a host", api("www.zohoapis.eu")},
		{"New: API URL with a password", api("https://user:" + secretToken + "@www.zohoapis.eu")},
		{"New: http API URL", api("http://www.zohoapis.eu")},
		{"New: API URL with the path of the API", api("https://www.zohoapis.eu/crm/v7/")},
		{"New: accounts URL with the path of tokens", create(client.DataCenter{APIURL: client.EU.APIURL, AccountsURL: "https://accounts.zoho.eu/oauth/v2/token"}, secretAuth)},
		{"New: unknown sandbox", create(client.DataCenter{APIURL: "https://user:" + secretToken + "@crm.example.com"}.Sandbox(), secretStatic)},
		{"New: developer environment of a sandbox", create(client.EU.Sandbox().Developer(), secretStatic)},
		{"New: nil http.Client", create(client.EU, secretStatic, client.WithHTTPClient(nil))},
		{"New: nil transport", create(client.EU, secretStatic, client.WithHTTPClient(&http.Client{Transport: (*http.Transport)(nil)}))},
		{"New: nil logger", create(client.EU, secretStatic, client.WithLogger(nil))},
		{"New: attempts", create(client.EU, secretStatic, client.WithMaxAttempts(0))},
		{"New: concurrent requests", create(client.EU, secretStatic, client.WithMaxConcurrent(0))},
		{"New: attempt timeout", create(client.EU, secretStatic, client.WithAttemptTimeout(0))},
		{"New: timeout", create(client.EU, secretStatic, client.WithTimeout(-time.Second))},
		{"New: User-Agent", create(client.EU, secretStatic, client.WithUserAgent("a\nb"))},
		{"New: nil hook", create(client.EU, secretStatic, client.WithCallHook(nil))},
		{"New: six errors", create(client.DataCenter{}, client.RefreshToken{}, client.WithMaxAttempts(-1))},
		{"client that New did not create", second(new(client.Client).UpdateContactRole(t.Context(), roleID, roleUpdate))},

		{"invalid request: no id in the path", role("", roleUpdate)},
		{"invalid request: pattern of an id", role("12/3", roleUpdate)},
		{"invalid request: pattern of a module", module("no module", moduleUpdate)},
		{"invalid request: pattern of a label", module(moduleID, with(func(u *client.CustomModuleUpdate) { u.PluralLabel = "R&D" }))},
		{"invalid request: required", roles(client.ContactRoleUpdate{Name: "x"})},
		{"invalid request: utf-8", role(roleID, client.ContactRoleUpdate{Name: "M\xfcller"})},
		{"invalid request: maxLength", role(roleID, client.ContactRoleUpdate{Name: strings.Repeat("é", 51)})},
		{"invalid request: minimum", role(roleID, client.ContactRoleUpdate{SequenceNumber: -1})},
		{"invalid request: minItems", roles()},
		{"invalid request: maxItems", roles(slices.Repeat(roleUpdates, 51)...)},
		{"invalid request: minProperties", role(roleID, client.ContactRoleUpdate{})},
		{"invalid request: const", role(roleID, client.ContactRoleUpdate{ID: nextRoleID, Name: "x"})},
		{"invalid request: four errors", module("-", client.CustomModuleUpdate{})},
		{"invalid request: Validate", client.CustomModuleUpdate{PluralLabel: "Vehicles", SingularLabel: "Vehicle"}.Validate()},
		{"invalid request: read", second(crm.GetModule(t.Context(), ""))},
	}
}

// responseErrors are those of a response of the API.
func responseErrors(t *testing.T) []message {
	one := func(network roundTripFunc) error { return update(t, offline(t, secretStatic, network)) }
	two := func(network roundTripFunc) error {
		return second(offline(t, secretStatic, network).UpdateContactRoles(t.Context(), roleUpdates))
	}
	module := func(name, body string) error {
		return second(offline(t, secretStatic, responding(400, body)).UpdateCustomModule(t.Context(), name, moduleUpdate))
	}
	read := func(status int, body string) error {
		return second(offline(t, secretStatic, responding(status, body)).GetModule(t.Context(), "Vehicles"))
	}
	four := append(roleUpdates[:2:2], client.ContactRoleUpdate{ID: "3", Name: "x"}, client.ContactRoleUpdate{ID: "4", Name: "x"})
	first, next := updated(roleID), updated(nextRoleID)
	return []message{
		{"Zoho's error: one input", one(responding(400, roles(taken)))},
		{"Zoho's error: one of two inputs", two(responding(207, roles(first, taken)))},
		{"Zoho's error: two of two inputs", two(responding(400, roles(wrong, taken)))},
		{"Zoho's error: four inputs", second(offline(t, secretStatic, responding(400, roles(wrong, wrong, wrong, wrong))).UpdateContactRoles(t.Context(), four))},
		{"Zoho's error: two of one input", two(responding(207, roles(first, "["+taken+","+wrong+"]")))},
		{"Zoho's error: input without an id", module("Vehicles", `{"modules":[`+item("NOT_ALLOWED", `{"api_name":"api_name"}`, "error")+`]}`)},
		{"Zoho's error: whole request", module(moduleID, item("INVALID_MODULE", `{"resource_path_index":2}`, "error"))},
		{"Zoho's error: unknown code", one(responding(400, errorBody("A_NEW_CODE")))},
		{"Zoho's error: no message", one(responding(400, `{"code":"A_NEW_CODE","details":{"limit":1},"status":"error"}`))},
		{"Zoho's error: unprintable characters", one(responding(400, strings.Replace(errorBody("A_NEW_CODE"), "text", `two\nlines\u200b\u0000`, 1)))},
		{"Zoho's error: long texts", one(responding(400, item("A_NEW_CODE"+strings.Repeat("E", 999), `{"long":"`+strings.Repeat("long ", 500)+`"}`, "error")))},
		{"Zoho's error: scope", one(responding(401, errorBody("OAUTH_SCOPE_MISMATCH")))},
		{"Zoho's error: scope of a check", offline(t, secretStatic, responding(401, errorBody("OAUTH_SCOPE_MISMATCH"))).Check(t.Context())},
		{"Zoho's error: permission", one(responding(403, item("NO_PERMISSION", `{"permissions":["Crm_Implied_Edit_Contacts"]}`, "error")))},
		{"Zoho's error: rejected token", one(rejected)},
		{"Zoho's error: rejected new token", update(t, offline(t, secretAuth, sequence(responding(200, tokenBody(1)), rejected, responding(200, tokenBody(2)), rejected)))},
		{"Zoho's error: throttled", one(throttled)},
		{"Zoho's error: throttled for long", one(responding(429, errorBody("TOO_MANY_REQUESTS"), "Retry-After", "400"))},
		{"Zoho's error: throttled with another code", one(responding(429, errorBody("A_NEW_CODE")))},
		{"Zoho's error: server error", one(responding(500, errorBody("INTERNAL_ERROR")))},
		{"Zoho's error: server error twice", update(t, offline(t, secretStatic, responding(500, errorBody("INTERNAL_ERROR")), client.WithMaxAttempts(2)))},
		{"Zoho's error: other server error of one input", two(responding(207, roles(first, item("INTERNAL_SERVER_ERROR", "{}", "error"))))},
		{"Zoho's error: throttled input", two(responding(207, roles(first, item("TOO_MANY_REQUESTS", "{}", "error"))))},
		{"Zoho's error: server error of one input", two(responding(207, roles(first, item("INTERNAL_ERROR", "{}", "error"))))},
		{"Zoho's error: after a server error", one(sequence(responding(500, errorBody("INTERNAL_ERROR")), responding(400, roles(wrong))))},
		{"Zoho's error: after a throttle", one(sequence(throttled, responding(400, roles(wrong))))},
		{"Zoho's error: read", read(400, item("INVALID_MODULE", `{"resource_path_index":2}`, "error"))},
		{"Zoho's error: server error of a read", read(500, errorBody("INTERNAL_ERROR"))},

		{"unusable response: HTML", one(responding(403, "<html>\n<title>Forbidden</title>", "Content-Type", "text/html"))},
		{"unusable response: HTML of a gateway that throttles", one(responding(429, "<html>", "Content-Type", "text/html"))},
		{"unusable response: empty response that throttles", one(responding(429, ""))},
		{"unusable response: HTML of a gateway", one(unavailable)},
		{"unusable response: HTML of a gateway at a read", read(502, "<html>")},
		{"unusable response: empty", one(responding(200, " \n"))},
		{"unusable response: truncated JSON", one(responding(200, roleUpdated[:40]))},
		{"unusable response: broken connection", one(func(*http.Request) (*http.Response, error) {
			res := newResponse(200, "")
			res.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"contact_roles":[`), iotest.ErrReader(io.ErrUnexpectedEOF)))
			return res, nil
		})},
		{"unusable response: too large", one(responding(200, strings.Repeat(" ", 4<<20+1)))},
		{"unusable response: not JSON", one(responding(200, "updated with "+secretToken))},
		{"unusable response: other JSON", one(responding(200, `{"data":[]}`))},
		{"unusable response: text/plain", one(responding(200, roleUpdated, "Content-Type", "text/plain"))},
		{"unusable response: redirect", one(responding(307, "", "Location", "https://login.example.com/?token="+secretToken))},
		{"unusable response: redirect to no URL", one(responding(307, "", "Location", "https://%zz"))},
		{"unusable response: undocumented status", one(responding(304, ""))},
		{"unusable response: two lists", one(responding(200, `{"modules":[],`+roleUpdated[1:]))},
		{"unusable response: error beside a list", one(responding(200, `{"code":"INVALID_DATA",`+roleUpdated[1:]))},
		{"unusable response: too few results", two(responding(200, roles(first)))},
		{"unusable response: result of another input", two(responding(200, roles(first, first)))},
		{"unusable response: result without an id", two(responding(200, roles(first, item("SUCCESS", "{}", "success"))))},
		{"unusable response: contradictory result", two(responding(200, roles(first, item("INVALID_DATA", `{"id":"`+nextRoleID+`"}`, "success"))))},
		{"unusable response: undocumented result", two(responding(400, roles(wrong, `{"code":"SUCCESS"}`)))},
		{"unusable response: successes with the status of an error", two(responding(500, roles(first, next)))},
		{"unusable response: no content for a module", read(204, "")},
		{"unusable response: two modules", read(200, `{"modules":[{"id":"1"},{"id":"2"}]}`)},
		{"unusable response: another module", read(200, `{"modules":[{"id":"1","api_name":"Leads"}]}`)},
		{"unusable response: module without an id", read(200, `{"modules":[{"api_name":"Vehicles"}]}`)},
		{"unusable response: not a list", read(200, `{"modules":{}}`)},
		{"unusable response: long list", read(200, `{"modules":[`+strings.Repeat(`{"id":"1"},`, 500_000)+`{"id":"1"}]}`)},
		{"unusable response: list with the status of an error", read(400, `{"modules":[{"id":"1"}]}`)},
		{"incomplete list", second(offline(t, secretStatic, responding(200, `{"profiles":[{"id":"1"}],"info":{"more_records":true}}`)).ListProfiles(t.Context()))},
	}
}

// tokenErrors are those of a call that got no access token.
func tokenErrors(t *testing.T) []message {
	endpoint := func(network http.RoundTripper) error { return update(t, offline(t, secretAuth, network)) }
	source := func(f tokenSourceFunc) error { return update(t, offline(t, client.TokenSource(f), noConnection)) }
	throttledClient := offline(t, secretAuth, responding(400, throttle))
	_ = update(t, throttledClient)
	time.Sleep(10 * time.Second)
	canceled := func() error {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		return second(offline(t, secretAuth, roundTripFunc(neverResponding)).UpdateContactRole(ctx, roleID, roleUpdate))
	}
	cached := secretAuth
	cached.Cache = memoryCache{}
	return []message{
		{"no token: invalid_code", endpoint(responding(200, `{"error":"invalid_code"}`))},
		{"no token: invalid_client", endpoint(responding(200, `{"error":"invalid_client"}`))},
		{"no token: invalid_client_secret", endpoint(responding(200, `{"error":"invalid_client_secret"}`))},
		{"no token: another code", endpoint(responding(200, `{"error":"invalid_scope"}`))},
		{"no token: another code with a description", endpoint(responding(200, `{"error":"invalid_scope","error_description":"two\nlines: `+secretAuth.RefreshToken+`"}`))},
		{"no token: throttled", endpoint(responding(400, throttle))},
		{"no token: throttled with a cache", update(t, offline(t, cached, responding(400, throttle)))},
		{"no token: throttled 10 seconds ago", update(t, throttledClient)},
		{"no token: throttled with Retry-After", endpoint(responding(429, "", "Retry-After", "120"))},
		{"no token: server error", endpoint(unavailable)},
		{"no token: HTML", endpoint(responding(200, "<html>", "Content-Type", "text/html"))},
		{"no token: empty response", endpoint(responding(200, ""))},
		{"no token: large response", endpoint(responding(200, strings.Repeat(" ", 1<<20+1)))},
		{"no token: redirect", endpoint(responding(302, "", "Location", "https://login.example.com/"))},
		{"no token: unusable token", endpoint(responding(200, `{"access_token":"`+secretToken+` x"}`))},
		{"no token: token of another data centre", endpoint(responding(200, `{"access_token":"`+secretToken+`","api_domain":"https://www.zohoapis.com"}`))},
		{"no token: no connection", endpoint(noConnection)},
		{"no token: connection reset", endpoint(connectionReset)},
		{"no token: proxy", endpoint(rejectingProxy("407 Proxy Authentication Required"))},
		{"no token: attempt timeout", update(t, offline(t, secretAuth, roundTripFunc(neverResponding), client.WithMaxAttempts(1)))},
		{"no token: call timeout", update(t, offline(t, secretAuth, roundTripFunc(neverResponding), client.WithTimeout(45*time.Second)))},
		{"no token: canceled", canceled()},
		{"no token: panic", endpoint(roundTripFunc(func(*http.Request) (*http.Response, error) { panic(secretAuth.ClientSecret) }))},
		{"no token: after a rejected token", endpoint(sequence(responding(200, tokenBody(1)), rejected, responding(200, `{"error":"invalid_code"}`)))},
		{"no token: after a response that may have been lost", endpoint(sequence(responding(200, tokenBody(1)), connectionReset, rejected, responding(200, `{"error":"invalid_code"}`)))},
		{"TokenSource: error", source(func() (*oauth2.Token, error) { return nil, errors.New("vault is sealed") })},
		{"TokenSource: response", source(func() (*oauth2.Token, error) {
			return nil, &oauth2.RetrieveError{Response: &http.Response{StatusCode: http.StatusBadRequest}, ErrorCode: "invalid_grant", Body: []byte(secretToken)}
		})},
		{"TokenSource: error of net/http", source(func() (*oauth2.Token, error) {
			return nil, &url.Error{Op: "Post", URL: "https://accounts.zoho.eu/oauth/v2/token?client_secret=client-secret", Err: errors.New("connection refused")}
		})},
		{"TokenSource: its context", source(func() (*oauth2.Token, error) { return nil, context.Canceled })},
		{"TokenSource: no token", source(func() (*oauth2.Token, error) { return nil, nil })},
		{"TokenSource: unusable token", source(func() (*oauth2.Token, error) { return &oauth2.Token{AccessToken: "Bearer " + secretToken}, nil })},
		{"TokenSource: panic", source(func() (*oauth2.Token, error) { panic("nil map") })},
		{"TokenSource: runtime.Goexit", source(func() (*oauth2.Token, error) { runtime.Goexit(); return nil, nil })},
		{"TokenSource: too slow", source(func() (*oauth2.Token, error) { time.Sleep(time.Hour); return nil, nil })},
	}
}

// networkErrors are those of a call without a response.
func networkErrors(t *testing.T) []message {
	call := func(network http.RoundTripper, options ...client.Option) error {
		return update(t, offline(t, secretStatic, network, options...))
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	busy := func() error {
		crm := offline(t, secretStatic, roundTripFunc(neverResponding), client.WithMaxConcurrent(1))
		go func() { _ = update(t, crm) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		return second(crm.UpdateContactRole(ctx, roleID, roleUpdate))
	}
	get := func(crm *client.Client, url string) error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, io.NopCloser(strings.NewReader("{}")))
		req.GetBody = func() (io.ReadCloser, error) { return nil, errors.New("file is gone") }
		return cmp.Or(err, second(crm.HTTPClient().Transport.RoundTrip(req)))
	}
	refreshing := sequence(responding(200, tokenBody(1)), rejected, responding(200, tokenBody(2)))
	return []message{
		{"no response: no connection", call(noConnection)},
		{"no response: unknown host", call(unreachable(&net.DNSError{Err: "no such host", Name: "www.zohoapis.eu", IsNotFound: true}))},
		{"no response: unknown certificate", call(unreachable(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}))},
		{"no response: proxy does not respond", call(rejectingProxy(""))},
		{"no response: proxy rejects credentials", call(rejectingProxy("407 Proxy Authentication Required"))},
		{"no response: proxy has no connection", call(rejectingProxy("502 Bad Gateway"))},
		{"no response: connection reset", call(connectionReset, client.WithMaxAttempts(1))},
		{"no response: connection reset four times", call(connectionReset)},
		{"no response: connection reset at a read", second(offline(t, secretStatic, connectionReset).ListModules(t.Context()))},
		{"no response: throttled, then no connection", call(sequence(throttled, noConnection))},
		{"no response: server error, then connection reset", call(sequence(unavailable, connectionReset))},
		{"no response: connection reset, then no connection", call(sequence(connectionReset, noConnection))},
		{"no response: attempt timeout", call(roundTripFunc(neverResponding), client.WithAttemptTimeout(time.Second))},
		{"no response: call timeout", call(roundTripFunc(neverResponding), client.WithTimeout(time.Second))},
		{"no response: no turn in time", busy()},
		{"no response: neither response nor error", call(failing(nil), client.WithMaxAttempts(1))},
		{"no response: secret in an error", call(roundTripFunc(func(r *http.Request) (*http.Response, error) { return nil, fmt.Errorf("cannot send\n%v", r.Header) }))},
		{"no response: canceled before", second(offline(t, secretStatic, noConnection).UpdateContactRole(canceled, roleID, roleUpdate))},
		{"HTTPClient: another host", get(offline(t, secretStatic, noConnection), "https://www.example.com/?token="+secretToken)},
		{"HTTPClient: no token", get(offline(t, secretAuth, responding(200, `{"error":"invalid_code"}`)), "https://www.zohoapis.eu/crm/v7/users")},
		{"HTTPClient: body cannot be read again", get(offline(t, secretAuth, refreshing), "https://www.zohoapis.eu/crm/v7/users")},
		{"HTTPClient: client that New did not create", get(new(client.Client), "https://www.zohoapis.eu/crm/v7/users")},
	}
}

// An error without a code is not one with an empty code.
func TestEmptyCodeIsNoCode(t *testing.T) {
	t.Parallel()
	for _, err := range []error{&client.Error{StatusCode: 502}, &client.AuthError{StatusCode: 502}} {
		if errors.Is(err, client.Code("")) {
			t.Errorf("%v is an empty code", err)
		}
	}
}

package client_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

var hiddenAuth = client.RefreshToken{ClientID: "1000.HIDDENID", ClientSecret: "HIDDEN secret+value/x", RefreshToken: "1000.HIDDENREFRESH"}

const hiddenToken = "1000.HIDDENACCESS"

// TestValuesThatHoldSecretsPrintAsPlaceholders prints, logs and marshals every exported value that holds a secret.
func TestValuesThatHoldSecretsPrintAsPlaceholders(t *testing.T) {
	t.Parallel()
	network := roundTripFunc(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") == "" {
			return newResponse(200, `{"access_token":"`+hiddenToken+`"}`), nil
		}
		return newResponse(200, roleUpdated), nil
	})
	self := client.ClientCredentials{ClientID: hiddenAuth.ClientID, ClientSecret: hiddenAuth.ClientSecret, OrgID: "HIDDENORG"}
	source := client.TokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: hiddenToken}))
	// fmt calls no method of a struct for %p, %w and %T. It prints pointers and the Auth of a function with them.
	const structVerbs = "abcdefghijklmnoqrstuvxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, auth := range []client.Auth{hiddenAuth, &hiddenAuth, self, &self, client.StaticToken(hiddenToken), source} {
		if text := auth.(fmt.Stringer).String() + auth.(slog.LogValuer).LogValue().String(); text != "(redacted)(redacted)" {
			t.Errorf("%T prints as %s", auth, text)
		}
		crm := newClient(t, client.EU, auth, network.option())
		mustUpdate(t, crm) // so that it has a token
		for _, value := range []any{crm, *crm, crm.HTTPClient()} {
			mustNotShow(t, value, structVerbs+"pw")
		}
		exported := struct{ Auth client.Auth }{auth}
		for _, value := range []any{auth, &auth, []client.Auth{auth}, map[string]any{"x": auth}, exported, &exported, []any{exported}} {
			mustNotShow(t, value, structVerbs)
		}
	}
}

// mustNotShow fails the test if a secret is in any form of a value.
func mustNotShow(t *testing.T, value any, verbs string) {
	t.Helper()
	var out bytes.Buffer
	for _, flags := range []string{"", "+", "#", "-", " ", "0", "+#", "20", ".3", "[1]"} {
		for _, verb := range verbs {
			fmt.Fprintf(&out, "%"+flags+string(verb)+"\n", value)
		}
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).With("v", value).WithGroup("g").Info(fmt.Sprint(value, value), slog.Group("g", slog.Any("v", &value)))
	}
	asJSON, err1 := json.Marshal(map[string]any{"v": value})
	asXML, err2 := xml.Marshal(value)
	err3 := gob.NewEncoder(&out).Encode(value)
	fmt.Fprintf(&out, "%s %s %v %v %v", asJSON, asXML, err1, err2, err3)
	for _, form := range []string{"%s", "%x", "%X", "% x", "%d"} {
		if secret := bytes.Trim(fmt.Appendf(nil, form, []byte("HIDDEN")), "[]"); bytes.Contains(out.Bytes(), secret) {
			at := bytes.Index(out.Bytes(), secret)
			t.Errorf("%T shows a secret: %q", value, out.Bytes()[max(0, at-100):at+len(secret)])
			return
		}
	}
}

// TestErrorsShowNoSecrets has a server and a transport that return all they know.
func TestErrorsShowNoSecrets(t *testing.T) {
	t.Parallel()
	zeroWidth := strings.ReplaceAll(hiddenToken, "HIDDEN", "HID\u200bDEN")
	fail := func(text string) *http.Response {
		quoted, _ := json.Marshal(text)
		return newResponse(400, fmt.Sprintf(`{"code":%s,"message":%s,"details":{"api_name":%s,"x":%s},"status":"error"}`, quoted, quoted, quoted, quoted))
	}
	for _, test := range []struct {
		name    string
		ofToken func(r *http.Request, form string) (*http.Response, error) // the token request, nil: it succeeds
		ofAPI   func(r *http.Request) (*http.Response, error)
	}{
		{"error of the transport", func(_ *http.Request, form string) (*http.Response, error) { return nil, errors.New("lost: " + form) }, nil},
		{"panic of the transport", func(_ *http.Request, form string) (*http.Response, error) { panic(form) }, nil},
		{"error of the token endpoint", func(_ *http.Request, form string) (*http.Response, error) {
			values, _ := url.ParseQuery(form)
			return newResponse(200, fmt.Sprintf(`{"error":"some_error","error_description":%q}`, fmt.Sprint(form, values))), nil
		}, nil},
		{"api_domain", func(*http.Request, string) (*http.Response, error) {
			return newResponse(200, fmt.Sprintf(`{"access_token":%q,"api_domain":"https://www.zohoapis.in/%s/%s"}`, hiddenToken, hiddenToken, hiddenAuth.RefreshToken)), nil
		}, nil},
		{"long api_domain", func(*http.Request, string) (*http.Response, error) {
			return newResponse(200, fmt.Sprintf(`{"access_token":%q,"api_domain":"https://www.zohoapis.in/%s%s"}`, hiddenToken, strings.Repeat("x", 170), hiddenToken)), nil
		}, nil},
		{"error of the transport, for the API", nil, func(r *http.Request) (*http.Response, error) { return nil, fmt.Errorf("lost: %v", r.Header) }},
		{"broken body", nil, func(r *http.Request) (*http.Response, error) {
			res := newResponse(200, "")
			res.Body = io.NopCloser(iotest.ErrReader(fmt.Errorf("lost: %v", r.Header)))
			return res, nil
		}},
		{"error of the API", nil, func(r *http.Request) (*http.Response, error) { return fail(fmt.Sprint("X ", r.Header)), nil }},
		{"error with zero-width characters", nil, func(*http.Request) (*http.Response, error) { return fail(zeroWidth), nil }},
		{"success", nil, func(*http.Request) (*http.Response, error) {
			return newResponse(200, strings.Replace(roleUpdated, "record updated", hiddenToken, 1)), nil
		}},
		{"page", nil, func(r *http.Request) (*http.Response, error) {
			return newResponse(400, fmt.Sprintf("<html>%v", r.Header)), nil
		}},
		{"page with zero-width characters", nil, func(*http.Request) (*http.Response, error) { return newResponse(400, "<html>"+zeroWidth), nil }},
		{"page cut at its end", nil, func(*http.Request) (*http.Response, error) { return newResponse(400, "<html>"+hiddenToken[:12]), nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			allowViolations(t)
			lines, logger := jsonLogger()
			crm := newClient(t, client.EU, hiddenAuth, client.WithLogger(logger), client.WithMaxAttempts(1), roundTripFunc(func(r *http.Request) (*http.Response, error) {
				if r.Header.Get("Authorization") != "" {
					return test.ofAPI(r)
				}
				form, _ := io.ReadAll(r.Body)
				if test.ofToken != nil {
					return test.ofToken(r, string(form))
				}
				return newResponse(200, `{"access_token":"`+hiddenToken+`"}`), nil
			}).option())
			result, err := crm.UpdateContactRole(t.Context(), roleID, roleUpdate)
			if err == nil != (test.name == "success") {
				t.Fatal(err)
			}
			for _, value := range []any{err, result, lines.String()} {
				mustNotShow(t, value, "vsqxX")
			}
		})
	}
}

// TestErrorsOfATokenSourceShowNoSecrets has errors as net/http and programs make them.
func TestErrorsOfATokenSourceShowNoSecrets(t *testing.T) {
	t.Parallel()
	const secret = "1000.HIDDEN"
	const query = "?refresh_token=" + secret + "&client_secret=" + secret
	post := func(address string) error { return second(http.Post(address, "", nil)) } //nolint:noctx,bodyclose // it fails
	for _, test := range []struct {
		err  error
		want string // in the message
	}{
		{post("accounts.example.com/oauth" + query), `Post "accounts.example.com/oauth": unsupported protocol scheme`},
		{post("localhost:1/oauth" + query), `Post "localhost:1/oauth": unsupported`},
		{post("https:accounts.example.com/oauth" + query), "no Host in request URL"},
		{post("htps://accounts.example.com/oauth" + query), `Post "htps://accounts.example.com/oauth": unsupported`},
		{post("https://accounts.example.com/oauth" + query + "\n"), `parse "https://accounts.example.com/oauth": net/url: invalid control character`},
		{post("https://accounts.example.com/oauth%zz" + query), `parse "https://accounts.example.com/oauth%zz": invalid URL escape`},
		{post("htps://accounts.example.com/#refresh_token=" + secret), `Post "htps://accounts.example.com/": unsupported`},
		{post(`htps://accounts.example.com/"a?b` + query), `unsupported protocol scheme`},
		{post("htps://user:" + secret + "@accounts.example.com/oauth?" + secret), `Post "htps://accounts.example.com/oauth": unsupported`},
		{fmt.Errorf("refresh: %w", post("accounts.example.com/oauth"+query)), `refresh: Post "accounts.example.com/oauth": unsupported`},
		{errors.Join(post("htps://a.example.com/"+query), post("b.example.com/"+query), post("htps://c.example.com/?"+secret)), `Post "b.example.com/": unsupported`},
		{&url.Error{Op: "Post", URL: "https://x.example.com/", Err: errors.New("body: client_secret=" + secret)}, "body: client_secret=(redacted)"},
		{errors.New("the form grant_type=x&refresh_token=" + secret + "&code='" + secret + "' failed"), "refresh_token=(redacted)&code=(redacted)' failed"},
		{errors.New("GET https://user:" + secret + "@x.example.com/a?" + secret + " failed"), "GET https://x.example.com/a failed"},
		{errors.New("GET user:" + secret + "@x.example.com/a?b=" + secret + " failed"), "GET x.example.com/a failed"},
		{errors.New("redirect to x.example.com/#access_token=" + secret + " failed"), "redirect to x.example.com/ failed"},
		{errors.New("status_code=403 at 10:15, is it down? write to admin@example.com, issue #12"), "status_code=403 at 10:15, is it down? write to admin@example.com, issue #12"},
	} {
		for _, panics := range []bool{false, true} {
			crm := newClient(t, client.EU, client.TokenSource(tokenSourceFunc(func() (*oauth2.Token, error) {
				if panics {
					panic(test.err)
				}
				return nil, test.err
			})))
			err := update(t, crm)
			if text := err.Error(); strings.Contains(text, "HIDDEN") || !panics && !strings.Contains(text, test.want) {
				t.Errorf("%q: %s", test.want, text)
			}
		}
	}
}

// secretCache returns errors, and panics, with the values that it handles.
type secretCache struct {
	values map[string][]byte
	panics bool
}

func (c secretCache) Get(_ context.Context, key string) ([]byte, error) {
	return c.values[key], fmt.Errorf("broken: %s: %s", key, c.values[key])
}

func (c secretCache) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	c.values[key] = value
	if c.panics {
		panic(key + string(value))
	}
	return fmt.Errorf("broken: %s: %s", key, value)
}

func TestErrorsOfACacheShowNoSecrets(t *testing.T) {
	t.Parallel()
	for _, panics := range []bool{false, true} {
		z := &fakeZoho{respondUpdate: rejectTokens(token(1))}
		auth, store := credentials(), secretCache{map[string][]byte{}, panics}
		auth.Cache = store
		lines, logger := jsonLogger()
		for range 2 {
			mustUpdate(t, z.client(t, auth, client.WithLogger(logger)))
		}
		if !strings.Contains(lines.String(), "broken") {
			t.Errorf("the log has no errors: %s", lines)
		}
		for key := range store.values {
			if log := lines.String(); strings.Contains(log, key) || strings.Contains(log, "1000.") {
				t.Errorf("the log shows a key or a token: %s", log)
			}
		}
	}
}

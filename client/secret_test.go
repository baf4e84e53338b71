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
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

// TestSecretsAreHidden formats, logs and marshals every exported value that holds a secret.
func TestSecretsAreHidden(t *testing.T) {
	const id, secret, refresh, access = "1000.HIDDENID", "HIDDENSECRET", "1000.HIDDENREFRESH", "1000.HIDDENACCESS"
	store := &cache{values: map[string][]byte{}}
	byRefresh := client.RefreshToken{ClientID: id, ClientSecret: secret, RefreshToken: refresh, Cache: store}
	bySelf := client.ClientCredentials{ClientID: id, ClientSecret: secret, OrgID: "HIDDENORG", Cache: store}
	static := client.StaticToken(access)
	fromLibrary := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: access, RefreshToken: refresh})
	source := client.TokenSource(fromLibrary)
	granting := transport(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") == "" {
			return answer(http.StatusOK, `{"access_token":"`+access+`","expires_in":3600}`), nil
		}
		return answer(http.StatusOK, roleUpdated), nil
	})
	uncached := byRefresh // which gob can encode
	uncached.Cache = nil
	values := map[any]string{static: verbs, source: verbs, byRefresh: verbsOfStructs, &byRefresh: verbsOfStructs, &bySelf: verbsOfStructs, uncached: verbsOfStructs}
	// The source of a client is not shown itself: its flight may be about to end.
	for _, auth := range []client.Auth{byRefresh, bySelf, static, client.TokenSource(fromLibrary)} {
		crm := newClient(t, client.EU, auth, granting.option())
		mustUpdate(t, crm) // so that it has a token
		values[crm], values[&[]client.Client{*crm}] = verbs, verbs
		for _, v := range []any{auth} {
			text := v.(fmt.Stringer).String() + v.(slog.LogValuer).LogValue().String() // for those that look for no Formatter
			if text != "(redacted)(redacted)" {
				t.Errorf("%T calls itself %s", v, text)
			}
		}
	}
	for value, verbs := range values {
		for _, shown := range []any{value, &value, []any{value}, map[string]any{"x": value}, [1]any{value}} {
			show(t, shown, verbs, "HIDDEN")
		}
		type holder struct {
			Auth    client.Auth
			Refresh client.RefreshToken
			Self    *client.ClientCredentials
			Any     any
		}
		in := holder{static, byRefresh, &bySelf, value}
		for _, shown := range []any{in, &in, []holder{in}, map[string]holder{"x": in}, bySelf, []client.Auth{byRefresh, bySelf, static, source}} {
			show(t, shown, verbsOfStructs, "HIDDEN")
		}
	}
}

// fmt shows the fields of a struct by %p and %w, and by a wrong verb for a pointer within a container to a
// struct that holds it, without looking for a Formatter: there is no way to hide those that are plain
// strings, as those of RefreshToken and ClientCredentials.
const (
	verbs          = verbsOfStructs + "pw"
	verbsOfStructs = "abcdefghijklmnoqrstuvxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// show fails the test if a secret is in any form of v.
func show(t *testing.T, v any, verbs string, secrets ...string) {
	t.Helper()
	var forms [][]byte
	for _, secret := range secrets {
		for _, form := range []string{"%s", "%x", "%X", "% x", "%d"} {
			forms = append(forms, bytes.Trim(fmt.Appendf(nil, form, []byte(secret)), "[]"))
		}
	}
	hidden := func(how string, out []byte) {
		t.Helper()
		if slices.ContainsFunc(forms, func(form []byte) bool { return bytes.Contains(out, form) }) {
			t.Errorf("%T by %s: %s", v, how, out)
		}
	}
	for _, flags := range []string{"", "+", "#", "-", " ", "0", "+#", "20", ".3", "[1]"} {
		for _, verb := range verbs {
			format := "%" + flags + string(verb)
			hidden(format, fmt.Appendf(nil, format, v))
		}
	}
	hidden("print", fmt.Append(nil, v, v))
	for _, format := range []string{"no verb", "%", "%!", "%*d %[9]d %.*f"} {
		hidden(format, fmt.Appendf(nil, format, v, v))
	}
	var out bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		logger := slog.New(handler)
		logger.Info("value", "v", v, slog.Group("g", slog.Any("v", v)))
		logger.With("v", v).WithGroup("g").Info(fmt.Sprint(v), slog.Any("v", &v))
	}
	hidden("slog", out.Bytes())
	data, _ := json.Marshal(v) // an error shows nothing either, or the test fails below
	hidden("json", data)
	data, err := json.MarshalIndent(map[string]any{"v": v}, "", " ")
	hidden("json", append(data, fmt.Sprint(err)...))
	data, err = xml.Marshal(v)
	hidden("xml", append(data, fmt.Sprint(err)...))
	out.Reset()
	err = gob.NewEncoder(&out).Encode(v)
	hidden("gob", append(out.Bytes(), fmt.Sprint(err)...))
}

// TestErrorsHideSecrets shows errors in all forms, of a transport that tells all it knows.
func TestErrorsHideSecrets(t *testing.T) {
	secrets := credentials()
	for name, tell := range map[string]func(r *http.Request, body []byte) (*http.Response, error){
		"error of the transport": func(r *http.Request, body []byte) (*http.Response, error) {
			return nil, fmt.Errorf("cannot send %v %s", r.Header, body)
		},
		"error of the token endpoint": func(r *http.Request, body []byte) (*http.Response, error) {
			text := fmt.Sprintf("%v %s %s", r.Header, body, secrets.RefreshToken)
			return answer(http.StatusOK, fmt.Sprintf(`{"error":"some_error","error_description":%q}`, text)), nil
		},
		"api_domain": func(r *http.Request, body []byte) (*http.Response, error) {
			return answer(http.StatusOK, fmt.Sprintf(`{"access_token":%q,"api_domain":"https://x.example.com/%s"}`, token(1), secrets.ClientSecret)), nil
		},
		"answer of the API": func(r *http.Request, body []byte) (*http.Response, error) {
			if r.Header.Get("Authorization") == "" {
				return answer(http.StatusOK, granted(1)), nil
			}
			text := fmt.Sprintf("%v", r.Header)
			return answer(http.StatusBadRequest, fmt.Sprintf(`{"code":"X %s","message":%q,"details":{"x":%q}}`, r.Header.Get("Authorization"), text, text)), nil
		},
		"page of the API": func(r *http.Request, body []byte) (*http.Response, error) {
			if r.Header.Get("Authorization") == "" {
				return answer(http.StatusOK, granted(1)), nil
			}
			return answer(http.StatusBadRequest, fmt.Sprintf("<html>%v", r.Header)), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.HasSuffix(name, "of the API") {
				breaksContract(t)
			}
			secrets.RefreshToken += "1" // or the token of another test would do
			lines, logger := jsonLines()
			crm := newClient(t, client.EU, secrets, client.WithLogger(logger), client.WithMaxAttempts(1), transport(func(r *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				return tell(r, body)
			}).option())
			result, err := crm.UpdateContactRole(t.Context(), roleID, rename)
			if err == nil {
				t.Fatal("the call succeeds")
			}
			shown := []any{err, result, lines.String()}
			if failure, ok := errors.AsType[*client.Error](err); ok {
				shown = append(shown, *failure)
			}
			if failure, ok := errors.AsType[*client.AuthError](err); ok {
				shown = append(shown, *failure)
			}
			for _, v := range shown {
				show(t, v, verbs, secrets.ClientID, secrets.ClientSecret, secrets.RefreshToken, token(1))
			}
		})
	}
}

// TestBrokenBody has a transport tell the token in the error of a body: the text of ours must not.
func TestBrokenBody(t *testing.T) {
	breaksContract(t)
	lines, logger := jsonLines()
	crm := newClient(t, client.EU, client.StaticToken(token(1)), client.WithLogger(logger), client.WithMaxAttempts(1), transport(func(r *http.Request) (*http.Response, error) {
		res := answer(http.StatusOK, "")
		res.Body = io.NopCloser(iotest.ErrReader(fmt.Errorf("reset: %v", r.Header)))
		return res, nil
	}).option())
	result, err := crm.UpdateContactRole(t.Context(), roleID, rename)
	if shown := fmt.Sprintf("%v %+v %s", err, result, lines); !strings.Contains(shown, "reset") || strings.Contains(shown, token(1)) {
		t.Errorf("shown: %s", shown)
	}
}

func TestTokenInSuccess(t *testing.T) {
	crm := newClient(t, client.EU, client.StaticToken("1000.secretsecret"), transport(func(r *http.Request) (*http.Response, error) {
		return answer(200, strings.Replace(roleUpdated, "record updated", r.Header.Get("Authorization"), 1)), nil
	}).option())
	result, err := crm.UpdateContactRole(t.Context(), roleID, rename)
	if strings.Contains(fmt.Sprintf("%+v %v", result, err), "secretsecret") {
		t.Errorf("%+v", result)
	}
}

func TestEscapedToken(t *testing.T) {
	crm := newClient(t, client.EU, client.StaticToken("1000.secretsecret"), transport(func(r *http.Request) (*http.Response, error) {
		return answer(400, strings.Replace(wrong, "text", `1000.\u0073ecretsecret`, 1)), nil
	}).option())
	if err := update(t, crm); strings.Contains(err.Error(), "1000.secretsecret") {
		t.Error(err)
	}
}

func TestEncodedSecret(t *testing.T) {
	auth := credentials()
	auth.ClientSecret = "super secret+value/x"
	crm := newClient(t, client.EU, auth, client.WithMaxAttempts(1), transport(func(r *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		return nil, fmt.Errorf("proxy refuses %s", body)
	}).option())
	if err := update(t, crm); strings.Contains(err.Error(), "super+secret%2Bvalue") {
		t.Error(err)
	}
}

// putPanics and getFails tell the value that they handle.
type (
	putPanics struct{}
	getFails  struct{ value []byte }
)

func (*putPanics) Get(context.Context, string) ([]byte, error) { return nil, nil }
func (*putPanics) Put(_ context.Context, _ string, value []byte, _ time.Duration) error {
	panic(string(value))
}
func (c *getFails) Get(context.Context, string) ([]byte, error) {
	return c.value, fmt.Errorf("broken: %s", c.value)
}
func (c *getFails) Put(_ context.Context, _ string, value []byte, _ time.Duration) error {
	c.value = value
	return nil
}

func TestTokenInErrorOfCache(t *testing.T) {
	for _, store := range []client.Cache{&putPanics{}, &getFails{}} {
		z := &zoho{}
		auth := credentials()
		auth.Cache = store
		lines, logger := jsonLines()
		crm := z.client(t, auth, client.WithLogger(logger))
		first := update(t, crm)
		z.update = refusing(token(1))
		second := update(t, crm)
		if text := fmt.Sprint(first, second, lines); strings.Contains(text, token(1)) || strings.Contains(text, token(2)) {
			t.Errorf("%T: a token is shown: %s", store, text)
		}
	}
}

func TestTokenInAPIDomain(t *testing.T) {
	for _, domain := range []string{"https://www.zohoapis.in/1000.abcdef", strings.Repeat("x", 10_000)} {
		crm := newClient(t, client.EU, credentials(), transport(func(*http.Request) (*http.Response, error) {
			return answer(200, `{"access_token":"1000.abcdef","api_domain":"`+domain+`"}`), nil
		}).option())
		if text := fmt.Sprint(update(t, crm)); strings.Contains(text, "abcdef") || !strings.Contains(text, "is configured for "+client.EU.APIURL) {
			t.Errorf("%.1000s", text)
		}
	}
}

// A handler of logs may look into an error, whose cause is as the transport told it.
func TestLogHasNoCause(t *testing.T) {
	lines := &strings.Builder{}
	logger := slog.New(slog.NewTextHandler(lines, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if err, isError := a.Value.Any().(error); isError {
			if joined, isJoined := err.(interface{ Unwrap() []error }); isJoined {
				err = joined.Unwrap()[0]
			}
			a.Value = slog.StringValue(err.Error())
		}
		return a
	}}))
	crm := newClient(t, client.EU, client.StaticToken("1000.abcdef"), client.WithMaxAttempts(1), client.WithLogger(logger),
		transport(func(r *http.Request) (*http.Response, error) { return nil, fmt.Errorf("cannot send %v", r.Header) }).option())
	if err := update(t, crm); err == nil || lines.Len() == 0 || strings.Contains(lines.String(), "abcdef") {
		t.Errorf("%v: %s", err, lines)
	}
}

// The form of a token request is in the hands of the transport, which may panic with it.
func TestPanicWithSecret(t *testing.T) {
	auth := credentials()
	auth.ClientSecret = "super secret+value/x"
	crm := newClient(t, client.EU, auth, transport(func(r *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		panic(string(body))
	}).option())
	err := update(t, crm)
	if _, isAuth := errors.AsType[*client.AuthError](err); !isAuth || !strings.Contains(err.Error(), "panic") || strings.Contains(err.Error(), "secret%2Bvalue") {
		t.Error(err)
	}
}

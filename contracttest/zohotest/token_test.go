package zohotest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const formHeader = "Content-Type: application/x-www-form-urlencoded"

func (s *Server) refreshForm() url.Values {
	return url.Values{
		"grant_type": {"refresh_token"}, "client_id": {s.Auth().ClientID}, "client_secret": {s.Auth().ClientSecret},
		"refresh_token": {s.Auth().RefreshToken},
	}
}

// sendToken sends a token request with the credentials of the server, changed by pairs of keys and values.
func sendToken(t *testing.T, s *Server, change ...string) (status int, response map[string]any) {
	t.Helper()
	form := s.refreshForm()
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return sendForm(t, s, tokenPath, form.Encode(), formHeader)
}

func sendForm(t *testing.T, s *Server, path, form string, headers ...string) (status int, response map[string]any) {
	t.Helper()
	status, body := send(t, s, "POST", path, form, headers...)
	if err := json.Unmarshal([]byte(body), &response); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return status, response
}

func TestTokenResponse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change []string
		scope  string
	}{
		"refresh token": {nil, strings.Join(narrowestScopes(), " ")},
		"client credentials": {
			[]string{"grant_type", "client_credentials", "soid", "ZohoCRM.600001", "scope", "ZohoCRM.modules.ALL,ZohoCRM.settings.ALL"},
			"ZohoCRM.modules.ALL ZohoCRM.settings.ALL",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			status, got := sendToken(t, s, test.change...)
			token, _ := got["access_token"].(string)
			want := map[string]any{"access_token": token, "expires_in": 3600.0, "api_domain": s.URL, "token_type": "Bearer", "scope": test.scope}
			if status != 200 || !reflect.DeepEqual(got, want) {
				t.Errorf("got %d %v, want %v", status, got, want)
			}
			if !isValid(t, s, token) {
				t.Error("the token is not valid")
			}
		})
	}
}

func TestTokenErrorsHaveStatus200(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change []string
		want   string
	}{
		"other refresh token":     {[]string{"refresh_token", "1000.a.b"}, "invalid_code"},
		"other client":            {[]string{"client_id", "1000.X"}, "invalid_client"},
		"other secret":            {[]string{"client_secret", "x"}, "invalid_client_secret"},
		"other grant type":        {[]string{"grant_type", "password"}, "unsupported_grant_type"},
		"scopes with spaces":      {[]string{"grant_type", "client_credentials", "soid", "ZohoCRM.1", "scope", "ZohoCRM.modules.ALL ZohoCRM.settings.ALL"}, "invalid_scope"},
		"no scope":                {[]string{"grant_type", "client_credentials", "soid", "ZohoCRM.1"}, "invalid_scope"},
		"org id without ZohoCRM.": {[]string{"grant_type", "client_credentials", "soid", "1", "scope", "ZohoCRM.modules.ALL"}, "invalid_client"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if status, got := sendToken(t, newServer(t), test.change...); status != 200 || !reflect.DeepEqual(got, map[string]any{"error": test.want}) {
				t.Errorf("got %d %v, want %s", status, got, test.want)
			}
		})
	}
}

func TestCredentialsBelongInTheForm(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithStrict())
	form := s.refreshForm().Encode()
	for name, request := range map[string][3]string{
		"parameters in the URL": {"?" + form, "", formHeader},
		"secret in the URL":     {"?client_secret=x", form, formHeader},
		"JSON":                  {"", "{}", jsonHeader},
		"HTTP Basic":            {"", form, "Authorization: Basic YTpi"},
	} {
		_, got := sendForm(t, s, tokenPath+request[0], request[1], formHeader, request[2])
		if got["error"] != "invalid_client" {
			t.Errorf("%s: got %v, want invalid_client", name, got)
		}
	}
	var problem string
	s = newServer(t, WithProblemFunc(func(p string) { problem = p }))
	if _, got := sendForm(t, s, tokenPath+"?"+s.refreshForm().Encode(), ""); got["access_token"] == nil || !strings.Contains(problem, "send them as a form") {
		t.Errorf("parameters in the URL: got %v, reported %q", got, problem)
	}
}

func TestTokenThrottle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithInMemory())
		for i := range 10 {
			if status, got := sendToken(t, s); got["access_token"] == nil {
				t.Fatalf("token %d: got %d %v", i+1, status, got)
			}
		}
		throttled := map[string]any{
			"error": "Access Denied", "status": "failure",
			"error_description": "You have made too many requests continuously. Please try again after some time.",
		}
		if status, got := sendToken(t, s); status != 400 || !reflect.DeepEqual(got, throttled) {
			t.Errorf("the 11th token request gets %d %v, want %v", status, got, throttled)
		}
		if _, got := sendToken(t, s, "grant_type", "client_credentials", "soid", "ZohoCRM.1", "scope", "ZohoCRM.modules.ALL"); got["access_token"] == nil {
			t.Errorf("the throttle concerns other credentials: got %v", got)
		}
		time.Sleep(10*time.Minute - time.Second)
		if status, _ := sendToken(t, s); status != 400 {
			t.Error("the throttle ends before ten minutes")
		}
		time.Sleep(time.Second)
		if _, got := sendToken(t, s); got["access_token"] == nil {
			t.Errorf("the throttle does not end after ten minutes: got %v", got)
		}
	})
}

func TestThe16thTokenInvalidatesTheOldest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithInMemory())
		var tokens []string
		issue := func() {
			_, got := sendToken(t, s)
			tokens = append(tokens, got["access_token"].(string))
			time.Sleep(2 * time.Minute)
		}
		for range 15 {
			issue()
		}
		if !isValid(t, s, tokens[0]) {
			t.Error("the first of 15 tokens is invalid")
		}
		if issue(); isValid(t, s, tokens[0]) || !isValid(t, s, tokens[1]) || !isValid(t, s, tokens[15]) {
			t.Error("the 16th token did not invalidate the first, and only that")
		}
	})
}

func TestTokensExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithInMemory(), WithTokenLifetime(2*time.Hour))
		_, got := sendToken(t, s)
		token := got["access_token"].(string)
		if got["expires_in"] != 7200.0 {
			t.Errorf("expires_in is %v, want 7200", got["expires_in"])
		}
		if time.Sleep(2*time.Hour - time.Second); !isValid(t, s, token) {
			t.Error("the token expires before two hours")
		}
		if time.Sleep(time.Second); isValid(t, s, token) {
			t.Error("the token is valid for more than two hours")
		}
		if !isValid(t, s, s.AccessToken()) {
			t.Error("AccessToken expires")
		}
		issued := s.IssueToken()
		if s.ExpireTokens(); isValid(t, s, issued) || isValid(t, s, s.AccessToken()) {
			t.Error("a token is valid after ExpireTokens")
		}
	})
}

func TestRefreshTokenHasTheScopesOfTheOption(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithScopes("ZohoCRM.settings.ALL", "ZohoCRM.modules.ALL"))
	if _, got := sendToken(t, s); got["scope"] != "ZohoCRM.settings.ALL ZohoCRM.modules.ALL" {
		t.Errorf("the scopes are %v", got["scope"])
	}
}

func isValid(t *testing.T, s *Server, token string) bool {
	t.Helper()
	status, response := send(t, s, http.MethodPut, rolePath, roleBody, "Authorization: Zoho-oauthtoken "+token)
	if status != 200 && !strings.Contains(response, "INVALID_TOKEN") {
		t.Errorf("%d %s", status, response)
	}
	return status == 200
}

package zohotest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
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
		"refresh token": {nil, "ZohoCRM.modules.contacts.UPDATE ZohoCRM.settings.modules.UPDATE"},
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
	s := newServer(t)
	form := s.refreshForm().Encode()
	for name, request := range map[string][3]string{
		"secret in the URL":        {"?client_secret=x", form, formHeader},
		"refresh token in the URL": {"?refresh_token=x", form, formHeader},
		"client id in the URL":     {"?client_id=x", form, formHeader},
		"JSON":                     {"", "{}", jsonHeader},
		"HTTP Basic":               {"", form, "Authorization: Basic YTpi"},
	} {
		_, got := sendForm(t, s, tokenPath+request[0], request[1], formHeader, request[2])
		if got["error"] != "invalid_client" {
			t.Errorf("%s: got %v, want invalid_client", name, got)
		}
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

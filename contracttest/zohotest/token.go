package zohotest

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

// Zoho's limits for each refresh token.
const (
	maxTokensInPeriod = 10
	tokenPeriod       = 10 * time.Minute
	maxValidTokens    = 15
)

type issuedToken struct {
	value           string
	credential      string // the refresh token or soid that it was issued for, empty for IssueToken
	scopes          []string
	issued, expires time.Time
}

// AccessToken returns an access token with the scopes of [WithScopes]. It is valid until [Server.ExpireTokens].
func (s *Server) AccessToken() string { return s.accessToken }

// IssueToken returns a new access token, for [client.StaticToken], with the scopes of [WithScopes] if none are
// given.
func (s *Server) IssueToken(scopes ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(scopes) == 0 {
		scopes = s.scopes
	}
	return s.issue("", scopes)
}

// ExpireTokens makes all access tokens issued so far invalid.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.tokens {
		s.tokens[i].expires = time.Time{}
	}
	s.accessTokenExpired = true
}

// issue requires s.mu.
func (s *Server) issue(credential string, scopes []string) string {
	now := time.Now()
	t := issuedToken{newToken(), credential, slices.Clone(scopes), now, now.Add(s.tokenLifetime)}
	s.tokens = slices.DeleteFunc(s.tokens, func(t issuedToken) bool {
		return now.After(t.expires) && now.After(t.issued.Add(tokenPeriod))
	})
	s.tokens = append(s.tokens, t)
	return t.value
}

func newToken() string {
	var b [32]byte
	rand.Read(b[:])
	return fmt.Sprintf("1000.%x.%x", b[:16], b[16:])
}

var soid = regexp.MustCompile(`^ZohoCRM\.[0-9]+$`)

// respondToken responds to a token request. As at Zoho, most errors have status 200.
func (s *Server) respondToken(r *http.Request) response {
	credential, scopes, code := s.readTokenRequest(r)
	if code != "" {
		return jsonResponse(http.StatusOK, map[string]string{"error": code})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	inPeriod := 0
	var valid []*issuedToken
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.credential == credential && now.Before(t.issued.Add(tokenPeriod)) {
			inPeriod++
		}
		if t.credential == credential && now.Before(t.expires) {
			valid = append(valid, t)
		}
	}
	if inPeriod >= maxTokensInPeriod && !s.unthrottled {
		return jsonResponse(http.StatusBadRequest, map[string]string{
			"error":             "Access Denied",
			"error_description": "You have made too many requests continuously. Please try again after some time.",
			"status":            "failure",
		})
	}
	if len(valid) >= maxValidTokens {
		valid[0].expires = time.Time{}
	}
	return jsonResponse(http.StatusOK, map[string]any{
		"access_token": s.issue(credential, scopes),
		"expires_in":   int(s.tokenLifetime / time.Second),
		"api_domain":   s.URL,
		"token_type":   "Bearer",
		"scope":        strings.Join(scopes, " "),
	})
}

// readTokenRequest returns the credential by which tokens are counted and the scopes of the token, or an error
// code.
func (s *Server) readTokenRequest(r *http.Request) (credential string, scopes []string, code string) {
	_, _, basic := r.BasicAuth()
	if r.ParseForm() != nil || basic || r.Form.Get("client_id") != s.auth.ClientID || r.URL.RawQuery != "" && s.strict {
		return "", nil, "invalid_client"
	}
	if r.URL.RawQuery != "" {
		s.problem("zohotest: a token request has parameters in the URL, which logs may show: send them as a form")
	}
	if r.Form.Get("client_secret") != s.auth.ClientSecret {
		return "", nil, "invalid_client_secret"
	}
	switch r.Form.Get("grant_type") {
	case "refresh_token":
		if credential = r.Form.Get("refresh_token"); credential != s.auth.RefreshToken {
			return "", nil, "invalid_code"
		}
		return credential, s.scopes, ""
	case "client_credentials":
		if credential = r.Form.Get("soid"); !soid.MatchString(credential) {
			return "", nil, "invalid_client"
		}
		scopes = strings.Split(r.Form.Get("scope"), ",")
		for _, scope := range scopes {
			if !strings.HasPrefix(scope, "ZohoCRM.") || strings.Contains(scope, " ") {
				return "", nil, "invalid_scope"
			}
		}
		return credential, scopes, ""
	}
	return "", nil, "unsupported_grant_type"
}

// authorize returns the code of the error in the Authorization header, or an empty one. It requires s.mu.
func (s *Server) authorize(c call) client.Code {
	value, found := strings.CutPrefix(c.Header.Get("Authorization"), "Zoho-oauthtoken ")
	if !found {
		return client.CodeAuthenticationFailure
	}
	now := time.Now()
	at := slices.IndexFunc(s.tokens, func(t issuedToken) bool { return t.value == value && now.Before(t.expires) })
	scopes := s.scopes
	if at >= 0 {
		scopes = s.tokens[at].scopes
	} else if value != s.accessToken || s.accessTokenExpired {
		return client.CodeInvalidToken
	}
	for _, scope := range c.operation.Scopes {
		// ALL covers all operation types.
		all := scope[:strings.LastIndex(scope, ".")] + ".ALL"
		if slices.Contains(scopes, scope) || slices.Contains(scopes, all) {
			return ""
		}
	}
	return client.CodeOAuthScopeMismatch
}

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
	maxLiveTokens     = 15
)

type accessToken struct {
	value           string
	grant           string // what it was made from, empty if by IssueToken
	scopes          []string
	issued, expires time.Time
}

// IssueToken makes an access token, for [client.StaticToken]. No scopes means those of [WithScopes].
func (s *Server) IssueToken(scopes ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(scopes) == 0 {
		scopes = s.scopes
	}
	return s.issue("", scopes)
}

// ExpireTokens makes every access token so far invalid.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.tokens {
		s.tokens[i].expires = time.Time{}
	}
}

// issue wants s.mu held.
func (s *Server) issue(grant string, scopes []string) string {
	now := s.now()
	t := accessToken{newToken(), grant, slices.Clone(scopes), now, now.Add(s.tokenLifetime)}
	s.tokens = append(s.tokens, t)
	return t.value
}

func newToken() string {
	var b [32]byte
	rand.Read(b[:])
	return fmt.Sprintf("1000.%x.%x", b[:16], b[16:])
}

var soid = regexp.MustCompile(`^ZohoCRM\.[0-9]+$`)

// grantToken answers a token request. Most failures come with HTTP 200.
func (s *Server) grantToken(r *http.Request) answer {
	grant, scopes, problem := s.readGrant(r)
	if problem != "" {
		return jsonAnswer(http.StatusOK, map[string]string{"error": problem})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	inPeriod := 0
	var live []*accessToken
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.grant == grant && now.Before(t.issued.Add(tokenPeriod)) {
			inPeriod++
		}
		if t.grant == grant && now.Before(t.expires) {
			live = append(live, t)
		}
	}
	if inPeriod >= maxTokensInPeriod {
		return jsonAnswer(http.StatusBadRequest, map[string]string{
			"error":             "Access Denied",
			"error_description": "You have made too many requests continuously. Please try again after some time.",
			"status":            "failure",
		})
	}
	if len(live) >= maxLiveTokens {
		live[0].expires = time.Time{}
	}
	return jsonAnswer(http.StatusOK, map[string]any{
		"access_token": s.issue(grant, scopes),
		"expires_in":   int(s.tokenLifetime / time.Second),
		"api_domain":   s.URL,
		"token_type":   "Bearer",
		"scope":        strings.Join(scopes, " "),
	})
}

// readGrant returns what tokens are counted by, and the scopes of the token, or what is wrong.
func (s *Server) readGrant(r *http.Request) (grant string, scopes []string, problem string) {
	_, _, basic := r.BasicAuth()
	if r.ParseForm() != nil || basic || r.PostForm.Get("client_id") != s.auth.ClientID {
		return "", nil, "invalid_client"
	}
	for _, secret := range []string{"client_id", "client_secret", "refresh_token"} {
		if r.URL.Query().Has(secret) {
			return "", nil, "invalid_client"
		}
	}
	if r.PostForm.Get("client_secret") != s.auth.ClientSecret {
		return "", nil, "invalid_client_secret"
	}
	switch r.PostForm.Get("grant_type") {
	case "refresh_token":
		if grant = r.PostForm.Get("refresh_token"); grant != s.auth.RefreshToken {
			return "", nil, "invalid_code"
		}
		return grant, s.scopes, ""
	case "client_credentials":
		if grant = r.PostForm.Get("soid"); !soid.MatchString(grant) {
			return "", nil, "invalid_client"
		}
		scopes = strings.Split(r.PostForm.Get("scope"), ",")
		for _, scope := range scopes {
			if !strings.HasPrefix(scope, "ZohoCRM.") || strings.Contains(scope, " ") {
				return "", nil, "invalid_scope"
			}
		}
		return grant, scopes, ""
	}
	return "", nil, "unsupported_grant_type"
}

// authorize returns what is wrong with the Authorization header, or an empty code. It wants s.mu held.
func (s *Server) authorize(c call) client.Code {
	value, found := strings.CutPrefix(c.Header.Get("Authorization"), "Zoho-oauthtoken ")
	if !found {
		return client.CodeAuthenticationFailure
	}
	now := s.now()
	at := slices.IndexFunc(s.tokens, func(t accessToken) bool { return t.value == value && now.Before(t.expires) })
	if at < 0 {
		return client.CodeInvalidToken
	}
	if !slices.ContainsFunc(c.operation.Scopes, func(scope string) bool { return slices.Contains(s.tokens[at].scopes, scope) }) {
		return client.CodeOAuthScopeMismatch
	}
	return ""
}

package zohotest

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

// Limits of each refresh token.
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

// IssueToken makes an access token, for [client.StaticToken]. No scopes means those of WithScopes.
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
	t := accessToken{value: newToken(), grant: grant, scopes: slices.Clone(scopes), issued: now, expires: now.Add(s.tokenLifetime)}
	s.tokens = append(s.tokens, t)
	return t.value
}

func newToken() string { return "1000." + randomHex() + "." + randomHex() }

var orgID = regexp.MustCompile(`^ZohoCRM\.[0-9]+$`)

// grantToken answers the token endpoint. Most failures come with HTTP 200.
func (s *Server) grantToken(r *http.Request) answer {
	fail := func(code string) answer { return jsonAnswer(http.StatusOK, map[string]string{"error": code}) }
	_, _, basic := r.BasicAuth()
	query := r.URL.Query()
	if basic || query.Has("client_id") || query.Has("client_secret") || query.Has("refresh_token") || r.ParseForm() != nil {
		return fail("invalid_client")
	}
	form := r.PostForm
	switch {
	case form.Get("client_id") != s.auth.ClientID:
		return fail("invalid_client")
	case form.Get("client_secret") != s.auth.ClientSecret:
		return fail("invalid_client_secret")
	}
	var grant string
	scopes := s.scopes
	switch form.Get("grant_type") {
	case "refresh_token":
		if grant = form.Get("refresh_token"); grant != s.auth.RefreshToken {
			return fail("invalid_code")
		}
	case "client_credentials":
		if grant = form.Get("soid"); !orgID.MatchString(grant) {
			return fail("invalid_client")
		}
		scopes = strings.Split(form.Get("scope"), ",")
		for _, scope := range scopes {
			if !strings.HasPrefix(scope, "ZohoCRM.") || strings.ContainsAny(scope, " +") {
				return fail("invalid_scope")
			}
		}
	default:
		return fail("unsupported_grant_type")
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	var inPeriod int
	var live []*accessToken
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.grant != grant {
			continue
		}
		if now.Before(t.issued.Add(tokenPeriod)) {
			inPeriod++
		}
		if now.Before(t.expires) {
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

// authorize returns the code of what is wrong with the Authorization header, or an empty one.
func (s *Server) authorize(r *http.Request, o generated.Operation) client.Code {
	value, found := strings.CutPrefix(r.Header.Get("Authorization"), "Zoho-oauthtoken ")
	if !found || value == "" {
		return client.CodeAuthenticationFailure
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for _, t := range s.tokens {
		if t.value != value || !now.Before(t.expires) {
			continue
		}
		for _, scope := range o.Scopes {
			if slices.Contains(t.scopes, scope) {
				return ""
			}
		}
		return client.CodeOAuthScopeMismatch
	}
	return client.CodeInvalidToken
}

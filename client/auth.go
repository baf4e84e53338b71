package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"reflect"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/internal/errlist"
	"github.com/seed-87e331f0/zohocrm-go/internal/sanitize"
	"github.com/seed-87e331f0/zohocrm-go/internal/tokens"
)

// Auth is a way to get access tokens: [StaticToken], [RefreshToken], [ClientCredentials] or [TokenSource].
//
// It prints, logs and marshals as a placeholder. Warning: fmt calls no methods on values in unexported fields, so %+v of a struct
// with a [RefreshToken] or [ClientCredentials] in one prints the secrets.
type Auth interface {
	// newSource checks the credentials and returns the source of their tokens. The config is complete.
	newSource(DataCenter, *config) (tokens.Source, error)
}

// RefreshToken gets access tokens from a refresh token and refreshes them: for a program that acts for one user of an
// org. See https://www.zoho.com/crm/developer/docs/api/v7/refresh.html.
//
// Zoho issues at most 10 access tokens in 10 minutes for a refresh token, and the 16th valid one invalidates the oldest. One
// Client uses one token at a time. Share it between clients, processes and restarts through Cache.
type RefreshToken struct {
	// ClientID and ClientSecret are those of the client in Zoho's API console.
	ClientID, ClientSecret string
	// RefreshToken does not expire until it is revoked.
	RefreshToken string
	// Cache stores access tokens outside the process. Optional.
	Cache Cache

	redacted
}

// ClientCredentials gets access tokens from the credentials of a self client, without a user. See
// https://www.zoho.com/accounts/protocol/oauth/self-client/client-credentials-flow.html.
//
// The limits of [RefreshToken] apply.
type ClientCredentials struct {
	// ClientID and ClientSecret are those of the self client in Zoho's API console.
	ClientID, ClientSecret string
	// OrgID is the id of the org, without the prefix ZohoCRM.
	OrgID string
	// Scopes are the scopes to request. If empty, these are requested: ZohoCRM.modules.contacts.READ,
	// ZohoCRM.modules.contacts.UPDATE, ZohoCRM.settings.modules.READ, ZohoCRM.settings.modules.UPDATE and
	// ZohoCRM.settings.profiles.READ. Later versions will not add to this list.
	Scopes []string
	// Cache stores access tokens outside the process. Optional.
	Cache Cache

	redacted
}

// defaultScopes are those of the documentation of ClientCredentials.Scopes.
const defaultScopes = "ZohoCRM.modules.contacts.READ,ZohoCRM.modules.contacts.UPDATE," +
	"ZohoCRM.settings.modules.READ,ZohoCRM.settings.modules.UPDATE,ZohoCRM.settings.profiles.READ"

// Cache stores access tokens outside the process. Programs that start often and programs that run several times need
// one. The packages filecache and rediscache of this repository implement it.
//
// A key is 64 hexadecimal digits. A value holds an access token in plain text: protect it as a secret. Both methods must
// be safe for concurrent use. They have one second; an error or a timeout is logged, and the call goes on without the
// cache.
//
// A Cache that is not a [Locker], or that cannot lock, also gets a few short values under another key, by which processes
// agree on the one that requests a token.
type Cache interface {
	// Get returns the value that was put last for key, or nil and no error if there is none.
	Get(ctx context.Context, key string) ([]byte, error)
	// Put stores value for key, replacing an earlier one. It is of no use after ttl.
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
}

// Locker is implemented by a [Cache] that can lock a key, so that one process at a time requests a token.
type Locker interface {
	// Lock waits for the lock until ctx ends. The lock must expire by itself, after the deadline of ctx and some margin, or when
	// its process ends. unlock after that does nothing.
	Lock(ctx context.Context, key string) (unlock func(), err error)
}

// StaticToken uses a fixed access token that the caller obtains and refreshes, given without "Zoho-oauthtoken ". A call that
// Zoho rejects for its token is not repeated.
func StaticToken(token string) Auth {
	return &callerAuth{name: "StaticToken", source: func(*config) (tokens.Source, error) {
		return tokens.NewStatic(token), tokens.Check(token)
	}}
}

// TokenSource takes each access token from source, which stores and refreshes them. A call that Zoho rejects for its token is
// repeated if source then returns another one.
func TokenSource(source oauth2.TokenSource) Auth {
	return &callerAuth{name: "TokenSource", source: func(c *config) (tokens.Source, error) {
		if isNil(source) {
			return nil, errors.New("the oauth2.TokenSource is nil")
		}
		return &tokens.External{Timeout: c.tokenTimeout(), Get: func() (string, error) {
			token, err := source.Token()
			if err == nil && token == nil {
				err = errors.New("it returned no token")
			}
			if err == nil {
				err = tokens.Check(token.AccessToken)
			}
			if err != nil {
				return "", newExternalError(err)
			}
			return token.AccessToken, nil
		}}, nil
	}}
}

// callerAuth is an Auth whose tokens the caller obtains.
type callerAuth struct {
	name   string
	source func(*config) (tokens.Source, error)

	redacted
}

func (a *callerAuth) newSource(_ DataCenter, c *config) (tokens.Source, error) {
	source, err := a.source(c)
	if err != nil {
		return nil, fmt.Errorf("zohocrm: %s: %w", a.name, err)
	}
	return source, nil
}

func (a RefreshToken) newSource(dc DataCenter, c *config) (tokens.Source, error) {
	err := checkCredentials("RefreshToken", a.Cache, dc,
		credential{"ClientID", a.ClientID}, credential{"ClientSecret", a.ClientSecret}, credential{"RefreshToken", a.RefreshToken})
	if err != nil {
		return nil, err
	}
	return newSharedSource(dc, c, url.Values{
		"grant_type": {"refresh_token"}, "client_id": {a.ClientID}, "client_secret": {a.ClientSecret}, "refresh_token": {a.RefreshToken},
	}, a.Cache), nil
}

func (a ClientCredentials) newSource(dc DataCenter, c *config) (tokens.Source, error) {
	all := []credential{{"ClientID", a.ClientID}, {"ClientSecret", a.ClientSecret}, {"OrgID", a.OrgID}}
	for i, scope := range a.Scopes {
		all = append(all, credential{fmt.Sprintf("Scopes[%d]", i), scope})
	}
	err := checkCredentials("ClientCredentials", a.Cache, dc, all...)
	if strings.HasPrefix(strings.ToLower(a.OrgID), "zohocrm.") {
		err = errlist.Join([]error{err, errors.New("zohocrm: ClientCredentials.OrgID has the prefix ZohoCRM.: remove it")})
	}
	if err != nil {
		return nil, err
	}
	scopes := defaultScopes
	if len(a.Scopes) > 0 {
		scopes = strings.Join(a.Scopes, ",") // Zoho separates scopes by commas, not by OAuth's spaces.
	}
	return newSharedSource(dc, c, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {a.ClientID}, "client_secret": {a.ClientSecret},
		"scope": {scopes}, "soid": {"ZohoCRM." + a.OrgID},
	}, a.Cache), nil
}

// newSharedSource returns the source of tokens that are requested with a form, and shared through a cache if there is one.
func newSharedSource(dc DataCenter, c *config, form url.Values, cache Cache) tokens.Source {
	var secrets []string // the credentials, as they are and as a form encodes them
	for _, field := range []string{"client_secret", "refresh_token", "client_id"} {
		if value := form.Get(field); value != "" {
			secrets = append(secrets, value, url.QueryEscape(value))
		}
	}
	accounts := strings.TrimRight(dc.AccountsURL, "/")
	requester := &tokens.Requester{
		URL: accounts + tokenPath, Form: form, Secrets: secrets,
		Sender: c.sender, Policy: c.policy, Timeout: c.tokenTimeout(), UserAgent: c.userAgent, Logger: c.logger,
		CheckToken: func(token, apiDomain string) error {
			if err := tokens.Check(token); err != nil {
				return errors.New(unusableResponse(dc, err.Error()))
			}
			return dc.checkAPIDomain(apiDomain)
		},
		Explain: func(r tokens.Reply) error { return newTokenError(dc, cache != nil, secrets, r) },
	}
	key := sha256.Sum256([]byte(strings.ToLower(accounts) + "\n" + form.Encode()))
	settings := tokens.Config{
		Key: hex.EncodeToString(key[:]), Timeout: c.timeout, LockTimeout: min(c.tokenTimeout(), c.timeout/3), Logger: c.logger,
		Request: func(ctx context.Context, retried func(error)) (tokens.Token, *tokens.Failure) {
			return requester.Request(context.WithValue(ctx, operationKey{}, nil), retried) // the operation is that of a call that waits
		},
		Redact: func(text string, tokens ...string) string {
			return sanitize.Text(text, maxMessage, append(tokens, secrets...)...)
		},
	}
	if cache != nil {
		settings.Get, settings.Put = cache.Get, cache.Put
		if locker, ok := cache.(Locker); ok {
			settings.Lock = locker.Lock
		}
	}
	return &tokens.Shared{Config: settings}
}

type credential struct{ field, value string }

// checkCredentials returns one error for all that is wrong with an Auth.
func checkCredentials(auth string, cache Cache, dc DataCenter, credentials ...credential) error {
	errs := []error{checkURL("AccountsURL", dc.AccountsURL)}
	for _, c := range credentials {
		var rule string
		switch {
		case c.value == "":
			rule = "is empty: copy it from Zoho's API console"
		case strings.TrimSpace(c.value) != c.value:
			rule = "has white space around it: remove it"
		case strings.ContainsFunc(c.value, func(r rune) bool { return r < ' ' || r >= 0x7f || strings.ContainsRune("\"'`", r) }):
			rule = "has quotation marks, line breaks or characters that are not ASCII in it: remove them"
		default:
			continue
		}
		errs = append(errs, fmt.Errorf("zohocrm: %s.%s %s", auth, c.field, rule))
	}
	if cache != nil && isNil(cache) {
		errs = append(errs, fmt.Errorf("zohocrm: %s.Cache is a nil pointer or map: leave it out, or set it", auth))
	}
	return errlist.Join(errs)
}

// isNil reports whether an interface is nil, or holds a nil pointer, map, function, slice or channel.
func isNil(v any) bool {
	value := reflect.ValueOf(v)
	switch value.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Map, reflect.Func, reflect.Slice, reflect.Chan:
		return value.IsNil()
	default:
		return false
	}
}

// redacted makes a type that holds a secret print, log and marshal as a placeholder.
type redacted struct{}

// String returns a placeholder.
func (redacted) String() string { return sanitize.Placeholder }

// Format writes a placeholder for any verb.
func (redacted) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, sanitize.Placeholder) }

// LogValue returns a placeholder.
func (redacted) LogValue() slog.Value { return slog.StringValue(sanitize.Placeholder) }

// MarshalText returns a placeholder.
func (redacted) MarshalText() ([]byte, error) { return []byte(sanitize.Placeholder), nil }

// MarshalBinary returns a placeholder.
func (redacted) MarshalBinary() ([]byte, error) { return []byte(sanitize.Placeholder), nil }

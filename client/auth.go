package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/sync/singleflight"

	"github.com/seed-87e331f0/zohocrm-go/generated"
)

// Auth is a way to get access tokens: [StaticToken], [RefreshToken], [ClientCredentials] or
// [TokenSource]. It prints, logs and marshals as a placeholder, never as its secret.
type Auth interface {
	// source checks the credentials and returns where tokens for a data centre come from.
	source(DataCenter) (source, error)
}

// source is where access tokens come from. It is safe for concurrent use.
type source interface {
	// authorize returns an authorization: another one than Zoho refused, where refused is not nil and
	// there is another.
	authorize(ctx context.Context, deadline time.Time, c *Client, refused *authorization) (*authorization, error)
}

// authorization is an access token, made ready once for all requests.
type authorization struct {
	token  string
	secret []byte
	header []string
}

func newAuthorization(token string) *authorization {
	return &authorization{token: token, secret: []byte(token), header: []string{"Zoho-oauthtoken " + token}}
}

// RefreshToken makes access tokens from a refresh token, and renews them: the way of a program that
// acts for one user of an org. See https://www.zoho.com/crm/developer/docs/api/v7/refresh.html.
//
// Zoho gives a refresh token at most 10 access tokens in 10 minutes, so clients with equal credentials
// and the same Cache share one in a process; a Cache shares it between processes and restarts.
type RefreshToken struct {
	// ClientID and ClientSecret are those of the client in Zoho's API console.
	ClientID, ClientSecret string
	// RefreshToken is the refresh token, which does not expire until it is revoked.
	RefreshToken string
	// Cache keeps access tokens beyond the process. Optional.
	Cache Cache

	hidden
}

// ClientCredentials makes access tokens from the credentials of a self client, with no user. See
// https://www.zoho.com/accounts/protocol/oauth/self-client/client-credentials-flow.html.
//
// Tokens are shared as those of a [RefreshToken] are.
type ClientCredentials struct {
	// ClientID and ClientSecret are those of the self client in Zoho's API console.
	ClientID, ClientSecret string
	// OrgID is the id of the org, without the ZohoCRM. that stands before it in a token request.
	OrgID string
	// Scopes are the scopes to ask for; none means the narrowest of each operation of this package.
	Scopes []string
	// Cache keeps access tokens beyond the process. Optional.
	Cache Cache

	hidden
}

// Cache keeps access tokens outside the process: in a file, a secret store, Redis. Programs that
// start often and fleets need one, as Zoho gives a refresh token at most 10 access tokens in 10
// minutes. It is read before a new token is asked for, and written after.
//
// A key is a hash of the credentials and hosts. A value holds an access token in an encoding of this
// package's: keep it as a secret. An error of a Cache is logged and otherwise treated as an empty
// Cache. Both methods must be safe for concurrent use, and return when the context ends.
type Cache interface {
	// Get returns the value that was put last for the key, or nil and no error where there is none.
	Get(ctx context.Context, key string) ([]byte, error)
	// Put keeps a value for the key, in place of the one before it.
	Put(ctx context.Context, key string, value []byte) error
}

// StaticToken is an access token that somebody else got, and renews. A call that Zoho refuses for its
// token is not sent again. The token is given without "Zoho-oauthtoken ".
func StaticToken(token string) Auth { return &staticToken{authorization: newAuthorization(token)} }

// TokenSource takes access tokens from an OAuth library, which keeps and renews them. It is asked for a
// token before each request. A call that Zoho refuses for its token is sent again once, if tokens
// returns another one then.
func TokenSource(tokens oauth2.TokenSource) Auth { return &oauthTokens{tokens: tokens} }

func (a RefreshToken) source(dc DataCenter) (source, error) {
	if err := checkCredentials("RefreshToken", [2]string{"ClientID", a.ClientID}, [2]string{"ClientSecret", a.ClientSecret}, [2]string{"RefreshToken", a.RefreshToken}); err != nil {
		return nil, err
	}
	return newGrant(dc, clientcredentials.Config{ClientID: a.ClientID, ClientSecret: a.ClientSecret, EndpointParams: url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {a.RefreshToken},
	}}, a.Cache)
}

func (a ClientCredentials) source(dc DataCenter) (source, error) {
	if err := checkCredentials("ClientCredentials", [2]string{"ClientID", a.ClientID}, [2]string{"ClientSecret", a.ClientSecret}, [2]string{"OrgID", a.OrgID}); err != nil {
		return nil, err
	}
	if strings.HasPrefix(a.OrgID, "ZohoCRM.") {
		return nil, errors.New("zohocrm: ClientCredentials.OrgID begins with ZohoCRM.: leave that out")
	}
	scopes := a.Scopes
	if len(scopes) == 0 {
		for _, operation := range generated.Operations() {
			if narrowest := operation.Scopes[0]; !slices.Contains(scopes, narrowest) {
				scopes = append(scopes, narrowest)
			}
		}
	}
	return newGrant(dc, clientcredentials.Config{ClientID: a.ClientID, ClientSecret: a.ClientSecret, EndpointParams: url.Values{
		// Zoho takes commas between the scopes, where OAuth has spaces.
		"scope": {strings.Join(scopes, ",")}, "soid": {"ZohoCRM." + a.OrgID},
	}}, a.Cache)
}

// checkCredentials refuses a value, beside its field, that is empty or has blanks at an end.
func checkCredentials(auth string, credentials ...[2]string) error {
	for _, c := range credentials {
		if field, value := c[0], c[1]; value == "" || strings.TrimSpace(value) != value {
			return fmt.Errorf("zohocrm: %s.%s is empty or has blanks around it", auth, field)
		}
	}
	return nil
}

type staticToken struct {
	authorization *authorization
	hidden
}

func (a *staticToken) source(DataCenter) (source, error) {
	if err := checkToken(a.authorization.token); err != nil {
		return nil, fmt.Errorf("zohocrm: StaticToken: %w", err)
	}
	return a, nil
}

func (a *staticToken) authorize(context.Context, time.Time, *Client, *authorization) (*authorization, error) {
	return a.authorization, nil
}

type oauthTokens struct {
	tokens oauth2.TokenSource
	flight singleflight.Group
	hidden
}

func (a *oauthTokens) source(DataCenter) (source, error) {
	if isNil(a.tokens) {
		return nil, errors.New("zohocrm: TokenSource: the oauth2.TokenSource is nil")
	}
	return a, nil
}

func (a *oauthTokens) authorize(ctx context.Context, deadline time.Time, _ *Client, _ *authorization) (*authorization, error) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	// Token takes no context: a caller whose context ends must not wait for it.
	return wait(ctx, a.flight.DoChan("", recovered(func() (*authorization, error) {
		token, err := a.tokens.Token()
		if err != nil {
			return nil, &AuthError{Message: "the oauth2.TokenSource failed: " + err.Error(), cause: err}
		}
		if token == nil {
			return nil, &AuthError{Message: "the oauth2.TokenSource returned no token"}
		}
		if err := checkToken(token.AccessToken); err != nil {
			return nil, &AuthError{Message: "the oauth2.TokenSource: " + err.Error()}
		}
		return newAuthorization(token.AccessToken), nil
	})))
}

// recovered makes an error of a panic in the caller's code, which nobody could recover in a flight.
func recovered(get func() (*authorization, error), secrets ...string) func() (any, error) {
	return func() (auth any, err error) {
		defer func() {
			if r := recover(); r != nil {
				err = &AuthError{Message: "the TokenSource, Cache or RoundTripper panicked: " + redact(fmt.Sprint(r), secrets...)}
			}
		}()
		return get()
	}
}

// wait returns what a shared flight brings, unless ctx ends before.
func wait(ctx context.Context, flight <-chan singleflight.Result) (*authorization, error) {
	select {
	case result := <-flight:
		auth, _ := result.Val.(*authorization)
		return auth, result.Err
	case <-ctx.Done():
		return nil, &AuthError{Message: "the call ended before there was one: " + ctx.Err().Error(), cause: ctx.Err()}
	}
}

// checkToken refuses what cannot be an access token, without showing it.
func checkToken(token string) error {
	switch {
	case token == "":
		return errors.New("the access token is empty")
	case strings.HasPrefix(strings.ToLower(token), "zoho-oauthtoken"), strings.HasPrefix(strings.ToLower(token), "bearer "):
		return errors.New("the access token must be given without a scheme such as Zoho-oauthtoken")
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return errors.New("the access token has a space or a character that a header cannot carry")
	default:
		return nil
	}
}

// isNil reports whether an interface holds nothing, or a nil pointer or function.
func isNil(v any) bool {
	value := reflect.ValueOf(v)
	return !value.IsValid() || (value.Kind() == reflect.Pointer || value.Kind() == reflect.Func) && value.IsNil()
}

// hidden makes a type that holds a secret print, log and marshal as a placeholder.
type hidden struct{}

const placeholder = "(secret)"

// String returns a placeholder.
func (hidden) String() string { return placeholder }

// Format writes a placeholder for any verb.
func (hidden) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, placeholder) }

// LogValue returns a placeholder.
func (hidden) LogValue() slog.Value { return slog.StringValue(placeholder) }

// MarshalText returns a placeholder.
func (hidden) MarshalText() ([]byte, error) { return []byte(placeholder), nil }

// MarshalBinary returns a placeholder.
func (hidden) MarshalBinary() ([]byte, error) { return []byte(placeholder), nil }

// minSecret is the least length that is redacted: a shorter string is no secret of Zoho's, and may
// stand in any text.
const minSecret = 8

// redact takes secrets out of text that came from outside.
func redact(text string, secrets ...string) string {
	for _, secret := range secrets {
		if len(secret) >= minSecret {
			text = strings.ReplaceAll(text, secret, placeholder)
		}
	}
	return text
}

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

	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/internal/safetext"
	"github.com/seed-87e331f0/zohocrm-go/internal/tokens"
)

// Auth is a way to get access tokens: [StaticToken], [RefreshToken], [ClientCredentials] or
// [TokenSource]. It prints, logs and marshals as a placeholder, not as its secret; fmt, though, asks no
// method of a value in an unexported field, and prints a [RefreshToken] or [ClientCredentials] there.
type Auth interface {
	// source checks the credentials and returns where tokens for a data centre come from.
	source(DataCenter) (tokens.Source, error)
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
	// Scopes are the scopes to ask for; none means the narrowest of each operation of this package, which
	// are more where a later version has more operations.
	Scopes []string
	// Cache keeps access tokens beyond the process. Optional.
	Cache Cache

	hidden
}

// Cache keeps access tokens outside the process: in a file, a secret store, Redis. Programs that
// start often and fleets need one, as Zoho gives a refresh token at most 10 access tokens in 10
// minutes. It is read before a new token is asked for, and written after.
//
// A key is a hash of the credentials and hosts, in 64 hexadecimal digits. A value holds an access token in
// an encoding of this package's: keep it as a secret. An error of a Cache goes to the logger of
// [WithLogger] alone, so must not tell a value, and is otherwise treated as an empty Cache. Both methods
// must be safe for concurrent use, and return when the context ends, which has the time of an attempt. A
// Cache that holds its Client keeps both in memory for good.
type Cache interface {
	// Get returns the value that was put last for the key, or nil and no error where there is none.
	Get(ctx context.Context, key string) ([]byte, error)
	// Put keeps a value for the key, in place of the one before it.
	Put(ctx context.Context, key string, value []byte) error
}

// StaticToken is an access token that somebody else got, and renews. A call that Zoho refuses for its
// token is not sent again. The token is given without "Zoho-oauthtoken ".
func StaticToken(token string) Auth {
	source, err := tokens.Static(token)
	if err != nil {
		err = fmt.Errorf("zohocrm: StaticToken: %w", err)
	}
	return &given{tokens: source, err: err}
}

// TokenSource takes access tokens from an OAuth library, which keeps and renews them. It is asked for a
// token before each request. A call that Zoho refuses for its token is sent again once, if the library
// returns another one then.
func TokenSource(library oauth2.TokenSource) Auth {
	if isNil(library) {
		return &given{err: errors.New("zohocrm: TokenSource: the oauth2.TokenSource is nil")}
	}
	return &given{tokens: tokens.FromLibrary(library)}
}

// given is an Auth whose tokens are not of this package's making.
type given struct {
	tokens tokens.Source
	err    error
	hidden
}

func (a *given) source(DataCenter) (tokens.Source, error) { return a.tokens, a.err }

func (a RefreshToken) source(dc DataCenter) (tokens.Source, error) {
	if err := checkCredentials("RefreshToken", [2]string{"ClientID", a.ClientID}, [2]string{"ClientSecret", a.ClientSecret}, [2]string{"RefreshToken", a.RefreshToken}); err != nil {
		return nil, err
	}
	return grant(dc, a.ClientID, a.ClientSecret, a.Cache, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.RefreshToken}})
}

func (a ClientCredentials) source(dc DataCenter) (tokens.Source, error) {
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
	// Zoho takes commas between the scopes, where OAuth has spaces.
	return grant(dc, a.ClientID, a.ClientSecret, a.Cache, url.Values{"scope": {strings.Join(scopes, ",")}, "soid": {"ZohoCRM." + a.OrgID}})
}

// checkCredentials refuses each value, beside its field, that is empty or has blanks at an end.
func checkCredentials(auth string, credentials ...[2]string) error {
	var errs []error
	for _, c := range credentials {
		if field, value := c[0], c[1]; value == "" {
			errs = append(errs, fmt.Errorf("zohocrm: %s.%s is empty: copy it from Zoho's API console", auth, field))
		} else if strings.TrimSpace(value) != value {
			errs = append(errs, fmt.Errorf("zohocrm: %s.%s has blanks around it", auth, field))
		}
	}
	return joinErrors(errs)
}

func grant(dc DataCenter, id, secret string, cache Cache, parameters url.Values) (tokens.Source, error) {
	if err := checkURL("AccountsURL", dc.AccountsURL); err != nil {
		return nil, err
	}
	if cache != nil && isNil(cache) {
		return nil, errors.New("zohocrm: the Cache is nil: leave it out")
	}
	return tokens.NewGrant(tokens.Config{
		ClientID: id, ClientSecret: secret, Parameters: parameters, Cache: cache,
		AccountsURL: dc.AccountsURL, DataCenter: dc.Name, API: dc.APIURL, CheckAPIDomain: dc.checkAPIDomain,
	}), nil
}

// isNil reports whether an interface holds nothing, or a nil pointer or function.
func isNil(v any) bool {
	value := reflect.ValueOf(v)
	return !value.IsValid() || (value.Kind() == reflect.Pointer || value.Kind() == reflect.Func) && value.IsNil()
}

// hidden makes a type that holds a secret print, log and marshal as a placeholder.
type hidden struct{}

// String returns a placeholder.
func (hidden) String() string { return safetext.Placeholder }

// Format writes a placeholder for any verb.
func (hidden) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, safetext.Placeholder) }

// LogValue returns a placeholder.
func (hidden) LogValue() slog.Value { return slog.StringValue(safetext.Placeholder) }

// MarshalText returns a placeholder.
func (hidden) MarshalText() ([]byte, error) { return []byte(safetext.Placeholder), nil }

// MarshalBinary returns a placeholder.
func (hidden) MarshalBinary() ([]byte, error) { return []byte(safetext.Placeholder), nil }

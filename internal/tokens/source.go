// Package tokens gets access tokens from Zoho, keeps them and shares them.
package tokens

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/seed-87e331f0/zohocrm-go/internal/safetext"
	"github.com/seed-87e331f0/zohocrm-go/internal/wire"
)

// Source is where access tokens come from. It is safe for concurrent use.
type Source interface {
	// Authorize returns an authorization before deadline: another one than Zoho refused, where refused is
	// not nil and there is another.
	Authorize(ctx context.Context, deadline time.Time, sender *wire.Sender, refused *Authorization) (*Authorization, *Failure)
}

// Authorization is an access token, made ready once for all requests.
type Authorization struct {
	Token  string
	Secret []byte   // the token
	Header []string // the token as a header has it
}

func newAuthorization(token string) *Authorization {
	return &Authorization{Token: token, Secret: []byte(token), Header: []string{"Zoho-oauthtoken " + token}}
}

// Failure is why there is no access token.
type Failure struct {
	Status    int    // of the token endpoint, 0 where it did not answer
	Code      string // of the token endpoint
	Throttled bool
	Message   string
	Cause     error
}

// Error returns the message.
func (f *Failure) Error() string { return f.Message }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Cause }

// Static returns the source of one token.
func Static(token string) (Source, error) {
	if err := check(token); err != nil {
		return nil, err
	}
	return (*static)(newAuthorization(token)), nil
}

type static Authorization

func (s *static) Authorize(context.Context, time.Time, *wire.Sender, *Authorization) (*Authorization, *Failure) {
	return (*Authorization)(s), nil
}

// FromLibrary returns a source that asks an OAuth library for each token.
func FromLibrary(tokens oauth2.TokenSource) Source { return &library{tokens: tokens} }

type library struct {
	tokens oauth2.TokenSource
	flight singleflight.Group
}

func (l *library) Authorize(ctx context.Context, deadline time.Time, _ *wire.Sender, _ *Authorization) (*Authorization, *Failure) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	// Token takes no context: a caller whose context ends must not wait for it.
	return wait(ctx, l.flight.DoChan("", recovered(func() (*Authorization, *Failure) {
		token, err := l.tokens.Token()
		if err != nil {
			return nil, &Failure{Message: "the oauth2.TokenSource failed: " + err.Error(), Cause: err}
		}
		if token == nil {
			return nil, &Failure{Message: "the oauth2.TokenSource returned no token"}
		}
		if err := check(token.AccessToken); err != nil {
			return nil, &Failure{Message: "the oauth2.TokenSource: " + err.Error()}
		}
		return newAuthorization(token.AccessToken), nil
	}, func() []string { return nil })))
}

// recovered makes a failure of a panic in the caller's code, which nobody could recover in a flight.
func recovered(get func() (*Authorization, *Failure), secrets func() []string) func() (any, error) {
	return func() (auth any, err error) {
		defer func() {
			if r := recover(); r != nil {
				err = &Failure{Message: "the TokenSource, Cache or RoundTripper panicked: " + safetext.Redact(fmt.Sprint(r), secrets()...)}
			}
		}()
		auth, failure := get()
		if failure != nil {
			return nil, failure
		}
		return auth, nil
	}
}

// wait returns what a shared flight brings, unless ctx ends before.
func wait(ctx context.Context, flight <-chan singleflight.Result) (*Authorization, *Failure) {
	select {
	case result := <-flight:
		auth, _ := result.Val.(*Authorization)
		failure, _ := result.Err.(*Failure) //nolint:errorlint // a flight returns nothing else
		return auth, failure
	case <-ctx.Done():
		return nil, &Failure{Message: "the call ended before there was one: " + ctx.Err().Error(), Cause: ctx.Err()}
	}
}

// tokenCharacters are those of https://www.rfc-editor.org/rfc/rfc6750#section-2.1.
const tokenCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="

// check refuses what cannot be an access token, without showing it.
func check(token string) error {
	switch {
	case token == "":
		return errors.New("the access token is empty")
	case strings.HasPrefix(strings.ToLower(token), "zoho-oauthtoken"), strings.HasPrefix(strings.ToLower(token), "bearer "):
		return errors.New("the access token must be given without a scheme such as Zoho-oauthtoken")
	case strings.Trim(token, tokenCharacters) != "":
		return errors.New("the access token has a space or another character that no access token has")
	default:
		return nil
	}
}

package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"time"
	"weak"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/sync/singleflight"
)

const (
	// tokenMargin is how long before its end a token is renewed.
	tokenMargin = time.Minute
	// tokenLifetime is that of Zoho's tokens, for an answer that does not say.
	tokenLifetime    = time.Hour
	maxTokenLifetime = 24 * time.Hour
	// throttlePause is how long the token endpoint is left alone after it throttled.
	throttlePause = time.Minute
)

// credentials are what access tokens are made from.
type credentials struct {
	dc                     DataCenter
	clientID, clientSecret string
	parameters             url.Values // those of the grant type
}

// key names the credentials without telling them.
func (c *credentials) key() string {
	sum := sha256.Sum256([]byte(strings.Join(
		[]string{c.dc.APIURL, c.dc.AccountsURL, c.clientID, c.clientSecret, c.parameters.Encode()}, "\n")))
	return hex.EncodeToString(sum[:])
}

// grant makes access tokens from credentials, one at a time, and keeps the newest.
type grant struct {
	credentials
	cache  Cache
	key    string
	flight singleflight.Group

	mu        sync.Mutex // never held over the network
	current   accessToken
	refused   time.Time // RenewAt of the last token that Zoho did not accept: one from a Cache must be newer
	pause     *AuthError
	pauseEnds time.Time
}

// accessToken is also what a [Cache] keeps, in JSON.
type accessToken struct {
	Key     string    `json:"key"`
	Value   string    `json:"access_token"`
	RenewAt time.Time `json:"renew_at"`
	Ends    time.Time `json:"ends"`

	authorization *authorization
}

func (t accessToken) usable() bool { return t.Value != "" && time.Now().Before(t.RenewAt) }

// grants are those in use, or with a token that is: clients with equal credentials share them.
var grants struct {
	sync.Mutex
	byKey map[grantKey]weak.Pointer[grant]
}

type grantKey struct {
	key   string
	cache Cache
}

func newGrant(c credentials, cache Cache) (*grant, error) {
	if err := checkURL("AccountsURL", c.dc.AccountsURL); err != nil {
		return nil, err
	}
	if cache != nil && isNil(cache) {
		return nil, errors.New("zohocrm: the Cache is nil: leave it out")
	}
	g := &grant{credentials: c, cache: cache, key: c.key()}
	if cache != nil && !reflect.ValueOf(cache).Comparable() {
		return g, nil
	}
	key := grantKey{g.key, cache}
	grants.Lock()
	defer grants.Unlock()
	if shared := grants.byKey[key].Value(); shared != nil {
		return shared, nil
	}
	if grants.byKey == nil {
		grants.byKey = map[grantKey]weak.Pointer[grant]{}
	}
	grants.byKey[key] = weak.Make(g)
	runtime.AddCleanup(g, func(key grantKey) {
		grants.Lock()
		defer grants.Unlock()
		if grants.byKey[key].Value() == nil {
			delete(grants.byKey, key)
		}
	}, key)
	return g, nil
}

func (g *grant) ready() *authorization {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.current.usable() {
		return nil
	}
	return g.current.authorization
}

func (g *grant) authorize(ctx context.Context, deadline time.Time, c *Client, refused *authorization) (*authorization, error) {
	if refused != nil {
		g.drop(refused)
	}
	if ready := g.ready(); ready != nil {
		return ready, nil
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	// The flight serves every caller that waits: it outlives the one that started it, and belongs to
	// no operation.
	detached := context.WithValue(context.WithoutCancel(ctx), operationKey{}, nil)
	for {
		own := false
		got, err := wait(ctx, g.flight.DoChan("", recovered(func() (*authorization, error) { own = true; return g.refresh(detached, c) }, g.secrets()...)))
		// The limits of the client that began a flight are not those of the others.
		if ctx.Err() != nil || own || !errors.Is(err, context.DeadlineExceeded) {
			return got, err
		}
	}
}

// drop forgets a token that Zoho refused, unless there is a newer one already.
func (g *grant) drop(refused *authorization) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.current.Value == refused.token {
		g.current, g.refused = accessToken{}, g.current.RenewAt
	}
}

// refresh returns a token from the flight before, from the cache, or from the token endpoint.
func (g *grant) refresh(ctx context.Context, c *Client) (*authorization, error) {
	g.mu.Lock()
	refused, pause, pauseEnds := g.refused, g.pause, g.pauseEnds
	g.mu.Unlock()
	if ready := g.ready(); ready != nil {
		return ready, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if cached := g.cached(ctx, c.logger); cached.usable() && cached.RenewAt.After(refused) {
		return g.keep(cached), nil
	}
	if time.Now().Before(pauseEnds) {
		return g.remaining(pause)
	}
	token, authErr := g.request(ctx, c)
	if authErr != nil {
		if authErr.Throttled {
			g.mu.Lock()
			g.pause, g.pauseEnds = authErr, time.Now().Add(throttlePause)
			g.mu.Unlock()
			g.hold(throttlePause)
		}
		return g.remaining(authErr)
	}
	authorization := g.keep(token)
	if g.cache != nil {
		value, err := json.Marshal(token) //nolint:gosec // the secret is what a Cache is for
		if err == nil {
			err = g.cache.Put(ctx, g.key, value)
		}
		if err != nil {
			c.logger.LogAttrs(ctx, slog.LevelWarn, "zohocrm: the token cache failed to keep a token", slog.String("error", redact(oneLine(err.Error()), token.Value)))
		}
	}
	return authorization, nil
}

// remaining returns the token that should be renewed but still lives, or why it was not renewed.
func (g *grant) remaining(authErr *AuthError) (*authorization, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Now().Before(g.current.Ends) {
		return g.current.authorization, nil
	}
	return nil, authErr
}

func (g *grant) keep(token accessToken) *authorization {
	token.authorization = newAuthorization(token.Value)
	g.mu.Lock()
	g.current = token
	g.mu.Unlock()
	g.hold(time.Until(token.RenewAt))
	return token.authorization
}

// hold keeps g for clients to come, where none has it now: Zoho counts its tokens all the same.
func (g *grant) hold(d time.Duration) {
	time.AfterFunc(d, func() { runtime.KeepAlive(g) })
}

func (g *grant) cached(ctx context.Context, logger *slog.Logger) (token accessToken) {
	if g.cache == nil {
		return accessToken{}
	}
	value, err := g.cache.Get(ctx, g.key)
	if err != nil {
		logger.LogAttrs(ctx, slog.LevelWarn, "zohocrm: the token cache failed to return a token", slog.String("error", oneLine(err.Error())))
	}
	if err != nil || json.Unmarshal(value, &token) != nil || token.Key != g.key || checkToken(token.Value) != nil {
		return accessToken{}
	}
	return token
}

// request asks the token endpoint for a token, again where it did not answer.
func (g *grant) request(ctx context.Context, c *Client) (token accessToken, authErr *AuthError) {
	attempt := func() verdict {
		attempt, cancel := context.WithTimeout(ctx, c.attemptTimeout)
		defer cancel()
		token, authErr = g.requestOnce(attempt, c)
		if authErr == nil {
			return verdict{}
		}
		status, cause := authErr.StatusCode, authErr.cause
		return verdict{again: status >= 500 || status < 400 && cause != nil && isTransient(cause), after: authErr.after}
	}
	deadline, _ := ctx.Deadline()
	c.retry(ctx, deadline, attempt)
	return token, authErr
}

func (g *grant) requestOnce(ctx context.Context, c *Client) (accessToken, *AuthError) {
	// The library loses the status of an answer that it cannot read, and what cut one off.
	var a answer
	endpoint := &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		if err := c.send(req, &a); err != nil || a.cause != nil {
			return nil, errors.Join(err, a.cause)
		}
		return &http.Response{StatusCode: a.status, Body: io.NopCloser(bytes.NewReader(a.body))}, nil
	})}
	config := clientcredentials.Config{
		ClientID:       g.clientID,
		ClientSecret:   g.clientSecret,
		TokenURL:       strings.TrimSuffix(g.dc.AccountsURL, "/") + "/oauth/v2/token",
		EndpointParams: g.parameters,
		AuthStyle:      oauth2.AuthStyleInParams, // a probe would waste one of the ten requests
	}
	asked := time.Now().Round(0)
	token, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, endpoint))
	if err != nil {
		authErr := g.explain(err, a.status)
		authErr.after = a.retryAfter
		return accessToken{}, authErr
	}
	if err := checkToken(token.AccessToken); err != nil {
		return accessToken{}, &AuthError{StatusCode: a.status, Message: "the token endpoint: " + err.Error()}
	}
	if err := g.checkAPIDomain(token); err != nil {
		err.StatusCode = a.status
		return accessToken{}, err
	}
	lifetime := tokenLifetime
	for _, key := range []string{"expires_in", "expires_in_sec"} { // beside the second, the first is milliseconds
		if seconds, ok := token.Extra(key).(float64); ok && seconds > 0 {
			lifetime = time.Duration(min(seconds, maxTokenLifetime.Seconds()) * float64(time.Second))
		}
	}
	// A token that lives shorter than the margin would be renewed for every call.
	return accessToken{Key: g.key, Value: token.AccessToken, RenewAt: asked.Add(lifetime - min(tokenMargin, lifetime/2)), Ends: asked.Add(lifetime)}, nil
}

// checkAPIDomain refuses a token of another data centre than the one configured, where that is one of
// Zoho's own.
func (g *grant) checkAPIDomain(token *oauth2.Token) *AuthError {
	answered, _ := token.Extra("api_domain").(string)
	configured := apiDomain(g.dc.APIURL)
	if answered == "" || !isZoho(configured) || apiDomain(answered) == configured {
		return nil
	}
	return &AuthError{Message: fmt.Sprintf("the token is for the API at %s, the client is configured for %s (%s): use the DataCenter of the org",
		shorten(g.redact(answered), maxSnippet), g.dc.APIURL, g.dc.Name)}
}

func (g *grant) redact(text string) string { return redact(text, g.secrets()...) }

// secrets are those of the credentials, as they are and as a form has them.
func (g *grant) secrets() []string {
	var secrets []string
	for _, secret := range []string{g.clientSecret, g.parameters.Get("refresh_token"), g.clientID} {
		secrets = append(secrets, secret, url.QueryEscape(secret))
	}
	return secrets
}

// explain says what a failure of the token endpoint means. Its codes are documented at
// https://www.zoho.com/crm/developer/docs/api/v7/refresh.html.
func (g *grant) explain(err error, status int) *AuthError {
	var (
		refused   *oauth2.RetrieveError
		transport *url.Error
	)
	if status != http.StatusTooManyRequests && errors.As(err, &transport) {
		return &AuthError{StatusCode: status, cause: err, Message: fmt.Sprintf("%s did not answer, or not to the end: %s", g.dc.AccountsURL, g.redact(err.Error()))}
	}
	result := &AuthError{StatusCode: status, Message: g.dc.AccountsURL + " answered without an access token: check DataCenter.AccountsURL"}
	if status >= http.StatusInternalServerError {
		result.Message = g.dc.AccountsURL + " failed: try again later"
	}
	if !errors.As(err, &refused) {
		refused = &oauth2.RetrieveError{}
	}
	var body struct{ Status string }
	_ = json.Unmarshal(refused.Body, &body) // what is not JSON has no status
	// The words of a throttled answer are localised: its status and shape are not.
	if status == http.StatusTooManyRequests || status == http.StatusBadRequest && body.Status == "failure" {
		result.Throttled = true
		result.Message = "the token endpoint is throttled, Zoho gives 10 access tokens per refresh token in 10 minutes: wait, and share tokens through a Cache"
		return result
	}
	if code := refused.ErrorCode; len(code) <= 40 && strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") == "" {
		result.Code = Code(code)
	}
	switch result.Code {
	case "invalid_code":
		result.Message = "the refresh token is wrong, expired or revoked: make a new one in Zoho's API console"
	case "invalid_client":
		result.Message = fmt.Sprintf("the client id is wrong, or belongs to another data centre than %s (%s): check both", g.dc.Name, g.dc.AccountsURL)
	case "invalid_client_secret":
		result.Message = "the client secret does not belong to the client id: copy it again from Zoho's API console"
	case "":
	default:
		result.Message = "the token endpoint refused the request: " + shorten(g.redact(refused.ErrorDescription), maxSnippet)
	}
	return result
}

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

// grant makes access tokens from credentials, one at a time, and keeps the newest.
type grant struct {
	dc      DataCenter
	config  clientcredentials.Config
	secrets []string // those of the credentials, as they are and as a form has them
	cache   Cache
	key     string // names the credentials without telling them
	flight  singleflight.Group

	mu           sync.Mutex // never held over the network
	current      accessToken
	refused      time.Time // RenewAt of the last token that Zoho did not accept: one from a Cache must be newer
	throttle     *AuthError
	throttleEnds time.Time
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

// newGrant returns the grant of a client in a data centre, or the one of equal credentials.
func newGrant(dc DataCenter, config clientcredentials.Config, cache Cache) (*grant, error) {
	if err := checkURL("AccountsURL", dc.AccountsURL); err != nil {
		return nil, err
	}
	if cache != nil && isNil(cache) {
		return nil, errors.New("zohocrm: the Cache is nil: leave it out")
	}
	config.TokenURL = strings.TrimSuffix(dc.AccountsURL, "/") + "/oauth/v2/token"
	config.AuthStyle = oauth2.AuthStyleInParams // a probe would waste one of the ten requests
	g := &grant{dc: dc, config: config, cache: cache}
	for _, secret := range []string{config.ClientSecret, config.EndpointParams.Get("refresh_token"), config.ClientID} {
		g.secrets = append(g.secrets, secret, url.QueryEscape(secret))
	}
	sum := sha256.Sum256([]byte(strings.Join(
		[]string{dc.APIURL, dc.AccountsURL, config.ClientID, config.ClientSecret, config.EndpointParams.Encode()}, "\n")))
	g.key = hex.EncodeToString(sum[:])
	if cache != nil && !reflect.ValueOf(cache).Comparable() {
		return g, nil
	}
	return g.shared(), nil
}

// grants are those in use, or with a token that is: clients with equal credentials share them.
var grants sync.Map // of grantKey to weak.Pointer[grant]

type grantKey struct {
	key   string
	cache Cache
}

// shared returns the grant that is used already, or g.
func (g *grant) shared() *grant {
	key, own := grantKey{g.key, g.cache}, weak.Make(g)
	for {
		found, isUsed := grants.LoadOrStore(key, own)
		if !isUsed {
			runtime.AddCleanup(g, func(own weak.Pointer[grant]) { grants.CompareAndDelete(key, own) }, own)
			return g
		}
		if used, _ := found.(weak.Pointer[grant]); used.Value() != nil {
			return used.Value()
		}
		grants.CompareAndDelete(key, found)
	}
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
		got, err := wait(ctx, g.flight.DoChan("", recovered(func() (*authorization, error) { own = true; return g.refresh(detached, c) }, g.secrets...)))
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
	if ready := g.ready(); ready != nil {
		return ready, nil
	}
	g.mu.Lock()
	refused, throttle, throttleEnds := g.refused, g.throttle, g.throttleEnds
	g.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if cached := g.cached(ctx, c.logger); cached.usable() && cached.RenewAt.After(refused) {
		return g.keep(cached), nil
	}
	if time.Now().Before(throttleEnds) {
		return g.remaining(throttle)
	}
	token, authErr := g.request(ctx, c)
	if authErr != nil {
		if authErr.Throttled {
			g.mu.Lock()
			g.throttle, g.throttleEnds = authErr, time.Now().Add(throttlePause)
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
		logCache(ctx, c.logger, "keep", err, token.Value)
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
	logCache(ctx, logger, "return", err)
	if err != nil || json.Unmarshal(value, &token) != nil || token.Key != g.key || checkToken(token.Value) != nil {
		return accessToken{}
	}
	return token
}

func logCache(ctx context.Context, logger *slog.Logger, what string, err error, secrets ...string) {
	if err != nil {
		logger.LogAttrs(ctx, slog.LevelWarn, "zohocrm: the token cache failed to "+what+" a token", slog.String("error", redact(oneLine(err.Error()), secrets...)))
	}
}

// request asks the token endpoint for a token, again where it did not answer.
func (g *grant) request(ctx context.Context, c *Client) (token accessToken, authErr *AuthError) {
	deadline, _ := ctx.Deadline()
	c.retry(ctx, deadline, func() verdict {
		var a answer
		if token, authErr = g.requestOnce(ctx, c, &a); authErr == nil {
			return verdict{}
		}
		noAnswer := a.status < 400 && authErr.cause != nil && isTransient(authErr.cause)
		return verdict{again: noAnswer || a.status >= 500, after: a.retryAfter}
	})
	return token, authErr
}

func (g *grant) requestOnce(ctx context.Context, c *Client, a *answer) (accessToken, *AuthError) {
	ctx, cancel := context.WithTimeout(ctx, c.attemptTimeout)
	defer cancel()
	endpoint := &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		if err := c.send(req, a); err != nil || a.cause != nil {
			return nil, errors.Join(err, a.cause)
		}
		return &http.Response{StatusCode: a.status, Body: io.NopCloser(bytes.NewReader(a.body))}, nil
	})}
	asked := time.Now().Round(0)
	token, err := g.config.Token(context.WithValue(ctx, oauth2.HTTPClient, endpoint))
	if err != nil {
		return accessToken{}, g.explain(a, err)
	}
	if err := checkToken(token.AccessToken); err != nil {
		return accessToken{}, &AuthError{StatusCode: a.status, Message: "the token endpoint: " + err.Error()}
	}
	domain, _ := token.Extra("api_domain").(string)
	if configured := apiDomain(g.dc.APIURL); domain != "" && isZoho(configured) && apiDomain(domain) != configured {
		return accessToken{}, &AuthError{StatusCode: a.status, Message: fmt.Sprintf("the token is for the API at %s, the client is configured for %s (%s): use the DataCenter of the org",
			shorten(redact(domain, g.secrets...), maxSnippet), g.dc.APIURL, g.dc.Name)}
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

// explain says what a failure of the token endpoint means. Its codes are documented at
// https://www.zoho.com/crm/developer/docs/api/v7/refresh.html.
func (g *grant) explain(a *answer, err error) *AuthError {
	var body struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Status      string `json:"status"`
	}
	_ = json.Unmarshal(a.body, &body) // what is not JSON has no code
	authErr := &AuthError{StatusCode: a.status}
	switch {
	// The words of a throttled answer are localised: its status and shape are not.
	case a.status == http.StatusTooManyRequests || a.status == http.StatusBadRequest && body.Status == "failure":
		authErr.Throttled = true
		authErr.Message = "the token endpoint is throttled, Zoho gives 10 access tokens per refresh token in 10 minutes: wait, and share tokens through a Cache"
		return authErr
	case a.status == 0 || a.cause != nil:
		authErr.cause = err
		authErr.Message = fmt.Sprintf("%s did not answer, or not to the end: %s", g.dc.AccountsURL, redact(err.Error(), g.secrets...))
		return authErr
	case len(body.Error) <= 40 && strings.Trim(body.Error, "abcdefghijklmnopqrstuvwxyz_") == "":
		authErr.Code = Code(body.Error)
	}
	switch {
	case authErr.Code == "invalid_code":
		authErr.Message = "the refresh token is wrong, expired or revoked: make a new one in Zoho's API console"
	case authErr.Code == "invalid_client":
		authErr.Message = fmt.Sprintf("the client id is wrong, or belongs to another data centre than %s (%s): check both", g.dc.Name, g.dc.AccountsURL)
	case authErr.Code == "invalid_client_secret":
		authErr.Message = "the client secret does not belong to the client id: copy it again from Zoho's API console"
	case authErr.Code != "":
		authErr.Message = "the token endpoint refused the request: " + shorten(redact(body.Description, g.secrets...), maxSnippet)
	case a.status >= http.StatusInternalServerError:
		authErr.Message = g.dc.AccountsURL + " failed: try again later"
	default:
		authErr.Message = g.dc.AccountsURL + " answered without an access token: check DataCenter.AccountsURL"
	}
	return authErr
}

package tokens

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/seed-87e331f0/zohocrm-go/internal/safetext"
	"github.com/seed-87e331f0/zohocrm-go/internal/wire"
)

const (
	// tokenLifetime is that of Zoho's tokens, for an answer that does not say.
	tokenLifetime    = time.Hour
	maxTokenLifetime = 24 * time.Hour
)

// request asks the token endpoint for a token, again where it did not answer.
func (g *Grant) request(ctx context.Context, sender *wire.Sender) (token accessToken, failure *Failure) {
	deadline, _ := ctx.Deadline()
	sender.Retry(ctx, deadline, func() (bool, time.Duration) {
		var a wire.Answer
		if token, failure = g.requestOnce(ctx, sender, &a); failure == nil {
			return false, 0
		}
		noAnswer := a.Status < 400 && failure.Cause != nil && wire.IsTransient(failure.Cause)
		return noAnswer || a.Status >= 500, a.RetryAfter()
	})
	return token, failure
}

// requestOnce puts its answer into a, as the library loses the status of one that it cannot read, and
// what cut one off.
func (g *Grant) requestOnce(ctx context.Context, sender *wire.Sender, a *wire.Answer) (accessToken, *Failure) {
	ctx, cancel := context.WithTimeout(ctx, sender.AttemptTimeout)
	defer cancel()
	endpoint := &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		if err := sender.Send(req, a); err != nil || a.Cause != nil {
			return nil, errors.Join(err, a.Cause)
		}
		return &http.Response{StatusCode: a.Status, Body: io.NopCloser(bytes.NewReader(a.Body))}, nil
	})}
	asked := time.Now().Round(0) // without the monotonic clock, which stops while a machine sleeps
	config := clientcredentials.Config{
		ClientID: g.ClientID, ClientSecret: g.ClientSecret, EndpointParams: g.Parameters,
		TokenURL:  strings.TrimSuffix(g.AccountsURL, "/") + "/oauth/v2/token",
		AuthStyle: oauth2.AuthStyleInParams, // a probe would waste one of the ten requests
	}
	token, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, endpoint))
	if err != nil {
		return accessToken{}, g.explain(a, err)
	}
	if err := check(token.AccessToken); err != nil {
		return accessToken{}, &Failure{Status: a.Status, Message: "the token endpoint: " + err.Error()}
	}
	domain, _ := token.Extra("api_domain").(string)
	if err := g.CheckAPIDomain(safetext.Redact(domain, append(g.secrets(), token.AccessToken)...)); err != nil {
		return accessToken{}, &Failure{Status: a.Status, Message: err.Error()}
	}
	lifetime := tokenLifetime
	for _, key := range []string{"expires_in", "expires_in_sec"} { // beside the second, the first is milliseconds
		if seconds, ok := token.Extra(key).(float64); ok && seconds > 0 {
			lifetime = time.Duration(min(seconds, maxTokenLifetime.Seconds()) * float64(time.Second))
		}
	}
	// A token that lives shorter than the margin would be renewed for every call.
	renewAt := asked.Add(lifetime - min(tokenMargin, lifetime/2))
	return accessToken{Key: g.key, Value: token.AccessToken, Asked: asked, RenewAt: renewAt, Ends: asked.Add(lifetime)}, nil
}

// explain says what a failure of the token endpoint means. Its codes are documented at
// https://www.zoho.com/crm/developer/docs/api/v7/refresh.html.
func (g *Grant) explain(a *wire.Answer, err error) *Failure {
	var body struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Status      string `json:"status"`
	}
	_ = json.Unmarshal(a.Body, &body) // what is not JSON has no code
	failure := &Failure{Status: a.Status}
	switch {
	// The words of a throttled answer are localised: its status and shape are not.
	case a.Status == http.StatusTooManyRequests || a.Status == http.StatusBadRequest && body.Status == "failure":
		failure.Throttled = true
		failure.Message = "the token endpoint is throttled, Zoho gives 10 access tokens per refresh token in 10 minutes: wait, and share tokens through a Cache"
		return failure
	case a.Status == 0 || a.Cause != nil:
		failure.Cause = err
		failure.Message = fmt.Sprintf("%s did not answer, or not to the end: %s", g.AccountsURL, safetext.Redact(err.Error(), g.secrets()...))
		return failure
	case len(body.Error) <= 40 && strings.Trim(body.Error, "abcdefghijklmnopqrstuvwxyz_") == "":
		failure.Code = body.Error
	}
	switch {
	case failure.Code == "invalid_code":
		failure.Message = "the refresh token is wrong, expired or revoked: make a new one in Zoho's API console"
	case failure.Code == "invalid_client":
		failure.Message = fmt.Sprintf("the client id is wrong, or belongs to another data centre than %s (%s): check both", g.DataCenter, g.AccountsURL)
	case failure.Code == "invalid_client_secret":
		failure.Message = "the client secret does not belong to the client id: copy it again from Zoho's API console"
	case failure.Code != "" && body.Description == "":
		failure.Message = "the token endpoint refused the request: check the credentials and the data centre"
	case failure.Code != "":
		failure.Message = "the token endpoint refused the request: " + safetext.Shorten(safetext.Redact(body.Description, g.secrets()...), 200)
	case a.Status >= http.StatusInternalServerError:
		failure.Message = g.AccountsURL + " failed: try again later"
	default:
		failure.Message = g.AccountsURL + " answered without an access token: check DataCenter.AccountsURL"
	}
	return failure
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

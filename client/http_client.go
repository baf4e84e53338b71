package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/seed-87e331f0/zohocrm-go/internal/tokens"
)

// maxErrorBody is what HTTPClient reads of a 401 to find out whether the token was rejected.
const maxErrorBody = 64 << 10

// HTTPClient returns an [http.Client] for endpoints that this package does not have. It shares the tokens, the transport,
// the User-Agent and the limit of [WithMaxConcurrent] with c.
//
// It authorizes requests to the API host of the data centre and returns an error for any other host. If Zoho rejects the
// token it repeats the request once with another one, if the body can be read again (http.NewRequest sets GetBody for the
// usual types). It follows no redirects, does not retry otherwise, and has no timeout: use a context.
func (c *Client) HTTPClient() *http.Client {
	return &http.Client{
		Transport:     authorizingTransport{c},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// authorizingTransport is the transport of HTTPClient.
type authorizingTransport struct{ c *Client }

// RoundTrip authorizes and sends a request.
func (t authorizingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.c == nil || t.c.config == nil {
		closeBody(req)
		return nil, errors.New("zohocrm: create the client with New")
	}
	server, err := url.Parse(t.c.server)
	if err != nil || req.URL.Scheme != server.Scheme || req.URL.Host != server.Host || req.Host != "" && req.Host != server.Host {
		closeBody(req)
		return nil, fmt.Errorf("zohocrm: a token is sent only to %s://%s, not to %s://%s", server.Scheme, server.Host, req.URL.Scheme, req.URL.Host)
	}
	ctx := req.Context()
	token, _, err := t.c.tokens.Token(ctx)
	if err != nil {
		closeBody(req)
		return nil, newAuthError(err)
	}
	res, err := t.send(req, token, false)
	if err != nil || res.StatusCode != http.StatusUnauthorized {
		if err == nil && res.StatusCode < http.StatusInternalServerError {
			t.c.tokens.Accepted(token)
		}
		return res, err
	}
	if req.Body != nil && req.Body != http.NoBody && req.GetBody == nil || !t.rejectsToken(res) {
		return res, nil
	}
	token, _, err = t.c.tokens.Replace(ctx, token, true)
	if errors.Is(err, tokens.ErrNoReplacement) {
		return res, nil
	}
	_ = res.Body.Close()
	if err != nil {
		return nil, newAuthError(err)
	}
	return t.send(req, token, true)
}

// send sends a request with a token, and returns the slot with the response header.
func (t authorizingTransport) send(req *http.Request, token string, again bool) (*http.Response, error) {
	if t.c.slots != nil {
		if err := t.c.slots.Acquire(req.Context(), 1); err != nil {
			closeBody(req)
			return nil, err
		}
		defer t.c.slots.Release(1)
	}
	userAgent := t.c.userAgent
	if own := req.Header["User-Agent"]; own != nil {
		userAgent = own
	}
	authorized, err := authorize(req.Context(), req, token, userAgent, again)
	if err != nil {
		closeBody(req)
		return nil, fmt.Errorf("zohocrm: read the body again: %w", err)
	}
	return t.c.sender.Transport.RoundTrip(authorized)
}

// rejectsToken reports whether a 401 is about the token. It leaves the body as it was.
func (t authorizingTransport) rejectsToken(res *http.Response) bool {
	if res.Body == nil {
		return false
	}
	beginning, err := io.ReadAll(io.LimitReader(res.Body, maxErrorBody))
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(beginning), res.Body), res.Body}
	if err != nil || !json.Valid(beginning) {
		return false
	}
	it, _ := readItem(beginning)
	return rejectsToken(res.StatusCode, Code(it.code))
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// Check gets an access token and reads the contact roles, so that a program learns when it starts that its credentials or
// its data centre are wrong. It cannot find out whether the token may update. It needs one of the scopes of
// [Client.ListContactRoles]; without them, the error says that the credentials work.
func (c *Client) Check(ctx context.Context) error {
	_, err := c.ListContactRoles(ctx)
	if errors.Is(err, CodeOAuthScopeMismatch) {
		return &errorList{errs: []error{err}, text: "zohocrm: the credentials work, but have no scope to read: " + err.Error()}
	}
	return err
}

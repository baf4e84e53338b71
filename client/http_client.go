package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/internal/envelope"
	"github.com/seed-87e331f0/zohocrm-go/internal/errlist"
	"github.com/seed-87e331f0/zohocrm-go/internal/tokens"
	"github.com/seed-87e331f0/zohocrm-go/internal/transport"
)

// maxErrorBody is what HTTPClient reads of a 401 to find out whether the token was rejected.
const maxErrorBody = 64 << 10

// HTTPClient returns an [http.Client] for endpoints that this package does not have. It shares the tokens, the transport,
// the User-Agent and the limit of [WithMaxConcurrent] with c.
//
//   - It authorizes requests to [DataCenter].APIURL. For another scheme, host or port it returns an error.
//   - If Zoho rejects the token, it gets another one and repeats the request, provided that the body can be read again:
//     http.NewRequest sets GetBody for the usual types. If the request cannot be repeated or there is no other token, it
//     returns the 401. It does not retry otherwise.
//   - It keeps the User-Agent of a request that has one.
//   - It follows no redirects.
//   - It has no timeout: use a context.
func (c *Client) HTTPClient() *http.Client {
	return &http.Client{
		Transport:     authorizingTransport{c},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// authorizingTransport is the transport of HTTPClient.
type authorizingTransport struct{ c *Client }

// RoundTrip authorizes and sends a request, again with another token if Zoho rejects it.
func (t authorizingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.check(req); err != nil {
		closeBody(req)
		return nil, err
	}
	token, _, err := t.c.tokens.Token(req.Context())
	if err != nil {
		closeBody(req)
		return nil, newAuthError(err)
	}
	req = req.Clone(req.Context()) // its header is that of the caller
	if req.Header == nil {
		req.Header = http.Header{}
	}
	maps.DeleteFunc(req.Header, func(key string, _ []string) bool { return strings.EqualFold(key, "Authorization") })
	canRepeat := req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
	for r := new(tokens.Replays); ; {
		res, err := t.send(req, token, r.Count > 0)
		if err != nil {
			return nil, err
		}
		if !t.rejectsToken(res) {
			if res.StatusCode < http.StatusBadRequest { // an error may be that of a gateway
				t.c.tokens.Accepted(token)
			}
			return res, nil
		}
		// Also for the next request, if this one cannot be repeated.
		next, _, err := r.Next(req.Context(), t.c.tokens, token) //nolint:contextcheck // req is a clone
		if err != nil || !canRepeat {
			return res, nil //nolint:nilerr // the 401 says what happened
		}
		_ = res.Body.Close()
		token = next
	}
}

// check returns an error for a request whose URL or Host header is not that of the API, or whose context has ended.
func (t authorizingTransport) check(req *http.Request) error {
	if t.c == nil || t.c.config == nil {
		return errNoClient
	} else if req.URL == nil {
		return errors.New("zohocrm: the request has no URL")
	}
	server, _ := url.Parse(t.c.server) // New has parsed it
	want := withPort(server.Scheme, server.Host)
	for _, host := range []string{req.URL.Host, cmp.Or(req.Host, req.URL.Host)} {
		if withPort(req.URL.Scheme, host) != want {
			return fmt.Errorf("zohocrm: a token is sent only to %s://%s, not to %s://%s: use another http.Client", server.Scheme, server.Host, req.URL.Scheme, host)
		}
	}
	return req.Context().Err()
}

// withPort returns a scheme and host in lower case, with the port of https even if that is the default.
func withPort(scheme, host string) string {
	u := url.URL{Host: host}
	port := u.Port()
	if port == "" && scheme == "https" {
		port = "443"
	}
	return scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
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
	ctx, trace := transport.WithTrace(req.Context())
	authorized, err := transport.Authorize(ctx, req, token, userAgent, again)
	if err != nil { // of a request that is repeated: its body is closed
		return nil, fmt.Errorf("zohocrm: cannot read the body of the request again: %w", err)
	}
	res, err := t.c.sender.RoundTrip(authorized, trace)
	if err != nil {
		return nil, transport.WithoutSecrets(err, token)
	}
	return res, nil
}

// rejectsToken reports whether a response rejects the token. It leaves the body as it was.
func (t authorizingTransport) rejectsToken(res *http.Response) bool {
	if res.StatusCode != http.StatusUnauthorized {
		return false
	}
	beginning, err := transport.Peek(res, maxErrorBody)
	if err != nil || !json.Valid(beginning) {
		return false
	}
	it, _ := envelope.Read(beginning)
	return rejectsToken(res.StatusCode, Code(it.Code))
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// Check gets an access token and reads the contact roles, so that a program learns when it starts that its credentials or
// its data centre are wrong. If ctx ended, it says nothing about them. It cannot find out whether the token may update. It
// needs one of the scopes of [Client.ListContactRoles]; without them, the error says that the credentials work.
func (c *Client) Check(ctx context.Context) error {
	_, err := c.ListContactRoles(ctx)
	if errors.Is(err, CodeOAuthScopeMismatch) {
		return errlist.New("zohocrm: the credentials work, but have no scope to read: "+strings.TrimPrefix(err.Error(), "zohocrm: "), err)
	}
	return err
}

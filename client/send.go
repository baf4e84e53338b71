package client

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// maxBody is the most that is read of an answer.
	maxBody = 4 << 20
	// locationHeader holds the Location of a redirect, out of the sight of http.Client, which would
	// follow it, or fail on one that it cannot parse, and lose the status.
	locationHeader = "Zohocrm-Location"
)

// answer is what came back for a request.
type answer struct {
	status      int // 0 where nothing came back
	contentType string
	location    string
	credits     int // -1 where Zoho did not say
	retryAfter  time.Duration
	body        []byte
	tooLarge    bool
	cutOff      bool
	cause       error // what cut it off, where the transport did
	limited     io.LimitedReader
	space       [768]byte // for the body, unless it is larger
}

// send sends one request and receives its answer. An error means that there is none.
func (c *Client) send(req *http.Request, a *answer, auth *authorization) error {
	req.Header["Authorization"] = auth.header
	req.Header["User-Agent"] = c.userAgent
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	a.status = res.StatusCode
	a.contentType = redact(res.Header.Get("Content-Type"), auth.token)
	if a.status/100 == 3 {
		a.location = shorten(redact(res.Header.Get(locationHeader), auth.token), maxSnippet)
	}
	a.retryAfter = parseRetryAfter(res.Header.Get("Retry-After"))
	if value := res.Header.Get("X-Api-Credits-Remaining"); value != "" {
		if credits, err := strconv.Atoi(value); err == nil && credits >= 0 {
			a.credits = credits
		}
	}
	a.limited = io.LimitedReader{R: res.Body, N: maxBody + 1}
	body := bytes.NewBuffer(a.space[:0])
	if res.ContentLength > int64(len(a.space)) {
		body.Grow(int(min(res.ContentLength, 64<<10)) + bytes.MinRead)
	}
	_, a.cause = body.ReadFrom(&a.limited)
	a.cutOff = a.cause != nil
	a.tooLarge = body.Len() > maxBody
	a.body = body.Bytes()
	return nil
}

// guarded returns a copy of hc that follows no redirect, so that a token goes to no other host.
func guarded(hc *http.Client) *http.Client {
	transport := hc.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	guarded := *hc
	guarded.Transport = roundTripper(func(req *http.Request) (*http.Response, error) {
		res, err := transport.RoundTrip(req)
		if err != nil || res == nil {
			return res, err
		}
		if res.Body == nil {
			res.Body = http.NoBody
		}
		if res.StatusCode == http.StatusSwitchingProtocols {
			res.Body.Close() // it is the connection itself, which the end of a context does not close
			res.Body = http.NoBody
		}
		if res.StatusCode/100 == 3 && res.Header.Get("Location") != "" {
			res.Header = res.Header.Clone()
			res.Header.Set(locationHeader, withoutQuery(res.Header.Get("Location")))
			res.Header.Del("Location")
		}
		return res, nil
	})
	return &guarded
}

// withoutQuery returns where a redirect points, less the parts of a URL that may hold a secret.
func withoutQuery(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return "a URL that cannot be parsed"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

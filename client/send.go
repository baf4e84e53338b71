package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// maxBody is the most that is read of an answer.
const maxBody = 4 << 20

// answer is what came back for a request.
type answer struct {
	status      int // 0 where nothing came back
	contentType string
	credits     int // -1 where Zoho did not say
	retryAfter  time.Duration
	body        []byte
	problem     string // why the body cannot be an answer of Zoho's, if it cannot
	cutOff      bool
	cause       error // what cut it off, where the transport did
	limited     io.LimitedReader
	space       [768]byte // for the body, unless it is larger
}

// send sends one request and receives its answer. An error means that there is none. It goes to the
// transport, as an http.Client follows redirects and fails on one that it cannot parse.
func (c *Client) send(req *http.Request, a *answer) error {
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return err
	} else if res == nil {
		return errors.New("the RoundTripper returned neither an answer nor an error")
	}
	a.status = res.StatusCode
	a.contentType = res.Header.Get("Content-Type")
	a.retryAfter = parseRetryAfter(res.Header.Get("Retry-After"))
	if value := res.Header.Get("X-Api-Credits-Remaining"); value != "" {
		if credits, err := strconv.Atoi(value); err == nil && credits >= 0 {
			a.credits = credits
		}
	}
	body := bytes.NewBuffer(a.space[:0])
	if res.Body != nil {
		defer res.Body.Close()
		if a.status != http.StatusSwitchingProtocols { // its body is the connection, which no context ends
			if res.ContentLength > int64(len(a.space)) {
				body.Grow(int(min(res.ContentLength, 64<<10)) + bytes.MinRead)
			}
			a.limited = io.LimitedReader{R: res.Body, N: maxBody + 1}
			_, a.cause = body.ReadFrom(&a.limited)
		}
	}
	a.body = body.Bytes()
	switch location := res.Header.Get("Location"); {
	case a.cause != nil:
		a.cutOff, a.problem = true, "the answer was cut off: "+a.cause.Error()
	case len(a.body) > maxBody:
		a.problem = fmt.Sprintf("the answer is larger than %d MiB", maxBody>>20)
	case a.status/100 == 3 && location != "":
		a.problem = "the redirect to " + withoutQuery(location) + " was not followed: check DataCenter.APIURL"
	case len(bytes.TrimSpace(a.body)) == 0:
		a.problem = "the answer is empty"
	}
	return nil
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

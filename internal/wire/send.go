// Package wire sends HTTP requests, reads their answers within bounds, and tries again what may pass.
package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// maxBody is the most that is read of an answer.
const maxBody = 4 << 20

// Sender is how requests are sent.
type Sender struct {
	Transport      http.RoundTripper
	MaxAttempts    int
	FirstWait      time.Duration // bounds the wait before the first retry
	AttemptTimeout time.Duration // limits a request
	Timeout        time.Duration // limits all attempts with their waits
	Logger         *slog.Logger
}

// Answer is what came back for a request.
type Answer struct {
	Status  int // 0 where nothing came back
	Header  http.Header
	Body    []byte
	Problem string // why the body is of no use, empty where it may be of use
	CutOff  bool
	Cause   error // what cut it off, where the transport did

	limited io.LimitedReader
	space   [768]byte // for the body, unless it is larger
}

// Send sends one request and receives its answer. An error means that there is none. It goes straight to the
// transport: an http.Client follows redirects, and fails on one that it cannot parse.
func (s *Sender) Send(req *http.Request, a *Answer) error {
	res, err := s.Transport.RoundTrip(req)
	if err != nil {
		return err
	} else if res == nil {
		return errors.New("the RoundTripper returned neither an answer nor an error")
	}
	a.Status, a.Header = res.StatusCode, res.Header
	body := bytes.NewBuffer(a.space[:0])
	if res.Body != nil {
		defer res.Body.Close()
		if a.Status != http.StatusSwitchingProtocols { // its body is the connection, which no context ends
			if res.ContentLength > int64(len(a.space)) {
				body.Grow(int(min(res.ContentLength, 64<<10)) + bytes.MinRead)
			}
			a.limited = io.LimitedReader{R: res.Body, N: maxBody + 1}
			_, a.Cause = body.ReadFrom(&a.limited)
		}
	}
	a.Body = body.Bytes()
	switch location := a.Header.Get("Location"); {
	case a.Cause != nil:
		a.CutOff, a.Problem = true, "the answer was cut off: "+a.Cause.Error()
	case len(a.Body) > maxBody:
		a.Problem = fmt.Sprintf("the answer is larger than %d MiB", maxBody>>20)
	case a.Status/100 == 3 && location != "":
		a.Problem = "the redirect to " + withoutQuery(location) + " was not followed: check DataCenter.APIURL"
	case len(bytes.TrimSpace(a.Body)) == 0:
		a.Problem = "the answer is empty"
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

package client

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/internal/tokens"
	"github.com/seed-87e331f0/zohocrm-go/internal/wire"
)

// userAgent has the version of the module.
const userAgent = "zohocrm-go/0.1.0"

// Client calls the API of one org. It is safe for concurrent use. Make it with [New].
type Client struct {
	server    string // the base of the generated paths, with a slash at its end
	auth      tokens.Source
	sender    wire.Sender
	timeout   time.Duration // of the caller's http.Client, 0 where it has none
	userAgent []string
	validate  bool

	hidden
}

// Option changes what [New] makes.
type Option func(*Client) error

// New makes a client for an org in a data centre. It sends nothing.
//
// It refuses a nil Auth, an empty credential, a token that brings its own "Zoho-oauthtoken ", a URL
// that is neither https nor loopback, a sandbox whose host is not known, and an option out of its
// range. All faults are in the one error.
func New(dc DataCenter, auth Auth, options ...Option) (*Client, error) {
	c := &Client{
		server: strings.TrimSuffix(dc.APIURL, "/") + generated.BasePath + "/",
		sender: wire.Sender{
			Transport: http.DefaultTransport, MaxAttempts: 4, FirstWait: wire.FirstWait,
			AttemptTimeout: 30 * time.Second, Timeout: 2 * time.Minute, Logger: slog.New(slog.DiscardHandler),
		},
		userAgent: []string{userAgent},
		validate:  true,
	}
	faults := []error{dc.check()}
	if isNil(auth) {
		faults = append(faults, errors.New("zohocrm: the Auth is nil: use StaticToken, RefreshToken, ClientCredentials or TokenSource"))
	} else {
		source, err := auth.source(dc)
		c.auth, faults = source, append(faults, err)
	}
	for _, option := range options {
		if option != nil {
			faults = append(faults, option(c))
		}
	}
	if c.timeout > 0 {
		c.sender.AttemptTimeout = min(c.sender.AttemptTimeout, c.timeout)
	}
	if err := joinErrors(faults); err != nil {
		return nil, err
	}
	return c, nil
}

// option makes an option that [New] refuses unless it is valid.
func option(name string, valid bool, rule string, set func(*Client)) Option {
	return func(c *Client) error {
		if !valid {
			return fmt.Errorf("zohocrm: %s: %s", name, rule)
		}
		set(c)
		return nil
	}
}

// WithHTTPClient sends requests, those for tokens included, by the Transport of hc, and each within its
// Timeout: for a proxy, a transport that traces, a certificate pool. Redirects are not followed and
// cookies are not kept, whatever hc does.
func WithHTTPClient(hc *http.Client) Option {
	return option("WithHTTPClient", hc != nil, "the http.Client is nil", func(c *Client) {
		c.sender.Transport = cmp.Or(hc.Transport, http.DefaultTransport)
		c.timeout = hc.Timeout
	})
}

// WithLogger logs one line for each request of an operation: operation, path template, status, code, attempt,
// duration and the credits that remain. Never a body or a token. Answers that are a success are of
// level Info, others of level Warn, and so is what goes wrong with a [Cache] or in renewing a token.
func WithLogger(logger *slog.Logger) Option {
	return option("WithLogger", logger != nil, "the logger is nil", func(c *Client) { c.sender.Logger = logger })
}

// WithMaxAttempts sends a request at most n times, beside the one more after a token was renewed. The
// default is 4; 1 means no retries.
func WithMaxAttempts(n int) Option {
	return option("WithMaxAttempts", n >= 1, fmt.Sprintf("must be at least 1, is %d", n), func(c *Client) { c.sender.MaxAttempts = n })
}

// WithAttemptTimeout limits each request of a call, be it for a token or of the operation. The default is 30 seconds.
func WithAttemptTimeout(d time.Duration) Option {
	return option("WithAttemptTimeout", d > 0, fmt.Sprintf("must be above 0, is %s", d), func(c *Client) { c.sender.AttemptTimeout = d })
}

// WithTimeout limits a call with all its attempts and waits. The default is 2 minutes. A context that
// ends earlier wins.
func WithTimeout(d time.Duration) Option {
	return option("WithTimeout", d > 0, fmt.Sprintf("must be above 0, is %s", d), func(c *Client) { c.sender.Timeout = d })
}

// WithUserAgent puts the name of an application, such as "orders/2.1", before that of this package in
// the User-Agent.
func WithUserAgent(application string) Option {
	printable := !strings.ContainsFunc(application, func(r rune) bool { return r < ' ' || r >= 0x7f })
	return option("WithUserAgent", printable && application != "", "must be printable ASCII, and not empty", func(c *Client) {
		c.userAgent = []string{application + " " + userAgent}
	})
}

// WithoutValidation sends requests that break a rule of the OpenAPI document, for the day that Zoho
// relaxes one. What goes into the path is checked all the same.
func WithoutValidation() Option {
	return option("WithoutValidation", true, "", func(c *Client) { c.validate = false })
}

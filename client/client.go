package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/internal/errlist"
	"github.com/seed-87e331f0/zohocrm-go/internal/tokens"
	"github.com/seed-87e331f0/zohocrm-go/internal/transport"
)

// userAgent names this package and its version.
const userAgent = "zohocrm-go/0.1.0"

// Client calls the API of one org. It is safe for concurrent use. Create it with [New].
type Client struct {
	// All state is behind a pointer, so that printing or logging a Client shows none of it.
	*config
}

// config is what New makes of its arguments. It does not change afterwards.
type config struct {
	server    string // the base URL of the generated request builders, with a slash at its end
	sender    *transport.Sender
	tokens    tokens.Source
	policy    transport.Policy
	logger    *slog.Logger
	hook      func(CallInfo)
	slots     *semaphore.Weighted // nil: no limit
	userAgent []string

	attemptTimeout time.Duration
	httpTimeout    time.Duration // of the caller's http.Client, 0 if it has none
	timeout        time.Duration
	skipValidation bool
}

var errNoClient = errors.New("zohocrm: create the client with New, and pass a context")

// Option changes what [New] creates.
type Option func(*config) error

// New creates a client for an org in a data centre. It sends nothing.
//
// It rejects
//
//   - a nil Auth, and credentials that are empty or have white space or quotation marks in them;
//   - a token with a prefix such as "Zoho-oauthtoken ";
//   - a URL that is neither https nor loopback, or that has a path which this package adds;
//   - a sandbox or developer environment whose host is not known;
//   - an option out of range.
//
// The error covers everything that was rejected. Its message lists the first three.
func New(dc DataCenter, auth Auth, options ...Option) (*Client, error) {
	c := &config{
		server:         strings.TrimRight(dc.APIURL, "/") + generated.BasePath + "/",
		sender:         &transport.Sender{Transport: transport.Default()},
		policy:         transport.Policy{MaxAttempts: 4, FirstWait: transport.FirstWait},
		logger:         slog.New(slog.DiscardHandler),
		userAgent:      []string{userAgent},
		attemptTimeout: 30 * time.Second,
		timeout:        2 * time.Minute,
	}
	errs := []error{dc.err, checkURL("APIURL", dc.APIURL)}
	for _, option := range options {
		if option != nil {
			errs = append(errs, option(c))
		}
	}
	if c.httpTimeout > 0 {
		c.attemptTimeout = min(c.attemptTimeout, c.httpTimeout)
	}
	if isNil(auth) {
		errs = append(errs, errors.New("zohocrm: the Auth is nil: use StaticToken, RefreshToken, ClientCredentials or TokenSource"))
	} else {
		source, err := auth.newSource(dc, c)
		c.tokens, errs = source, append(errs, err)
	}
	if err := errlist.Join(errs); err != nil {
		return nil, err
	}
	return &Client{c}, nil
}

// Wait waits until no token request is in flight, or until ctx ends. Call it before a program ends, when its calls have
// returned: a token request outlives the call that caused it. With [TokenSource] there is none to wait for. If the program
// ends during one, Zoho has issued a token that is lost, and the lock of a [Locker] may stay until it expires.
func (c *Client) Wait(ctx context.Context) error {
	if c == nil || c.config == nil || ctx == nil {
		return errNoClient
	}
	if err := c.tokens.Wait(ctx); err != nil {
		return fmt.Errorf("zohocrm: a token request is still in flight: %w", err)
	}
	return nil
}

// WithHTTPClient sends all requests, those for tokens included, through the Transport of hc: for a proxy, a tracing
// transport, a certificate pool. The Timeout of hc limits each request, but not those of [Client.HTTPClient]. Redirects are
// not followed and cookies are not stored, whatever hc does. When a request times out after 5 seconds or more, idle
// connections of the Transport are closed.
func WithHTTPClient(hc *http.Client) Option {
	return func(c *config) error {
		switch {
		case hc == nil:
			return errors.New("zohocrm: WithHTTPClient: the http.Client is nil")
		case hc.Transport != nil && isNil(hc.Transport):
			return errors.New("zohocrm: WithHTTPClient: the Transport is a nil pointer: leave it out, or set it")
		}
		c.sender = &transport.Sender{Transport: cmp.Or(hc.Transport, transport.Default())}
		c.httpTimeout = hc.Timeout
		return nil
	}
}

// WithLogger logs a line for each request of an operation (operation, path template, status, code, attempt, duration,
// where the token came from, remaining credits) and for each token that is requested or read from the cache. It never logs
// bodies or tokens. Successful responses are logged at Info; failures, cache errors and refresh errors at Warn.
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error {
		if logger == nil {
			return errors.New("zohocrm: WithLogger: the logger is nil")
		}
		c.logger = logger
		return nil
	}
}

// WithMaxAttempts limits the attempts of a call. The default is 4; 1 disables retries. A request that is repeated with another
// token after a 401 does not count.
func WithMaxAttempts(n int) Option {
	return func(c *config) error {
		c.policy.MaxAttempts = n
		return checkRange("WithMaxAttempts", n >= 1, "must be at least 1, is %d", n)
	}
}

// WithMaxConcurrent limits the requests of this client that are in flight at once; further ones wait in order of
// arrival, within the deadlines of their calls. The wait does not use up [WithAttemptTimeout]. The default is no limit.
//
// Zoho allows an org 5 (Free), 10 (Standard), 15 (Professional), 20 (Enterprise, Zoho One) or 25 (Ultimate) concurrent
// calls per application, over all processes, and rejects others with [CodeTooManyRequests]. Give each of several
// replicas its share. Token requests do not count.
func WithMaxConcurrent(n int) Option {
	return func(c *config) error {
		c.slots = semaphore.NewWeighted(int64(max(n, 1)))
		return checkRange("WithMaxConcurrent", n >= 1, "must be at least 1, is %d", n)
	}
}

// WithAttemptTimeout limits each request of a call, for a token or of the operation. The default is 30 seconds.
func WithAttemptTimeout(d time.Duration) Option {
	return func(c *config) error {
		c.attemptTimeout = d
		return checkRange("WithAttemptTimeout", d > 0, "must be above 0, is %s", d)
	}
}

// WithTimeout limits a call with all its attempts and waits. The default is 2 minutes. The context of a call may end it
// earlier.
func WithTimeout(d time.Duration) Option {
	return func(c *config) error {
		c.timeout = d
		return checkRange("WithTimeout", d > 0, "must be above 0, is %s", d)
	}
}

// WithUserAgent sends the name of an application, such as "orders/2.1", before that of this package in the User-Agent.
func WithUserAgent(application string) Option {
	return func(c *config) error {
		isASCII := !strings.ContainsFunc(application, func(r rune) bool { return r < ' ' || r >= 0x7f })
		c.userAgent = []string{application + " " + userAgent}
		return checkRange("WithUserAgent", isASCII && application != "", "must be printable ASCII, and not empty")
	}
}

// WithoutValidation disables client-side validation, for example if Zoho relaxes a rule. Path parameters and the
// encoding of strings are checked nevertheless.
func WithoutValidation() Option {
	return func(c *config) error {
		c.skipValidation = true
		return nil
	}
}

// WithCallHook calls hook once at the end of each call, in the goroutine of the caller. For metrics and traces.
func WithCallHook(hook func(CallInfo)) Option {
	return func(c *config) error {
		if hook == nil {
			return errors.New("zohocrm: WithCallHook: the hook is nil")
		}
		c.hook = hook
		return nil
	}
}

// CallInfo describes a call that ended.
type CallInfo struct {
	// Context is the context of the call.
	Context context.Context
	// Operation is the operation that was called.
	Operation Operation
	// Attempts is the number of requests that were sent, replays after a 401 included, without those for tokens.
	Attempts int
	// Duration is the time of the whole call, with waits.
	Duration time.Duration
	// StatusCode is the HTTP status of the last response, 0 if none was received.
	StatusCode int
	// Codes are Zoho's codes of the errors in Err, in order.
	Codes []Code
	// CreditsRemaining is the number of API credits that the org has left today, -1 if the response does not say.
	CreditsRemaining int
	// Err is the error of the call.
	Err error
}

// tokenTimeout limits the work on a token, for which callers wait.
func (c *config) tokenTimeout() time.Duration { return min(c.attemptTimeout, c.timeout) }

// checkRange returns an error for an option out of its range.
func checkRange(option string, valid bool, rule string, args ...any) error {
	if valid {
		return nil
	}
	return fmt.Errorf("zohocrm: %s %s", option, fmt.Sprintf(rule, args...))
}

package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// maxRetryAfter is the longest Retry-After that is waited for.
	maxRetryAfter = time.Minute
	// firstWait and maxWait bound the wait before the first retry, and before any.
	firstWait = 500 * time.Millisecond
	maxWait   = 8 * time.Second
)

// verdict says whether an attempt is worth another one.
type verdict struct {
	again bool
	// after is the Retry-After of the answer, 0 where there was none.
	after time.Duration
}

var errAgain = errors.New("again")

// retry waits and calls attempt, after one whose verdict was last, until a verdict is final, the
// attempts are used up, ctx ends, or the next wait would not end before deadline.
func (c *Client) retry(ctx context.Context, deadline time.Time, last verdict, attempt func() verdict) verdict {
	first := true
	_, _ = backoff.Retry(ctx, func() (struct{}, error) {
		if !first {
			last = attempt()
		}
		first = false
		switch {
		case !last.again:
			return struct{}{}, nil
		case last.after > maxRetryAfter:
			return struct{}{}, backoff.Permanent(errAgain)
		case last.after > 0:
			return struct{}{}, &backoff.RetryAfterError{Duration: last.after}
		default:
			return struct{}{}, errAgain
		}
	}, backoff.WithMaxTries(uint(c.maxAttempts)), backoff.WithMaxElapsedTime(max(1, time.Until(deadline))),
		// A factor of 1 spreads a wait over 0 to twice the interval: full jitter.
		backoff.WithBackOff(&backoff.ExponentialBackOff{RandomizationFactor: 1, Multiplier: 2, InitialInterval: c.firstWait / 2, MaxInterval: maxWait / 2}))
	return last
}

// isRetryable reports whether a status is worth another attempt. Both operations are idempotent.
func isRetryable(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// isTransient reports whether an error of the transport may pass: not an unknown host, and not a
// certificate or a protocol that does not fit.
func isTransient(err error) bool {
	var (
		dns         *net.DNSError
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
		invalid     x509.CertificateInvalidError
		alert       tls.AlertError
		record      tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &dns):
		return !dns.IsNotFound
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &hostname),
		errors.As(err, &invalid), errors.As(err, &alert), errors.As(err, &record):
		return false
	default:
		return true
	}
}

// parseRetryAfter returns the wait that a Retry-After header asks for, 0 where it asks for none.
func parseRetryAfter(value string) time.Duration {
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(max(0, min(seconds, 24*60*60))) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return time.Until(date)
	}
	return 0
}

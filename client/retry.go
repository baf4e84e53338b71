package client

import (
	"context"
	"crypto/tls"
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

// retry attempts until a verdict is final, the attempts are used up, or the next wait would not end
// before deadline. It reports whether another attempt was worth it.
func (c *Client) retry(ctx context.Context, deadline time.Time, attempt func() verdict) (again bool) {
	// A factor of 1 spreads a wait over 0 to twice the interval: full jitter.
	waits := backoff.ExponentialBackOff{RandomizationFactor: 1, Multiplier: 2, InitialInterval: c.firstWait / 2, MaxInterval: maxWait / 2}
	for attempts := 1; ; attempts++ {
		v := attempt()
		if !v.again || attempts == c.maxAttempts {
			return v.again
		}
		wait := waits.NextBackOff()
		if v.after > 0 {
			wait = v.after
		}
		if v.after > maxRetryAfter || time.Until(deadline) < wait {
			return true
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return true
		}
	}
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
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return !dns.IsNotFound
	}
	return !isA[*tls.CertificateVerificationError](err) && !isA[tls.AlertError](err) && !isA[tls.RecordHeaderError](err)
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
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

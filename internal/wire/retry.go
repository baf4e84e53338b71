package wire

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
	// FirstWait is the default bound of the first wait; maxWait bounds each.
	FirstWait = 500 * time.Millisecond
	maxWait   = 8 * time.Second
	// maxRetryAfter is the longest Retry-After that is waited for.
	maxRetryAfter = time.Minute
)

// Retry attempts until one is not worth another, the attempts are used up, or the next wait would not
// end before deadline. It reports whether another attempt was worth it. An attempt tells for how long its
// answer asks to wait.
func (s *Sender) Retry(ctx context.Context, deadline time.Time, attempt func() (again bool, after time.Duration)) bool {
	// A factor of 1 spreads a wait over 0 to twice the interval: full jitter.
	waits := backoff.ExponentialBackOff{RandomizationFactor: 1, Multiplier: 2, InitialInterval: s.FirstWait / 2, MaxInterval: maxWait / 2}
	for attempts := 1; ; attempts++ {
		again, after := attempt()
		if !again || attempts == s.MaxAttempts {
			return again
		}
		wait := waits.NextBackOff()
		if after > 0 {
			wait = after
		}
		if after > maxRetryAfter || time.Until(deadline) < wait {
			return true
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return true
		}
	}
}

// IsRetryable reports whether a status is worth another attempt of what may be repeated.
func IsRetryable(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// IsTransient reports whether an error of the transport may pass: not an unknown host, and not a
// certificate or a protocol that does not fit.
func IsTransient(err error) bool {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return !dns.IsNotFound
	}
	return !is[*tls.CertificateVerificationError](err) && !is[tls.RecordHeaderError](err) &&
		// Those of the verification that a tls.Config brings are not wrapped.
		!is[x509.UnknownAuthorityError](err) && !is[x509.HostnameError](err) && !is[x509.CertificateInvalidError](err)
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// RetryAfter returns the wait that the answer asks for, 0 where it asks for none.
func (a *Answer) RetryAfter() time.Duration {
	value := a.Header.Get("Retry-After")
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

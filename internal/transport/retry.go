package transport

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	// FirstWait is the default of Policy.FirstWait.
	FirstWait = 500 * time.Millisecond
	// maxWait limits each wait that no Retry-After sets.
	maxWait = 8 * time.Second
	// MaxRetryAfter is the longest Retry-After that is honoured. A longer one ends the call.
	MaxRetryAfter = time.Minute
)

// Policy says how often and after which waits a request is repeated.
type Policy struct {
	MaxAttempts int
	// FirstWait limits the random wait before the second attempt. The limit doubles with each attempt.
	FirstWait time.Duration
}

// Verdict is what the policy makes of one attempt.
type Verdict struct {
	// Retry reports whether another attempt may succeed.
	Retry bool
	// MaybeApplied reports whether the request may have taken effect although it failed.
	MaybeApplied bool
	// After is the wait that the response requests, 0 if none.
	After time.Duration
}

// Classify returns the verdict on an attempt that did not succeed: err is an [*Error], or nil if a response was
// received.
func Classify(res Response, err error) Verdict {
	if failure, ok := errors.AsType[*Error](err); ok {
		return Verdict{Retry: !failure.Final, MaybeApplied: failure.Sent}
	} else if err != nil {
		return Verdict{}
	}
	unclear := res.Status < 300 || errors.Is(res.Err, ErrTruncated) && res.Status < 400
	return Verdict{
		Retry:        IsRetryableStatus(res.Status) || errors.Is(res.Err, ErrTruncated),
		MaybeApplied: unclear || res.Status >= 500,
		After:        RetryAfter(res.Header),
	}
}

// IsRetryableStatus reports whether a request with this status may succeed when it is repeated.
func IsRetryableStatus(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// Retry calls attempt until its verdict is not to retry, attempts are used up, ctx ends, or ctx would not
// outlast the next wait. It returns the results of all attempts.
func Retry[T any](ctx context.Context, p Policy, attempt func() (T, Verdict)) []T {
	results := make([]T, 0, 1)
	for limit := p.FirstWait; ; limit = min(2*limit, maxWait) {
		result, verdict := attempt()
		results = append(results, result)
		if !verdict.Retry || len(results) >= p.MaxAttempts || verdict.After > MaxRetryAfter {
			return results
		}
		wait := verdict.After
		if wait == 0 && limit > 0 {
			wait = rand.N(limit)
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
			return results
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		if ctx.Err() != nil { // even if both were ready
			return results
		}
	}
}

// RetryAfter returns the wait that a response requests in seconds or as a date, 0 if it requests none.
func RetryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if value == "" {
		return 0
	}
	const most = 24 * time.Hour
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(max(0, min(seconds, int64(most/time.Second)))) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, min(time.Until(date), most))
	}
	return 0
}

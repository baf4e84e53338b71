package tokens

import "time"

const (
	// replacePause is the first pause after which another token is requested. It doubles each time.
	replacePause    = time.Minute
	maxReplacePause = 10 * time.Minute
	// freeReplacements is the number of tokens that are replaced without a pause although they had been accepted: some requests
	// may work, and others be rejected for good.
	freeReplacements = 3
)

// Rejections counts tokens that the API rejected, to decide when no other one is requested in their place: more tokens would not
// help, and Zoho issues only ten in ten minutes. Processes share the counts with the token in the cache.
type Rejections struct {
	// Unproven is the number of tokens in a row that were rejected and had never been accepted.
	Unproven int
	// Replaced is the number of tokens in a row that were requested because the one before was rejected, the last one at
	// ReplacedAt. The row ends after maxReplacePause without one.
	Replaced   int
	ReplacedAt time.Time
}

// isPaused reports whether no token is requested for now in place of the newest one, which was requested at requestedAt and is
// rejected. One that was never accepted is replaced once at once, any other one freeReplacements times, and after that in
// growing pauses.
func (r Rejections) isPaused(requestedAt time.Time) bool {
	return time.Since(requestedAt) < Growing(replacePause, r.Unproven, maxReplacePause) ||
		time.Since(r.ReplacedAt) < Growing(replacePause, r.Replaced-freeReplacements+1, maxReplacePause)
}

// plus returns the counts with one more rejected token, in whose place another one was requested at replacedAt.
func (r Rejections) plus(accepted bool, replacedAt time.Time) Rejections {
	if !accepted {
		r.Unproven++
	}
	if time.Since(r.ReplacedAt) >= maxReplacePause {
		r.Replaced = 0
	}
	r.Replaced++
	r.ReplacedAt = replacedAt
	return r
}

// merge returns what is known from both counts.
func (r Rejections) merge(other Rejections) Rejections {
	r.Unproven = max(r.Unproven, other.Unproven)
	if !other.ReplacedAt.Before(r.ReplacedAt) {
		r.Replaced, r.ReplacedAt = other.Replaced, other.ReplacedAt
	}
	return r
}

// Growing returns the nth pause, which doubles from the first one up to a limit. It is 0 if n is not above 0.
func Growing(first time.Duration, n int, limit time.Duration) time.Duration {
	if n <= 0 {
		return 0
	}
	return min(first<<min(n-1, 10), limit)
}

package tokens

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	mathrand "math/rand/v2"
	"time"
)

const (
	// cacheTimeout limits each Get, each unlock, and all Puts of a refresh that fail.
	cacheTimeout = time.Second
	// pollInterval is how often the cache is read while another process requests a token.
	pollInterval = 200 * time.Millisecond

	// claimWait is the shortest wait for the claims of other processes.
	claimWait     = 50 * time.Millisecond
	claimLifetime = 10 * time.Second
	// noClaim is what a process stores in place of its claim when it is done.
	noClaim = "none"
)

// cache is the caller's cache during one refresh.
type cache struct {
	*Shared
	// failed is whether a Get failed: the cache is not read again, and not locked.
	failed bool
	// lostTime is how long Puts took that failed.
	lostTime time.Duration
}

func (s *Shared) openCache() *cache { return &cache{Shared: s, failed: s.Get == nil} }

// record is a value in the cache.
type record struct {
	Key         string    `json:"key"`
	Value       string    `json:"access_token"`
	RequestedAt time.Time `json:"requested_at"`
	ExpiresAt   time.Time `json:"expires_at"`
	Unproven    int       `json:"unproven,omitempty"`
	Replaced    int       `json:"replaced,omitempty"`
	ReplacedAt  time.Time `json:"replaced_at,omitzero"`
}

// readRecord returns a record without a key for any other value.
func readRecord(value []byte) (r record) {
	if json.Unmarshal(value, &r) != nil {
		return record{}
	}
	return r
}

// get returns a wanted token from the cache.
func (c *cache) get(ctx context.Context, w wanted) (Token, bool) {
	began := time.Now()
	r := readRecord(c.read(ctx, c.Key))
	if r.Key != c.Key || Check(r.Value) != nil {
		return Token{}, false
	}
	now := time.Now() // the clock of another host may be ahead
	token := Token{
		Value: r.Value, RequestedAt: earlier(r.RequestedAt, now), ExpiresAt: r.ExpiresAt,
		Rejections: Rejections{r.Unproven, r.Replaced, earlier(r.ReplacedAt, now)},
	}
	if !w.accepts(token) {
		return Token{}, false
	}
	c.Logger.LogAttrs(ctx, slog.LevelInfo, "zohocrm token", slog.String("from", string(Cache)),
		slog.Duration("duration", time.Since(began)), slog.Time("expires_at", token.ExpiresAt))
	return token, true
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (c *cache) put(ctx context.Context, t Token) {
	if c.Put == nil {
		return
	}
	value, err := json.Marshal(record{c.Key, t.Value, t.RequestedAt, t.ExpiresAt, t.Unproven, t.Replaced, t.ReplacedAt}) //nolint:gosec // a cache is for tokens
	if err == nil {
		err = c.write(ctx, c.Key, value, time.Until(t.ExpiresAt))
	}
	if err != nil {
		c.warn(ctx, "storing a token in the cache failed", err, t.Value)
	}
}

// read returns a value, even if the time of the refresh is over: another process may have stored a token. An error is logged,
// and the cache is then taken for empty.
func (c *cache) read(ctx context.Context, key string) []byte {
	if c.failed {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cacheTimeout)
	defer cancel()
	value, err := Guard(ctx, func(ctx context.Context) ([]byte, error) { return c.Get(ctx, key) })
	if err != nil {
		c.failed = true
		c.warn(ctx, "reading the token cache failed; continuing without it", err, readRecord(value).Value)
		return nil
	}
	return value
}

// write stores a value, even if the time of the refresh is over, because Zoho has counted the token.
func (c *cache) write(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if c.lostTime >= cacheTimeout {
		return context.DeadlineExceeded
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cacheTimeout-c.lostTime)
	defer cancel()
	_, err := Guard(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, c.Put(ctx, key, value, ttl) })
	if err != nil {
		c.lostTime += time.Since(began)
	}
	return err
}

// lock waits until this process is the one to request a token. It returns a token, with ok, if another process stores one
// meanwhile. The wait is that of the refresh, not of one call: a call
// that ends must not cause another token request. If the cache has no lock, or it cannot be acquired, processes claim the request through the
// cache.
func (c *cache) lock(ctx context.Context, w wanted) (unlock func(), token Token, ok bool) {
	if c.Lock != nil && !c.failed {
		unlock, token, err := c.acquire(ctx, w)
		switch {
		case token.Value != "":
			return unlock, token, true
		case err == nil:
			token, ok = c.get(ctx, w)
			return unlock, token, ok
		}
		c.warn(ctx, "locking the token cache failed; continuing without the lock", err)
	}
	return c.claim(ctx, w)
}

// acquire waits for the lock of the cache, and reads the cache meanwhile.
func (c *cache) acquire(ctx context.Context, w wanted) (unlock func(), token Token, err error) {
	type result struct {
		unlock func()
		err    error
	}
	lockCtx, cancel := context.WithTimeout(ctx, c.LockTimeout)
	defer cancel()
	locked := make(chan result)
	go func() {
		unlock, err := Guard(context.WithoutCancel(lockCtx), func(context.Context) (func(), error) { return c.Lock(lockCtx, c.Key) })
		locked <- result{unlock, err}
	}()
	// abandon releases a lock that is acquired too late.
	abandon := func() { //nolint:contextcheck // the wait for the lock is over
		if late := <-locked; late.err == nil {
			c.release(late.unlock)
		}
	}
	poll := time.Tick(pollInterval)
	for {
		select {
		case r := <-locked:
			return func() { c.release(r.unlock) }, Token{}, r.err //nolint:contextcheck // unlocks whatever became of the call
		case <-poll:
			if token, ok := c.get(ctx, w); ok {
				go abandon()
				return func() {}, token, nil
			}
		case <-lockCtx.Done():
			go abandon()
			return nil, Token{}, errors.New("the lock was not acquired in time")
		}
	}
}

// release unlocks, within the time of a cache operation.
func (c *cache) release(unlock func()) {
	if unlock == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), cacheTimeout)
	defer cancel()
	if _, err := Guard(ctx, func(context.Context) (struct{}, error) { unlock(); return struct{}{}, nil }); err != nil {
		c.warn(ctx, "unlocking the token cache failed", err)
	}
}

// claim keeps processes from requesting a token at the same time: each stores its name, waits until the others must have
// read or overwritten it, and requests a token only if its name is still there. The others wait for the token. A cache
// that fails, or does not store the name, does not delay the request.
func (c *cache) claim(ctx context.Context, w wanted) (unlock func(), token Token, ok bool) {
	name, key := rand.Text(), c.claimKey()
	var other string   // the name of another process
	var seen time.Time // when it was first seen: a cache may ignore the lifetime
	for !c.failed && ctx.Err() == nil {
		began := time.Now()
		if stored := string(c.read(ctx, key)); stored != other {
			other, seen = stored, began
		}
		if other == "" || other == noClaim || time.Since(seen) > claimLifetime {
			if c.write(ctx, key, []byte(name), claimLifetime) != nil {
				break
			}
			sleep(ctx, claimWait+2*time.Since(began))
			other, seen = string(c.read(ctx, key)), time.Now()
			if other == "" {
				break
			}
			if other == name {
				token, ok = c.get(ctx, w)
				return func() { c.unclaim(ctx, key, name) }, token, ok
			}
		}
		sleep(ctx, pollInterval/2+mathrand.N(pollInterval))
		if token, ok = c.get(ctx, w); ok {
			break
		}
	}
	return func() {}, token, ok
}

func (c *cache) claimKey() string {
	sum := sha256.Sum256([]byte(c.Key + " claim"))
	return hex.EncodeToString(sum[:])
}

// unclaim ends a claim, unless another value has replaced it: the claim of another process or, in a cache that ignores keys,
// the token.
func (c *cache) unclaim(ctx context.Context, key, name string) {
	if string(c.read(ctx, key)) == name {
		_ = c.write(ctx, key, []byte(noClaim), claimLifetime)
	}
}

// warn logs an error without keys, and without the tokens that it may show.
func (c *cache) warn(ctx context.Context, what string, err error, tokens ...string) {
	c.mu.Lock()
	tokens = append(tokens, c.token.Value, c.Key, c.claimKey())
	c.mu.Unlock()
	c.Logger.LogAttrs(ctx, slog.LevelWarn, "zohocrm: "+what, slog.String("error", c.Redact(err.Error(), tokens...)))
}

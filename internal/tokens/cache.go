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
	// cacheTimeout limits each Get and Put of a token.
	cacheTimeout = time.Second
	// pollInterval is how often the cache is read while another process requests a token.
	pollInterval = 200 * time.Millisecond

	// claimTimeout limits each Get and Put of a claim; a slower cache goes without claims.
	claimTimeout  = 250 * time.Millisecond
	claimLifetime = 10 * time.Second
)

// cache is the caller's cache during one refresh. After a Get that failed it is not read again.
type cache struct {
	*Shared
	failed bool
}

func (s *Shared) openCache() *cache { return &cache{Shared: s, failed: s.Get == nil} }

// record is a value in the cache.
type record struct {
	Key         string    `json:"key"`
	Value       string    `json:"access_token"`
	RequestedAt time.Time `json:"requested_at"`
	ExpiresAt   time.Time `json:"expires_at"`
	Unproven    int       `json:"unproven,omitempty"`
}

// get returns a wanted token from the cache. Errors are logged and otherwise treated as an empty cache.
func (c *cache) get(ctx context.Context, w wanted) (Token, bool) {
	if c.failed {
		return Token{}, false
	}
	value, err := c.read(ctx, c.Key, cacheTimeout)
	if err != nil {
		c.failed = true
		c.warn(ctx, "reading the token cache failed; continuing without it", err, "")
		return Token{}, false
	}
	var r record
	if json.Unmarshal(value, &r) != nil || r.Key != c.Key || Check(r.Value) != nil {
		return Token{}, false
	}
	token := Token{Value: r.Value, RequestedAt: r.RequestedAt, ExpiresAt: r.ExpiresAt, Unproven: r.Unproven}
	if !w.accepts(token) {
		return Token{}, false
	}
	c.Logger.LogAttrs(ctx, slog.LevelInfo, "zohocrm token", slog.String("from", string(Cache)), slog.Time("expires_at", token.ExpiresAt))
	return token, true
}

func (c *cache) put(ctx context.Context, t Token) {
	if c.Put == nil {
		return
	}
	value, err := json.Marshal(record{c.Key, t.Value, t.RequestedAt, t.ExpiresAt, t.Unproven})
	if err == nil {
		err = c.write(ctx, c.Key, value, time.Until(t.ExpiresAt), cacheTimeout)
	}
	if err != nil {
		c.warn(ctx, "storing a token in the cache failed", err, t.Value)
	}
}

func (c *cache) read(ctx context.Context, key string, timeout time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return Guard(ctx, func(ctx context.Context) ([]byte, error) { return c.Get(ctx, key) })
}

func (c *cache) write(ctx context.Context, key string, value []byte, ttl, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := Guard(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, c.Put(ctx, key, value, ttl) })
	return err
}

// lock waits until this process is the one to request a token. It returns a token, with ok, if another process stores one
// meanwhile. The wait is bounded: without a lock, processes claim the request through the cache, and without a cache they
// do not wait at all.
func (c *cache) lock(ctx context.Context, w wanted) (unlock func(), token Token, ok bool) {
	if c.Lock != nil {
		unlock, token, err := c.acquire(ctx, w)
		switch {
		case token.Value != "":
			return unlock, token, true
		case err == nil:
			token, ok = c.get(ctx, w)
			return unlock, token, ok
		}
		c.warn(ctx, "locking the token cache failed; continuing without the lock", err, "")
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
	locked := make(chan result, 1)
	go func() {
		unlock, err := Guard(context.WithoutCancel(lockCtx), func(context.Context) (func(), error) { return c.Lock(lockCtx, c.Key) })
		locked <- result{unlock, err}
	}()
	// abandon releases a lock that is acquired too late.
	abandon := func() {
		cancel()
		go func() {
			if late := <-locked; late.err == nil {
				c.release(late.unlock)
			}
		}()
	}
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for {
		select {
		case r := <-locked:
			cancel()
			if r.err != nil {
				return nil, Token{}, r.err
			}
			return func() { c.release(r.unlock) }, Token{}, nil
		case <-poll.C:
			if token, ok := c.get(ctx, w); ok {
				abandon()
				return func() {}, token, nil
			}
		case <-lockCtx.Done():
			abandon()
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
		c.warn(ctx, "unlocking the token cache failed", err, "")
	}
}

// claim keeps processes whose cache has no lock from requesting a token at the same time: each writes its name, waits until
// the others must have read or overwritten it, and requests a token only if its name is still there. A cache that
// is slow or fails does not delay the request.
func (c *cache) claim(ctx context.Context, w wanted) (unlock func(), token Token, ok bool) {
	none := func() {}
	name, sum := rand.Text(), sha256.Sum256([]byte(c.Key+" claim"))
	key := hex.EncodeToString(sum[:])
	write := func(name string) error {
		return c.write(ctx, key, []byte(name), claimLifetime, claimTimeout)
	}
	// seen is when this process first saw the claim of another: a cache may ignore the lifetime.
	var other string
	var seen time.Time
	for !c.failed {
		began := time.Now()
		owner, err := c.read(ctx, key, claimTimeout)
		if err != nil {
			break
		}
		if string(owner) != other {
			other, seen = string(owner), began
		}
		if other == "" || time.Since(seen) > claimLifetime {
			if write(name) != nil {
				break
			}
			wait := 50*time.Millisecond + 2*time.Since(began)
			if !sleep(ctx, wait+mathrand.N(wait)) {
				break
			}
			if owner, err = c.read(ctx, key, claimTimeout); err != nil {
				break
			}
			if string(owner) == name {
				token, ok = c.get(ctx, w)
				return func() { _ = write("") }, token, ok
			}
			other, seen = string(owner), time.Now()
		}
		if !sleep(ctx, pollInterval/2+mathrand.N(pollInterval)) {
			break
		}
		if token, ok = c.get(ctx, w); ok {
			return none, token, true
		}
	}
	return none, Token{}, false
}

func (c *cache) warn(ctx context.Context, what string, err error, token string) {
	c.Logger.LogAttrs(ctx, slog.LevelWarn, "zohocrm: "+what, slog.String("error", c.Redact(err.Error(), token)))
}

// Package rediscache stores access tokens in Redis, so that processes of several hosts share them.
//
//	cache := rediscache.New(redis.NewClient(&redis.Options{Addr: "redis.example.com:6379"}), "orders:zoho:")
//	crm, err := client.New(client.EU, client.RefreshToken{
//		ClientID: id, ClientSecret: secret, RefreshToken: refresh, Cache: cache,
//	})
//
// It is a Go module of its own, so that only its users depend on Redis.
//
// # Secrets
//
// Redis holds each token in plain text. Anyone who can read it can call Zoho until the token expires. TLS, user and password
// are options of the redis client. No error contains a value or a password. This user can do what the Cache needs,
// and nothing else:
//
//	ACL SETUSER orders on >password ~orders:zoho:* +get +set +getrange +del +eval +evalsha
//
// # Keys
//
// For each key, that is, for each set of credentials, there are at most two Redis keys: the prefix, "token:" and the key; and
// the prefix, "lock:" and the key, while a process requests a token. Both expire. No command or script uses two keys, so
// Redis Cluster works.
//
// # Failures
//
// A method waits at most 0.9 seconds for each reply, whatever the timeouts of the redis client. After an error the
// client continues without the Cache: every process requests tokens of its own. The redis client writes failures to connect
// to stderr, or where redis.SetLogger says.
//
// When Redis evicts a key, restarts without persistence, or uses a replica that has not received a key yet, a value is missing
// or a lock is free early. This costs one more token request.
package rediscache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/bsm/redislock"
	"github.com/redis/go-redis/v9"
)

const (
	replyTimeout    = 900 * time.Millisecond // for one reply of the server; the client of Zoho waits for a second
	defaultLockWait = 30 * time.Second       // without a deadline of the context
	lockMargin      = 5 * time.Second
)

// Cache stores values in Redis. It implements the interfaces Cache and Locker of package client.
// It is safe for concurrent use.
type Cache struct {
	client redis.UniversalClient
	locks  *redislock.Client
	prefix string
}

// New returns a Cache that uses client and starts all its Redis keys with prefix, for example "orders:zoho:".
// Close the client when the Cache is no longer used.
func New(client redis.UniversalClient, prefix string) *Cache {
	return &Cache{client: client, locks: redislock.New(client), prefix: prefix}
}

// Get returns the value of key. It returns nil without an error if there is none or if it has expired.
func (c *Cache) Get(ctx context.Context, key string) ([]byte, error) {
	var value []byte
	err := run(ctx, func(ctx context.Context) (err error) {
		value, err = c.client.Get(ctx, c.prefix+"token:"+key).Bytes()
		if errors.Is(err, redis.Nil) {
			return nil
		}
		return err
	}, func() {})
	if err != nil {
		return nil, err
	}
	return value, nil
}

// Put stores value under key for ttl.
func (c *Cache) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	value = bytes.Clone(value) // the redis client may still read it after run has returned
	return run(ctx, func(ctx context.Context) error {
		return c.client.Set(ctx, c.prefix+"token:"+key, value, max(ttl, time.Millisecond)).Err() // 0 would be forever
	}, func() {})
}

// Lock waits until no other process holds the lock of key, or until ctx ends; without a deadline it waits at most 30 seconds.
// Once acquired, the lock expires after the time that ctx had left when Lock was called, plus 5 seconds.
// unlock takes at most one second, may be called more than once, and never releases the lock of another holder.
func (c *Cache) Lock(ctx context.Context, key string) (unlock func(), err error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, defaultLockWait)
		defer cancel()
	}
	deadline, _ := ctx.Deadline()
	expiry := time.Until(deadline) + lockMargin
	for {
		var lock *redislock.Lock
		release := func() {
			_ = run(context.WithoutCancel(ctx), lock.Release, func() {}) // it expires otherwise
		}
		err := run(ctx, func(ctx context.Context) (err error) {
			lock, err = c.locks.Obtain(ctx, c.prefix+"lock:"+key, expiry, nil)
			if errors.Is(err, redislock.ErrNotObtained) {
				return nil
			}
			return err
		}, release)
		if err == nil && lock != nil {
			return release, nil
		}
		if err == nil {
			select {
			case <-time.After(50*time.Millisecond + rand.N(50*time.Millisecond)): // jitter keeps processes from trying in step
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("rediscache: lock not acquired: %w", ctx.Err())
		}
		if err != nil {
			return nil, err
		}
	}
}

// run calls f, and returns when f returns, ctx ends or replyTimeout is over: the redis client does not return before its own
// timeouts. If run returned before f, it calls abandon after f.
func run(ctx context.Context, f func(context.Context) error, abandon func()) error {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	done := make(chan error)
	go func() {
		err := f(ctx)
		select {
		case done <- err:
		case <-ctx.Done():
			abandon()
		}
	}()
	select {
	case err := <-done:
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			return redact(err)
		}
	case <-ctx.Done():
	}
	return fmt.Errorf("rediscache: no reply from the Redis server: check that it runs, its address and the network: %w", ctx.Err())
}

// redact returns an error without what err quotes: some replies quote the arguments of a command, such as a password or a value.
func redact(err error) error {
	text := err.Error()
	if i := strings.IndexAny(text, "'\"`\r\n"); i >= 0 {
		text = text[:i] + "…"
	}
	return fmt.Errorf("rediscache: %s: check the Redis server, its free memory, and the address, user and password of the redis client", text)
}

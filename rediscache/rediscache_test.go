package rediscache_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/seed-87e331f0/zohocrm-go/rediscache"
)

func newClient(t *testing.T, options *redis.Options) *redis.Client {
	t.Helper()
	client := redis.NewClient(options)
	t.Cleanup(func() { client.Close() })
	return client
}

func newMiniredis(t *testing.T) (*miniredis.Miniredis, *rediscache.Cache) {
	t.Helper()
	server := miniredis.RunT(t)
	return server, rediscache.New(newClient(t, &redis.Options{Addr: server.Addr()}), "app:")
}

func wantValue(t *testing.T, cache *rediscache.Cache, key, want string) {
	t.Helper()
	value, err := cache.Get(t.Context(), key)
	if err != nil || string(value) != want || (value == nil) != (want == "") {
		t.Errorf("Get(%q) = %q, %v; want %q", key, value, err, want)
	}
}

func put(t *testing.T, cache *rediscache.Cache, key, value string, ttl time.Duration) {
	t.Helper()
	if err := cache.Put(t.Context(), key, []byte(value), ttl); err != nil {
		t.Fatal(err)
	}
}

func lock(t *testing.T, cache *rediscache.Cache, key string) func() {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	unlock, err := cache.Lock(ctx, key)
	if err != nil {
		t.Error(err)
		return func() {}
	}
	return unlock
}

func wantLocked(t *testing.T, cache *rediscache.Cache) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	const want = "rediscache: lock not acquired: context deadline exceeded"
	if _, err := cache.Lock(ctx, "key"); !errors.Is(err, context.DeadlineExceeded) || err.Error() != want {
		t.Errorf("Lock = %v; want %s", err, want)
	}
}

// wantErrors tests that each method returns an error of one line that contains want, and neither the value nor the password.
func wantErrors(t *testing.T, cache *rediscache.Cache, want string) {
	t.Helper()
	ctx := t.Context()
	var group sync.WaitGroup
	for method, call := range map[string]func() error{
		"Get":  func() error { _, err := cache.Get(ctx, "key"); return err },
		"Put":  func() error { return cache.Put(ctx, "key", []byte("secret"), time.Hour) },
		"Lock": func() error { _, err := cache.Lock(ctx, "key"); return err },
	} {
		group.Go(func() {
			err := call()
			if err == nil || !strings.HasPrefix(err.Error(), "rediscache: "+want) || strings.ContainsAny(err.Error(), "\n") ||
				strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %v; want %q in one line without a secret", method, err, want)
			}
		})
	}
	group.Wait()
}

// testCache tests what every Redis server must do, with two clients of the server.
func testCache(t *testing.T, one, two *rediscache.Cache) {
	t.Helper()
	wantValue(t, one, "key", "")
	put(t, one, "key", "first", time.Hour)
	put(t, one, "key", "second\nline", time.Hour)
	wantValue(t, two, "key", "second\nline")
	wantValue(t, two, "another key", "")

	var holders atomic.Int32
	var group sync.WaitGroup
	for _, cache := range []*rediscache.Cache{one, two, one, two} {
		group.Go(func() {
			unlock := lock(t, cache, "key")
			defer unlock()
			if n := holders.Add(1); n != 1 {
				t.Errorf("%d holders at a time", n)
			}
			time.Sleep(time.Millisecond)
			holders.Add(-1)
		})
	}
	group.Wait()

	first := lock(t, one, "key")
	wantLocked(t, two)
	lock(t, two, "another key")()
	first()
	second := lock(t, two, "key")
	first()
	wantLocked(t, one)
	second()
	lock(t, one, "key")()
}

func TestCache(t *testing.T) {
	t.Parallel()
	server, one := newMiniredis(t)
	testCache(t, one, rediscache.New(newClient(t, &redis.Options{Addr: server.Addr()}), "app:"))
}

func TestValuesExpire(t *testing.T) {
	t.Parallel()
	server, cache := newMiniredis(t)
	put(t, cache, "key", "value", time.Minute)
	put(t, cache, "expired", "value", 0)
	server.FastForward(time.Minute - time.Millisecond)
	wantValue(t, cache, "key", "value")
	wantValue(t, cache, "expired", "")
	server.FastForward(time.Millisecond)
	wantValue(t, cache, "key", "")
}

func TestPrefixSeparatesApplications(t *testing.T) {
	t.Parallel()
	server, cache := newMiniredis(t)
	other := rediscache.New(newClient(t, &redis.Options{Addr: server.Addr()}), "other:")
	put(t, other, "key", "value", time.Hour)
	lock(t, cache, "key")
	wantValue(t, cache, "key", "")
	lock(t, other, "key")()
	if keys := strings.Join(server.Keys(), " "); keys != "app:lock:key other:token:key" {
		t.Errorf("Redis keys: %s", keys)
	}
}

func TestLockExpiresFiveSecondsAfterTheDeadline(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ timeout, want time.Duration }{
		"a deadline": {12 * time.Second, 17 * time.Second}, "no deadline": {0, 35 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, cache := newMiniredis(t)
			ctx := t.Context()
			if test.timeout > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, test.timeout)
				defer cancel()
			}
			first, err := cache.Lock(ctx, "key")
			expiry := server.TTL("app:lock:key")
			if err != nil || expiry > test.want || expiry <= test.want-5*time.Second {
				t.Fatalf("%v; the lock expires in %v; want %v, less the time Lock took", err, expiry, test.want)
			}
			server.FastForward(expiry)
			lock(t, cache, "key")
			first()
			wantLocked(t, cache)
		})
	}
}

func TestLockReturnsWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	_, cache := newMiniredis(t)
	unlock := lock(t, cache, "key")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := cache.Lock(ctx, "key"); !errors.Is(err, context.Canceled) {
		t.Errorf("Lock = %v; want context.Canceled", err)
	}
	unlock()
	for i := range 50 { // the context ends before, while or after the lock is acquired
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Duration(i)*10*time.Microsecond, cancel)
		if unlock, err := cache.Lock(ctx, "key"); err == nil {
			unlock()
		}
	}
	lock(t, cache, "key")() // Lock that returned an error holds nothing
}

func TestErrorsQuoteNothing(t *testing.T) {
	t.Parallel()
	server, cache := newMiniredis(t)
	server.SetError("ERR unknown command 'SET', with args beginning with: 'app:token:key' 'secret'")
	wantErrors(t, cache, "ERR unknown command …: check")
}

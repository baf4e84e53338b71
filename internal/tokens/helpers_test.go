package tokens_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed-87e331f0/zohocrm-go/internal/tokens"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "cache-key"

// backend is a token endpoint and a cache, which the sources of a test share.
type backend struct {
	mu       sync.Mutex
	values   map[string][]byte
	steps    []string // the functions that were called
	requests []time.Time
	log      bytes.Buffer // of logger
	logger   *slog.Logger
	locked   chan struct{} // holds one element while the lock is held

	lifetime time.Duration
	failure  *tokens.Failure // of token requests
	// hook runs at the start of each function, which gets its error. The text is a secret that the function handles.
	hook func(function, text string) error
}

func newBackend() *backend {
	b := &backend{
		values: map[string][]byte{}, lifetime: time.Hour, locked: make(chan struct{}, 1), hook: func(string, string) error { return nil },
	}
	b.logger = slog.New(slog.NewTextHandler(&b.log, nil))
	return b
}

// source returns the source of one process. Its cache has no lock if withLock is false.
func (b *backend) source(withLock bool) *tokens.Shared {
	s := &tokens.Shared{Config: tokens.Config{
		Key: key, Request: b.request, Timeout: 2 * time.Minute, LockTimeout: 30 * time.Second,
		Logger: b.logger, Get: b.get, Put: b.put,
		Redact: func(text string, secrets ...string) string {
			for _, secret := range secrets {
				text = strings.ReplaceAll(text, strings.Trim(secret, `"`), "")
			}
			return text
		},
	}}
	if withLock {
		s.Lock = b.lock
	}
	return s
}

func (b *backend) call(function, text string) error {
	b.mu.Lock()
	b.steps = append(b.steps, function)
	b.mu.Unlock()
	return b.hook(function, text)
}

func (b *backend) get(_ context.Context, key string) ([]byte, error) {
	err := b.call("get", key)
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.values[key], err
}

func (b *backend) put(_ context.Context, key string, value []byte, _ time.Duration) error {
	err := b.call("put", key+" "+string(value))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.values[key] = value
	return err
}

func (b *backend) lock(ctx context.Context, key string) (func(), error) {
	if err := b.call("lock", key); err != nil {
		return nil, err
	}
	unlock := func() {
		<-b.locked
		if err := b.call("unlock", key); err != nil {
			panic(err)
		}
	}
	select {
	case b.locked <- struct{}{}:
		return unlock, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// request returns token-1, token-2, ….
func (b *backend) request(context.Context, func(error)) (tokens.Token, *tokens.Failure) {
	now := time.Now()
	b.mu.Lock()
	b.requests = append(b.requests, now)
	n, failure := len(b.requests), b.failure
	b.mu.Unlock()
	_ = b.call("request", "")
	return tokens.Token{Value: fmt.Sprintf("token-%d", n), RequestedAt: now, ExpiresAt: now.Add(b.lifetime)}, failure
}

func (b *backend) tokenRequests() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.requests)
}

// store puts a token of that age into the cache, as another process does.
func (b *backend) store(value string, age, remaining time.Duration, unproven int) {
	now := time.Now()
	record, _ := json.Marshal(map[string]any{
		"key": key, "access_token": value, "requested_at": now.Add(-age), "expires_at": now.Add(remaining), "unproven": unproven,
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.values[key] = record
}

// mustToken fails the test if Token returns anything else.
func mustToken(t *testing.T, s tokens.Source, want string, origin tokens.Origin) {
	t.Helper()
	token, from, err := s.Token(t.Context())
	if err != nil || token != want || from != origin {
		t.Fatalf("Token returned %q from %q, %v; want %q from %q", token, from, err, want, origin)
	}
}

// mustReplace fails the test if Replace returns anything else.
func mustReplace(t *testing.T, s tokens.Source, rejected, want string, origin tokens.Origin) {
	t.Helper()
	token, from, err := s.Replace(t.Context(), rejected, true)
	if err != nil || token != want || from != origin {
		t.Fatalf("Replace(%s) returned %q from %q, %v; want %q from %q", rejected, token, from, err, want, origin)
	}
}

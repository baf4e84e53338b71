//go:build unix

package filecache_test

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/filecache"
)

func TestFileSystemThatHangsBlocksNobodyBeyondTheContext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cache := filecache.New(dir)
	unlock := lock(t, cache)
	put(t, cache, key, "value")
	path := files(t, dir, ".token")[0]
	if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)); err != nil {
		t.Fatal(err)
	}
	for range 3 { // a pipe without a writer blocks the first Get, which blocks the others
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := cache.Get(ctx, key); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Get = %v; want context.DeadlineExceeded", err)
		}
		cancel()
	}
	unlock()
	lock(t, filecache.New(dir))()
	pipe, err := os.OpenFile(path, os.O_WRONLY, 0) // ends the first Get
	if err != nil {
		t.Fatal(err)
	}
	pipe.Close()
	if value := get(t, cache, "another key"); value != "" {
		t.Errorf("Get = %q", value)
	}
}

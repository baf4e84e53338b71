package filecache_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/filecache"
)

// key has the form of the keys of package client.
const key = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func get(t *testing.T, cache *filecache.Cache, key string) string {
	t.Helper()
	value, err := cache.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(value)
}

func put(t *testing.T, cache *filecache.Cache, key, value string) {
	t.Helper()
	if err := cache.Put(t.Context(), key, []byte(value), time.Hour); err != nil {
		t.Fatal(err)
	}
}

func lock(t *testing.T, cache *filecache.Cache) func() {
	t.Helper()
	unlock, err := cache.Lock(t.Context(), key)
	if err != nil {
		t.Error(err)
		return func() {}
	}
	return unlock
}

// isLocked tells whether another Cache cannot acquire the lock now.
func isLocked(t *testing.T, dir string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	unlock, err := filecache.New(dir).Lock(ctx, key)
	if err == nil {
		unlock()
	} else if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	return err != nil
}

// files returns the paths of all files of the folder with the given extension.
func files(t *testing.T, dir, extension string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"+extension))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func TestGetReturnsTheLastPut(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "folder")
	cache := filecache.New(dir)
	if value, err := cache.Get(t.Context(), key); value != nil || err != nil {
		t.Errorf("Get without a folder = %q, %v; want nil, nil", value, err)
	}
	put(t, cache, key, "first")
	put(t, cache, key, "second\nline")
	if value := get(t, filecache.New(dir), key); value != "second\nline" {
		t.Errorf("Get = %q; want the last value", value)
	}
}

func TestValuesExpire(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cache := filecache.New(dir)
		put(t, cache, key, "value")
		time.Sleep(time.Hour - time.Millisecond)
		if value := get(t, cache, key); value != "value" {
			t.Errorf("Get before the expiry = %q; want the value", value)
		}
		time.Sleep(time.Millisecond)
		if value, err := cache.Get(t.Context(), key); value != nil || err != nil {
			t.Errorf("Get after the expiry = %q, %v; want nil, nil", value, err)
		}
	})
}

func TestAnyKeyIsOneFileInTheFolder(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	dir := filepath.Join(parent, "cache")
	cache := filecache.New(dir)
	keys := []string{"", ".", "..", "../escape", "/etc/passwd", `..\escape`, "C:", "CON", "a\x00b", "a", "A", key, strings.Repeat("long", 1000)}
	for _, key := range keys {
		put(t, cache, key, "value of "+key)
	}
	for _, key := range keys {
		if value := get(t, cache, key); value != "value of "+key {
			t.Errorf("Get(%.20q) = %.30q; want its own value", key, value)
		}
	}
	if got := len(files(t, dir, "")); got != len(keys) {
		t.Errorf("the folder has %d files; want %d", got, len(keys))
	}
	if got := files(t, parent, ""); len(got) != 1 {
		t.Errorf("files outside of the folder: %q", got)
	}
}

func TestDamagedFileIsAMissingValue(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"empty": "", "zeros": strings.Repeat("\x00", 40), "text": "value", "only an expiry time": "9999999999999\n", "half an expiry time": "99999999",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cache := filecache.New(dir)
			put(t, cache, key, "value")
			if err := os.WriteFile(files(t, dir, ".token")[0], []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if value, err := cache.Get(t.Context(), key); value != nil || err != nil {
				t.Errorf("Get = %q, %v; want nil, nil", value, err)
			}
			put(t, cache, key, "value")
			if value := get(t, cache, key); value != "value" {
				t.Errorf("Get after the next Put = %q", value)
			}
		})
	}
}

func TestOnlyTheUserMayReadFiles(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no file modes")
	}
	dir := filepath.Join(t.TempDir(), "cache")
	put(t, filecache.New(dir), key, "value")
	lock(t, filecache.New(dir))()
	for path, want := range map[string]os.FileMode{
		dir: os.ModeDir | 0o700, files(t, dir, ".token")[0]: 0o600, files(t, dir, ".lock")[0]: 0o600,
	} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v (%v); want %v", path, info.Mode(), err, want)
		}
	}
}

func TestPutDeletesOldTemporaryFilesOfItsOwnOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{"zohocrm-1.tmp": 2 * time.Hour, "zohocrm-2.tmp": time.Minute, "other.tmp": 2 * time.Hour} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, time.Time{}, time.Now().Add(-age))); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filecache.New(dir), key, "value")
	got := files(t, dir, ".tmp")
	if len(got) != 2 || filepath.Base(got[0]) != "other.tmp" || filepath.Base(got[1]) != "zohocrm-2.tmp" {
		t.Errorf("temporary files: %q; want other.tmp and zohocrm-2.tmp", got)
	}
}

func TestErrorNamesThePathInOneLine(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	readOnly, longName := filepath.Join(filepath.Dir(file), "read-only"), filepath.Join(filepath.Dir(file), strings.Repeat("x", 300))
	folders := map[string]struct{ dir, want string }{
		"no folder":          {"", "no folder: pass the path of a folder to New"},
		"a file":             {file, file},
		"a folder in a file": {filepath.Join(file, "cache"), file},
		"a long name":        {longName, longName},
	}
	if os.Geteuid() > 0 { // root and Windows ignore the mode
		if err := os.Mkdir(readOnly, 0o500); err != nil {
			t.Fatal(err)
		}
		folders["a read-only folder"] = struct{ dir, want string }{readOnly, readOnly}
	}
	for name, test := range folders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := filecache.New(test.dir)
			_, lockErr := cache.Lock(t.Context(), key)
			for method, err := range map[string]error{"Put": cache.Put(t.Context(), key, []byte("secret"), time.Hour), "Lock": lockErr} {
				if err == nil || !strings.Contains(err.Error(), test.want) || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
					t.Errorf("%s: %v; want %q in one line without the value", method, err, test.want)
				}
			}
		})
	}
}

func TestFailedPutLeavesNoTemporaryFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cache := filecache.New(dir)
	put(t, cache, key, "value")
	path := files(t, dir, ".token")[0]
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := cache.Put(t.Context(), key, []byte("secret"), time.Hour); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("Put = %v; want an error that names %s", err, path)
	}
	if got := files(t, dir, ".tmp"); len(got) > 0 {
		t.Errorf("temporary files: %q", got)
	}
}

func TestEndedContextIsAnErrorWithoutEffect(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cache")
	cache := filecache.New(dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, getErr := cache.Get(ctx, key)
	_, lockErr := cache.Lock(ctx, key)
	for method, err := range map[string]error{"Get": getErr, "Put": cache.Put(ctx, key, []byte("value"), time.Hour), "Lock": lockErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s = %v; want context.Canceled", method, err)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder exists: %v", err)
	}
}

func TestLockExcludesGoroutines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var holders atomic.Int32
	var group sync.WaitGroup
	shared := filecache.New(dir)
	for _, cache := range []*filecache.Cache{shared, shared, shared, filecache.New(dir), filecache.New(dir)} {
		group.Go(func() {
			unlock := lock(t, cache)
			defer unlock()
			if n := holders.Add(1); n != 1 {
				t.Errorf("%d holders at a time", n)
			}
			time.Sleep(time.Millisecond)
			holders.Add(-1)
		})
	}
	group.Wait()
}

func TestUnlockReleasesOnlyItsOwnLock(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "folder")
	cache := filecache.New(dir)
	first := lock(t, cache)
	if _, err := cache.Lock(t.Context(), "another key"); err != nil {
		t.Error(err)
	}
	first()
	second := lock(t, cache)
	first()
	if !isLocked(t, dir) {
		t.Error("a second call of unlock released the lock of another holder")
	}
	second()
	lock(t, cache)()
}

func TestLockReturnsWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	cache := filecache.New(t.TempDir())
	unlock := lock(t, cache)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := cache.Lock(ctx, key); !errors.Is(err, context.Canceled) {
		t.Errorf("Lock = %v; want context.Canceled", err)
	}
	unlock()
	for i := range 200 { // the context ends before, while or after the lock is acquired
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*time.Microsecond)
		if unlock, err := cache.Lock(ctx, key); err == nil {
			unlock()
		}
		cancel()
	}
	lock(t, cache)() // Lock that returned an error holds nothing
}

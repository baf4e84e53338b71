package filecache_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/filecache"
)

// A test starts this test binary again as another process: the variable names what it does in the folder given as argument.
const roleVariable = "FILECACHE_TEST_ROLE"

const valueSize = 1 << 20 // large enough to be killed while writing it

func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := roles[role](os.Args[1]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

var roles = map[string]func(dir string) error{
	"lock in turn": func(dir string) error {
		cache := filecache.New(dir)
		for range 5 {
			unlock, err := cache.Lock(context.Background(), key)
			if err != nil {
				return err
			}
			holder, err := os.OpenFile(filepath.Join(dir, "holder"), os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return fmt.Errorf("another process holds the lock: %w", err)
			}
			time.Sleep(time.Millisecond)
			holder.Close()
			if err := os.Remove(holder.Name()); err != nil {
				return err
			}
			unlock()
		}
		return nil
	},
	"hold the lock": func(dir string) error {
		if _, err := filecache.New(dir).Lock(context.Background(), key); err != nil {
			return err
		}
		time.Sleep(time.Hour) // until it is killed
		return nil
	},
	"write": func(dir string) error {
		for i := 0; ; i++ {
			value := bytes.Repeat([]byte{"ab"[i%2]}, valueSize)
			if err := filecache.New(dir).Put(context.Background(), key, value, time.Hour); err != nil {
				return err
			}
		}
	},
}

func start(t *testing.T, role, dir string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	var output bytes.Buffer
	command := exec.CommandContext(t.Context(), os.Args[0], dir)
	command.Env = append(os.Environ(), roleVariable+"="+role)
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return command, &output
}

func TestLockExcludesProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range 4 {
		command, output := start(t, "lock in turn", dir)
		defer func() {
			if err := command.Wait(); err != nil {
				t.Errorf("%v: %s", err, output)
			}
		}()
	}
}

func TestKilledProcessReleasesItsLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	command, _ := start(t, "hold the lock", dir)
	for !isLocked(t, dir) {
		time.Sleep(time.Millisecond)
	}
	_ = command.Process.Kill()
	_ = command.Wait()
	lock(t, filecache.New(dir))()
}

func TestKilledWriterLeavesTheOldOrTheNewValue(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cache := filecache.New(dir)
	put(t, cache, key, string(bytes.Repeat([]byte("a"), valueSize)))
	check := func() {
		t.Helper()
		value := get(t, cache, key)
		if len(value) != valueSize || bytes.Count([]byte(value), []byte(value[:1])) != valueSize {
			t.Fatalf("Get returned %d bytes, not one whole value", len(value))
		}
	}
	for range 5 {
		command, _ := start(t, "write", dir)
		for len(files(t, dir, ".tmp")) == 0 { // the writer is in Put
			check()
		}
		for range 5 {
			check()
		}
		_ = command.Process.Kill()
		_ = command.Wait()
		check()
		for _, path := range files(t, dir, ".tmp") {
			_ = os.Remove(path)
		}
	}
	put(t, cache, key, "next")
	if value := get(t, cache, key); value != "next" {
		t.Errorf("Get = %q after a Put", value)
	}
}

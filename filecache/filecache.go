// Package filecache stores access tokens in files, so that several processes of one host share them.
//
//	crm, err := client.New(client.EU, client.RefreshToken{
//		ClientID: id, ClientSecret: secret, RefreshToken: refresh,
//		Cache: filecache.New("/var/lib/orders/zoho-tokens"),
//	})
//
// # Secrets
//
// A file holds its token in plain text. Anyone who can read it can call Zoho until the token expires. A missing folder is
// created with mode 0700, files with mode 0600; the mode of an existing folder is not changed. Run every process as the same
// user, and let no other user write to the folder. On Windows a file inherits the permissions of the folder.
// No error contains a value.
//
// # Files
//
// The folder holds two files for each key, that is, for each set of credentials. Both are named zohocrm- and the SHA-256
// hash of the key. The .token file holds the expiry time and the value, and stays until the next Put replaces it. The empty
// .lock file stays, because another process may be waiting for it. A .tmp file is left by a process that died in Put; a Put
// one hour later or more deletes it. Delete the folder only while no process uses it.
//
// # Network file systems
//
// Use a local disk. Containers of one host can share a volume. Over a network, locks depend on the server and its mount options,
// and expiry times need synchronized clocks. To share tokens between hosts, use the module
// github.com/seed-87e331f0/zohocrm-go/rediscache instead.
package filecache

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

const (
	prefix        = "zohocrm-"
	maxTempAge    = time.Hour   // no Put takes that long
	unlockTimeout = time.Second // see Lock
)

// Cache stores each value in a file of its own. It implements the interfaces Cache and Locker of package client.
// It is safe for concurrent use by goroutines and processes.
type Cache struct {
	dir  string
	busy chan struct{} // see run
}

// New returns a Cache in the folder dir, which the first Put or Lock creates. New itself does not use the disk:
// if the folder cannot be used, each method returns an error that names the path.
func New(dir string) *Cache {
	if abs, err := filepath.Abs(dir); dir != "" && err == nil {
		dir = abs // the process may change its working directory
	}
	return &Cache{dir: dir, busy: make(chan struct{}, 1)}
}

// Get returns the value of key. It returns nil without an error if there is none, if it has expired or if the file is damaged.
func (c *Cache) Get(ctx context.Context, key string) ([]byte, error) {
	var data []byte
	err := c.run(ctx, func() error {
		err := retryOnWindows(ctx, func() (err error) {
			data, err = os.ReadFile(c.path(key, ".token"))
			return err
		})
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}, func() {})
	if err != nil {
		return nil, err
	}
	expiry, value, _ := bytes.Cut(data, []byte("\n"))
	ms, err := strconv.ParseInt(string(expiry), 10, 64)
	if err != nil || len(value) == 0 || !time.Now().Before(time.UnixMilli(ms)) {
		return nil, nil //nolint:nilerr // The next Put replaces a damaged file.
	}
	return value, nil
}

// Put stores value under key for ttl. If the process or the host crashes, Get returns the old value or the new one.
func (c *Cache) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	data := strconv.AppendInt(nil, time.Now().Add(ttl).UnixMilli(), 10)
	data = append(append(data, '\n'), value...)
	return c.run(ctx, func() error {
		if err := os.MkdirAll(c.dir, 0o700); err != nil {
			return err
		}
		c.deleteOldTemp()
		temp, err := os.CreateTemp(c.dir, prefix+"*.tmp") // mode 0600
		if err != nil {
			return err
		}
		_, err = temp.Write(data)
		err = cmp.Or(err, temp.Sync(), temp.Close())
		if err == nil {
			err = retryOnWindows(ctx, func() error { return os.Rename(temp.Name(), c.path(key, ".token")) })
		}
		if err != nil {
			_ = os.Remove(temp.Name())
		}
		return err
	}, func() {})
}

// deleteOldTemp deletes the files of processes that died in Put.
func (c *Cache) deleteOldTemp() {
	entries, _ := os.ReadDir(c.dir)
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), prefix) && strings.HasSuffix(entry.Name(), ".tmp") {
			if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > maxTempAge {
				_ = os.Remove(filepath.Join(c.dir, entry.Name()))
			}
		}
	}
}

// Lock waits until no other goroutine or process holds the lock of key, or until ctx ends. The operating system releases the
// lock when the process dies. unlock takes at most one second and may be called more than once.
func (c *Cache) Lock(ctx context.Context, key string) (unlock func(), err error) {
	lock := flock.New(c.path(key, ".lock"))
	for {
		var locked bool
		err := c.run(ctx, func() (err error) {
			if err = os.MkdirAll(c.dir, 0o700); err == nil {
				locked, err = lock.TryLock()
			}
			return err
		}, func() { _ = lock.Unlock() })
		if err != nil {
			return nil, err
		}
		if locked {
			return func() {
				done := make(chan struct{})
				go func() { defer close(done); _ = lock.Unlock() }()
				select {
				case <-done:
				case <-time.After(unlockTimeout):
				}
			}, nil
		}
		select {
		case <-time.After(25*time.Millisecond + rand.N(50*time.Millisecond)): // jitter keeps processes from trying in step
		case <-ctx.Done():
		}
	}
}

// path returns the path of a file of key. A hash is a valid file name on every system, whatever the key.
func (c *Cache) path(key, extension string) string {
	return filepath.Join(c.dir, fmt.Sprintf("%s%x%s", prefix, sha256.Sum256([]byte(key)), extension))
}

// run calls f, and returns when f returns or ctx ends: a file system that hangs can block f for minutes. If run returned
// before f, it calls abandon after f. One f runs at a time, so that such a file system blocks one thread, not one for each call.
func (c *Cache) run(ctx context.Context, f func() error, abandon func()) error {
	if c.dir == "" {
		return errors.New("filecache: no folder: pass the path of a folder to New")
	}
	done := make(chan error)
	if ctx.Err() == nil {
		select {
		case c.busy <- struct{}{}:
			go func() {
				defer func() { <-c.busy }()
				err := f()
				select {
				case done <- err:
				case <-ctx.Done():
					abandon()
				}
			}()
		case <-ctx.Done():
		}
	}
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil && errors.Is(err, ctx.Err()) {
		return fmt.Errorf("filecache: waiting for %s: %w", c.dir, err)
	}
	if err != nil {
		return fmt.Errorf("filecache: %w: use a folder on a local disk with free space that this user can read and write", err)
	}
	return nil
}

// retryOnWindows retries f for half a second, because Windows rejects the rename of a file over one that another process
// reads, and the reading of a file that is being replaced.
func retryOnWindows(ctx context.Context, f func() error) error {
	const sharingViolation = syscall.Errno(32)
	err := f()
	for range 50 {
		if runtime.GOOS != "windows" || ctx.Err() != nil || !errors.Is(err, fs.ErrPermission) && !errors.Is(err, sharingViolation) {
			break
		}
		time.Sleep(10 * time.Millisecond)
		err = f()
	}
	return err
}

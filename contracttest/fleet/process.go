package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/filecache"
	"github.com/seed-87e331f0/zohocrm-go/rediscache"
)

// childVariable holds the task of a process that this program starts of itself.
const childVariable = "ZOHOCRM_FLEET_TASK"

// task is what a process does.
type task struct {
	Cache      cacheConfig
	DataCenter client.DataCenter
	ID, Secret string
	Refresh    string
	Warm       bool // call once, print a line, and wait for the end of standard input
	Calls      int
	Pause      time.Duration
}

// outcome is what a process prints at its end.
type outcome struct {
	Calls, Failed int
	Err           string
}

func runTask(data string) {
	var t task
	if err := json.Unmarshal([]byte(data), &t); err != nil {
		log.Fatal(err)
	}
	crm, err := client.New(t.DataCenter, client.RefreshToken{ClientID: t.ID, ClientSecret: t.Secret, RefreshToken: t.Refresh, Cache: t.Cache.open()},
		client.WithLogger(slog.New(slog.NewTextHandler(os.Stderr, nil))), client.WithAttemptTimeout(5*time.Second), client.WithTimeout(time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	var result outcome
	call := func() {
		result.Calls++
		if err := crm.Check(context.Background()); err != nil {
			result.Failed++
			result.Err = err.Error()
		}
	}
	if t.Warm {
		call()
		fmt.Println("ready")
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	}
	for range t.Calls {
		call()
		time.Sleep(t.Pause)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}

// process is a process that this program started.
type process struct {
	command *exec.Cmd
	stdin   interface{ Close() error }
	lines   *bufio.Scanner
	stderr  strings.Builder
}

// start starts n processes.
func (f *fleet) start(n int, t task) ([]*process, error) {
	auth := f.server.Auth()
	t.Cache, t.DataCenter, t.ID, t.Secret, t.Refresh = f.cache, f.server.DataCenter(), auth.ClientID, auth.ClientSecret, auth.RefreshToken
	data, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	var started []*process
	for range n {
		p := &process{command: exec.Command(os.Args[0])}
		p.command.Env = append(os.Environ(), childVariable+"="+string(data))
		p.command.Stderr = &p.stderr
		stdout, err := p.command.StdoutPipe()
		if err != nil {
			return nil, err
		}
		if p.stdin, err = p.command.StdinPipe(); err != nil {
			return nil, err
		}
		p.lines = bufio.NewScanner(stdout)
		if err := p.command.Start(); err != nil {
			return nil, err
		}
		started = append(started, p)
	}
	return started, nil
}

// wait lets processes go on, and adds up their outcomes.
func (f *fleet) wait(processes []*process) error {
	for _, p := range processes {
		_ = p.stdin.Close()
	}
	for _, p := range processes {
		var result outcome
		p.lines.Scan()
		line := p.lines.Bytes()
		if err := json.Unmarshal(line, &result); err != nil {
			return fmt.Errorf("a process printed %q: %s", line, &p.stderr)
		}
		if err := p.command.Wait(); err != nil {
			return fmt.Errorf("a process ended with %w: %s", err, &p.stderr)
		}
		f.row.calls += result.Calls
		f.row.failed += result.Failed
		f.row.err = result.Err
		f.output.Write(line)
		f.output.WriteString(p.stderr.String())
	}
	return nil
}

// cacheConfig says which cache a process uses.
type cacheConfig struct{ Kind, Place, Redis string }

// withoutLock is a Cache that is not a Locker.
type withoutLock struct{ client.Cache }

func (c cacheConfig) open() client.Cache {
	switch c.Kind {
	case withoutLocks:
		return withoutLock{filecache.New(c.Place)}
	case inFiles:
		return filecache.New(c.Place)
	case inRedis:
		return rediscache.New(redis.NewClient(&redis.Options{Addr: c.Redis}), c.Place)
	default:
		return nil
	}
}

// caches opens empty caches in a folder and in Redis: a server of its own if there is one to start, else one in memory.
type caches struct {
	dir, redis string
	stop       func()
	opened     int
}

func openCaches() (*caches, error) {
	dir, err := os.MkdirTemp("", "zohocrm-fleet")
	if err != nil {
		return nil, err
	}
	c := &caches{dir: dir}
	if path, err := exec.LookPath("redis-server"); err == nil {
		c.redis = "127.0.0.1:16379"
		server := exec.Command(path, "--port", "16379", "--save", "", "--dir", dir)
		if err := server.Start(); err != nil {
			return nil, err
		}
		c.stop = func() {
			_ = server.Process.Kill()
			_ = server.Wait()
			_ = os.RemoveAll(dir)
		}
		connection := redis.NewClient(&redis.Options{Addr: c.redis})
		defer func() { _ = connection.Close() }()
		for range 100 {
			if connection.Ping(context.Background()).Err() == nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		return c, nil
	}
	server, err := miniredis.Run()
	if err != nil {
		return nil, err
	}
	c.redis = server.Addr()
	c.stop = func() {
		server.Close()
		_ = os.RemoveAll(dir)
	}
	return c, nil
}

// next returns an empty cache of a kind.
func (c *caches) next(kind string) cacheConfig {
	c.opened++
	name := fmt.Sprint("cache", c.opened)
	if kind == inRedis {
		return cacheConfig{Kind: kind, Place: name + ":", Redis: c.redis}
	}
	return cacheConfig{Kind: kind, Place: filepath.Join(c.dir, name)}
}

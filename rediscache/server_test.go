//go:build unix

package rediscache_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed-87e331f0/zohocrm-go/rediscache"
)

// redisServer is a redis-server of its own for one test.
type redisServer struct {
	addr    string
	args    []string
	command *exec.Cmd
}

// startServer starts redis-server with the given options. Without redis-server it skips the test, or fails if
// the environment variable REQUIRE_REDIS_SERVER is set, as in "make test-redis".
func startServer(t *testing.T, options ...string) *redisServer {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("REQUIRE_REDIS_SERVER") != "" {
			t.Fatal("redis-server not found: install it, for example with apt-get install redis-server")
		}
		t.Skip("redis-server not found: install it to run the tests against a real server")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	addr := listener.Addr().(*net.TCPAddr)
	server := &redisServer{addr: addr.String(), args: append([]string{
		"--bind", "127.0.0.1", "--port", strconv.Itoa(addr.Port), "--save", "", "--dir", t.TempDir(),
	}, options...)}
	server.start(t)
	t.Cleanup(server.kill)
	return server
}

// start returns when the server accepts connections.
func (s *redisServer) start(t *testing.T) {
	t.Helper()
	var output bytes.Buffer
	s.command = exec.Command("redis-server", s.args...)
	s.command.Stdout = &output
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if conn, err := net.Dial("tcp", s.addr); err == nil {
			conn.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.kill()
	t.Fatalf("redis-server does not accept connections: %s", &output)
}

func (s *redisServer) kill() {
	_ = s.command.Process.Kill()
	_ = s.command.Wait()
}

func (s *redisServer) do(t *testing.T, args ...any) {
	t.Helper()
	if err := newClient(t, &redis.Options{Addr: s.addr}).Do(t.Context(), args...).Err(); err != nil {
		t.Fatal(err)
	}
}

func (s *redisServer) cache(t *testing.T) *rediscache.Cache {
	t.Helper()
	return rediscache.New(newClient(t, &redis.Options{Addr: s.addr, ReadTimeout: time.Minute}), "app:")
}

func TestServer(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	testCache(t, server.cache(t), server.cache(t))
}

func TestServerInClusterMode(t *testing.T) {
	t.Parallel()
	server := startServer(t, "--cluster-enabled", "yes")
	server.do(t, "CLUSTER", "ADDSLOTSRANGE", 0, 16383)
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{server.addr}})
	t.Cleanup(func() { client.Close() })
	for client.Set(t.Context(), "ready", 1, 0).Err() != nil {
		time.Sleep(10 * time.Millisecond)
	}
	testCache(t, rediscache.New(client, "app:"), rediscache.New(client, "app:"))
}

func TestServerWithTheDocumentedACL(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	server.do(t, "ACL", "SETUSER", "orders", "on", ">password", "~app:*", "+get", "+set", "+getrange", "+del", "+eval", "+evalsha")
	cache := rediscache.New(newClient(t, &redis.Options{Addr: server.addr, Username: "orders", Password: "password"}), "app:")
	testCache(t, cache, cache)
}

func TestServerThatIsKilledAndRestarted(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	cache := server.cache(t)
	put(t, cache, "key", "value", time.Hour)
	unlock := lock(t, cache, "key")
	server.kill()
	wantErrors(t, cache, "")
	server.start(t)
	wantValue(t, cache, "key", "")
	next := lock(t, cache, "key")
	unlock()
	wantLocked(t, cache)
	next()
	testCache(t, cache, server.cache(t))
}

func TestServerThatStopsReplying(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	cache := server.cache(t)
	put(t, cache, "another key", "value", time.Hour)
	unlock := lock(t, cache, "another key")

	_ = server.command.Process.Signal(syscall.SIGSTOP)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := cache.Lock(ctx, "key"); !errors.Is(err, context.Canceled) {
		t.Errorf("Lock = %v; want context.Canceled", err)
	}
	wantErrors(t, cache, "no reply from the Redis server: check that it runs, its address and the network: context deadline exceeded")
	unlock()
	_ = server.command.Process.Signal(syscall.SIGCONT)

	lock(t, cache, "key")() // the server executes the first Lock late, and it is released
	wantValue(t, cache, "another key", "value")
}

func TestServerThatIsSlow(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	cache := server.cache(t)
	server.do(t, "CLIENT", "PAUSE", 100)
	put(t, cache, "key", "value", time.Hour)
	server.do(t, "CLIENT", "PAUSE", 100)
	lock(t, cache, "key")()
	wantValue(t, cache, "key", "value")
}

func TestServerThatIsFull(t *testing.T) {
	t.Parallel()
	server := startServer(t, "--maxmemory-policy", "noeviction")
	cache := server.cache(t)
	put(t, cache, "key", "old", time.Hour)
	server.do(t, "CONFIG", "SET", "maxmemory", 1)
	const want = "rediscache: OOM command not allowed when used memory > …: check the Redis server, its free memory, and the address, user and password of the redis client"
	putErr := cache.Put(t.Context(), "key", []byte("secret"), time.Hour)
	if _, lockErr := cache.Lock(t.Context(), "key"); putErr == nil || putErr.Error() != want || lockErr == nil {
		t.Errorf("Put = %v, Lock = %v; want %s", putErr, lockErr, want)
	}
	wantValue(t, cache, "key", "old")
}

func TestServerThatRejectsTheClient(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		server         []string
		password, want string
	}{
		"wrong password": {[]string{"--requirepass", "right"}, "secret", "WRONGPASS"},
		"no password":    {[]string{"--requirepass", "right"}, "", "NOAUTH"},
		"no AUTH":        {[]string{"--rename-command", "HELLO", "", "--rename-command", "AUTH", ""}, "secret", "ERR unknown command"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t, test.server...)
			wantErrors(t, rediscache.New(newClient(t, &redis.Options{Addr: server.addr, Password: test.password}), "app:"), test.want)
		})
	}
}

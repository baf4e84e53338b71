// Command fleet shows how processes share one refresh token. It starts 20 of them against a mock server that throttles like
// Zoho, in each situation that matters and with each kind of cache, and prints the token requests and the failed calls.
//
// It fails if there are more of them than required, or if a secret is in the output of a process.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

const (
	latency   = 300 * time.Millisecond
	processes = 20
	lifetimes = 2
)

// The kinds of cache.
const (
	noCache      = "none"
	withoutLocks = "without lock"
	inFiles      = "filecache"
	inRedis      = "rediscache"
)

// situation is a row of the table for each kind of cache.
type situation struct {
	name    string
	kinds   []string
	options []zohotest.Option
	// maxTokens is how many token requests a cache with a lock may cost; one without may cost three times as many.
	maxTokens int
	run       func(f *fleet) error
}

func situations(lifetime time.Duration) []situation {
	return []situation{
		{name: "cold start", kinds: []string{noCache, withoutLocks, inFiles, inRedis}, maxTokens: 1, run: func(f *fleet) error {
			return f.finish(processes, task{Calls: 8})
		}},
		{name: "token revoked, warm cache", kinds: []string{withoutLocks, inFiles, inRedis}, maxTokens: 1, run: func(f *fleet) error {
			started, err := f.start(processes, task{Warm: true, Calls: 8})
			if err != nil {
				return err
			}
			for _, p := range started {
				p.lines.Scan()
			}
			f.ignored = f.tokenRequests()
			f.server.ExpireTokens()
			return f.wait(started)
		}},
		{
			name: fmt.Sprintf("%s tokens expire under load", lifetime), kinds: []string{withoutLocks, inFiles, inRedis},
			options: []zohotest.Option{zohotest.WithTokenLifetime(lifetime)}, maxTokens: 1 + lifetimes,
			run: func(f *fleet) error {
				const pause = 700 * time.Millisecond
				return f.finish(processes, task{Calls: int(lifetimes * lifetime / (pause + latency)), Pause: pause})
			},
		},
		{name: "30 processes, throttled, warm cache", kinds: []string{withoutLocks, inFiles, inRedis}, run: func(f *fleet) error {
			if err := f.finish(1, task{Calls: 1}); err != nil {
				return err
			}
			f.useUpTokens()
			return f.finish(30, task{Calls: 8})
		}},
		{
			name: "process with the lock killed", kinds: []string{inFiles, inRedis}, maxTokens: 2,
			options: []zohotest.Option{zohotest.WithLatency(time.Second)},
			run: func(f *fleet) error {
				first, err := f.start(1, task{Calls: 1})
				if err != nil {
					return err
				}
				for f.tokenRequests() == 0 {
					time.Sleep(10 * time.Millisecond)
				}
				others, err := f.start(processes-1, task{Calls: 8})
				if err != nil {
					return err
				}
				_ = first[0].command.Process.Kill()
				_ = first[0].command.Wait()
				return f.wait(others)
			},
		},
	}
}

// fleet is the processes of one row, with their server and cache.
type fleet struct {
	server  *zohotest.Server
	cache   cacheConfig
	ignored int             // token requests before the situation
	output  strings.Builder // of all processes
	row     row
}

// row is a row of the table.
type row struct {
	situation, cache       string
	tokens, calls, failed  int
	err, required, problem string
}

func (r row) print() {
	fmt.Printf("%-42s %-13s %14d %9d of %3d   %s\n", r.situation, r.cache, r.tokens, r.failed, r.calls, r.required)
}

// finish starts n processes and waits for them.
func (f *fleet) finish(n int, t task) error {
	started, err := f.start(n, t)
	if err != nil {
		return err
	}
	return f.wait(started)
}

func (f *fleet) tokenRequests() (n int) {
	for _, r := range f.server.Requests() {
		if r.Operation == "token" {
			n++
		}
	}
	return n
}

// useUpTokens requests tokens without the cache until the server throttles.
func (f *fleet) useUpTokens() {
	for range 10 {
		if crm, err := client.New(f.server.DataCenter(), f.server.Auth()); err == nil {
			_ = crm.Check(context.Background()) // ends in the throttle
		}
	}
	f.ignored = f.tokenRequests()
}

// findSecret reports whether a secret is in the output of a process.
func (f *fleet) findSecret() bool {
	auth := f.server.Auth()
	secrets := []string{auth.ClientID, auth.ClientSecret, auth.RefreshToken}
	for _, r := range f.server.Requests() {
		if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Zoho-oauthtoken "); ok {
			secrets = append(secrets, token)
		}
	}
	for _, secret := range secrets {
		if strings.Contains(f.output.String(), secret) {
			return true
		}
	}
	return false
}

// run runs one situation with one cache.
func (s situation) runWith(cache cacheConfig) (row, error) {
	server, err := zohotest.Start(append([]zohotest.Option{zohotest.WithLatency(latency)}, s.options...)...)
	if err != nil {
		return row{}, err
	}
	defer server.Close()
	f := &fleet{server: server, cache: cache, row: row{situation: s.name, cache: cache.Kind}}
	if err := s.run(f); err != nil {
		return row{}, fmt.Errorf("%s, %s: %w", s.name, cache.Kind, err)
	}
	r := f.row
	r.tokens = f.tokenRequests() - f.ignored
	most := s.maxTokens
	if cache.Kind == withoutLocks {
		most *= 3
	}
	r.required = fmt.Sprintf("at most %d, 0", most)
	switch {
	case f.findSecret():
		r.problem = "a secret is in the output of a process"
	case cache.Kind == noCache:
		r.required = "-, Zoho issues 10 tokens"
	case r.tokens > most || r.failed > 0:
		r.problem = fmt.Sprintf("%d token requests and %d failed calls %s", r.tokens, r.failed, r.err)
	}
	return r, nil
}

// runConcurrent runs 50 goroutines of one client where Zoho allows 5 calls at once.
func runConcurrent() (row, error) {
	const goroutines, allowed, duration = 50, 5, time.Second
	server, err := zohotest.Start(zohotest.WithLatency(duration), zohotest.WithMaxConcurrent(allowed))
	if err != nil {
		return row{}, err
	}
	defer server.Close()
	crm, err := client.New(server.DataCenter(), client.StaticToken(server.IssueToken()), client.WithMaxConcurrent(allowed))
	if err != nil {
		return row{}, err
	}
	errs := make([]error, goroutines)
	var wg sync.WaitGroup
	began := time.Now()
	for i := range errs {
		wg.Go(func() { errs[i] = crm.Check(context.Background()) })
	}
	wg.Wait()
	ratio := time.Since(began).Seconds() / (duration.Seconds() * goroutines / allowed)
	r := row{situation: "50 goroutines, 5 calls of 1 s allowed", cache: "-", calls: goroutines, required: fmt.Sprintf("0, at most 1.15 x the ideal time: %.2f x", ratio)}
	for _, err := range errs {
		if err != nil {
			r.failed, r.problem = r.failed+1, err.Error()
		}
	}
	if ratio > 1.15 {
		r.problem = fmt.Sprintf("%.2f x the ideal time", ratio)
	}
	return r, nil
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("fleet: ")
	if data, isTask := os.LookupEnv(childVariable); isTask {
		runTask(data)
		return
	}
	lifetime := flag.Duration("lifetime", time.Minute, "lifetime of the tokens that expire under load")
	flag.Parse()
	if err := runAll(*lifetime); err != nil {
		log.Fatal(err)
	}
}

// runAll runs all situations, with the kinds of cache side by side, and prints the table.
func runAll(lifetime time.Duration) error {
	caches, err := openCaches()
	if err != nil {
		return err
	}
	defer caches.stop()
	fmt.Printf("%-42s %-13s %14s %16s   %s\n", "situation", "cache", "token requests", "failed calls", "required")
	var problems []error
	for _, s := range situations(lifetime) {
		rows, errs := make([]row, len(s.kinds)), make([]error, len(s.kinds))
		var wg sync.WaitGroup
		for i, kind := range s.kinds {
			cache := caches.next(kind)
			wg.Go(func() { rows[i], errs[i] = s.runWith(cache) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		for _, r := range rows {
			r.print()
			if r.problem != "" {
				problems = append(problems, fmt.Errorf("%s, %s: %s", r.situation, r.cache, r.problem))
			}
		}
	}
	r, err := runConcurrent()
	if err != nil {
		return err
	}
	r.print()
	if r.problem != "" {
		problems = append(problems, errors.New(r.situation+": "+r.problem))
	}
	return errors.Join(problems...)
}

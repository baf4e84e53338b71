// Command bench compares a call of the SDK with the same call by hand and with the generated client
// alone, and prints the ratios. What is compared runs by turns, so that a noisy machine does not decide.
//
// Floor is the call by hand, with net/http and encoding/json into the same types. Bare is the generated
// client with a context that has a deadline, without authorization, validation and retries.
package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

func main() {
	log.SetFlags(0)
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "measure\tSDK\tcompared with\tresult\tgoal\t\n")
	for _, measure := range []func() ([]row, error){allocations, inMemory, overLoopback, start, footprint} {
		rows, err := measure()
		if err != nil {
			log.Fatal(err)
		}
		for _, r := range rows {
			verdict := "met"
			if !r.met {
				verdict = "MISSED"
			}
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", r.measure, r.sdk, r.other, r.result, r.goal, verdict)
		}
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

type row struct {
	measure, sdk, other, result, goal string
	met                               bool
}

// ratio is a row for a quotient that must be at most the goal.
func ratio(measure string, sdk, other float64, unit, name string, quotient, most float64) row {
	return row{
		measure, fmt.Sprintf("%.1f %s", sdk, unit), fmt.Sprintf("%s %.1f %s", name, other, unit),
		fmt.Sprintf("%.2f x", quotient), fmt.Sprintf("at most %.2f x", most), quotient <= most,
	}
}

// inMemoryCallers call a transport that answers at once.
func inMemoryCallers(n, status int, options ...client.Option) (callers, []client.ContactRoleUpdate, error) {
	roles, body := sample(n)
	if status != http.StatusOK {
		body = []byte(refusal)
	}
	c, err := newCallers("http://127.0.0.1", &http.Client{Transport: &memory{status, body}}, options...)
	return c, roles, err
}

func allocations() ([]row, error) {
	var rows []row
	for _, m := range []struct {
		name   string
		status int
		most   float64
	}{{"allocations, one role, 200", 200, 3}, {"allocations, one role, 400", 400, 6}} {
		c, roles, err := inMemoryCallers(1, m.status)
		if err != nil {
			return nil, err
		}
		bare, sdk := allocsOf(c.bare, roles), allocsOf(c.sdk, roles)
		rows = append(rows, row{
			m.name, fmt.Sprint(sdk), fmt.Sprintf("bare %v", bare), fmt.Sprintf("%+v", sdk-bare),
			fmt.Sprintf("at most +%v", m.most), sdk-bare <= m.most,
		})
	}
	checks := validationAllocs()
	return append(rows, row{"allocations, valid request checked", fmt.Sprint(checks), "", fmt.Sprint(checks), "0", checks == 0}), nil
}

func allocsOf(call caller, roles []client.ContactRoleUpdate) float64 {
	ctx := context.Background()
	return testing.AllocsPerRun(1000, func() { _ = call(ctx, roles) })
}

func validationAllocs() float64 {
	roles, _ := sample(100)
	module := generated.CustomModuleUpdateBody{Modules: []client.CustomModuleUpdate{{
		PluralLabel: "Digital Marketings", SingularLabel: "Digital Marketing",
		Profiles: []client.ModuleProfile{client.GrantProfile("2423488000000015975"), client.RemoveProfile("2423488000000015972")},
	}}}
	return testing.AllocsPerRun(100, func() {
		broken := generated.CheckContactRolesUpdateBody(generated.ContactRolesUpdateBody{ContactRoles: roles})
		broken = append(broken, generated.CheckCustomModuleUpdateBody(module)...)
		broken = append(broken, generated.CheckModule("Digital_Marketing")...)
		broken = append(broken, generated.CheckContactRoleID(roleID)...)
		if len(broken) > 0 {
			log.Fatalf("the sample is not valid: %v", broken)
		}
	})
}

func inMemory() ([]row, error) {
	var rows []row
	one, oneRole, err := inMemoryCallers(1, 200)
	if err != nil {
		return nil, err
	}
	t := byTurns(oneRole, one.sdk, one.bare)
	rows = append(rows, ratio("time in memory, one role", t[0].us, t[1].us, "µs", "bare", quotient(t[0], t[1]), 1.15))

	logged, _, err := inMemoryCallers(1, 200, client.WithLogger(slog.New(discard{})))
	if err != nil {
		return nil, err
	}
	t = byTurns(oneRole, logged.sdk, one.sdk)
	rows = append(rows, ratio("time with logging on", t[0].us, t[1].us, "µs", "off", quotient(t[0], t[1]), 1.15))

	many, roles, err := inMemoryCallers(100, 200)
	if err != nil {
		return nil, err
	}
	t = byTurns(roles, many.sdk, many.floor)
	rows = append(rows, ratio("time per role, 100 roles", t[0].us/100, t[1].us/100, "µs", "floor", quotient(t[0], t[1]), 1.15))
	sdk, floor := bytesOf(many.sdk, roles), bytesOf(many.floor, roles)
	rows = append(rows, ratio("bytes per role, 100 roles", sdk/100, floor/100, "B", "floor", sdk/floor, 1.15))

	half, halfRoles, err := inMemoryCallers(50, 200)
	if err != nil {
		return nil, err
	}
	var slopes []float64
	for range rounds {
		t1, t50, t100 := timeOf(one.sdk, oneRole), timeOf(half.sdk, halfRoles), timeOf(many.sdk, roles)
		slopes = append(slopes, (t100-t50)/50/((t50-t1)/49))
	}
	slope := median(slopes)
	return append(rows, row{
		"growth, roles 51-100", "", "roles 2-50", fmt.Sprintf("%.2f x", slope), "linear: at most 1.15 x", slope <= 1.15,
	}), nil
}

func overLoopback() ([]row, error) {
	roles, body := sample(1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		_, _ = w.Write(body)
	}))
	defer server.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: goroutines}
	defer transport.CloseIdleConnections()
	c, err := newCallers(server.URL, &http.Client{Transport: transport})
	if err != nil {
		return nil, err
	}
	t := byTurns(roles, c.sdk, c.floor)
	rows := []row{ratio("time over loopback, one role", t[0].us, t[1].us, "µs", "floor", quotient(t[0], t[1]), 1.05)}

	var sdk, floor, shares []float64
	for i := range rounds {
		var s, f float64
		if i%2 == 0 {
			s, f = throughput(c.sdk, roles), throughput(c.floor, roles)
		} else {
			f, s = throughput(c.floor, roles), throughput(c.sdk, roles)
		}
		sdk, floor, shares = append(sdk, s), append(floor, f), append(shares, s/f)
	}
	share := median(shares)
	return append(rows, row{
		fmt.Sprintf("calls a second, %d goroutines", goroutines), fmt.Sprintf("%.0f", median(sdk)), fmt.Sprintf("floor %.0f", median(floor)),
		fmt.Sprintf("%.0f %%", 100*share), "at least 95 %", share >= 0.95,
	}), nil
}

const (
	rounds     = 41
	goroutines = 64
)

// throughput returns the calls a second of many goroutines.
func throughput(call caller, roles []client.ContactRoleUpdate) float64 {
	const calls = 50
	var wg sync.WaitGroup
	started := time.Now()
	for range goroutines {
		wg.Go(func() {
			for range calls {
				if err := call(context.Background(), roles); err != nil {
					log.Fatal(err)
				}
			}
		})
	}
	wg.Wait()
	return goroutines * calls / time.Since(started).Seconds()
}

// timing is how long a call took in each round.
type timing struct {
	us      float64 // the median
	samples []float64
}

// byTurns times calls in rounds, each in every round, in an order that changes.
func byTurns(roles []client.ContactRoleUpdate, calls ...caller) []timing {
	timings := make([]timing, len(calls))
	for round := range rounds {
		for i := range calls {
			k := (i + round) % len(calls)
			timings[k].samples = append(timings[k].samples, timeOf(calls[k], roles))
		}
	}
	for i := range timings {
		timings[i].us = median(timings[i].samples)
	}
	return timings
}

// timeOf returns the microseconds of a call, over so many that each way pays for its own garbage.
func timeOf(call caller, roles []client.ContactRoleUpdate) float64 {
	n := 1 + 4000/(1+len(roles))
	ctx := context.Background()
	started := time.Now()
	for range n {
		if err := call(ctx, roles); err != nil {
			log.Fatal(err)
		}
	}
	return float64(time.Since(started).Nanoseconds()) / 1000 / float64(n)
}

// quotient is the median of the quotients of each round.
func quotient(a, b timing) float64 {
	quotients := make([]float64, len(a.samples))
	for i := range quotients {
		quotients[i] = a.samples[i] / b.samples[i]
	}
	return median(quotients)
}

func median(samples []float64) float64 {
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[len(sorted)/2]
}

func bytesOf(call caller, roles []client.ContactRoleUpdate) float64 {
	const n = 200
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		_ = call(context.Background(), roles)
	}
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / n
}

// discard is a handler that takes each line and drops it.
type discard struct{}

func (discard) Enabled(context.Context, slog.Level) bool  { return true }
func (discard) Handle(context.Context, slog.Record) error { return nil }
func (d discard) WithAttrs([]slog.Attr) slog.Handler      { return d }
func (d discard) WithGroup(string) slog.Handler           { return d }

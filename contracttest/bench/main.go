// Command bench compares a call of the client with the same call written by hand with net/http and encoding/json.
//
// Both send the same requests to a transport in memory and decode the responses into the same types. Times are medians
// of rounds in which both take turns, so that a busy machine slows down both. All other figures are exact.
package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"log"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"text/tabwriter"
	"time"
)

// row is a line of the table. Its result is derived from the two figures that are printed before it.
type row struct {
	measure, client, byHand, unit string
	result, limit                 float64
}

func (r row) String() string {
	verdict := "ok"
	if r.result > r.limit {
		verdict = "OVER THE LIMIT"
	}
	result := math.Round(100*r.result) / 100
	return fmt.Sprintf("%s\t%s\t%s\t%v %s\tat most %v\t%s", r.measure, r.client, r.byHand, result, r.unit, r.limit, verdict)
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	exact, err := exactRows()
	if err != nil {
		log.Fatal(err)
	}
	timed, err := timeRow()
	if err != nil {
		log.Fatal(err)
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "measure\tclient\tby hand\tresult\tlimit\t")
	for _, r := range append(exact, timed) {
		fmt.Fprintln(table, r)
	}
	if err := table.Flush(); err != nil {
		log.Fatal(err)
	}
}

// exactRows returns the figures that do not depend on the load of the machine.
func exactRows() ([]row, error) {
	one, err := newCallers(1)
	if err != nil {
		return nil, err
	}
	hundred, err := newCallers(100)
	if err != nil {
		return nil, err
	}
	clientAllocs, handAllocs := allocsOf(one.client), allocsOf(one.byHand)
	clientBytes, handBytes := bytesOf(hundred.client)/100, bytesOf(hundred.byHand)/100
	rows := []row{
		{"allocations of a call, 1 role", fmt.Sprint(clientAllocs), fmt.Sprint(handAllocs), "", clientAllocs, 59},
		{"bytes per role of a call, 100 roles", fmt.Sprintf("%.0f B", clientBytes), fmt.Sprintf("%.0f B", handBytes), "x", clientBytes / handBytes, 1.25},
	}
	clientSize, clientModules, err := build("client")
	if err != nil {
		return nil, err
	}
	handSize, _, err := build("byhand")
	if err != nil {
		return nil, err
	}
	return append(rows,
		row{"static binary", fmt.Sprint(clientSize, " KB"), fmt.Sprint(handSize, " KB"), "KB more", float64(clientSize - handSize), 900},
		row{"modules linked", fmt.Sprint(clientModules), "0", "", float64(clientModules), 8},
	), nil
}

func timeRow() (row, error) {
	one, err := newCallers(1)
	if err != nil {
		return row{}, err
	}
	// A round is so short that other processes interrupt few of them. Garbage is collected between rounds.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var clientTimes, handTimes []float64
	for round := range 2001 {
		if round%100 == 0 {
			runtime.GC()
		}
		clientTimes, handTimes = append(clientTimes, microseconds(one.client)), append(handTimes, microseconds(one.byHand))
	}
	c, h := median(clientTimes), median(handTimes)
	return row{"time of a call, 1 role", fmt.Sprintf("%.1f µs", c), fmt.Sprintf("%.1f µs", h), "x", c / h, 1.6}, nil
}

// microseconds returns the time of a call.
func microseconds(call caller) float64 {
	const calls = 20
	start := time.Now()
	for range calls {
		must(call(context.Background()))
	}
	return float64(time.Since(start).Nanoseconds()) / 1000 / calls
}

func median(samples []float64) float64 {
	slices.Sort(samples)
	return samples[len(samples)/2]
}

func allocsOf(call caller) float64 {
	return testing.AllocsPerRun(1000, func() { must(call(context.Background())) })
}

func bytesOf(call caller) float64 {
	const calls = 200
	must(call(context.Background())) // fills pools
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		must(call(context.Background()))
	}
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / calls
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// build builds a program below this directory, and returns its size in KB and the number of modules that it links
// besides this one.
func build(program string) (kilobytes int64, modules int, err error) {
	dir, err := os.MkdirTemp("", "zohocrm-bench")
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary := filepath.Join(dir, program)
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", binary, "github.com/seed-87e331f0/zohocrm-go/contracttest/bench/"+program)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("go build %s: %w: %s", program, err, out)
	}
	file, err := os.Stat(binary)
	if err != nil {
		return 0, 0, err
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return 0, 0, err
	}
	return file.Size() / 1000, len(info.Deps), nil
}

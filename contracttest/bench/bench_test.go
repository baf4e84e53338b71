package main

import (
	"runtime"
	"testing"
)

// What is exact is a gate: allocations, the growth of a binary, the modules that are linked. Time is
// for make bench. The goals are those of a static binary for Linux.
func TestGoals(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the goals are for Linux")
	}
	for _, measure := range []func() ([]row, error){allocations, footprint} {
		rows, err := measure()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if !r.met {
				t.Errorf("%s: %s, %s: %s, the goal is %s", r.measure, r.sdk, r.other, r.result, r.goal)
			}
		}
	}
}

// The calls must do what they are compared for.
func TestCallers(t *testing.T) {
	for _, n := range []int{1, 100} {
		for _, status := range []int{200, 400} {
			c, roles, err := inMemoryCallers(n, status)
			if err != nil {
				t.Fatal(err)
			}
			for name, call := range map[string]caller{"floor": c.floor, "bare": c.bare, "sdk": c.sdk} {
				if err := call(t.Context(), roles); (err == nil) != (status == 200) {
					t.Errorf("%s, %d roles, status %d: got error %v", name, n, status, err)
				}
			}
		}
	}
}

func BenchmarkUpdateContactRole(b *testing.B) {
	for name, status := range map[string]int{"200": 200, "400": 400} {
		c, roles, err := inMemoryCallers(1, status)
		if err != nil {
			b.Fatal(err)
		}
		for _, compared := range []struct {
			name string
			call caller
		}{{"floor", c.floor}, {"bare", c.bare}, {"sdk", c.sdk}} {
			b.Run(name+"/"+compared.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_ = compared.call(b.Context(), roles)
				}
			})
		}
	}
}

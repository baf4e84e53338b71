package main

import (
	"runtime/debug"
	"slices"
	"testing"
)

func TestLimits(t *testing.T) {
	info, _ := debug.ReadBuildInfo()
	if slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("the race detector allocates too")
	}
	rows, err := exactRows()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.result > r.limit {
			t.Error(r)
		}
	}
}

func BenchmarkUpdateContactRole(b *testing.B) {
	one, err := newCallers(1)
	if err != nil {
		b.Fatal(err)
	}
	for name, call := range map[string]caller{"client": one.client, "byHand": one.byHand} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				must(call(b.Context()))
			}
		})
	}
}

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

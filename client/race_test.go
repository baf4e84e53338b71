//go:build race

package client_test

// race tells that the race detector runs, which allows some 8,000 goroutines.
const race = true

//go:build race

package contracttest

const race = true

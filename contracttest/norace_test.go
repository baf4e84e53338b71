//go:build !race

package contracttest

const race = false

package client_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

// contract collects the requests and responses of a test that the spec does not allow.
type contract struct {
	mu                sync.Mutex
	violations        []string
	expected, allowed bool
}

var contracts sync.Map // by the name of the test: a bubble of synctest has the name of its test

// contractOf returns the contract of a test. When the test ends, it fails if there is a violation.
func contractOf(t testing.TB) *contract {
	stored, found := contracts.LoadOrStore(t.Name(), &contract{})
	c := stored.(*contract)
	if found {
		return c
	}
	t.Cleanup(func() {
		contracts.Delete(t.Name())
		c.mu.Lock()
		defer c.mu.Unlock()
		switch {
		case c.allowed:
		case c.expected && c.violations == nil:
			t.Error("the spec allows all requests and responses, want a violation")
		case !c.expected && c.violations != nil:
			t.Errorf("the spec does not allow %d requests or responses: %s", len(c.violations), c.violations[0])
		}
	})
	return c
}

// expectViolations is for a test with a request or response that the spec does not allow. The test fails if there is none.
func expectViolations(t testing.TB) { contractOf(t).expected = true }

// allowViolations is for a test that may have such requests or responses.
func allowViolations(t testing.TB) { contractOf(t).allowed = true }

func (c *contract) transport(base http.RoundTripper) http.RoundTripper {
	return zohotest.CheckedTransport(base, func(violation string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.violations = append(c.violations, violation)
	})
}

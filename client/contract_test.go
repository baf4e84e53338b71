package client_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

// contract is what the OpenAPI document refuses in the requests and answers of a test.
type contract struct {
	mu       sync.Mutex
	problems []string
	// forbidden is what the test says, unless it judges by itself.
	forbidden, judged bool
}

var contracts sync.Map // by the name of the test: a bubble of synctest has the name of its test

// contractOf returns the contract of a test, which fails if it is broken and the test does not say so,
// and the other way round.
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
		case c.judged:
		case c.forbidden && c.problems == nil:
			t.Error("the test says that it breaks the contract, and it does not")
		case !c.forbidden && c.problems != nil:
			t.Errorf("%d requests or answers break the contract: %s", len(c.problems), c.problems[0])
		}
	})
	return c
}

// breaksContract says that requests or answers of a test are such as the document forbids.
func breaksContract(t testing.TB) { contractOf(t).forbidden = true }

// ownContract is for a test that judges by itself what breaks the contract.
func ownContract(t testing.TB) *contract {
	c := contractOf(t)
	c.judged = true
	return c
}

func (c *contract) isBroken() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.problems != nil
}

func (c *contract) transport(base http.RoundTripper) http.RoundTripper {
	return zohotest.CheckedTransport(base, func(problem string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.problems = append(c.problems, problem)
	})
}

package tokens

import (
	"runtime"
	"testing"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/internal/wire"
)

func TestGrantsAreForgotten(t *testing.T) {
	key := grantKey{key: NewGrant(Config{ClientID: "1000.forgotten"}).key}
	for range 1000 {
		runtime.GC()
		if _, isKnown := grants.Load(key); !isKnown {
			return
		}
		time.Sleep(time.Millisecond) // for the cleanup
	}
	t.Error("a grant that nobody uses is still known")
}

// A grant may be forgotten while another client looks for it.
func TestGrantIsNeverNil(t *testing.T) {
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case <-done:
				return
			default:
				runtime.GC()
			}
		}
	}()
	for range 20_000 {
		if NewGrant(Config{ClientID: "1000.one"}) == nil {
			t.Fatal("there is no grant")
		}
	}
}

// A caller may come to the flight after the one that brought a token.
func TestFlightAfterFlight(t *testing.T) {
	g := NewGrant(Config{ClientID: "1000.flight"})
	brought := g.keep(accessToken{Value: "1000.token", RenewAt: time.Now().Add(time.Hour)})
	var nobody wire.Sender // a request by it panics
	if got, err := g.refresh(t.Context(), &nobody); got != brought || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

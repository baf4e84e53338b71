package envelope_test

import (
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/internal/envelope"
)

func TestListSaysWhetherThereIsAnother(t *testing.T) {
	t.Parallel()
	keys := []string{envelope.Modules, envelope.ContactRoles, envelope.Profiles}
	for _, key := range keys {
		for _, other := range keys {
			it, ok := envelope.Read([]byte(`{"` + key + `":[1],"x":2}`))
			if other != key {
				it, ok = envelope.Read([]byte(`{"` + key + `":[1],"` + other + `":[]}`))
			}
			if list, hasOther := it.List(key); !ok || string(list) != "[1]" || hasOther != (other != key) {
				t.Errorf("%s beside %s: got %s, another list: %t", key, other, list, hasOther)
			}
		}
	}
}

package zohotest

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

func TestOtherHostsAreRejected(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ listen, host, want string }{
		{"127.0.0.1:0", "127.0.0.1", "200"},
		{"127.0.0.1:0", "localhost", "200"},
		{"127.0.0.1:0", "LOCALHOST:1234", "200"},
		{"127.0.0.1:0", "[::1]:8080", "200"},
		{"127.0.0.1:0", "mock.internal", "200"},
		{"127.0.0.1:0", "rebound.example", `421 zohotest: host "rebound.example" is not allowed: use http://127.0.0.1:`},
		{"127.0.0.1:0", "localhost.rebound.example:80", "421"},
		{"127.0.0.1:0", "192.0.2.1", "421"},
		{"0.0.0.0:0", "192.0.2.1", "200"},
		{"0.0.0.0:0", "rebound.example", "421"},
	} {
		listener, err := net.Listen("tcp", test.listen)
		if err != nil {
			t.Fatal(err)
		}
		s := newServer(t, WithListener(listener), WithHosts("Mock.internal"))
		r, _ := http.NewRequest(http.MethodPut, s.URL+rolePath, strings.NewReader(roleBody))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Zoho-oauthtoken "+s.IssueToken())
		r.Host = test.host
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var message [200]byte
		n, _ := res.Body.Read(message[:])
		if got := fmt.Sprintf("%d %s", res.StatusCode, message[:n]); !strings.HasPrefix(got, test.want) {
			t.Errorf("host %s of a server on %s: got %s, want %s", test.host, test.listen, got, test.want)
		}
		res.Body.Close()
		if handled := len(s.Requests()) == 1; handled != (res.StatusCode == http.StatusOK) {
			t.Errorf("host %s of a server on %s: status %d, the request was handled: %t", test.host, test.listen, res.StatusCode, handled)
		}
	}
}

func TestRetriesDoNotWaitInMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithInMemory())
		crm, err := client.New(s.DataCenter(), s.Auth(), client.WithHTTPClient(s.HTTPClient()))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			s.Respond("updateContactRole", "too_many_requests")
		}
		start := time.Now()
		if _, err := crm.UpdateContactRole(t.Context(), "20", client.ContactRoleUpdate{Name: "Agent"}); err != nil {
			t.Error(err)
		}
		if time.Since(start) < 100*time.Millisecond || len(s.Requests()) != 5 {
			t.Errorf("%d requests in %v, want a token request and four attempts with pauses", len(s.Requests()), time.Since(start))
		}
	})
}

func TestCloseDoesNotWaitForAClientThatHoldsAConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithInMemory())
		conn, err := s.listener.(*memoryListener).DialContext(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, "PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf")
		synctest.Wait()
		start := time.Now()
		if s.Close(); time.Since(start) > closeTimeout {
			t.Errorf("Close took %v", time.Since(start))
		}
		s.Close()
		if _, err := s.HTTPClient().Get(s.URL); err == nil {
			t.Error("a closed server responds")
		}
	})
}

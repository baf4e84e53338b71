package zohotest

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

func TestOptionsAreCopied(t *testing.T) {
	t.Parallel()
	modules := []Module{{ID: "1", APIName: "Visits", PluralLabel: "Visits", SingularLabel: "Visit", Profiles: []string{"1"}}}
	s := newServer(t, WithModules(modules...))
	if send(t, s, "PUT", modulePath, moduleBody); modules[0].Profiles[0] != "1" {
		t.Error("the server changed the slice of its caller")
	}
}

func TestSampleModulesHaveProfilesOfTheOrg(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		profiles []Profile
		want     [][]string
	}{
		"sample":         {sampleOrg().profiles, [][]string{{"2423488000000015972"}, {"2423488000000015972", "2423488000000015975"}}},
		"one of sample":  {sampleOrg().profiles[:1], [][]string{{"2423488000000015972"}, {"2423488000000015972"}}},
		"other profiles": {[]Profile{{ID: "77"}, {ID: "78"}}, [][]string{{"77"}, {"77"}}},
	} {
		s := NewServer(t, WithProfiles(test.profiles...))
		for i, m := range s.Modules() {
			if !slices.Equal(m.Profiles, test.want[i]) {
				t.Errorf("%s: module %d has the profiles %v, want %v", name, i, m.Profiles, test.want[i])
			}
		}
	}
	if s := NewServer(t, WithModules(), WithContactRoles()); len(s.Modules()) != 0 || len(s.ContactRoles()) != 0 {
		t.Errorf("an org without modules and roles has %v %v", s.Modules(), s.ContactRoles())
	}
}

func TestHandlerInFront(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithHandler(func(s *Server) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/", s)
		mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s.URL) })
		return mux
	}))
	if _, response := send(t, s, "GET", "/page", ""); response != s.URL || len(s.Requests()) != 0 {
		t.Errorf("the page is %q, recorded are %v", response, s.Requests())
	}
	if status, response := send(t, s, "PUT", rolePath, roleBody); status != 200 {
		t.Errorf("%d %s", status, response)
	}
}

func TestStrictRejectsWhatTheSpecDoesNotAllow(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ path, body, header, want string }{
		"valid":           {rolesPath, rolesBody, "", "200 contact_roles: SUCCESS id=20; SUCCESS id=21"},
		"id a number":     {rolesPath, strings.Replace(rolesBody, `"20"`, "20", 1), "", "400 INVALID_REQUEST"},
		"no Content-Type": {rolesPath, rolesBody, "Content-Type: ", "400 INVALID_REQUEST"},
		"empty id":        {rolesPath + "/", rolesBody, "", "400 INVALID_REQUEST"},
		"Zoho's error":    {rolesPath, `{"contact_roles":[{"name":"x"}]}`, "", "400 contact_roles: MANDATORY_NOT_FOUND api_name=id json_path=$.contact_roles[0].id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, WithStrict())
			status, response := send(t, s, "PUT", test.path, test.body, test.header)
			if got := summary(t, status, response); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if changed := s.ContactRoles()[0].Name == "Agent"; changed != (status == 200) {
				t.Errorf("status %d, the org changed: %t", status, changed)
			}
		})
	}
}

func TestLatencyAndConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, WithInMemory(), WithLatency(time.Second), WithMaxConcurrent(2))
		start := time.Now()
		var accepted, rejected atomic.Int32
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				switch status, response := send(t, s, "PUT", rolePath, roleBody); {
				case status == 200:
					accepted.Add(1)
				case summary(t, status, response) == "429 TOO_MANY_REQUESTS":
					rejected.Add(1)
				}
			})
			all.Go(func() { sendToken(t, s) })
		}
		all.Wait()
		if accepted.Load() != 2 || rejected.Load() != 3 {
			t.Errorf("%d requests accepted, %d rejected, want 2 and 3", accepted.Load(), rejected.Load())
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("the responses took %v, want 1s", took)
		}
		if status, _ := send(t, s, "PUT", rolePath, roleBody); status != 200 {
			t.Errorf("the next request gets %d", status)
		}
	})
}

func TestFixedCredentials(t *testing.T) {
	t.Parallel()
	auth := client.RefreshToken{ClientID: "id", ClientSecret: "secret", RefreshToken: "refresh"}
	s := newServer(t, WithCredentials(auth), WithAccessToken("1000.fixed"))
	if _, got := sendForm(t, s, tokenPath, "grant_type=refresh_token&client_id=id&client_secret=secret&refresh_token=refresh", formHeader); got["access_token"] == nil {
		t.Errorf("the token endpoint responds %v", got)
	}
	if s.AccessToken() != "1000.fixed" || !isValid(t, s, "1000.fixed") {
		t.Error("the access token is not valid")
	}
}

func TestWithoutTokenThrottle(t *testing.T) {
	t.Parallel()
	s := newServer(t, WithoutTokenThrottle())
	for i := range 20 {
		if _, got := sendToken(t, s); got["access_token"] == nil {
			t.Fatalf("token %d: got %v", i+1, got)
		}
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	_, got := sendToken(t, s)
	for range 9 {
		sendToken(t, s)
	}
	s.ExpireTokens()
	issued := s.IssueToken()
	send(t, s, "PUT", rolePath, roleBody)
	send(t, s, "PUT", modulePath, moduleBody)
	s.RespondWith(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "queued") })

	if s.Reset(); len(s.Requests()) != 0 || s.ContactRoles()[0].Name != "Buyer" || s.Modules()[0].PluralLabel != "Visits" || s.Modules()[0].Profiles[0] != "1" {
		t.Errorf("after Reset: %v %v %v", s.Requests(), s.ContactRoles(), s.Modules())
	}
	if !isValid(t, s, s.AccessToken()) || !isValid(t, s, issued) {
		t.Error("a token is invalid after Reset")
	}
	if isValid(t, s, got["access_token"].(string)) {
		t.Error("an expired token is valid after Reset")
	}
	if _, got := sendToken(t, s); got["access_token"] == nil {
		t.Errorf("the throttle applies after Reset: %v", got)
	}
}

package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

// cache is a Cache in memory.
type cache struct {
	mu                 sync.Mutex
	values             map[string][]byte
	getError, putError error
	delay              time.Duration // the longest
}

func (c *cache) Get(_ context.Context, key string) ([]byte, error) {
	time.Sleep(rand.N(c.delay + 1))
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.values[key], c.getError
}

func (c *cache) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	time.Sleep(rand.N(c.delay + 1))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.values != nil && c.putError == nil {
		c.values[key] = value
	}
	return c.putError
}

// lockedCache is a Cache that is a Locker.
type lockedCache struct {
	*cache
	held chan struct{}
}

func (c lockedCache) Lock(ctx context.Context, _ string) (func(), error) {
	select {
	case c.held <- struct{}{}:
		return func() { <-c.held }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestProcessesShareTokens has 20 clients share one cache, as processes do. The token endpoint takes 300 ms, and issues ten
// tokens in ten minutes.
func TestProcessesShareTokens(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		lifetime time.Duration
		before   func(t *testing.T, server *zohotest.Server, auth client.RefreshToken)
		process  func(server *zohotest.Server, call func())
		requests int // for tokens, if the cache has a lock; 0: any number
		most     int // if it has none
	}{
		{"cold start", time.Hour, nil, func(_ *zohotest.Server, call func()) { call() }, 1, 3},
		{"revoked token", time.Hour, nil, func(server *zohotest.Server, call func()) {
			call()
			time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute))) // all at the same time
			server.ExpireTokens()
			for range 8 {
				call()
			}
		}, 2, 4},
		{"token that expires after a minute", time.Minute, nil, func(_ *zohotest.Server, call func()) {
			for range 40 {
				call()
				time.Sleep(2 * time.Second)
			}
		}, 2, 4},
		{"throttled, with a token in the cache", 5 * time.Minute, func(t *testing.T, server *zohotest.Server, auth client.RefreshToken) {
			for range 10 {
				mustUpdate(t, newClient(t, server.DataCenter(), auth, client.WithHTTPClient(server.HTTPClient())))
				auth.Cache = nil
			}
			time.Sleep(4*time.Minute + 45*time.Second)
		}, func(_ *zohotest.Server, call func()) {
			for range 5 {
				call()
			}
		}, 0, 20},
	} {
		for _, withLock := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, lock %t", test.name, withLock), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					server := zohotest.NewServer(t, zohotest.WithInMemory(), zohotest.WithLatency(300*time.Millisecond), zohotest.WithTokenLifetime(test.lifetime))
					store := &cache{values: map[string][]byte{}, delay: 10 * time.Millisecond}
					auth := server.Auth()
					if auth.Cache = store; withLock {
						auth.Cache = lockedCache{store, make(chan struct{}, 1)}
					}
					if test.before != nil {
						test.before(t, server, auth)
					}
					var requests atomic.Int64
					counting := roundTripFunc(func(r *http.Request) (*http.Response, error) {
						if strings.HasSuffix(r.URL.Path, "/oauth/v2/token") {
							requests.Add(1)
						}
						return server.HTTPClient().Transport.RoundTrip(r)
					})
					var group sync.WaitGroup
					for range 20 {
						crm := newClient(t, server.DataCenter(), auth, counting.option())
						group.Go(func() {
							test.process(server, func() {
								if err := update(t, crm); err != nil {
									t.Error(err)
								}
							})
						})
					}
					group.Wait()
					time.Sleep(2 * time.Minute) // for refreshes in the background
					if got := int(requests.Load()); withLock && test.requests > 0 && got != test.requests || got > test.most {
						t.Errorf("%d token requests, want %d, or at most %d without a lock", got, test.requests, test.most)
					}
				})
			})
		}
	}
}

func TestLockThatIsHeldForGoodDoesNotFailACall(t *testing.T) {
	t.Parallel()
	for _, timeout := range []time.Duration{9 * time.Second, 2 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			auth := credentials()
			auth.Cache = lockedCache{&cache{values: map[string][]byte{}}, make(chan struct{})}
			began := time.Now()
			mustUpdate(t, (&fakeZoho{}).client(t, auth, client.WithTimeout(timeout)))
			if took, wait := time.Since(began), min(timeout/3, 30*time.Second); took < wait || took > wait+time.Second {
				t.Errorf("with %s, the call took %s, want the wait of %s and little more", timeout, took, wait)
			}
		})
	}
}

func TestTokenRequest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		auth client.Auth
		form url.Values
	}{
		{client.RefreshToken{ClientID: "1000.id", ClientSecret: "a secret & more", RefreshToken: "1000.refresh"},
			url.Values{"grant_type": {"refresh_token"}, "client_id": {"1000.id"}, "client_secret": {"a secret & more"}, "refresh_token": {"1000.refresh"}}},
		{client.ClientCredentials{ClientID: "1000.id", ClientSecret: "a secret & more", OrgID: "10234", Scopes: []string{"ZohoCRM.modules.ALL", "ZohoCRM.settings.ALL"}},
			url.Values{"grant_type": {"client_credentials"}, "client_id": {"1000.id"}, "client_secret": {"a secret & more"}, "soid": {"ZohoCRM.10234"},
				"scope": {"ZohoCRM.modules.ALL,ZohoCRM.settings.ALL"}}},
		{client.ClientCredentials{ClientID: "1000.id", ClientSecret: "a secret & more", OrgID: "10234"},
			url.Values{"grant_type": {"client_credentials"}, "client_id": {"1000.id"}, "client_secret": {"a secret & more"}, "soid": {"ZohoCRM.10234"},
				"scope": {"ZohoCRM.modules.contacts.READ,ZohoCRM.modules.contacts.UPDATE,ZohoCRM.settings.modules.READ," +
					"ZohoCRM.settings.modules.UPDATE,ZohoCRM.settings.profiles.READ"}}},
	} {
		z := &fakeZoho{}
		crm := newClient(t, client.EU, test.auth, client.WithUserAgent("orders/2.1"), roundTripFunc(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Authorization") != "" {
				return z.RoundTrip(r)
			}
			body, _ := io.ReadAll(r.Body)
			form, err := url.ParseQuery(string(body))
			if err != nil || form.Encode() != test.form.Encode() {
				t.Errorf("the form is %v, want %v", form, test.form)
			}
			if r.Method != http.MethodPost || r.URL.String() != "https://accounts.zoho.eu/oauth/v2/token" ||
				r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.Header.Get("Accept") != "application/json" || !strings.HasPrefix(r.Header.Get("User-Agent"), "orders/2.1 zohocrm-go/") {
				t.Errorf("the request is %s %s %v", r.Method, r.URL, r.Header)
			}
			if _, found := client.OperationFromContext(r.Context()); found {
				t.Error("a token request belongs to an operation")
			}
			return z.RoundTrip(r)
		}).option())
		mustUpdate(t, crm)
		z.wantTokenRequests(t, 1)
	}
}

// TestTokenIsTakenFromAnyResponse has responses with a token, and finds out how long the token is used.
func TestTokenIsTakenFromAnyResponse(t *testing.T) {
	t.Parallel()
	for body, lifetime := range map[string]time.Duration{
		`{"access_token":%q,"expires_in":3600}`:                           time.Hour,
		`{"access_token":%q,"expires_in":3600.0}`:                         time.Hour,
		`{"access_token":%q,"expires_in":"600"}`:                          10 * time.Minute,
		`{"access_token":%q,"expires_in":""}`:                             time.Hour,
		`{"access_token":%q,"expires_in":null}`:                           time.Hour,
		`{"access_token":%q,"expires_in":0,"expires_in_sec":-1}`:          time.Hour,
		`{"access_token":%q}`:                                             time.Hour,
		`{"access_token":%q,"expires_in":60}`:                             time.Minute,
		`{"access_token":%q,"expires_in":0.001}`:                          10 * time.Second,
		"\ufeff" + `{"access_token":%q,"expires_in":60}`:                  time.Minute,
		`{"access_token":%q,"expires_in":600000,"expires_in_sec":600}`:    10 * time.Minute,
		`{"access_token":%q,"expires_in":1e300}`:                          24 * time.Hour,
		`{"access_token":%q,"expires_in":{},"api_domain":[],"scope":7}`:   time.Hour,
		`{"error":"x","error":"y","access_token":%q,"status":"failure"}`:  time.Hour,
		`{"access_token":%q,"expires_in":600} <!-- added by a proxy -->`:  10 * time.Minute,
		`{"ACCESS_TOKEN":"1000.other","access_token":%q,"expires_in":60}`: time.Minute,
	} {
		for _, status := range []int{http.StatusOK, http.StatusBadRequest, http.StatusInternalServerError} {
			synctest.Test(t, func(t *testing.T) {
				z := &fakeZoho{respondToken: func(n int) *http.Response {
					res := newResponse(status, fmt.Sprintf(body, token(n)))
					if n == 1 {
						res = truncated(status, fmt.Sprintf(body, token(n)))
					}
					return res
				}}
				crm := z.client(t, credentials())
				mustUpdate(t, crm)
				time.Sleep(lifetime - min(lifetime/10, time.Minute) - 1)
				mustUpdate(t, crm)
				synctest.Wait()
				z.wantTokenRequests(t, 1)
				time.Sleep(min(lifetime/10, time.Minute) + 1)
				mustUpdate(t, crm)
				if want := []string{token(1), token(1), token(2)}; !slices.Equal(z.usedTokens, want) {
					t.Errorf("HTTP %d %s: the updates had the tokens %s", status, body, z.usedTokens)
				}
			})
		}
	}
}

// TestFailedTokenRequests makes 1,000 calls in 10 seconds.
func TestFailedTokenRequests(t *testing.T) {
	t.Parallel()
	const denied, localised = `{"error":"Access Denied"}`, `{"error":"Zugriff verweigert","error_description":"Zu viele Anfragen","status":"failure"}`
	for _, test := range []struct {
		status     int
		body       string
		retryAfter string
		code       client.Code
		pause      time.Duration // until the next token request, 0: there is one for each call
		throttled  bool
		retryable  bool
	}{
		{200, `{"error":"invalid_code"}`, "", client.CodeInvalidCode, time.Minute, false, false},
		{200, `{"error":"invalid_client"}`, "", client.CodeInvalidClient, time.Minute, false, false},
		{200, `{"error":"invalid_client_secret"}`, "", client.CodeInvalidClientSecret, time.Minute, false, false},
		{400, `{"error":"general_error","error_description":"text"}`, "", "general_error", time.Minute, false, false},
		{200, `{"access_token":"1000.a b"}`, "", "", time.Minute, false, false},
		{404, "<html>", "", "", time.Minute, false, false},
		{200, `{"access_token":"","error":7}`, "", "", time.Minute, false, false},
		{400, accessDenied, "", "", time.Minute, true, true},
		{400, denied, "", "", time.Minute, true, true},
		{200, denied, "", "", time.Minute, true, true},
		{400, localised, "", "", time.Minute, true, true},
		{429, "", "", "", time.Minute, true, true},
		{429, `{"error":"invalid_code"}`, "30", "", time.Minute, true, true},
		{400, denied, "120", "", 2 * time.Minute, true, true},
		{400, denied, "3600", "", 10 * time.Minute, true, true},
		{401, `{"error":"access denied"}`, "", "", time.Minute, true, true},
		{403, denied, "", "", time.Minute, true, true},
		{403, localised, "", "", time.Minute, false, false},
		{400, `{"error":"INVALID_SCOPE_2","error_description":"text"}`, "", "INVALID_SCOPE_2", time.Minute, false, false},
		{400, `{"status":400,"error":"Bad Request","path":"/oauth/v2/token"}`, "", "", time.Minute, false, false},
		{503, `{"error":"invalid_code"}`, "", client.CodeInvalidCode, time.Minute, false, false},
		{500, `{"error":"invalid_client"}`, "", client.CodeInvalidClient, time.Minute, false, false},
		{502, `{"error":"invalid_client_secret"}`, "", client.CodeInvalidClientSecret, time.Minute, false, false},
		{503, `{"error":"Unavailable"}`, "", "", 0, false, true},
		{500, `{"error":"internal_error"}`, "", "internal_error", 0, false, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			z := &fakeZoho{respondToken: func(int) *http.Response {
				res := newResponse(test.status, test.body)
				res.Header.Set("Retry-After", test.retryAfter)
				return res
			}}
			crm := z.client(t, credentials(), client.WithMaxAttempts(1))
			for range 1000 {
				var failure *client.AuthError
				err := update(t, crm)
				if !errors.As(err, &failure) || failure.StatusCode != test.status || failure.Code != test.code || failure.Throttled != test.throttled ||
					client.Retryable(err) != test.retryable || len(err.Error()) > 500 {
					t.Fatalf("HTTP %d %s: %+v", test.status, test.body, failure)
				}
				time.Sleep(10 * time.Millisecond)
			}
			if want := 1; test.pause > 0 && z.tokenRequests != want || test.pause == 0 && z.tokenRequests != 1000 {
				t.Errorf("HTTP %d %s: %d token requests, want %d", test.status, test.body, z.tokenRequests, want)
			}
			if failure, _ := errors.AsType[*client.AuthError](update(t, crm)); test.throttled && failure.RetryAfter != test.pause-10*time.Second {
				t.Errorf("HTTP %d %s: after 10 s RetryAfter is %s, want %s", test.status, test.body, failure.RetryAfter, test.pause-10*time.Second)
			}
			z.respondToken = nil
			time.Sleep(test.pause - 10*time.Second - 1)
			if err := update(t, crm); (err == nil) != (test.pause == 0) {
				t.Errorf("HTTP %d %s: before the end of the pause: %v", test.status, test.body, err)
			}
			time.Sleep(time.Nanosecond)
			mustUpdate(t, crm)
		})
	}
}

// TestTokenRequestsThatMayCostATokenAreRepeatedInGrowingPauses has a call each second for half an hour.
func TestTokenRequestsThatMayCostATokenAreRepeatedInGrowingPauses(t *testing.T) {
	t.Parallel()
	wrong := func(body string) func() (*http.Response, error) {
		return func() (*http.Response, error) { return newResponse(200, body), nil }
	}
	unavailable := false
	// Two requests at a time, then a pause of 1, 2, 4 and up to 60 seconds; or one request, then a pause of 1, 2, 4 and up to 10 minutes.
	lost := []int{0, 0, 1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 32, 32, 64, 64, 124, 124, 184, 184}
	unusable := []int{0, 60, 180, 420, 900, 1500}
	for _, test := range []struct {
		name    string
		respond func() (*http.Response, error)
		seconds []int // of the first token requests
	}{
		{"network", func() (*http.Response, error) { return nil, io.EOF }, lost},
		{"truncated", func() (*http.Response, error) { return truncated(200, `{"access_token":"1000.`), nil }, lost},
		{"gateway", func() (*http.Response, error) { return newResponse(504, page), nil }, lost},
		{"network, every other time", func() (*http.Response, error) {
			if unavailable = !unavailable; unavailable {
				return newResponse(503, ""), nil
			}
			return nil, io.EOF
		}, []int{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4}},
		{"another data centre", wrong(`{"access_token":"1000.token","api_domain":"https://www.zohoapis.com"}`), unusable},
		{"no token", wrong(`{"access_token":"1000.a b"}`), unusable},
	} {
		synctest.Test(t, func(t *testing.T) {
			z, began := &fakeZoho{}, time.Now()
			var seconds []int
			works := false
			crm := newClient(t, client.EU, credentials(), client.WithFirstWait(0), roundTripFunc(func(r *http.Request) (*http.Response, error) {
				if r.Header.Get("Authorization") != "" || works {
					return z.RoundTrip(r)
				}
				seconds = append(seconds, int(time.Since(began).Seconds()))
				return test.respond()
			}).option())
			for range 30 * 60 {
				if err := update(t, crm); err == nil {
					t.Fatalf("%s: a call succeeded", test.name)
				}
				time.Sleep(time.Second)
			}
			if len(seconds) < len(test.seconds) || !slices.Equal(seconds[:len(test.seconds)], test.seconds) {
				t.Errorf("%s: tokens were requested in the seconds %d, want %d", test.name, seconds, test.seconds)
			}
			works = true
			time.Sleep(10 * time.Minute)
			mustUpdate(t, crm)
			works, began, seconds = false, time.Now().Add(time.Hour), nil
			time.Sleep(time.Hour)
			for range test.seconds[len(test.seconds)-1] {
				_ = update(t, crm)
				time.Sleep(time.Second)
			}
			if want := test.seconds[:len(seconds)]; !slices.Equal(seconds, want) {
				t.Errorf("%s: after a success tokens were requested in the seconds %d, want %d", test.name, seconds, want)
			}
		})
	}
}

// TestLostTokenRequestOfAnotherCall has 30 calls wait for a token request whose response is lost.
func TestLostTokenRequestOfAnotherCall(t *testing.T) {
	t.Parallel()
	for lost, works := range []bool{true, true, true, true, false} { // a request is repeated once, in two refreshes
		synctest.Test(t, func(t *testing.T) {
			z, n := &fakeZoho{}, 0
			crm := newClient(t, client.EU, credentials(), roundTripFunc(func(r *http.Request) (*http.Response, error) {
				if r.Header.Get("Authorization") == "" {
					if time.Sleep(time.Second); n < lost {
						n++
						return nil, io.EOF
					}
				}
				return z.RoundTrip(r)
			}).option())
			go func() { _ = update(t, crm) }()
			synctest.Wait()
			var group sync.WaitGroup
			for range 30 {
				group.Go(func() {
					if err := update(t, crm); (err == nil) != works {
						t.Errorf("after %d lost token requests: %v", lost, err)
					}
				})
			}
			group.Wait()
		})
	}
}

func TestErrorOfACallThatWaitedForATokenHasTheLastResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		z := &fakeZoho{respondToken: func(n int) *http.Response {
			if n > 2 {
				return newResponse(200, tokenBody(n))
			}
			res := newResponse(503, "")
			res.Header.Set("Retry-After", "20")
			return res
		}}
		crm := z.client(t, credentials())
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, err := crm.UpdateContactRole(ctx, roleID, roleUpdate)
			failure, _ := errors.AsType[*client.AuthError](err)
			if failure == nil || failure.StatusCode != http.StatusServiceUnavailable || !errors.Is(err, context.DeadlineExceeded) || !client.Retryable(err) {
				t.Error(err)
			}
		}
		time.Sleep(time.Minute)
		mustUpdate(t, crm)
	})
}

func TestTokenRequestIsRepeated(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		first func() (*http.Response, error)
		wait  time.Duration // before the second request, -1: there is none
	}{
		{"unavailable", func() (*http.Response, error) { return newResponse(503, ""), nil }, 0},
		{"unavailable for 30 s", func() (*http.Response, error) {
			res := newResponse(503, "")
			res.Header.Set("Retry-After", "30")
			return res, nil
		}, 30 * time.Second},
		{"network", func() (*http.Response, error) { return nil, errors.New("connection reset") }, 0},
		{"truncated", func() (*http.Response, error) { return truncated(200, `{"access_token":"1000.`), nil }, 0},
		{"truncated throttle", func() (*http.Response, error) { return truncated(400, `{"error":"Access`), nil }, -1},
		{"truncated after a code", func() (*http.Response, error) { return truncated(200, `{"error":"invalid_code"}`), nil }, -1},
		{"invalid_code with 503", func() (*http.Response, error) { return newResponse(503, `{"error":"invalid_code"}`), nil }, -1},
		{"invalid_code", func() (*http.Response, error) { return newResponse(200, `{"error":"invalid_code"}`), nil }, -1},
		{"throttled", func() (*http.Response, error) { return newResponse(429, ""), nil }, -1},
		{"panic", func() (*http.Response, error) { panic("broken") }, -1},
	} {
		synctest.Test(t, func(t *testing.T) {
			z := &fakeZoho{}
			began, n := time.Now(), 0
			crm := newClient(t, client.EU, credentials(), roundTripFunc(func(r *http.Request) (*http.Response, error) {
				if n++; n == 1 {
					return test.first()
				}
				if n == 2 && time.Since(began) < test.wait {
					t.Errorf("%s: repeated after %s", test.name, time.Since(began))
				}
				return z.RoundTrip(r)
			}).option())
			if err := update(t, crm); (err == nil) != (test.wait >= 0) || err != nil && n != 1 {
				t.Errorf("%s: after %d requests: %v", test.name, n, err)
			}
		})
	}
}

// truncated is a response whose body ends early.
func truncated(status int, body string) *http.Response {
	res := newResponse(status, "")
	res.Body = io.NopCloser(io.MultiReader(strings.NewReader(body), iotest.ErrReader(io.ErrUnexpectedEOF)))
	return res
}

func TestAPIDomain(t *testing.T) {
	t.Parallel()
	own := client.DataCenter{APIURL: "https://proxy.example.com", AccountsURL: client.EU.AccountsURL}
	dot := client.DataCenter{APIURL: "https://WWW.zohoapis.eu.:443", AccountsURL: client.EU.AccountsURL}
	for _, test := range []struct {
		dc     client.DataCenter
		domain string
		agrees bool
	}{
		{client.EU, "https://www.zohoapis.eu", true},
		{client.EU, "https://zohoapis.eu/", true},
		{client.EU, "www.zohoapis.eu.", true},
		{client.EU, "https://sandbox.zohoapis.eu:443", true},
		{client.EU, "HTTPS://DEVELOPER.ZOHOAPIS.EU", true},
		{client.EU, "", true},
		{client.EU.Sandbox(), "https://www.zohoapis.eu", true},
		{client.EU.Developer(), "https://developer.zohoapis.eu", true},
		{client.CA, "https://www.zohoapis.ca", true},
		{own, "https://www.zohoapis.com", true},
		{dot, "https://www.zohoapis.eu", true},
		{dot, "https://www.zohoapis.com", false},
		{client.EU, "https://www.zohoapis.com", false},
		{client.EU, "www.zohoapis.com", false},
		{client.EU.Sandbox(), "https://sandbox.zohoapis.in", false},
		{client.US, "https://www.zohoapis.com.au", false},
		{client.EU, " https://www.zohoapis.in/crm ", false},
		{client.EU, " https://www.zohoapis.eu\n", true},
		{client.EU, "https://crmsandbox.zohoapis.eu", true},
		{client.EU, "https://www.zohoapis.example.com", true}, // of no data centre that is known
		{client.US, "not a URL", true},
	} {
		z := &fakeZoho{respondToken: func(n int) *http.Response {
			return newResponse(200, fmt.Sprintf(`{"access_token":%q,"api_domain":%q}`, token(n), test.domain))
		}}
		err := update(t, newClient(t, test.dc, credentials(), client.WithHTTPClient(&http.Client{Transport: z})))
		if test.agrees != (err == nil) || len(z.usedTokens) > 0 != test.agrees || err != nil && (!strings.Contains(err.Error(), strings.TrimSpace(test.domain)) || !strings.Contains(err.Error(), test.dc.APIURL)) {
			t.Errorf("%s with api_domain %q: %v", test.dc.APIURL, test.domain, err)
		}
	}
}

// TestRejectedToken has the API reject tokens. The first one is in memory, the cache has another one, which is older.
func TestRejectedToken(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		code     string
		cached   bool
		rejected int // how many tokens are rejected
		sent     []string
		err      string
	}{
		{"INVALID_TOKEN", "INVALID_TOKEN", false, 1, []string{token(1), token(2)}, ""},
		{"INVALID_OAUTHTOKEN", "INVALID_OAUTHTOKEN", false, 1, []string{token(1), token(2)}, ""},
		{"AUTHENTICATION_FAILURE", "AUTHENTICATION_FAILURE", false, 1, []string{token(1), token(2)}, ""},
		{"OAUTH_SCOPE_MISMATCH", "OAUTH_SCOPE_MISMATCH", false, 1, []string{token(1)}, "scopes"},
		{"new token rejected", "INVALID_TOKEN", false, 2, []string{token(1), token(2)}, "look for a proxy"},
		{"cached token rejected", "INVALID_TOKEN", true, 1, []string{token(1), "1000.cached", token(2)}, ""},
		{"cached and new token rejected", "INVALID_TOKEN", true, 2, []string{token(1), "1000.cached", token(2)}, "look for a proxy"},
	} {
		synctest.Test(t, func(t *testing.T) {
			z := &fakeZoho{}
			auth, store := credentials(), &cache{values: map[string][]byte{}}
			if test.cached {
				auth.Cache = store
			}
			crm := z.client(t, auth)
			mustUpdate(t, crm)
			store.edit(token(1), "1000.cached")
			z.usedTokens, z.respondUpdate = nil, func(sent string) *http.Response {
				if sent == "1000.cached" || slices.Contains([]string{token(1), token(2)}[:test.rejected], sent) {
					return newResponse(401, errorBody(test.code))
				}
				return newResponse(200, roleUpdated)
			}
			err := update(t, crm)
			if !slices.Equal(z.usedTokens, test.sent) {
				t.Errorf("%s: the updates had the tokens %s, want %s", test.name, z.usedTokens, test.sent)
			}
			if (err == nil) != (test.err == "") || err != nil && (!errors.Is(err, client.Code(test.code)) || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("%s: %v", test.name, err)
			}
		})
	}
}

// edit replaces text in all values.
func (c *cache) edit(from, to string) {
	for key, value := range c.values {
		c.values[key] = []byte(strings.ReplaceAll(string(value), from, to))
	}
}

func TestTokensThatAreAlwaysRejectedAreRequestedInGrowingPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		z := &fakeZoho{respondUpdate: func(string) *http.Response { return newResponse(401, errorBody("INVALID_TOKEN")) }}
		crm := z.client(t, credentials())
		for second := range 10 * 60 {
			if err := update(t, crm); !errors.Is(err, client.CodeInvalidToken) || !strings.Contains(err.Error(), "removes the Authorization header") {
				t.Fatal(err)
			}
			if second == 20 {
				z.wantTokenRequests(t, 2)
			}
			time.Sleep(time.Second)
		}
		z.wantTokenRequests(t, 5) // after 0, 0, 1, 3 and 7 minutes
		z.respondUpdate = nil
		mustUpdate(t, crm)
		z.respondUpdate = rejectTokens(token(5))
		mustUpdate(t, crm) // because token 5 has worked
		z.wantTokenRequests(t, 6)
	})
}

func TestManyCallersCauseOneTokenRequest(t *testing.T) {
	t.Parallel()
	for _, end := range []func(z *fakeZoho){
		func(*fakeZoho) { time.Sleep(time.Hour) },
		func(z *fakeZoho) { z.respondUpdate = rejectTokens(token(1)) },
	} {
		synctest.Test(t, func(t *testing.T) {
			z := &fakeZoho{}
			crm := z.client(t, credentials())
			mustUpdate(t, crm)
			end(z)
			var group sync.WaitGroup
			for range 1000 {
				group.Go(func() {
					if err := update(t, crm); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			z.wantTokenRequests(t, 2)
		})
	}
}

func TestErrorOfAReplacementNamesBothErrors(t *testing.T) {
	t.Parallel()
	z := &fakeZoho{respondUpdate: rejectTokens(token(1))}
	crm := z.client(t, credentials())
	z.respondToken = func(n int) *http.Response {
		if n == 1 {
			return newResponse(200, tokenBody(1))
		}
		return newResponse(200, `{"error":"invalid_code"}`)
	}
	for range 3 {
		if err := update(t, crm); !errors.Is(err, client.CodeInvalidToken) || !errors.Is(err, client.CodeInvalidCode) || client.MaybeApplied(err) || client.Retryable(err) {
			t.Error(err)
		}
	}
	z.wantTokenRequests(t, 2)
	// The last error says whether a retry may help.
	script{responses: "token | 401 INVALID_TOKEN | 400 Access Denied", failure: failure{text: "previous error: updateContactRole: HTTP 401 INVALID_TOKEN", is: client.CodeInvalidToken, retryable: true}}.run(t, credentials())
	script{responses: "token | 503 | 401 INVALID_TOKEN | invalid_code", failure: failure{text: "HTTP 401 INVALID_TOKEN", is: client.CodeInvalidToken, maybeApplied: true}}.run(t, credentials())
}

// TestHangingTokenRequest has one token request hang although its context ends. Later calls succeed.
func TestHangingTokenRequest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		auth func(hang func()) client.Auth
	}{
		{"RoundTripper", func(func()) client.Auth { return credentials() }},
		{"TokenSource", func(hang func()) client.Auth {
			return client.TokenSource(tokenSourceFunc(func() (*oauth2.Token, error) {
				hang()
				return &oauth2.Token{AccessToken: token(1)}, nil
			}))
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			z, began := &fakeZoho{}, time.Now()
			var calls atomic.Int32
			hang := func() {
				if calls.Add(1) == 1 {
					time.Sleep(time.Hour)
				}
			}
			crm := newClient(t, client.EU, test.auth(hang), roundTripFunc(func(r *http.Request) (*http.Response, error) {
				if r.Header.Get("Authorization") == "" {
					hang()
				}
				return z.RoundTrip(r)
			}).option())
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			if _, err := crm.UpdateContactRole(ctx, roleID, roleUpdate); !errors.Is(err, context.Canceled) || time.Since(began) != time.Second {
				t.Errorf("%s: the call that started it: %v", test.name, err)
			}
			mustUpdate(t, crm)
			if took := time.Since(began); took > 35*time.Second {
				t.Errorf("%s: the next call took %s", test.name, took)
			}
			time.Sleep(time.Hour)
		})
	}
}

func TestTokenSource(t *testing.T) {
	t.Parallel()
	of := func(token string) func() (*oauth2.Token, error) {
		return func() (*oauth2.Token, error) { return &oauth2.Token{AccessToken: token}, nil }
	}
	failing := func(err error) func() (*oauth2.Token, error) {
		return func() (*oauth2.Token, error) { return nil, err }
	}
	sealed := errors.New("vault is\nsealed")
	secretURL := &url.Error{Op: "Get", URL: "https://id.example.com/t?client_secret=hidden&x=\"hidden\"", Err: sealed}
	for _, test := range []struct {
		name   string
		tokens []func() (*oauth2.Token, error) // the last one for all further calls
		sent   int
		is     error
		text   string
	}{
		{"a token", []func() (*oauth2.Token, error){of("1000.good")}, 1, nil, ""},
		{"another token", []func() (*oauth2.Token, error){of("1000.bad"), of("1000.good")}, 2, nil, ""},
		{"another one after two", []func() (*oauth2.Token, error){of("1000.bad"), of("1000.bad2"), of("1000.good")}, 3, nil, ""},
		{"the same token", []func() (*oauth2.Token, error){of("1000.bad")}, 1, client.CodeInvalidToken, "HTTP 401"},
		{"an error", []func() (*oauth2.Token, error){failing(sealed)}, 0, sealed, "the oauth2.TokenSource failed: vault is sealed"},
		{"an error instead of another token", []func() (*oauth2.Token, error){of("1000.bad"), failing(sealed)}, 1, client.CodeInvalidToken, "vault is sealed"},
		{"no token", []func() (*oauth2.Token, error){failing(nil)}, 0, nil, "no token"},
		{"an empty token", []func() (*oauth2.Token, error){of("")}, 0, nil, "the access token is empty"},
		{"a token with a scheme", []func() (*oauth2.Token, error){of("Bearer hidden")}, 0, nil, "without a scheme"},
		{"a panic", []func() (*oauth2.Token, error){func() (*oauth2.Token, error) { panic("broken") }}, 0, nil, "panicked: "},
		{"a URL", []func() (*oauth2.Token, error){failing(secretURL)}, 0, sealed, `Get "https://id.example.com/t": vault is sealed`},
		{"a URL in text", []func() (*oauth2.Token, error){failing(fmt.Errorf("no login: %s, at https://id.example.com/t?hidden twice", secretURL))}, 0, nil,
			`no login: Get "https://id.example.com/t": vault is sealed, at https://id.example.com/t twice`},
		{"a response", []func() (*oauth2.Token, error){failing(&oauth2.RetrieveError{Response: &http.Response{StatusCode: http.StatusBadRequest}, ErrorCode: "invalid_grant", Body: []byte("hidden")})},
			0, client.Code("invalid_grant"), "HTTP 400"},
		{"an error of another client", []func() (*oauth2.Token, error){failing(&client.AuthError{Message: "text", Throttled: true})}, 0, nil, "the oauth2.TokenSource failed"},
	} {
		z, calls := &fakeZoho{respondUpdate: rejectTokens("1000.bad", "1000.bad2")}, 0
		crm := z.client(t, client.TokenSource(tokenSourceFunc(func() (*oauth2.Token, error) {
			calls++
			return test.tokens[min(calls, len(test.tokens))-1]()
		})))
		err := update(t, crm)
		if (err == nil) != (test.text == "") || err != nil && !strings.Contains(err.Error(), test.text) || !errors.Is(err, test.is) && test.is != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		inURL, _ := errors.AsType[*url.Error](err)
		if shown := fmt.Sprintf("%v %+v %v", err, err, inURL); strings.Contains(shown, "hidden") && test.name != "a URL in text" || strings.Contains(fmt.Sprint(err), "hidden") {
			t.Errorf("%s: a secret is shown: %s", test.name, shown)
		}
		if failure, ok := errors.AsType[*client.AuthError](err); ok && failure.Throttled {
			t.Errorf("%s: the error is that of another client", test.name)
		}
		if len(z.usedTokens) != test.sent || z.tokenRequests > 0 {
			t.Errorf("%s: the updates had the tokens %s", test.name, z.usedTokens)
		}
	}
}

func TestLongErrorOfTheNetworkKeepsItsHint(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Err: errors.New(strings.Repeat("refused ", 100))}
	crm := newClient(t, client.EU, credentials(), client.WithMaxAttempts(1), roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, refused }).option())
	if err := update(t, crm); err == nil || !strings.HasSuffix(err.Error(), ": check DataCenter.AccountsURL and the network") {
		t.Errorf("got %v", err)
	}
}

func TestErrorOfATokenSourceIsRetryableUnlessItsResponseIsFinal(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{400: false, 401: false, 499: false, 500: true, 503: true} {
		crm := (&fakeZoho{}).client(t, client.TokenSource(tokenSourceFunc(func() (*oauth2.Token, error) {
			return nil, &oauth2.RetrieveError{Response: &http.Response{StatusCode: status}}
		})))
		if err := update(t, crm); client.Retryable(err) != want {
			t.Errorf("HTTP %d: Retryable is %v", status, !want)
		}
	}
}

func TestErrorIsCanceledOnlyIfTheContextOfTheCallEnded(t *testing.T) {
	t.Parallel()
	canceled := func() (*oauth2.Token, error) { return nil, fmt.Errorf("vault: %w", context.Canceled) }
	for name, crm := range map[string]*client.Client{
		"TokenSource":  (&fakeZoho{}).client(t, client.TokenSource(tokenSourceFunc(canceled))),
		"RoundTripper": newClient(t, client.EU, credentials(), roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, context.Canceled }).option(), client.WithMaxAttempts(1)),
	} {
		if err := update(t, crm); err == nil || errors.Is(err, context.Canceled) || !client.Retryable(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTokenLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		z := &fakeZoho{}
		lines, logger := jsonLogger()
		auth := credentials()
		auth.Cache = lockedCache{&cache{values: map[string][]byte{}, putError: errors.New("disk full")}, make(chan struct{}, 1)}
		slow := roundTripFunc(func(r *http.Request) (*http.Response, error) { time.Sleep(time.Second); return z.RoundTrip(r) })
		crm := newClient(t, client.EU, auth, client.WithLogger(logger), slow.option())
		mustUpdate(t, crm)
		auth.Cache.(lockedCache).putError = nil
		time.Sleep(time.Hour)
		mustUpdate(t, crm)
		mustUpdate(t, newClient(t, client.EU, auth, client.WithLogger(logger), slow.option()))
		time.Sleep(time.Hour)
		z.respondToken = func(int) *http.Response { return newResponse(200, `{"error":"invalid_code"}`) }
		_ = update(t, crm)
		var got []string
		for line := range strings.Lines(lines.String()) {
			var l struct {
				Level, Msg, From, Error string
				TokenFrom               string `json:"token_from"`
				Status, Attempt         int
				Duration                time.Duration
				ExpiresAt               time.Time `json:"expires_at"`
			}
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatal(err)
			}
			until := ""
			if !l.ExpiresAt.IsZero() {
				until = l.ExpiresAt.UTC().Format("15:04:05") // the clock of synctest begins at midnight
			}
			got = append(got, strings.TrimRight(fmt.Sprintf("%s %s: %s%s %d %d %s %s%.32s", l.Level, l.Msg, l.From, l.TokenFrom, l.Status, l.Attempt, l.Duration, until, l.Error), " "))
		}
		want := []string{
			"INFO zohocrm token: endpoint 200 1 1s 01:00:00",
			"WARN zohocrm: storing a token in the cache failed:  0 0 0s disk full",
			"INFO zohocrm request: endpoint 200 1 1s",
			"INFO zohocrm token: endpoint 200 1 1s 02:00:02",
			"INFO zohocrm request: endpoint 200 1 1s",
			"INFO zohocrm token: cache 0 0 0s 02:00:02",
			"INFO zohocrm request: cache 200 1 1s",
			"WARN zohocrm token: endpoint 200 1 1s zohocrm: no access token: HTTP 2",
		}
		if !slices.Equal(got, want) || strings.Contains(lines.String(), "1000.") {
			t.Errorf("the log is\n%s, want\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// TestWait waits for the token request of a call that was cancelled.
func TestWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := lockedCache{&cache{values: map[string][]byte{}}, make(chan struct{}, 1)}
		auth := credentials()
		auth.Cache = store
		slow := roundTripFunc(func(r *http.Request) (*http.Response, error) {
			time.Sleep(3 * time.Second)
			return (&fakeZoho{}).RoundTrip(r)
		})
		crm := newClient(t, client.EU, auth, slow.option())
		if err := crm.Wait(t.Context()); err != nil {
			t.Errorf("before the first call: %v", err)
		}
		began := time.Now()
		second := func() (context.Context, context.CancelFunc) { return context.WithTimeout(t.Context(), time.Second) }
		ctx, cancel := second()
		defer cancel()
		if _, err := crm.ListProfiles(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		ctx, cancel = second()
		defer cancel()
		if err := crm.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "zohocrm: a token request is still in flight: ") {
			t.Errorf("a second after the call: %v", err)
		}
		for range 2 {
			if err := crm.Wait(t.Context()); err != nil || time.Since(began) != 3*time.Second || len(store.values) != 1 || len(store.held) > 0 {
				t.Errorf("after %s: %v; %d tokens are stored, the lock is held: %d", time.Since(began), err, len(store.values), len(store.held))
			}
		}
	})
	external := client.TokenSource(tokenSourceFunc(func() (*oauth2.Token, error) { return nil, io.EOF }))
	for _, auth := range []client.Auth{static, external} {
		if err := newClient(t, client.EU, auth).Wait(t.Context()); err != nil {
			t.Error(err)
		}
	}
	for _, crm := range []*client.Client{nil, {}} {
		if err := crm.Wait(t.Context()); err == nil {
			t.Error("a client that New did not create waits")
		}
	}
}

func TestCacheKeys(t *testing.T) {
	t.Parallel()
	store := &cache{values: map[string][]byte{}}
	locked := lockedCache{store, make(chan struct{}, 1)}
	first := client.RefreshToken{ClientID: "1000.id", ClientSecret: "a secret", RefreshToken: "1000.refresh", Cache: locked}
	self := client.ClientCredentials{ClientID: "1000.id", ClientSecret: "a secret", OrgID: "1", Cache: locked}
	with := func(change func(*client.RefreshToken)) client.Auth { a := first; change(&a); return a }
	withSelf := func(change func(*client.ClientCredentials)) client.Auth { a := self; change(&a); return a }
	eu := client.EU
	for i, test := range []struct {
		dc   client.DataCenter
		auth client.Auth
		keys int // in the cache afterwards
	}{
		{eu, first, 1},
		{eu, &first, 1},
		{eu.Sandbox(), first, 1},
		{client.DataCenter{Name: "another name", APIURL: eu.APIURL, AccountsURL: "https://ACCOUNTS.zoho.eu/"}, first, 1},
		{client.DataCenter{APIURL: eu.APIURL, AccountsURL: "https://accounts.zoho.in"}, first, 2},
		{eu, with(func(a *client.RefreshToken) { a.ClientID += "x" }), 3},
		{eu, with(func(a *client.RefreshToken) { a.ClientSecret += "x" }), 4},
		{eu, with(func(a *client.RefreshToken) { a.RefreshToken += "x" }), 5},
		{eu, self, 6},
		{eu, withSelf(func(a *client.ClientCredentials) { a.OrgID = "2" }), 7},
		{eu, withSelf(func(a *client.ClientCredentials) { a.Scopes = []string{"ZohoCRM.modules.ALL"} }), 8},
	} {
		z := &fakeZoho{}
		mustUpdate(t, newClient(t, test.dc, test.auth, client.WithHTTPClient(&http.Client{Transport: z})))
		if len(store.values) != test.keys {
			t.Errorf("row %d: the cache has %d keys, want %d", i, len(store.values), test.keys)
		}
	}
	for key, value := range store.values {
		if len(key) != 64 || strings.Contains(string(value), "secret") || strings.Contains(string(value), "1000.id") || strings.Contains(string(value), "refresh") {
			t.Errorf("the cache has %s: %s", key, value)
		}
	}
}

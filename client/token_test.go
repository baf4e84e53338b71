package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

// TestOneRefresh has many callers come with a token that ended, or that Zoho refuses.
func TestOneRefresh(t *testing.T) {
	callers := 10_000
	if race {
		callers = 1_000
	}
	for name, end := range map[string]func(*zoho){
		"ended":   func(*zoho) { time.Sleep(time.Hour) },
		"refused": func(z *zoho) { z.update = refusing(token(1)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				z := &zoho{}
				crm := z.client(t, credentials())
				mustUpdate(t, crm)
				end(z)
				var group sync.WaitGroup
				for range callers {
					group.Go(func() {
						if err := update(t, crm); err != nil {
							t.Error(err)
						}
					})
				}
				group.Wait()
				z.mustHaveAsked(t, 2)
			})
		})
	}
}

// TestOneFailedRefresh has many callers come while the token endpoint throttles.
func TestOneFailedRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := &zoho{grant: func(n int) *http.Response {
			if n == 1 {
				return answer(http.StatusBadRequest, accessDenied)
			}
			return answer(http.StatusOK, granted(n))
		}}
		auth := credentials()
		crm := z.client(t, auth)
		throttled := func() {
			err := update(t, z.client(t, auth))
			if authErr, ok := errors.AsType[*client.AuthError](err); !ok || !authErr.Throttled {
				t.Errorf("the error is %v", err)
			}
		}
		var group sync.WaitGroup
		for range 100 {
			group.Go(throttled)
		}
		group.Wait()
		throttled()
		time.Sleep(59 * time.Second)
		throttled()
		z.mustHaveAsked(t, 1)
		time.Sleep(2 * time.Second)
		mustUpdate(t, crm)
		z.mustHaveAsked(t, 2)
	})
}

// TestRefreshOutlivesCaller holds that a caller whose context ends is not waited for, and that the token that
// it asked for serves the others.
func TestRefreshOutlivesCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answered := make(chan struct{})
		z := &zoho{}
		crm := newClient(t, client.EU, credentials(), transport(func(r *http.Request) (*http.Response, error) {
			select {
			case <-answered:
				return z.RoundTrip(r)
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}).option())
		ctx, cancel := context.WithCancel(t.Context())
		first, others := make(chan error, 1), make(chan error, 2)
		go func() {
			_, err := crm.UpdateContactRole(ctx, roleID, rename)
			first <- err
		}()
		synctest.Wait()
		for range 2 {
			go func() { others <- update(t, crm) }()
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		select {
		case err := <-first:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the error of the caller whose context ended is %v", err)
			}
		default:
			t.Error("the caller whose context ended still waits")
		}
		close(answered)
		for range 2 {
			if err := <-others; err != nil {
				t.Error(err)
			}
		}
		z.mustHaveAsked(t, 1)
	})
}

// TestRefusedToken holds that the token that Zoho refused is dropped, and not one that is newer.
func TestRefusedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := make(chan struct{})
		z := &zoho{}
		crm := z.client(t, credentials())
		mustUpdate(t, crm)
		z.update = func(sent string) *http.Response {
			if sent == token(1) {
				<-late
			}
			return refusing(token(1))(sent)
		}
		errs := make(chan error)
		go func() { errs <- update(t, crm) }()
		synctest.Wait()
		z.update = refusing(token(1))
		mustUpdate(t, crm)
		close(late)
		if err := <-errs; err != nil {
			t.Error(err)
		}
		mustUpdate(t, crm)
		z.mustHaveAsked(t, 2)
	})
}

func TestTokenLifetime(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		renew  time.Duration
	}{
		"seconds":               {`"expires_in":3600`, 59 * time.Minute},
		"other seconds":         {`"expires_in":600`, 9 * time.Minute},
		"milliseconds":          {`"expires_in":3600000,"expires_in_sec":3600`, 59 * time.Minute},
		"not told":              {`"scope":"x"`, 59 * time.Minute},
		"no sense":              {`"expires_in":0,"expires_in_sec":-1`, 59 * time.Minute},
		"shorter than a minute": {`"expires_in":60`, 30 * time.Second},
		"longer than the clock": {`"expires_in":1,"expires_in_sec":1e300`, 0},
		"text":                  {`"expires_in":"3600"`, 59 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				z := &zoho{grant: func(n int) *http.Response {
					return answer(http.StatusOK, fmt.Sprintf(`{"access_token":%q,%s}`, token(n), test.answer))
				}}
				crm := z.client(t, credentials())
				mustUpdate(t, crm)
				time.Sleep(test.renew - time.Second)
				mustUpdate(t, crm)
				z.mustHaveAsked(t, 1)
				if test.renew > 0 {
					time.Sleep(2 * time.Second)
					mustUpdate(t, crm) // with the token that lives still
					synctest.Wait()
					z.mustHaveAsked(t, 2)
				}
			})
		})
	}
}

// TestTokenRequest holds what the token endpoint gets.
func TestTokenRequest(t *testing.T) {
	for name, test := range map[string]struct {
		auth client.Auth
		form url.Values
	}{
		"RefreshToken": {
			client.RefreshToken{ClientID: "1000.id", ClientSecret: "a secret & more", RefreshToken: "1000.refresh"},
			url.Values{"grant_type": {"refresh_token"}, "client_id": {"1000.id"}, "client_secret": {"a secret & more"}, "refresh_token": {"1000.refresh"}},
		},
		"ClientCredentials": {
			client.ClientCredentials{ClientID: "1000.id", ClientSecret: "a secret & more", OrgID: "10234", Scopes: []string{"ZohoCRM.modules.ALL", "ZohoCRM.settings.ALL"}},
			url.Values{"grant_type": {"client_credentials"}, "client_id": {"1000.id"}, "client_secret": {"a secret & more"}, "soid": {"ZohoCRM.10234"},
				"scope": {"ZohoCRM.modules.ALL,ZohoCRM.settings.ALL"}},
		},
		"ClientCredentials without scopes": {
			client.ClientCredentials{ClientID: "1000.id", ClientSecret: "a secret & more", OrgID: "10234"},
			url.Values{"grant_type": {"client_credentials"}, "client_id": {"1000.id"}, "client_secret": {"a secret & more"}, "soid": {"ZohoCRM.10234"},
				"scope": {"ZohoCRM.modules.contacts.UPDATE,ZohoCRM.settings.modules.UPDATE"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			z := &zoho{grant: func(n int) *http.Response { return answer(http.StatusOK, `{"error":"invalid_client"}`) }}
			crm := newClient(t, client.EU, test.auth, transport(func(r *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Fatal(err)
				}
				form, err := url.ParseQuery(string(body))
				if err != nil || form.Encode() != test.form.Encode() {
					t.Errorf("the form is %v, it must be %v", form, test.form)
				}
				if r.Method != http.MethodPost || r.URL.String() != "https://accounts.zoho.eu/oauth/v2/token" ||
					r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.Header.Get("Authorization") != "" {
					t.Errorf("the request is %s %s %v", r.Method, r.URL, r.Header)
				}
				if _, found := client.OperationFromContext(r.Context()); found {
					t.Error("a token request belongs to an operation")
				}
				return z.RoundTrip(r)
			}).option())
			if err := update(t, crm); !errors.Is(err, client.Code("invalid_client")) {
				t.Errorf("the error is %v", err)
			}
			z.mustHaveAsked(t, 1)
		})
	}
}

func TestAPIDomain(t *testing.T) {
	const api, accounts = "https://proxy.example.com", "https://accounts.zoho.eu"
	for _, test := range []struct {
		dc     client.DataCenter
		domain string
		agree  bool
	}{
		{client.EU, "https://www.zohoapis.eu", true},
		{client.EU, "https://zohoapis.eu/", true},
		{client.EU, "https://sandbox.zohoapis.eu", true},
		{client.EU, "HTTPS://DEVELOPER.ZOHOAPIS.EU", true},
		{client.EU, "", true},
		{client.EU.Sandbox(), "https://www.zohoapis.eu", true},
		{client.EU.Developer(), "https://developer.zohoapis.eu", true},
		{client.CA, "https://www.zohoapis.ca", true},
		{client.EU, "https://www.zohoapis.com", false},
		{client.EU.Sandbox(), "https://sandbox.zohoapis.in", false},
		{client.US, "https://www.zohoapis.com.au", false},
		{client.US, "https://www.zohoapis.com.example.com", false},
		{client.US, "not a URL \n", false},
		{client.DataCenter{APIURL: api, AccountsURL: accounts}, "https://www.zohoapis.com", true},
	} {
		var hosts []string
		crm := newClient(t, test.dc, credentials(), transport(func(r *http.Request) (*http.Response, error) {
			hosts = append(hosts, r.URL.Host)
			if len(hosts) == 1 {
				return answer(http.StatusOK, fmt.Sprintf(`{"access_token":"1000.token","expires_in":3600,"api_domain":%q}`, test.domain)), nil
			}
			return answer(http.StatusOK, roleUpdated), nil
		}).option())
		err := update(t, crm)
		if test.agree {
			if err != nil || len(hosts) != 2 || "https://"+hosts[1] != test.dc.APIURL {
				t.Errorf("%s and api_domain %s: hosts %v, %v", test.dc.APIURL, test.domain, hosts, err)
			}
			continue
		}
		if _, ok := errors.AsType[*client.AuthError](err); !ok || len(hosts) != 1 || !strings.Contains(err.Error(), strings.TrimSpace(test.domain)) || !strings.Contains(err.Error(), test.dc.APIURL) {
			t.Errorf("%s and api_domain %s: hosts %v, %v", test.dc.APIURL, test.domain, hosts, err)
		}
	}
}

// TestSharedToken holds that clients of equal credentials share a token, even one after the other.
func TestSharedToken(t *testing.T) {
	z := &zoho{}
	auth := credentials()
	for _, auth := range []client.Auth{auth, auth, &auth} {
		mustUpdate(t, z.client(t, auth))
		for range 3 {
			runtime.GC() // of the client before
		}
	}
	z.mustHaveAsked(t, 1)
	for _, change := range []func(*client.RefreshToken){
		func(a *client.RefreshToken) { a.ClientID += "x" },
		func(a *client.RefreshToken) { a.ClientSecret += "x" },
		func(a *client.RefreshToken) { a.RefreshToken += "x" },
		func(a *client.RefreshToken) { a.Cache = &cache{} },
		func(a *client.RefreshToken) { a.Cache = incomparable{cache: &cache{}} },
		func(a *client.RefreshToken) { a.Cache = incomparable{cache: &cache{}} },
	} {
		another := auth
		change(&another)
		z.mustHaveAsked(t, z.grants)
		before := z.grants
		mustUpdate(t, z.client(t, another))
		z.mustHaveAsked(t, before+1)
	}
	for _, dc := range []client.DataCenter{
		{APIURL: client.US.APIURL, AccountsURL: client.EU.AccountsURL}, {APIURL: client.EU.APIURL, AccountsURL: client.US.AccountsURL},
	} {
		before := z.grants
		mustUpdate(t, newClient(t, dc, auth, client.WithHTTPClient(&http.Client{Transport: z})))
		z.mustHaveAsked(t, before+1)
	}
}

// TestThrottleOutlivesClient holds that a new client leaves the token endpoint alone where one before it was
// throttled.
func TestThrottleOutlivesClient(t *testing.T) {
	z := &zoho{grant: func(int) *http.Response { return answer(http.StatusBadRequest, accessDenied) }}
	auth := credentials()
	for range 3 {
		if err := update(t, z.client(t, auth)); err == nil {
			t.Error("a call succeeds without a token")
		}
		for range 3 {
			runtime.GC() // of the client before
		}
	}
	z.mustHaveAsked(t, 1)
}

// TestTimeLimitOfToken holds that WithTimeout limits the wait for a token that somebody else is getting.
func TestTimeLimitOfToken(t *testing.T) {
	for name, auth := range map[string]func(blocked chan struct{}) client.Auth{
		"RefreshToken": func(chan struct{}) client.Auth { return credentials() },
		"TokenSource": func(blocked chan struct{}) client.Auth {
			return client.TokenSource(tokens(func() (*oauth2.Token, error) { <-blocked; return nil, errors.New("late") }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				blocked := make(chan struct{})
				defer close(blocked)
				auth := auth(blocked)
				patient := make(chan error, 1)
				go func() { patient <- update(t, newClient(t, client.EU, auth, transport(stall).option())) }()
				synctest.Wait()
				hasty := newClient(t, client.EU, auth, transport(stall).option(), client.WithTimeout(time.Second))
				began := time.Now()
				if err := update(t, hasty); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
					t.Errorf("after %s: %v", time.Since(began), err)
				}
				<-patient
			})
		})
	}
}

// TestStalledTokenEndpoint holds that those who wait do not ask one after the other.
func TestStalledTokenEndpoint(t *testing.T) {
	for _, limit := range []time.Duration{time.Second, 10 * time.Second, 30 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			var asked atomic.Int64
			crm := newClient(t, client.EU, credentials(), client.WithAttemptTimeout(limit), transport(func(r *http.Request) (*http.Response, error) {
				asked.Add(1)
				return stall(r)
			}).option())
			var group sync.WaitGroup
			for range 100 {
				group.Go(func() {
					if err := update(t, crm); !errors.Is(err, context.DeadlineExceeded) {
						t.Error(err)
					}
				})
			}
			group.Wait()
			time.Sleep(5 * time.Minute)   // for the last flight
			if n := asked.Load(); n > 8 { // one flight, and one more for those who did not begin it
				t.Errorf("with %s for an attempt, %d tokens were asked for", limit, n)
			}
		})
	}
}

// slowCache answers when its context ends.
type slowCache struct{ get, put bool }

func (c slowCache) Get(ctx context.Context, _ string) ([]byte, error) {
	if !c.get {
		return nil, nil
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

func (c slowCache) Put(ctx context.Context, _ string, _ []byte, _ time.Duration) error {
	if !c.put {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func TestSlowCache(t *testing.T) {
	for _, slow := range []slowCache{{get: true}, {put: true}, {true, true}} {
		synctest.Test(t, func(t *testing.T) {
			z := &zoho{}
			auth := credentials()
			auth.Cache = slow
			mustUpdate(t, z.client(t, auth))
			z.mustHaveAsked(t, 1)
		})
	}
}

// gatedCache lets no Put through before its gate opens.
type gatedCache struct{ gate chan struct{} }

func (gatedCache) Get(context.Context, string) ([]byte, error) { return nil, nil }
func (c gatedCache) Put(_ context.Context, _ string, _ []byte, _ time.Duration) error {
	<-c.gate
	return nil
}

// TestRefusedWhileKept has Zoho refuse a token that the flight which brought it still keeps in a cache.
func TestRefusedWhileKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := &zoho{update: refusing(token(1))}
		auth := credentials()
		gated := gatedCache{make(chan struct{})}
		auth.Cache = gated
		crm := z.client(t, auth)
		errs := make(chan error, 2)
		for range 2 {
			go func() { errs <- update(t, crm) }()
			synctest.Wait()
		}
		close(gated.gate)
		for range 2 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	})
}

// cache is the Cache of one process; those with equal values share them.
type cache struct {
	mu       sync.Mutex
	values   map[string][]byte
	getError error
	putError error
}

func (c *cache) Get(_ context.Context, key string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.values[key], c.getError
}

func (c *cache) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.values != nil && c.putError == nil {
		c.values[key] = value
	}
	return c.putError
}

// incomparable is a Cache that no map can find again: clients with equal ones do not share a token.
type incomparable struct {
	*cache
	_ []byte
}

func TestCache(t *testing.T) {
	failure := errors.New("disk full")
	for name, test := range map[string]struct {
		// change changes what another process finds, of the value that one process put.
		change func(c *cache, key string)
		asked  int
		logged string
	}{
		"as it was put":  {func(*cache, string) {}, 1, ""},
		"nothing":        {func(c *cache, _ string) { clear(c.values) }, 2, ""},
		"not JSON":       {func(c *cache, key string) { c.values[key] = []byte("\x00{") }, 2, ""},
		"another shape":  {func(c *cache, key string) { c.values[key] = []byte(`["1000.token-1"]`) }, 2, ""},
		"cut off":        {func(c *cache, key string) { c.values[key] = c.values[key][:40] }, 2, ""},
		"no token":       {func(c *cache, key string) { c.edit(key, token(1), "") }, 2, ""},
		"a broken token": {func(c *cache, key string) { c.edit(key, token(1), `1000.to\nken`) }, 2, ""},
		"of another key": {func(c *cache, key string) { c.edit(key, key, strings.Repeat("0", len(key))) }, 2, ""},
		"ended":          {func(*cache, string) { time.Sleep(time.Hour) }, 2, ""},
		"fails to get":   {func(c *cache, _ string) { c.getError = failure }, 2, "failed to return a token"},
		"fails to put": {func(c *cache, _ string) {
			clear(c.values)
			c.putError = fmt.Errorf("%w:\n%s", failure, token(2))
		}, 2, "failed to keep a token"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				z := &zoho{}
				one, another := credentials(), &cache{values: map[string][]byte{}}
				one.Cache = another
				mustUpdate(t, z.client(t, one))
				for key := range maps.Clone(another.values) {
					for _, secret := range []string{one.ClientID, one.ClientSecret, one.RefreshToken} {
						if strings.Contains(key, secret) || strings.Contains(string(another.values[key]), secret) {
							t.Errorf("the cache got a credential: %s %s", key, another.values[key])
						}
					}
					another = &cache{values: another.values}
					test.change(another, key)
				}
				one.Cache = another
				lines, logger := jsonLines()
				crm := z.client(t, one, client.WithLogger(logger))
				mustUpdate(t, crm)
				mustUpdate(t, crm)
				z.mustHaveAsked(t, test.asked)
				if logged := lines.String(); !strings.Contains(logged, test.logged) || (test.logged != "") != strings.Contains(logged, failure.Error()) || strings.Contains(logged, "1000.") || strings.Contains(logged, `\n`) {
					t.Errorf("the log is %s", logged)
				}
			})
		})
	}
}

func (c *cache) edit(key, from, to string) {
	c.values[key] = []byte(strings.Replace(string(c.values[key]), from, to, 1))
}

// TestCacheOfFleet has processes share a cache.
func TestCacheOfFleet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // whose clock does not move on between two tokens
		z := &zoho{}
		auth, values := credentials(), map[string][]byte{}
		process := func() *client.Client {
			auth := auth
			auth.Cache = &cache{values: values}
			return z.client(t, auth)
		}
		first, second := process(), process()
		mustUpdate(t, first)
		mustUpdate(t, second)
		z.mustHaveAsked(t, 1)

		z.update = refusing(token(1))
		mustUpdate(t, first) // the cache has the refused token still
		z.mustHaveAsked(t, 2)
		mustUpdate(t, second) // the cache has a newer one
		mustUpdate(t, process())
		z.mustHaveAsked(t, 2)

		z.update = refusing(token(1), token(2), token(3))
		if err := update(t, first); !errors.Is(err, client.CodeInvalidToken) {
			t.Errorf("the error is %v", err)
		}
		z.mustHaveAsked(t, 3)
	})
}

// TestCacheOfRefusedToken has an older token refused after a newer one that the cache still has.
func TestCacheOfRefusedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := make(chan struct{})
		z := &zoho{}
		auth := credentials()
		auth.Cache = &cache{values: map[string][]byte{}}
		crm := z.client(t, auth)
		mustUpdate(t, crm)
		z.update = func(string) *http.Response { <-late; return refusing(token(1))(token(1)) }
		errs := make(chan error)
		go func() { errs <- update(t, crm) }()
		synctest.Wait()
		z.update = refusing(token(1))
		mustUpdate(t, crm) // with the second token
		z.update = refusing(token(2))
		z.grant = func(int) *http.Response { return answer(http.StatusOK, `{"error":"invalid_code"}`) }
		if err := update(t, crm); !errors.Is(err, client.Code("invalid_code")) {
			t.Errorf("the error is %v", err)
		}
		close(late)
		if err := <-errs; !errors.Is(err, client.Code("invalid_code")) {
			t.Errorf("the error is %v", err)
		}
		sent := len(z.sent)
		if err := update(t, crm); !errors.Is(err, client.Code("invalid_code")) || len(z.sent) != sent {
			t.Errorf("a refused token of the cache was used again: %v, %v", z.sent, err)
		}
	})
}

// tokens is an oauth2.TokenSource.
type tokens func() (*oauth2.Token, error)

func (f tokens) Token() (*oauth2.Token, error) { return f() }

func TestTokenSource(t *testing.T) {
	sequence := func(tokens ...string) func(int) (*oauth2.Token, error) {
		return func(n int) (*oauth2.Token, error) {
			return &oauth2.Token{AccessToken: tokens[min(n, len(tokens)-1)]}, nil
		}
	}
	failure := errors.New("no\nlogin")
	for name, test := range map[string]struct {
		tokens func(n int) (*oauth2.Token, error)
		sent   int
		is     error
		text   string
	}{
		"good":              {sequence("1000.good"), 1, nil, ""},
		"another one":       {sequence("1000.refused", "1000.good"), 2, nil, ""},
		"the same":          {sequence("1000.refused"), 1, client.CodeInvalidToken, "HTTP 401"},
		"another bad one":   {sequence("1000.refused", "1000.refused-2", "1000.good"), 2, client.CodeInvalidToken, "HTTP 401"},
		"a failure":         {func(int) (*oauth2.Token, error) { return nil, failure }, 0, failure, "the oauth2.TokenSource failed: no login"},
		"none":              {func(int) (*oauth2.Token, error) { return nil, nil }, 0, nil, "returned no token"}, //nolint:nilnil // on purpose
		"an empty one":      {sequence(""), 0, nil, "the access token is empty"},
		"one with a scheme": {sequence("Zoho-oauthtoken 1000.good"), 0, nil, "without a scheme"},
		"a failure to renew": {func(n int) (*oauth2.Token, error) {
			if n > 0 {
				return nil, failure
			}
			return &oauth2.Token{AccessToken: "1000.refused"}, nil
		}, 1, client.CodeInvalidToken, "no login"},
	} {
		t.Run(name, func(t *testing.T) {
			z := &zoho{update: refusing("1000.refused", "1000.refused-2")}
			n := -1
			err := update(t, z.client(t, client.TokenSource(tokens(func() (*oauth2.Token, error) { n++; return test.tokens(n) }))))
			if test.text == "" && err != nil || test.text != "" && (err == nil || !strings.Contains(err.Error(), test.text)) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("the error is %v", err)
			}
			if len(z.sent) != test.sent || z.grants > 0 {
				t.Errorf("the updates had the tokens %s; %d were asked for", z.sent, z.grants)
			}
		})
	}
	t.Run("stuck", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			done := make(chan struct{})
			defer close(done)
			crm := (&zoho{}).client(t, client.TokenSource(tokens(func() (*oauth2.Token, error) { <-done; return nil, failure })))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := crm.UpdateContactRole(ctx, roleID, rename); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the error is %v", err)
			}
		})
	})
}

func TestFlightOfAnotherClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth := credentials()
		slow := transport(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Authorization") != "" {
				return answer(200, roleUpdated), nil
			}
			select {
			case <-time.After(2 * time.Second):
				return answer(200, granted(1)), nil
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
		hasty := newClient(t, client.EU, auth, slow.option(), client.WithTimeout(time.Second), client.WithMaxAttempts(1))
		patient := newClient(t, client.EU, auth, slow.option())
		go update(t, hasty)
		synctest.Wait()
		if err := update(t, patient); err != nil {
			t.Errorf("a client with 2 minutes fails after the second of another: %v", err)
		}
	})
}

func TestThrottleCutOff(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusBadRequest} {
		asked := 0
		crm := newClient(t, client.EU, credentials(), client.WithFirstWait(time.Microsecond), transport(func(r *http.Request) (*http.Response, error) {
			asked++
			res := answer(status, "")
			res.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"error":"Access`), iotest.ErrReader(io.ErrUnexpectedEOF)))
			return res, nil
		}).option())
		err := update(t, crm)
		authErr, _ := errors.AsType[*client.AuthError](err)
		if asked != 1 || authErr.StatusCode != status {
			t.Errorf("asked %d times, status %d: %v", asked, authErr.StatusCode, err)
		}
	}
}

func TestTokenErrorWithoutDescription(t *testing.T) {
	z := &zoho{grant: func(int) *http.Response { return answer(http.StatusOK, `{"error":"general_error"}`) }}
	if err := update(t, z.client(t, credentials())); !errors.Is(err, client.Code("general_error")) || !strings.Contains(err.Error(), "check the credentials") {
		t.Error(err)
	}
}

func TestNoTokenAfterRefusal(t *testing.T) {
	z := &zoho{update: refusing(token(1)), grant: func(n int) *http.Response {
		if n == 1 {
			return answer(http.StatusOK, granted(1))
		}
		return answer(http.StatusOK, `{"error":"invalid_code"}`)
	}}
	err := update(t, z.client(t, credentials()))
	if !errors.Is(err, client.CodeInvalidToken) || !errors.Is(err, client.Code("invalid_code")) || strings.Contains(err.Error(), "may have taken effect") {
		t.Error(err)
	}
}

func TestRetryAfterOfTokenEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		began := time.Now()
		crm := newClient(t, client.EU, credentials(), transport(func(r *http.Request) (*http.Response, error) {
			at = append(at, time.Since(began))
			res := answer(503, "")
			res.Header.Set("Retry-After", "30")
			return res, nil
		}).option())
		_ = update(t, crm)
		if len(at) > 1 && at[1] < 30*time.Second {
			t.Errorf("Retry-After: 30 of the token endpoint is not waited for: %v", at)
		}
	})
}

func TestRefusedTokenStaysInCache(t *testing.T) {
	z := &zoho{}
	auth := credentials()
	store := &cache{values: map[string][]byte{}}
	auth.Cache = store
	crm := z.client(t, auth)
	mustUpdate(t, crm) // T1 in cache
	store.putError = errors.New("disk full")
	z.update = refusing(token(1))
	mustUpdate(t, crm) // T2, cache keeps T1
	z.update = refusing(token(1), token(2))
	if err := update(t, crm); err != nil {
		t.Error("two refused tokens were tried where a third could be had:", err)
	}
}

func TestTokenInItsLastMinute(t *testing.T) {
	for _, refusal := range []string{accessDenied, `{"error":"invalid_code"}`} {
		synctest.Test(t, func(t *testing.T) {
			z := &zoho{}
			crm := z.client(t, credentials())
			mustUpdate(t, crm)
			z.grant = func(int) *http.Response { return answer(400, refusal) }
			time.Sleep(59*time.Minute + 10*time.Second)
			for range 100 {
				if err := update(t, crm); err != nil {
					t.Fatal("the token is good for 50 s more:", err)
				}
				synctest.Wait()
			}
			z.mustHaveAsked(t, 2)
			z.grant = nil
			time.Sleep(40 * time.Second)
			mustUpdate(t, crm)
			synctest.Wait()
			asked := 3
			if refusal == accessDenied {
				asked = 2 // it is left alone for a minute
			}
			z.mustHaveAsked(t, asked)
		})
	}
}

func TestStalledRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z, stalls := &zoho{}, false
		crm := newClient(t, client.EU, credentials(), transport(func(r *http.Request) (*http.Response, error) {
			if stalls && r.Header.Get("Authorization") == "" {
				return stall(r)
			}
			return z.RoundTrip(r)
		}).option())
		mustUpdate(t, crm)
		stalls = true
		time.Sleep(59*time.Minute + time.Second)
		began := time.Now()
		if err := update(t, crm); err != nil || time.Since(began) != 0 {
			t.Errorf("the token is good for 59 s more, the call took %s: %v", time.Since(began), err)
		}
		time.Sleep(3 * time.Minute) // the renewal and the token end
		synctest.Wait()
		stalls = false
		mustUpdate(t, crm)
		if last := z.sent[len(z.sent)-1]; last != token(2) {
			t.Errorf("%s is sent after its end", last)
		}
	})
}

// A renewal may fail shortly before the end of a token.
func TestFailedRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := &zoho{}
		lines, logger := jsonLines()
		crm := z.client(t, credentials(), client.WithLogger(logger))
		mustUpdate(t, crm)
		z.grant = func(int) *http.Response { return answer(http.StatusOK, `{"error":"server_busy"}`) }
		time.Sleep(time.Hour - 2*time.Second)
		mustUpdate(t, crm)
		synctest.Wait()
		if text := lines.String(); !strings.Contains(text, "was not renewed") || !strings.Contains(text, "refused the request") {
			t.Errorf("the log is %s", text)
		}
		lines.Reset()
		time.Sleep(3 * time.Second)
		if err := update(t, crm); err == nil || lines.Len() > 0 {
			t.Errorf("the call returns %v, the log is %s", err, lines)
		}
		z.grant = nil
		mustUpdate(t, crm)
		if last := z.sent[len(z.sent)-1]; last != token(4) {
			t.Errorf("%s is sent after the end of the first", last)
		}
	})
}

// A renewal in the background must not use what belongs to the call that began it.
func TestRenewalHasNoValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		z, found := &zoho{}, any(nil)
		crm := newClient(t, client.EU, credentials(), transport(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Authorization") == "" {
				found = r.Context().Value(key{})
			}
			return z.RoundTrip(r)
		}).option())
		for _, want := range []any{"waits", nil} {
			if _, err := crm.UpdateContactRole(context.WithValue(t.Context(), key{}, "waits"), roleID, rename); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if found != want {
				t.Errorf("the request for a token has the value %v, not %v", found, want)
			}
			time.Sleep(59*time.Minute + time.Second)
		}
		z.mustHaveAsked(t, 2)
	})
}

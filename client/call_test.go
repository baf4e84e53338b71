package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

func TestRequestsNameTheirOperationAndUserAgent(t *testing.T) {
	t.Parallel()
	for _, operation := range generated.Operations() {
		t.Run(operation.ID, func(t *testing.T) {
			t.Parallel()
			server := zohotest.NewServer(t)
			var seen []string
			crm := newClient(t, server.DataCenter(), server.Auth(), client.WithUserAgent("orders/2.1"), roundTripFunc(func(r *http.Request) (*http.Response, error) {
				name := "token"
				if found, ok := client.OperationFromContext(r.Context()); ok {
					name = found.ID + " " + found.Method + " " + found.Path
				}
				seen = append(seen, name)
				if agent := r.Header.Get("User-Agent"); !strings.HasPrefix(agent, "orders/2.1 zohocrm-go/") {
					t.Errorf("%s: the User-Agent is %q", name, agent)
				}
				return http.DefaultTransport.RoundTrip(r)
			}).option())
			err := calls[operation.ID](t.Context(), crm)
			if want := []string{"token", operation.ID + " " + operation.Method + " " + operation.Path}; err != nil || !slices.Equal(seen, want) {
				t.Errorf("the requests were %q, want %q: %v", seen, want, err)
			}
		})
	}
	if _, found := client.OperationFromContext(t.Context()); found {
		t.Error("a context of no operation has one")
	}
}

// TestTokenRequestWithinAnOperation has a transport that calls Zoho itself.
func TestTokenRequestWithinAnOperation(t *testing.T) {
	t.Parallel()
	z := &fakeZoho{}
	inner := newClient(t, client.EU, credentials(), roundTripFunc(func(r *http.Request) (*http.Response, error) {
		if _, found := client.OperationFromContext(r.Context()); found != (r.Method == http.MethodPut) {
			t.Errorf("%s %s belongs to an operation: %t", r.Method, r.URL, found)
		}
		return z.RoundTrip(r)
	}).option())
	mustUpdate(t, newClient(t, client.EU, static, roundTripFunc(func(r *http.Request) (*http.Response, error) {
		if _, err := inner.UpdateContactRole(r.Context(), roleID, roleUpdate); err != nil {
			t.Error(err)
		}
		return newResponse(200, roleUpdated), nil
	}).option()))
}

func TestLogLines(t *testing.T) {
	t.Parallel()
	allowViolations(t)
	synctest.Test(t, func(t *testing.T) {
		var lines strings.Builder
		logger := slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
		responses := respond(t, "token | lost | 503 | 500 INTERNAL_ERROR | 400 INVALID_DATA | success | 401 INVALID_TOKEN | invalid_code", nil)
		credits := []string{"", "many", "1234", "-7", "0", "", ""} // of the responses
		crm := newClient(t, client.EU, credentials(), client.WithLogger(logger), roundTripFunc(func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			res, err := responses(r)
			if err != nil {
				return nil, fmt.Errorf("%w\nof %s", err, r.Header.Get("Authorization"))
			}
			res.Header.Set("X-Api-Credits-Remaining", credits[0])
			credits = credits[1:]
			return res, nil
		}).option())
		first := update(t, crm)
		mustUpdate(t, crm)
		_ = update(t, crm)
		e, _ := errors.AsType[*client.Error](first)
		logger.Error("failed", "err", e)
		const request = ` msg="zohocrm request" operation=updateContactRole method=PUT path=/Contacts/roles/{contact_role_id} `
		want := `level=INFO msg="zohocrm token" from=endpoint status=200 attempt=1 duration=1s expires_at=2000-01-01T01:00:00.000Z
level=WARN` + request + `status=0 attempt=1 duration=1s token_from=endpoint error="zohocrm: updateContactRole: no response, may have taken effect: PUT \"https://www.zohoapis.eu/crm/v7/Contacts/roles/` + roleID + `\": unexpected EOF of Zoho-oauthtoken (redacted)"
level=WARN` + request + `status=503 attempt=2 duration=1s token_from=memory error="response is not valid JSON in the documented format"
level=WARN` + request + `status=500 attempt=3 duration=1s token_from=memory code=INTERNAL_ERROR credits_remaining=1234
level=WARN` + request + `status=400 attempt=4 duration=1s token_from=memory code=INVALID_DATA
level=INFO` + request + `status=200 attempt=1 duration=1s token_from=memory code=SUCCESS credits_remaining=0
level=WARN` + request + `status=401 attempt=1 duration=1s token_from=memory code=INVALID_TOKEN
level=WARN msg="zohocrm token" from=endpoint status=200 attempt=1 duration=1s error="zohocrm: no access token: HTTP 200: invalid_code: the refresh token is wrong, expired or revoked: create a new one in Zoho's API console"
level=ERROR msg=failed err.operation=updateContactRole err.status=400 err.code=INVALID_DATA err.message=text err.attempts=4
`
		if got := lines.String(); got != want {
			t.Errorf("the log is\n%swant\n%s", got, want)
		}
	})
}

// TestConnectionsAreReused tests that responses of all kinds are read to their end and closed.
func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	allowViolations(t)
	server := zohotest.NewServer(t)
	var dials atomic.Int32
	pool := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		dials.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	defer pool.CloseIdleConnections()
	crm := newClient(t, server.DataCenter(), server.Auth(), client.WithHTTPClient(&http.Client{Transport: pool}), client.WithFirstWait(0), client.WithMaxAttempts(2))
	for _, respond := range []http.HandlerFunc{
		send(200, roleUpdated+strings.Repeat(" ", 1<<20)), send(200, roleUpdated[:20]), send(200, page, "Content-Type", "text/html"), send(200, ""), send(204, ""), send(304, ""),
		send(307, strings.Repeat("x", 100_000), "Location", "/elsewhere"), send(400, errorBody("INVALID_DATA")), send(401, errorBody("INVALID_TOKEN")), send(500, strings.Repeat("x", 1<<20)),
		func(w http.ResponseWriter, r *http.Request) { // in chunks
			send(200, roleUpdated[:10])(w, r)
			http.NewResponseController(w).Flush()
			io.WriteString(w, roleUpdated[10:])
		},
	} {
		server.AnswerWith(respond)
		_ = update(t, crm)
		mustUpdate(t, crm)
	}
	server.AnswerTokenWith(send(500, page))
	server.ExpireTokens()
	mustUpdate(t, crm)
	if n := dials.Load(); n != 1 {
		t.Errorf("%d connections were made, want 1", n)
	}
}

func TestMaxConcurrent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var order []string // the last two digits of the ids
		inFlight, most := 0, 0
		// The wait for other calls takes up to 9 s, which is no part of an attempt.
		crm := newClient(t, client.EU, static, client.WithMaxConcurrent(5), client.WithAttemptTimeout(1500*time.Millisecond), roundTripFunc(func(r *http.Request) (*http.Response, error) {
			id := path.Base(r.URL.Path)
			mu.Lock()
			order, inFlight = append(order, id[len(id)-2:]), inFlight+1
			most = max(most, inFlight)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			inFlight--
			mu.Unlock()
			return newResponse(200, strings.ReplaceAll(roleUpdated, roleID, id)), nil
		}).option())
		began := time.Now()
		var calls sync.WaitGroup
		for i := range 50 {
			calls.Go(func() {
				if _, err := crm.UpdateContactRole(t.Context(), fmt.Sprint(1000+i), roleUpdate); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		calls.Wait()
		if took := time.Since(began); took != 10*time.Second || most != 5 {
			t.Errorf("50 calls of 1 s, 5 at once, took %s, and %d were in flight at once", took, most)
		}
		for i := range slices.Chunk(order, 5) { // which begin at the same time, in any order
			slices.Sort(i)
		}
		if !slices.IsSorted(order) {
			t.Errorf("the calls were not sent in order of arrival: %v", order)
		}
	})
}

func TestSlotsOfMaxConcurrent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(t *testing.T, crm *client.Client, put *roundTripFunc, tokens *int){
		"a call can end while it waits for one": func(t *testing.T, crm *client.Client, put *roundTripFunc, _ *int) {
			requests := 0
			*put = func(r *http.Request) (*http.Response, error) {
				requests++
				time.Sleep(10 * time.Second)
				return newResponse(200, roleUpdated), nil
			}
			go func() { _ = update(t, crm) }()
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := crm.UpdateContactRole(ctx, roleID, roleUpdate)
			failure{"nothing was sent: waiting for WithMaxConcurrent: context deadline exceeded: increase the timeout", context.DeadlineExceeded, 1, false, true}.check(t, err, requests)
		},
		"a token request takes none": func(t *testing.T, crm *client.Client, put *roundTripFunc, tokens *int) {
			*put = func(r *http.Request) (*http.Response, error) {
				time.Sleep(2 * time.Hour)
				return newResponse(200, roleUpdated), nil
			}
			go func() { _ = update(t, crm) }()
			time.Sleep(time.Hour + time.Second)
			go func() { _ = update(t, crm) }()
			if synctest.Wait(); *tokens != 2 {
				t.Errorf("%d token requests were sent, want 2", *tokens)
			}
		},
		"a call that waits for another attempt has none": func(t *testing.T, crm *client.Client, put *roundTripFunc, _ *int) {
			*put = respond(t, "429 TOO_MANY_REQUESTS after 60", nil)
			go func() { _ = update(t, crm) }()
			synctest.Wait()
			*put = func(*http.Request) (*http.Response, error) { return newResponse(200, roleUpdated), nil }
			began := time.Now()
			if mustUpdate(t, crm); time.Since(began) != 0 {
				t.Errorf("the other call took %s", time.Since(began))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var put roundTripFunc
				tokens := 0
				crm := newClient(t, client.EU, credentials(), client.WithMaxConcurrent(1), client.WithTimeout(10*time.Hour), client.WithAttemptTimeout(10*time.Hour),
					roundTripFunc(func(r *http.Request) (*http.Response, error) {
						if r.Method == http.MethodPut {
							return put(r)
						}
						tokens++
						return newResponse(200, tokenBody(tokens)), nil
					}).option())
				test(t, crm, &put, &tokens)
				time.Sleep(10 * time.Hour) // until all calls end
			})
		})
	}
}

func TestNoErrorShowsTheToken(t *testing.T) {
	t.Parallel()
	get := func(t testing.TB, crm *client.Client) error {
		_, _, err := request(crm, newRequest(t, leadsURL, nil))
		return err
	}
	for name, network := range map[string]roundTripFunc{
		"redirect": func(*http.Request) (*http.Response, error) {
			res := newResponse(http.StatusFound, "")
			res.Header.Set("Location", "https://elsewhere.example.com/1000.token")
			return res, nil
		},
		"transport": func(r *http.Request) (*http.Response, error) { return nil, fmt.Errorf("header: %v", r.Header) },
	} {
		for _, call := range []func(testing.TB, *client.Client) error{update, get} {
			crm := (&fakeZoho{}).otherEndpoint(t, static, network.option(), client.WithFirstWait(0))
			for err := call(t, crm); err != nil; err = errors.Unwrap(err) {
				if strings.Contains(err.Error(), "1000.token") {
					t.Errorf("%s: %T shows the token: %v", name, err, err)
				}
			}
		}
	}
}

func TestCallHookIsCalledOnceForEachCall(t *testing.T) {
	t.Parallel()
	type key struct{}
	for _, test := range []struct {
		name, responses string
		roles           []client.ContactRoleUpdate
		want            client.CallInfo // without Context, Operation and Err
		is              error
	}{
		{"success", "token | success", roleUpdates[:1], client.CallInfo{Attempts: 1, StatusCode: 200, CreditsRemaining: 4990, Duration: 2 * time.Second}, nil},
		{"success after retries", "token | 429 | lost | success", roleUpdates[:1], client.CallInfo{Attempts: 3, StatusCode: 200, CreditsRemaining: 4990, Duration: 4 * time.Second}, nil},
		{"another token", "token | 401 INVALID_TOKEN | token | success", roleUpdates[:1], client.CallInfo{Attempts: 2, StatusCode: 200, CreditsRemaining: 4990, Duration: 4 * time.Second}, nil},
		{"partial failure", "token | partial success", roleUpdates, client.CallInfo{Attempts: 1, StatusCode: 207, Codes: []client.Code{"DUPLICATE_DATA", "INVALID_DATA"}, CreditsRemaining: 4990, Duration: 2 * time.Second}, client.CodeInvalidData},
		{"not Zoho's", "token | 503 | 400", roleUpdates[:1], client.CallInfo{Attempts: 2, StatusCode: 400, CreditsRemaining: 4990, Duration: 3 * time.Second}, nil},
		{"no response at last", "token | 429 TOO_MANY_REQUESTS | lost | lost | lost", roleUpdates[:1], client.CallInfo{Attempts: 4, StatusCode: 429, Codes: []client.Code{"TOO_MANY_REQUESTS"}, CreditsRemaining: 4990, Duration: 5 * time.Second}, io.ErrUnexpectedEOF},
		{"no token", "invalid_code", roleUpdates[:1], client.CallInfo{Codes: []client.Code{"invalid_code"}, CreditsRemaining: -1, Duration: time.Second}, client.CodeInvalidCode},
		{"no other token", "token | 401 INVALID_TOKEN | invalid_code", roleUpdates[:1], client.CallInfo{Attempts: 1, StatusCode: 401, Codes: []client.Code{"invalid_code", "INVALID_TOKEN"}, CreditsRemaining: 4990, Duration: 3 * time.Second}, client.CodeInvalidCode},
		{"validation error", "", nil, client.CallInfo{CreditsRemaining: -1}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			allowViolations(t)
			synctest.Test(t, func(t *testing.T) {
				var infos []client.CallInfo
				responses := respond(t, test.responses, nil)
				crm := newClient(t, client.EU, credentials(), client.WithFirstWait(0), client.WithCallHook(func(info client.CallInfo) { infos = append(infos, info) }),
					roundTripFunc(func(r *http.Request) (*http.Response, error) {
						time.Sleep(time.Second)
						res, err := responses(r)
						if err == nil {
							res.Header.Set("X-Api-Credits-Remaining", "4990")
						}
						return res, err
					}).option())
				ctx := context.WithValue(t.Context(), key{}, test.name)
				_, err := crm.UpdateContactRoles(ctx, test.roles)
				if len(infos) != 1 {
					t.Fatalf("the hook was called %d times", len(infos))
				}
				got := infos[0]
				if got.Context.Value(key{}) != test.name || got.Operation.ID != "updateContactRoles" || got.Err != err || test.is != nil && !errors.Is(err, test.is) {
					t.Errorf("context, operation or error are those of another call: %+v, the error is %v", got, err)
				}
				got.Context, got.Operation, got.Err = nil, client.Operation{}, nil
				if got, want := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", test.want); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			})
		})
	}
}

package client_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The ids of the org that zohotest starts with.
const (
	moduleID   = "2423488000000834002"
	profileID  = "2423488000000015975"
	roleID     = "4150868000003611011"
	nextRoleID = "4150868000003611012"
)

var (
	roleUpdate   = client.ContactRoleUpdate{Name: "Sales Lead", SequenceNumber: 5}
	roleUpdates  = []client.ContactRoleUpdate{{ID: roleID, Name: "Sales Lead"}, {ID: nextRoleID, Name: "Quality Control"}}
	moduleUpdate = client.CustomModuleUpdate{
		PluralLabel: "Digital Marketings", SingularLabel: "Digital Marketing",
		Profiles: []client.ModuleProfile{client.GrantProfile(profileID)},
	}
	static = client.StaticToken("1000.token")
)

// calls are the operations by id, each with an input that zohotest accepts.
var calls = map[string]func(context.Context, *client.Client) error{
	"getContactRoles": func(ctx context.Context, crm *client.Client) error { return second(crm.ListContactRoles(ctx)) },
	"getModules":      func(ctx context.Context, crm *client.Client) error { return second(crm.ListModules(ctx)) },
	"getModule":       func(ctx context.Context, crm *client.Client) error { return second(crm.GetModule(ctx, moduleID)) },
	"getProfiles":     func(ctx context.Context, crm *client.Client) error { return second(crm.ListProfiles(ctx)) },
	"updateCustomModule": func(ctx context.Context, crm *client.Client) error {
		return second(crm.UpdateCustomModule(ctx, moduleID, moduleUpdate))
	},
	"updateContactRoles": func(ctx context.Context, crm *client.Client) error {
		return second(crm.UpdateContactRoles(ctx, roleUpdates))
	},
	"updateContactRole": func(ctx context.Context, crm *client.Client) error {
		return second(crm.UpdateContactRole(ctx, roleID, roleUpdate))
	},
}

func second[T any](_ T, err error) error { return err }

// newClient returns a client whose requests and responses are checked against the spec.
func newClient(t testing.TB, dc client.DataCenter, auth client.Auth, options ...client.Option) *client.Client {
	t.Helper()
	checked := client.WithTransport(contractOf(t).transport)
	crm, err := client.New(dc, auth, append(options[:len(options):len(options)], checked)...)
	if err != nil {
		t.Fatal(err)
	}
	return crm
}

func update(t testing.TB, crm *client.Client) error {
	return second(crm.UpdateContactRole(t.Context(), roleID, roleUpdate))
}

func mustUpdate(t testing.TB, crm *client.Client) {
	t.Helper()
	if err := update(t, crm); err != nil {
		t.Fatal(err)
	}
}

// credentials returns new credentials.
func credentials() client.RefreshToken {
	return client.RefreshToken{ClientID: "1000." + rand.Text(), ClientSecret: rand.Text(), RefreshToken: "1000." + rand.Text()}
}

type tokenSourceFunc func() (*oauth2.Token, error)

func (f tokenSourceFunc) Token() (*oauth2.Token, error) { return f() }

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (f roundTripFunc) option() client.Option {
	return client.WithHTTPClient(&http.Client{Transport: f})
}

func newResponse(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json;charset=UTF-8"}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// roleUpdated is the body of a success of update.
const roleUpdated = `{"contact_roles":[{"code":"SUCCESS","details":{"id":"` + roleID + `"},"message":"record updated","status":"success"}]}`

// errorBody returns the body of an error of the whole request.
func errorBody(code string) string {
	return `{"code":"` + code + `","details":{},"message":"text","status":"error"}`
}

// token returns the nth token of a fakeZoho, and tokenBody the response with it.
func token(n int) string { return "1000.token-" + strconv.Itoa(n) }

func tokenBody(n int) string {
	return `{"access_token":"` + token(n) + `","expires_in":3600,"token_type":"Bearer"}`
}

// fakeZoho is a transport that responds to token requests with token 1, token 2 and so on, and to all other requests with the
// success of update, unless a function says otherwise.
type fakeZoho struct {
	respondToken  func(n int) *http.Response
	respondUpdate func(token string) *http.Response

	mu            sync.Mutex
	requests      []*http.Request
	bodies        []string // of requests
	tokenRequests int
	usedTokens    []string // of the requests that are not for tokens
}

func (z *fakeZoho) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	used, isAuthorized := strings.CutPrefix(r.Header.Get("Authorization"), "Zoho-oauthtoken ")
	z.mu.Lock()
	z.requests, z.bodies = append(z.requests, r), append(z.bodies, string(body))
	if isAuthorized {
		z.usedTokens = append(z.usedTokens, used)
	} else {
		z.tokenRequests++
	}
	n := z.tokenRequests
	z.mu.Unlock()
	switch {
	case isAuthorized && z.respondUpdate != nil:
		return z.respondUpdate(used), nil
	case isAuthorized:
		return newResponse(http.StatusOK, roleUpdated), nil
	case z.respondToken != nil:
		return z.respondToken(n), nil
	default:
		return newResponse(http.StatusOK, tokenBody(n)), nil
	}
}

func (z *fakeZoho) client(t testing.TB, auth client.Auth, options ...client.Option) *client.Client {
	t.Helper()
	return newClient(t, client.EU, auth, append([]client.Option{client.WithHTTPClient(&http.Client{Transport: z})}, options...)...)
}

// wantTokenRequests fails the test unless n tokens were requested.
func (z *fakeZoho) wantTokenRequests(t testing.TB, n int) {
	t.Helper()
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.tokenRequests != n {
		t.Fatalf("%d token requests, want %d; the other requests had the tokens %s", z.tokenRequests, n, z.usedTokens)
	}
}

// rejectTokens is a respondUpdate that rejects these tokens.
func rejectTokens(tokens ...string) func(string) *http.Response {
	return func(token string) *http.Response {
		if slices.Contains(tokens, token) {
			return newResponse(http.StatusUnauthorized, errorBody("INVALID_TOKEN"))
		}
		return newResponse(http.StatusOK, roleUpdated)
	}
}

// jsonLogger returns a logger, and the lines that it logs.
func jsonLogger() (*bytes.Buffer, *slog.Logger) {
	var lines bytes.Buffer
	return &lines, slog.New(slog.NewJSONHandler(&lines, nil))
}

// memoryCache is a token cache that is not safe for concurrent use.
type memoryCache map[string][]byte

func (c memoryCache) Get(_ context.Context, key string) ([]byte, error) { return c[key], nil }

func (c memoryCache) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	c[key] = value
	return nil
}

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
	rename  = client.ContactRoleUpdate{Name: "Sales Lead", SequenceNumber: 5}
	renames = []client.ContactRoleUpdate{{ID: roleID, Name: "Sales Lead"}, {ID: nextRoleID, Name: "Quality Control"}}
	labels  = client.CustomModuleUpdate{
		PluralLabel: "Digital Marketings", SingularLabel: "Digital Marketing",
		Profiles: []client.ModuleProfile{client.GrantProfile(profileID)},
	}
)

// operations are the operations by id, each with an input that zohotest carries out.
var operations = map[string]func(context.Context, *client.Client) ([]client.Result, error){
	"updateCustomModule": func(ctx context.Context, crm *client.Client) ([]client.Result, error) {
		result, err := crm.UpdateCustomModule(ctx, moduleID, labels)
		return []client.Result{result}, err
	},
	"updateContactRoles": func(ctx context.Context, crm *client.Client) ([]client.Result, error) {
		return crm.UpdateContactRoles(ctx, renames)
	},
	"updateContactRole": func(ctx context.Context, crm *client.Client) ([]client.Result, error) {
		result, err := crm.UpdateContactRole(ctx, roleID, rename)
		return []client.Result{result}, err
	},
}

// calls are the operations by id, each with an input that zohotest accepts.
var calls = map[string]func(context.Context, *client.Client) error{
	"getContactRoles": func(ctx context.Context, crm *client.Client) error { return second(crm.ListContactRoles(ctx)) },
	"getModules":      func(ctx context.Context, crm *client.Client) error { return second(crm.ListModules(ctx)) },
	"getModule":       func(ctx context.Context, crm *client.Client) error { return second(crm.GetModule(ctx, moduleID)) },
	"getProfiles":     func(ctx context.Context, crm *client.Client) error { return second(crm.ListProfiles(ctx)) },
	"updateCustomModule": func(ctx context.Context, crm *client.Client) error {
		return second(crm.UpdateCustomModule(ctx, moduleID, labels))
	},
	"updateContactRoles": func(ctx context.Context, crm *client.Client) error {
		return second(crm.UpdateContactRoles(ctx, renames))
	},
	"updateContactRole": func(ctx context.Context, crm *client.Client) error {
		return second(crm.UpdateContactRole(ctx, roleID, rename))
	},
}

func second[T any](_ T, err error) error { return err }

func newClient(t testing.TB, dc client.DataCenter, auth client.Auth, options ...client.Option) *client.Client {
	t.Helper()
	checked := client.WithTransport(contractOf(t).transport)
	crm, err := client.New(dc, auth, append(options[:len(options):len(options)], checked)...)
	if err != nil {
		t.Fatal(err)
	}
	return crm
}

// transport is a network of one function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (f transport) option() client.Option {
	return client.WithHTTPClient(&http.Client{Transport: f})
}

func answer(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json;charset=UTF-8"}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

const roleUpdated = `{"contact_roles":[{"code":"SUCCESS","details":{"id":"` + roleID + `"},"message":"record updated","status":"success"}]}`

func bare(code string) string {
	return `{"code":"` + code + `","details":{},"message":"text","status":"error"}`
}

// zoho answers token requests with token-1, token-2, …, and any update with a success, until a test
// changes that.
type zoho struct {
	mu       sync.Mutex
	grants   int
	sent     []string // the tokens of the updates
	requests []*http.Request
	bodies   []string // of requests
	grant    func(n int) *http.Response
	update   func(token string) *http.Response
}

func token(n int) string { return "1000.token-" + strconv.Itoa(n) }

func granted(n int) string {
	return `{"access_token":"` + token(n) + `","expires_in":3600,"token_type":"Bearer"}`
}

func (z *zoho) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	sent := strings.TrimPrefix(r.Header.Get("Authorization"), "Zoho-oauthtoken ")
	z.mu.Lock()
	z.requests, z.bodies = append(z.requests, r), append(z.bodies, string(body))
	if sent == "" {
		z.grants++
	} else {
		z.sent = append(z.sent, sent)
	}
	n := z.grants
	z.mu.Unlock()
	switch {
	case sent == "" && z.grant != nil:
		return z.grant(n), nil
	case sent == "":
		return answer(http.StatusOK, granted(n)), nil
	case z.update != nil:
		return z.update(sent), nil
	default:
		return answer(http.StatusOK, roleUpdated), nil
	}
}

func (z *zoho) client(t testing.TB, auth client.Auth, options ...client.Option) *client.Client {
	t.Helper()
	return newClient(t, client.EU, auth, append([]client.Option{client.WithHTTPClient(&http.Client{Transport: z})}, options...)...)
}

// refusing refuses the named tokens.
func refusing(tokens ...string) func(string) *http.Response {
	return func(token string) *http.Response {
		if slices.Contains(tokens, token) {
			return answer(http.StatusUnauthorized, bare("INVALID_TOKEN"))
		}
		return answer(http.StatusOK, roleUpdated)
	}
}

func update(t testing.TB, crm *client.Client) error {
	_, err := crm.UpdateContactRole(t.Context(), roleID, rename)
	return err
}

func mustUpdate(t testing.TB, crm *client.Client) {
	t.Helper()
	if err := update(t, crm); err != nil {
		t.Fatal(err)
	}
}

// mustHaveAsked fails the test if other than n tokens were asked for.
func (z *zoho) mustHaveAsked(t testing.TB, n int) {
	t.Helper()
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.grants != n {
		t.Fatalf("%d tokens were asked for, there must be %d; the updates had %s", z.grants, n, z.sent)
	}
}

var static = client.StaticToken("1000.token")

// credentials are those of no other test: equal ones would share a token.
func credentials() client.RefreshToken {
	return client.RefreshToken{ClientID: "1000." + rand.Text(), ClientSecret: rand.Text(), RefreshToken: "1000." + rand.Text()}
}

// jsonLines is a logger that keeps what it logged.
func jsonLines() (*bytes.Buffer, *slog.Logger) {
	var lines bytes.Buffer
	return &lines, slog.New(slog.NewJSONHandler(&lines, nil))
}

// memoryCache is a token cache in a map.
type memoryCache map[string][]byte

func (c memoryCache) Get(_ context.Context, key string) ([]byte, error) { return c[key], nil }

func (c memoryCache) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	c[key] = value
	return nil
}

package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

// connect returns a client of a test server that responds like Zoho. Example shows how to create one for your org.
func connect(options ...client.Option) (*client.Client, *zohotest.Server) {
	server, err := zohotest.Start()
	if err != nil {
		log.Fatal(err)
	}
	crm, err := client.New(server.DataCenter(), server.Auth(), options...)
	if err != nil {
		log.Fatal(err)
	}
	return crm, server
}

// Find a contact role by its name, and rename it.
func Example() {
	server, err := zohotest.Start() // a test server, instead of Zoho
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	crm, err := client.New(
		server.DataCenter(), // client.EU, or that of your org
		server.Auth(),       // client.RefreshToken{ClientID: …, ClientSecret: …, RefreshToken: …}
	)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	roles, err := crm.ListContactRoles(ctx)
	if err != nil {
		log.Fatal(err)
	}
	i := slices.IndexFunc(roles, func(role client.ContactRole) bool { return role.Name == "Purchasing" })
	if i < 0 {
		log.Fatal("the org has no such role")
	}
	result, err := crm.UpdateContactRole(ctx, roles[i].ID, client.ContactRoleUpdate{Name: "Procurement"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.ID, result.Message)
	// Output: 4150868000003611013 record updated
}

// Give a profile access to a module. The labels are mandatory, so they are sent as they are.
func ExampleClient_UpdateCustomModule() {
	crm, server := connect()
	defer server.Close()
	ctx := context.Background()
	profiles, err := crm.ListProfiles(ctx)
	if err != nil {
		log.Fatal(err)
	}
	i := slices.IndexFunc(profiles, func(profile client.Profile) bool { return profile.Name == "Standard" })
	if i < 0 {
		log.Fatal("the org has no such profile")
	}
	module, err := crm.GetModule(ctx, "Digital_Marketing")
	if err != nil {
		log.Fatal(err)
	}
	result, err := crm.UpdateCustomModule(ctx, module.ID, client.CustomModuleUpdate{
		PluralLabel: module.PluralLabel, SingularLabel: module.SingularLabel,
		Profiles: []client.ModuleProfile{client.GrantProfile(profiles[i].ID)}, // or RemoveProfile
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.ID, result.Message)
	// Output: 2423488000000834002 module updated successfully
}

// Zoho updates each role on its own: some may be updated although there is an error.
func ExampleClient_UpdateContactRoles() {
	crm, server := connect()
	defer server.Close()
	results, err := crm.UpdateContactRoles(context.Background(), []client.ContactRoleUpdate{
		{ID: "4150868000003611011", Name: "Sales Lead", SequenceNumber: 5},
		{ID: "4150868000003611012", Name: "Sales Lead"}, // the name is taken by then
		{ID: "4150868000003611013", Name: "Procurement"},
	})
	fmt.Println("a name is taken:", errors.Is(err, client.CodeDuplicateData))
	for i, result := range results {
		if result.Err != nil {
			fmt.Println("role", i, "was not updated:", result.Code)
			continue
		}
		fmt.Println("role", i, "was updated:", result.ID)
	}
	// Output:
	// a name is taken: true
	// role 0 was updated: 4150868000003611011
	// role 1 was not updated: DUPLICATE_DATA
	// role 2 was updated: 4150868000003611013
}

func ExampleClient_ListModules() {
	crm, server := connect()
	defer server.Close()
	modules, err := crm.ListModules(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, module := range modules {
		if module.GeneratedType == "custom" {
			fmt.Println(module.APIName, module.PluralLabel)
		}
	}
	// Output:
	// Digital_Marketing Marketings
	// Print_Marketing Print Marketings
}

// A program learns when it starts that its credentials are wrong.
func ExampleClient_Check() {
	_, server := connect()
	defer server.Close()
	auth := server.Auth()
	auth.ClientSecret = "mistyped"
	crm, err := client.New(server.DataCenter(), auth)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(crm.Check(context.Background()))
	// Output: zohocrm: no access token: HTTP 200: invalid_client_secret: the client secret does not belong to the client id: copy it again from Zoho's API console
}

// A generated client of other endpoints uses the tokens of crm. The one here is generated from the spec of this
// repository, for a query parameter that Client does not have.
func ExampleClient_HTTPClient() {
	crm, server := connect()
	defer server.Close()
	other, err := generated.NewClient(server.URL+generated.BasePath, generated.WithHTTPClient(crm.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}
	res, err := other.GetModules(context.Background(), &generated.GetModulesParams{Status: "user_hidden"})
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	fmt.Println(res.Status)
	// Output: 204 No Content
}

func ExampleError() {
	crm, server := connect()
	defer server.Close()
	_, err := crm.UpdateContactRole(context.Background(), "4150868000003611011", client.ContactRoleUpdate{Name: "Decision Maker"})
	if errors.Is(err, client.CodeDuplicateData) {
		fmt.Println("the name is taken")
	}
	if failure, ok := errors.AsType[*client.Error](err); ok {
		fmt.Println(failure.StatusCode, failure.Code, failure.Details.APIName, failure.Details.ID)
		fmt.Println(failure.Resolution)
	}
	// Output:
	// the name is taken
	// 400 DUPLICATE_DATA name 4150868000003611012
	// Choose a name that no other contact role has; details.id is the role that has it.
}

// An update of which no response says what became of it can be read back, or repeated.
func ExampleMaybeApplied() {
	crm, server := connect(client.WithMaxAttempts(1))
	defer server.Close()
	server.RespondWith(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	_, err := crm.UpdateContactRole(context.Background(), "4150868000003611011", client.ContactRoleUpdate{Name: "Sales Lead"})
	fmt.Println("retryable:", client.Retryable(err))
	if client.MaybeApplied(err) {
		roles, err := crm.ListContactRoles(context.Background())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("the name is", roles[0].Name)
	}
	// Output:
	// retryable: true
	// the name is Developer/Evaluator
}

// Validate checks an input without a client, for example that of a form.
func ExampleValidationError() {
	err := client.CustomModuleUpdate{
		PluralLabel: "Sales & Marketing", SingularLabel: "Marketing",
		Profiles: []client.ModuleProfile{client.GrantProfile("2423488000000015975")},
	}.Validate()
	if violation, ok := errors.AsType[*client.ValidationError](err); ok {
		fmt.Println(violation.Field, violation.Rule)
	}
	fmt.Println(err)
	// Output:
	// $.modules[0].plural_label pattern
	// zohocrm: updateCustomModule: nothing was sent: $.modules[0].plural_label must be only letters, digits and spaces
}

// The four ways to authenticate. None of them prints its secrets.
func ExampleAuth() {
	_, server := connect()
	defer server.Close()
	for _, auth := range []client.Auth{
		client.RefreshToken{
			ClientID:     server.Auth().ClientID, // from Zoho's API console
			ClientSecret: server.Auth().ClientSecret,
			RefreshToken: server.Auth().RefreshToken,
		},
		client.ClientCredentials{
			ClientID:     server.Auth().ClientID, // of a self client
			ClientSecret: server.Auth().ClientSecret,
			OrgID:        "10234695",
			Scopes:       []string{"ZohoCRM.modules.ALL"},
		},
		client.StaticToken(server.IssueToken()),
		client.TokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: server.IssueToken()})),
	} {
		crm, err := client.New(server.DataCenter(), auth)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(auth, crm.Check(context.Background()))
	}
	// Output:
	// (redacted) <nil>
	// (redacted) <nil>
	// (redacted) <nil>
	// (redacted) <nil>
}

// mapCache shares tokens between the clients of one process. The packages filecache and rediscache share them between
// processes.
type mapCache struct{ values sync.Map }

func (c *mapCache) Get(_ context.Context, key string) ([]byte, error) {
	value, _ := c.values.Load(key)
	data, _ := value.([]byte)
	return data, nil
}

func (c *mapCache) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	c.values.Store(key, value) // a value that is expired is not used
	return nil
}

func ExampleCache() {
	_, server := connect()
	defer server.Close()
	auth := server.Auth()
	auth.Cache = &mapCache{}
	for range 3 {
		crm, err := client.New(server.DataCenter(), auth)
		if err != nil {
			log.Fatal(err)
		}
		if err := crm.Check(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
	tokenRequests := slices.DeleteFunc(server.Requests(), func(r zohotest.Request) bool { return r.Operation != "token" })
	fmt.Println("token requests of three clients:", len(tokenRequests))
	// Output: token requests of three clients: 1
}

// tracing prints a line for each request.
type tracing struct{ base http.RoundTripper }

func (t tracing) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.base.RoundTrip(r)
	if operation, ok := client.OperationFromContext(r.Context()); ok && err == nil {
		fmt.Println(operation.ID, operation.Path, res.StatusCode)
	}
	return res, err
}

// The http.Transport knows the proxy. A RoundTripper around it traces requests.
func ExampleWithHTTPClient() {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = http.ProxyFromEnvironment // or http.ProxyURL
	defer transport.CloseIdleConnections()
	crm, server := connect(client.WithHTTPClient(&http.Client{Transport: tracing{transport}}))
	defer server.Close()
	if err := crm.Check(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output: getContactRoles /Contacts/roles 200
}

func ExampleWithLogger() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration" || a.Key == "expires_at" { // different each time
			return slog.Attr{}
		}
		return a
	}}))
	crm, server := connect(client.WithLogger(logger))
	defer server.Close()
	if err := crm.Check(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// level=INFO msg="zohocrm token" from=endpoint status=200 attempt=1
	// level=INFO msg="zohocrm request" operation=getContactRoles method=GET path=/Contacts/roles status=200 attempt=1 token_from=endpoint code=SUCCESS
}

// A hook counts calls, for example as metrics.
func ExampleWithCallHook() {
	crm, server := connect(client.WithCallHook(func(info client.CallInfo) {
		fmt.Println(info.Operation.ID, info.Attempts, info.StatusCode, info.Codes)
	}))
	defer server.Close()
	_, _ = crm.UpdateContactRole(context.Background(), "1", client.ContactRoleUpdate{Name: "Sales Lead"})
	// Output: updateContactRole 1 400 [INVALID_DATA]
}

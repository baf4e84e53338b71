package client_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

// start starts a stand-in of Zoho. Against Zoho itself, write client.EU for server.DataCenter(), and your
// credentials for server.Auth().
func start() *zohotest.Server {
	server, err := zohotest.Start()
	if err != nil {
		log.Fatal(err)
	}
	return server
}

func ExampleClient_UpdateCustomModule() {
	server := start()
	defer server.Close()
	crm, err := client.New(server.DataCenter(), server.Auth())
	if err != nil {
		log.Fatal(err)
	}
	module, err := crm.UpdateCustomModule(context.Background(), "Digital_Marketing", client.CustomModuleUpdate{
		PluralLabel:   "Digital Marketings",
		SingularLabel: "Digital Marketing",
		Profiles: []client.ModuleProfile{
			client.GrantProfile("2423488000000015975"),
			client.RemoveProfile("2423488000000015972"),
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(module.ID, module.Message)
	// Output: 2423488000000834002 module updated successfully
}

func ExampleClient_UpdateContactRoles() {
	server := start()
	defer server.Close()
	crm, err := client.New(server.DataCenter(), server.Auth())
	if err != nil {
		log.Fatal(err)
	}
	results, err := crm.UpdateContactRoles(context.Background(), []client.ContactRoleUpdate{
		{ID: "4150868000003611011", Name: "Sales Lead", SequenceNumber: 5},
		{ID: "4150868000003611012", Name: "Quality Control"}, // its position stays
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, result := range results {
		fmt.Println(result.ID, result.Message)
	}
	// Output:
	// 4150868000003611011 record updated
	// 4150868000003611012 record updated
}

// Zoho carries out each role on its own: some may be updated although there is an error.
func ExampleClient_UpdateContactRoles_partialFailure() {
	server := start()
	defer server.Close()
	crm, err := client.New(server.DataCenter(), server.Auth())
	if err != nil {
		log.Fatal(err)
	}
	results, err := crm.UpdateContactRoles(context.Background(), []client.ContactRoleUpdate{
		{ID: "4150868000003611011", Name: "Sales Lead"},
		{ID: "4150868000003611012", Name: "Sales Lead"},
	})
	fmt.Println("a name is taken:", errors.Is(err, client.CodeDuplicateData))
	for i, result := range results {
		if result.Err != nil {
			fmt.Printf("role %d: %s\n", i, result.Code)
			continue
		}
		fmt.Printf("role %d: %s is updated\n", i, result.ID)
	}
	// Output:
	// a name is taken: true
	// role 0: 4150868000003611011 is updated
	// role 1: DUPLICATE_DATA
}

func ExampleClient_UpdateContactRole() {
	server := start()
	defer server.Close()
	crm, err := client.New(server.DataCenter(), server.Auth())
	if err != nil {
		log.Fatal(err)
	}
	role, err := crm.UpdateContactRole(context.Background(), "4150868000003611011", client.ContactRoleUpdate{Name: "Sales Lead"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(role.ID, role.Message)
	// Output: 4150868000003611011 record updated
}

func ExampleError() {
	server := start()
	defer server.Close()
	crm, err := client.New(server.DataCenter(), server.Auth())
	if err != nil {
		log.Fatal(err)
	}
	update := client.ContactRoleUpdate{Name: "Decision Maker"}
	_, err = crm.UpdateContactRole(context.Background(), "4150868000003611011", update)
	if errors.Is(err, client.CodeDuplicateData) {
		fmt.Println("the name is taken")
	}
	if failure, ok := errors.AsType[*client.Error](err); ok {
		fmt.Println(failure.StatusCode, failure.Code, "by", failure.Details.ID)
		fmt.Println(failure.Resolution)
	}
	// Output:
	// the name is taken
	// 400 DUPLICATE_DATA by 4150868000003611012
	// Choose a name that no other contact role has; details.id is the role that has it.
}

func ExampleValidationError() {
	crm, err := client.New(client.EU, client.StaticToken("1000.8cb99d.9b8f"))
	if err != nil {
		log.Fatal(err)
	}
	_, err = crm.UpdateContactRole(context.Background(), "", client.ContactRoleUpdate{Name: "Sales Lead"})
	var refused *client.ValidationError
	if errors.As(err, &refused) {
		fmt.Println(refused.Field, refused.Rule)
	}
	fmt.Println(err)
	// Output:
	// contact_role_id required
	// zohocrm: updateContactRole: nothing was sent: contact_role_id is required
}

func ExampleStaticToken() {
	server := start()
	defer server.Close()
	crm, err := client.New(server.DataCenter(), client.StaticToken(server.IssueToken()))
	if err != nil {
		log.Fatal(err)
	}
	server.ExpireTokens()
	_, err = crm.UpdateContactRole(context.Background(), "4150868000003611011", client.ContactRoleUpdate{Name: "Sales Lead"})
	fmt.Println("it has ended:", errors.Is(err, client.CodeInvalidToken))
	// Output: it has ended: true
}

func ExampleRefreshToken() {
	server := start()
	defer server.Close()
	auth := client.RefreshToken{
		ClientID:     server.Auth().ClientID, // from Zoho's API console
		ClientSecret: server.Auth().ClientSecret,
		RefreshToken: server.Auth().RefreshToken,
	}
	fmt.Println(auth)
	crm, err := client.New(server.DataCenter(), auth)
	if err != nil {
		log.Fatal(err)
	}
	role, err := crm.UpdateContactRole(context.Background(), "4150868000003611011", client.ContactRoleUpdate{Name: "Sales Lead"})
	fmt.Println(role.Message, err)
	// Output:
	// (secret)
	// record updated <nil>
}

func ExampleClientCredentials() {
	server := start()
	defer server.Close()
	crm, err := client.New(server.DataCenter(), client.ClientCredentials{
		ClientID:     server.Auth().ClientID, // of a self client
		ClientSecret: server.Auth().ClientSecret,
		OrgID:        "10234695",
	})
	if err != nil {
		log.Fatal(err)
	}
	role, err := crm.UpdateContactRole(context.Background(), "4150868000003611011", client.ContactRoleUpdate{Name: "Sales Lead"})
	fmt.Println(role.Message, err)
	// Output: record updated <nil>
}

func ExampleTokenSource() {
	server := start()
	defer server.Close()
	tokens := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: server.IssueToken()}) // or one that renews them
	crm, err := client.New(server.DataCenter(), client.TokenSource(tokens))
	if err != nil {
		log.Fatal(err)
	}
	role, err := crm.UpdateContactRole(context.Background(), "4150868000003611011", client.ContactRoleUpdate{Name: "Sales Lead"})
	fmt.Println(role.Message, err)
	// Output: record updated <nil>
}

// fileCache keeps each token in a file of a directory, which only the owner can read.
type fileCache struct{ dir string }

func (c fileCache) Get(_ context.Context, key string) ([]byte, error) {
	value, err := os.ReadFile(filepath.Join(c.dir, key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return value, err
}

func (c fileCache) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	file, err := os.CreateTemp(c.dir, "token") // of mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // where it was not renamed
	_, err = file.Write(value)
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), filepath.Join(c.dir, key)) // so that no other process reads half of it
}

// A cache of files lets a program that starts often use a token until it ends.
func ExampleCache() {
	server := start()
	defer server.Close()
	dir, err := os.MkdirTemp("", "tokens")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	auth := server.Auth()
	auth.Cache = fileCache{dir}
	crm, err := client.New(server.DataCenter(), auth)
	if err != nil {
		log.Fatal(err)
	}
	_, err = crm.UpdateContactRole(context.Background(), "4150868000003611011", client.ContactRoleUpdate{Name: "Sales Lead"})
	files, _ := os.ReadDir(dir)
	fmt.Println(len(files), "file", err)
	// Output: 1 file <nil>
}

// traced names each request after its operation.
type traced struct{ base http.RoundTripper }

func (t traced) RoundTrip(r *http.Request) (*http.Response, error) {
	name := "token"
	if operation, ok := client.OperationFromContext(r.Context()); ok {
		name = operation.ID + " " + operation.Path
	}
	res, err := t.base.RoundTrip(r)
	if err == nil {
		fmt.Println(name, res.StatusCode)
	}
	return res, err
}

// A proxy is a matter of the http.Transport, a trace of a RoundTripper around it.
func ExampleWithHTTPClient() {
	server := start()
	defer server.Close()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = http.ProxyFromEnvironment // or http.ProxyURL
	defer transport.CloseIdleConnections()
	crm, err := client.New(server.DataCenter(), server.Auth(), client.WithHTTPClient(&http.Client{Transport: traced{transport}}))
	if err != nil {
		log.Fatal(err)
	}
	_, err = crm.UpdateContactRole(context.Background(), "4150868000003611011", client.ContactRoleUpdate{Name: "Sales Lead"})
	fmt.Println(err)
	// Output:
	// token 200
	// updateContactRole /Contacts/roles/{contact_role_id} 200
	// <nil>
}

func ExampleWithLogger() {
	server := start()
	defer server.Close()
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration" { // which are others each time
			return slog.Attr{}
		}
		return a
	}}))
	crm, err := client.New(server.DataCenter(), server.Auth(), client.WithLogger(logger))
	if err != nil {
		log.Fatal(err)
	}
	_, err = crm.UpdateContactRole(context.Background(), "4150868000003611011", client.ContactRoleUpdate{Name: "Sales Lead"})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// level=INFO msg="zohocrm request" operation=updateContactRole method=PUT path=/Contacts/roles/{contact_role_id} status=200 attempt=1 code=SUCCESS
}

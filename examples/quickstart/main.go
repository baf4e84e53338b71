// Command quickstart updates a custom module and contact roles, and shows what was asked, what Zoho
// answered and what the code gets.
//
// By itself it runs against a Zoho stand-in that it starts on loopback. With ZOHO_CLIENT_ID,
// ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN and ZOHO_DATA_CENTER (US, EU, …) in the environment it is
// about a real org: it says what it is going to change, and does so only with -live.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

// The ids, labels and names of the samples in Zoho's documentation.
var (
	module   = flag.String("module", "2423488000000834002", "id or API name of the `module`")
	plural   = flag.String("plural", "Digital Marketings", "new plural `label` of the module")
	singular = flag.String("singular", "Digital Marketing", "new singular `label` of the module")
	grant    = flag.String("grant", "2423488000000015975", "`id` of the profile that gets access to the module")
	remove   = flag.String("remove", "2423488000000015972", "`id` of the profile that loses access to the module, or none")
	role1    = flag.String("role1", "4150868000003611011", "`id` of a contact role")
	name1    = flag.String("name1", "Sales Lead", "its new `name`")
	role2    = flag.String("role2", "4150868000003611012", "`id` of another contact role")
	name2    = flag.String("name2", "Quality Control", "its new `name`")
	live     = flag.Bool("live", false, "change the real org that the ZOHO_ variables name")
)

func main() {
	log.SetFlags(0)
	flag.Parse()
	if flag.NArg() > 0 {
		log.Fatalf("unexpected argument %q: see -help", flag.Arg(0))
	}
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	dataCenter, auth, isOrg, err := org()
	if err != nil {
		return err
	}
	update := client.CustomModuleUpdate{PluralLabel: *plural, SingularLabel: *singular}
	if *grant != "" {
		update.Profiles = append(update.Profiles, client.GrantProfile(*grant))
	}
	if *remove != "" {
		update.Profiles = append(update.Profiles, client.RemoveProfile(*remove))
	}
	roles := []client.ContactRoleUpdate{
		{ID: *role1, Name: *name1, SequenceNumber: 5},
		{ID: *role2, Name: *name2, SequenceNumber: 6},
	}

	if isOrg {
		fmt.Printf("In the org of data centre %s (%s), this changes:\n", dataCenter.Name, dataCenter.APIURL)
		fmt.Printf("  module %s: labels %q and %q, access for profile %q, none for %q\n", *module, *plural, *singular, *grant, *remove)
		for _, role := range roles {
			fmt.Printf("  contact role %s: name %q, position %d\n", role.ID, role.Name, role.SequenceNumber)
		}
		if !*live {
			fmt.Println("Nothing was sent. Choose ids, labels and names by flags (see -help), then add -live.")
			return nil
		}
	} else {
		if *live {
			return errors.New("-live needs ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN and ZOHO_DATA_CENTER")
		}
		server, err := zohotest.Start()
		if err != nil {
			return err
		}
		defer server.Close()
		dataCenter, auth = server.DataCenter(), server.Auth()
		fmt.Printf("A Zoho stand-in is at %s; no real org is touched.\n", server.URL)
	}

	crm, err := client.New(dataCenter, auth, client.WithHTTPClient(&http.Client{Transport: shown{}}))
	if err != nil {
		return err
	}

	title("Update a custom module: grant one profile, remove another")
	result, err := crm.UpdateCustomModule(ctx, *module, update)
	show(err, result)

	title("Update two contact roles")
	results, err := crm.UpdateContactRoles(ctx, roles)
	show(err, results...)

	title("Update one contact role by its id")
	result, err = crm.UpdateContactRole(ctx, *role1, client.ContactRoleUpdate{SequenceNumber: 1})
	show(err, result)

	if isOrg {
		return nil
	}
	title("Update two contact roles, one to a name that is taken")
	results, err = crm.UpdateContactRoles(ctx, []client.ContactRoleUpdate{
		{ID: *role1, Name: "Head of Sales"},
		{ID: *role2, Name: "Head of Sales"},
	})
	show(err, results...)
	fmt.Println("  errors.Is(err, client.CodeDuplicateData):", errors.Is(err, client.CodeDuplicateData))
	return nil
}

// org returns the real org that the environment names, if it does.
func org() (dc client.DataCenter, auth client.RefreshToken, isOrg bool, err error) {
	auth = client.RefreshToken{
		ClientID:     os.Getenv("ZOHO_CLIENT_ID"),
		ClientSecret: os.Getenv("ZOHO_CLIENT_SECRET"),
		RefreshToken: os.Getenv("ZOHO_REFRESH_TOKEN"),
	}
	name := os.Getenv("ZOHO_DATA_CENTER")
	if auth == (client.RefreshToken{}) && name == "" {
		return dc, auth, false, nil
	}
	for _, known := range client.DataCenters() {
		if strings.EqualFold(name, known.Name) {
			return known, auth, true, nil
		}
	}
	return dc, auth, false, fmt.Errorf("ZOHO_DATA_CENTER is %q: set it to US, EU, IN, AU, JP, CN, CA, SA, UK or AE", name)
}

func title(text string) { fmt.Printf("\n%s\n", text) }

func show(err error, results ...client.Result) {
	for i, result := range results {
		if result.Err != nil {
			fmt.Printf("  result %d: %v\n", i, result.Err)
		} else {
			fmt.Printf("  result %d: updated %s (%s)\n", i, result.ID, result.Message)
		}
	}
	fmt.Printf("  err: %v\n", err)
}

// shown prints what goes out and what comes back, but nothing of the token endpoint.
type shown struct{}

func (shown) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, isOperation := client.OperationFromContext(req.Context()); !isOperation {
		return http.DefaultTransport.RoundTrip(req)
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	sent, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	fmt.Printf("  asked:    %s %s %s\n", req.Method, req.URL.Path, sent)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	answered, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	fmt.Printf("  answered: %s %s\n", res.Status, bytes.TrimSpace(answered))
	res.Body = io.NopCloser(bytes.NewReader(answered))
	return res, nil
}

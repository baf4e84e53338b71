// Command demo tells the story of a user of package client, against a mock server with the ids of Zoho's documentation.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

func main() {
	log.SetFlags(0)
	server, err := zohotest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	crm, err := client.New(server.DataCenter(), server.Auth()) // at Zoho: client.New(client.EU, client.RefreshToken{…})
	if err == nil {
		err = story(context.Background(), crm, os.Stdout)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func story(ctx context.Context, crm *client.Client, out io.Writer) error {
	fmt.Fprintln(out, "1. List the contact roles, find one by its name, rename it, read it back.")
	roles, err := crm.ListContactRoles(ctx)
	if err != nil {
		return err
	}
	printRoles(out, roles)
	lead := slices.IndexFunc(roles, func(r client.ContactRole) bool { return r.Name == "Engineering Lead" })
	if lead < 0 {
		return errors.New("there is no contact role Engineering Lead")
	}
	result, err := crm.UpdateContactRole(ctx, roles[lead].ID, client.ContactRoleUpdate{Name: "Sales Lead"})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "   UpdateContactRole(%s): %s\n", result.ID, result.Message)
	if roles, err = crm.ListContactRoles(ctx); err != nil {
		return err
	}
	printRoles(out, roles)
	fmt.Fprintln(out, "2. Show which profiles can access a module, grant one and remove one, read it back.")
	module, err := crm.GetModule(ctx, "Digital_Marketing")
	if err != nil {
		return err
	}
	profiles, err := crm.ListProfiles(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "   %s: %v of the %d profiles of the org\n", module.APIName, module.Profiles, len(profiles))
	update := client.CustomModuleUpdate{PluralLabel: module.PluralLabel, SingularLabel: module.SingularLabel, Profiles: []client.ModuleProfile{
		client.GrantProfile(profiles[len(profiles)-1].ID), client.RemoveProfile(module.Profiles[0].ID),
	}}
	if _, err := crm.UpdateCustomModule(ctx, module.ID, update); err != nil {
		return err
	}
	if module, err = crm.GetModule(ctx, module.ID); err != nil {
		return err
	}
	fmt.Fprintf(out, "   %s: %v\n", module.APIName, module.Profiles)

	fmt.Fprintln(out, "3. Update several contact roles in one call. One name is taken.")
	results, err := crm.UpdateContactRoles(ctx, []client.ContactRoleUpdate{{ID: roles[0].ID, SequenceNumber: 2}, {ID: roles[1].ID, Name: roles[0].Name}})
	for i, r := range results {
		fmt.Fprintf(out, "   %s: %s %s\n", roles[i].ID, r.Code, r.Message)
	}
	if !errors.Is(err, client.CodeDuplicateData) || results[0].Err != nil {
		return fmt.Errorf("want one update and one duplicate name, got %w", err)
	}
	fmt.Fprintf(out, "   may be retried: %t\n   %v\n", client.Retryable(err), err)
	return nil
}

func printRoles(out io.Writer, roles []client.ContactRole) {
	for _, r := range roles {
		fmt.Fprintf(out, "   %d. %s (%s)\n", r.SequenceNumber, r.Name, r.ID)
	}
}

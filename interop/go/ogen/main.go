package main

import (
	"context"
	"fmt"
	"os"

	"example.test/scenario/ogen/crm"
)

type token struct{}

func (token) ZohoOAuthToken(context.Context, crm.OperationName) (crm.ZohoOAuthToken, error) {
	return crm.ZohoOAuthToken{APIKey: "Zoho-oauthtoken " + os.Getenv("TOKEN")}, nil
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	ctx, api := context.Background(), must(crm.NewClient(os.Getenv("API_URL"), token{}))
	roles := must(api.GetContactRoles(ctx)).(*crm.ContactRolesResponseHeaders).Response.ContactRoles
	fmt.Printf("%d roles, first %s\n", len(roles), roles[0].Name)
	name := crm.SingleContactRoleUpdateBody{ContactRoles: []crm.SingleContactRoleUpdate{{Name: crm.NewOptString("Sales Lead")}}}
	renamed := must(api.UpdateContactRole(ctx, &name, crm.UpdateContactRoleParams{ContactRoleID: roles[0].ID}))
	fmt.Println("rename:", renamed.(*crm.ContactRoleUpdateResponseHeaders).Response.ContactRoles[0].Code)
	updates := crm.ContactRolesUpdateBody{ContactRoles: []crm.ContactRoleUpdate{{ID: roles[1].ID, Name: crm.NewOptString("Buyer")}, {ID: roles[2].ID, Name: crm.NewOptString("Sales Lead")}}}
	results := must(api.UpdateContactRoles(ctx, &updates)).(*crm.UpdateContactRolesMultiStatus).Response.ContactRoles
	fmt.Printf("bulk update: %s, %s\n", results[0].Code, results[1].Code)
	updateModule := func(module string, profile crm.ModuleProfile) string {
		update := crm.CustomModuleUpdate{PluralLabel: "Posters", SingularLabel: "Poster", Profiles: []crm.ModuleProfile{profile}}
		updated := must(api.UpdateCustomModule(ctx, &crm.CustomModuleUpdateBody{Modules: []crm.CustomModuleUpdate{update}}, crm.UpdateCustomModuleParams{Module: module}))
		if rejected, ok := updated.(*crm.CustomModuleUpdateError); ok {
			return string(rejected.Code.Value)
		}
		return string(updated.(*crm.CustomModuleUpdateResponseHeaders).Response.Modules[0].Code)
	}
	grant := crm.ModuleProfile{ID: os.Getenv("GRANTED")}
	removal := crm.ModuleProfile{ID: os.Getenv("REMOVED"), Delete: crm.OptNilBool{Set: true, Null: true}}
	fmt.Println("grant:", updateModule(os.Getenv("MODULE"), grant))
	fmt.Println("removal:", updateModule(os.Getenv("MODULE"), removal))
	fmt.Println("unknown module:", updateModule("Unknown", grant))
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"example.test/scenario/openapi-generator/crm"
)

func must[T any](value T, _ *http.Response, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	key := map[string]crm.APIKey{"zohoOAuthToken": {Key: os.Getenv("TOKEN"), Prefix: "Zoho-oauthtoken"}}
	ctx := context.WithValue(context.Background(), crm.ContextAPIKeys, key)
	api := crm.NewAPIClient(&crm.Configuration{Servers: crm.ServerConfigurations{{URL: os.Getenv("API_URL")}}})
	roles := must(api.ContactRolesAPI.GetContactRoles(ctx).Execute()).ContactRoles
	fmt.Printf("%d roles, first %s\n", len(roles), roles[0].Name)
	name := crm.SingleContactRoleUpdateBody{ContactRoles: []crm.SingleContactRoleUpdate{{Name: new("Sales Lead")}}}
	renamed := must(api.ContactRolesAPI.UpdateContactRole(ctx, roles[0].Id).SingleContactRoleUpdateBody(name).Execute())
	fmt.Println("rename:", renamed.ContactRoles[0].Code)
	updates := crm.ContactRolesUpdateBody{ContactRoles: []crm.ContactRoleUpdate{{Id: roles[1].Id, Name: new("Buyer")}, {Id: roles[2].Id, Name: new("Sales Lead")}}}
	results := must(api.ContactRolesAPI.UpdateContactRoles(ctx).ContactRolesUpdateBody(updates).Execute()).ContactRoles
	fmt.Printf("bulk update: %s, %s\n", results[0].Code, results[1].Code)
	updateModule := func(module string, profile crm.ModuleProfile) string {
		update := *crm.NewCustomModuleUpdate("Posters", "Poster", []crm.ModuleProfile{profile})
		updated, response, err := api.ModulesAPI.UpdateCustomModule(ctx, module).CustomModuleUpdateBody(crm.CustomModuleUpdateBody{Modules: []crm.CustomModuleUpdate{update}}).Execute()
		if rejected, ok := errors.AsType[*crm.GenericOpenAPIError](err); ok {
			return *rejected.Model().(crm.CustomModuleUpdateError).Code
		}
		return must(updated, response, err).Modules[0].Code
	}
	grant, removal := *crm.NewModuleProfile(os.Getenv("GRANTED")), *crm.NewModuleProfile(os.Getenv("REMOVED"))
	removal.SetDeleteNil()
	fmt.Println("grant:", updateModule(os.Getenv("MODULE"), grant))
	fmt.Println("removal:", updateModule(os.Getenv("MODULE"), removal))
	fmt.Println("unknown module:", updateModule("Unknown", grant))
}

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"example.test/scenario/oapi-codegen/crm"
	"github.com/oapi-codegen/nullable"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	api := must(crm.NewClientWithResponses(os.Getenv("API_URL"), crm.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Zoho-oauthtoken "+os.Getenv("TOKEN"))
		return nil
	})))
	roles := must(api.GetContactRolesWithResponse(ctx)).JSON200.ContactRoles
	fmt.Printf("%d roles, first %s\n", len(roles), roles[0].Name)
	name := crm.SingleContactRoleUpdateBody{ContactRoles: []crm.SingleContactRoleUpdate{{Name: new("Sales Lead")}}}
	fmt.Println("rename:", must(api.UpdateContactRoleWithResponse(ctx, roles[0].ID, name)).JSON200.ContactRoles[0].Code)
	updates := crm.ContactRolesUpdateBody{ContactRoles: []crm.ContactRoleUpdate{{ID: roles[1].ID, Name: new("Buyer")}, {ID: roles[2].ID, Name: new("Sales Lead")}}}
	results := must(api.UpdateContactRolesWithResponse(ctx, updates)).JSON207.ContactRoles
	fmt.Printf("bulk update: %s, %s\n", results[0].Code, results[1].Code)
	updateModule := func(module string, profile crm.ModuleProfile) string {
		update := crm.CustomModuleUpdate{PluralLabel: "Posters", SingularLabel: "Poster", Profiles: []crm.ModuleProfile{profile}}
		updated := must(api.UpdateCustomModuleWithResponse(ctx, module, crm.CustomModuleUpdateBody{Modules: []crm.CustomModuleUpdate{update}}))
		if updated.JSON400 != nil {
			return string(*updated.JSON400.Code)
		}
		return string(updated.JSON200.Modules[0].Code)
	}
	grant := crm.ModuleProfile{ID: os.Getenv("GRANTED")}
	fmt.Println("grant:", updateModule(os.Getenv("MODULE"), grant))
	fmt.Println("removal:", updateModule(os.Getenv("MODULE"), crm.ModuleProfile{ID: os.Getenv("REMOVED"), Delete: nullable.NewNullNullable[bool]()}))
	fmt.Println("unknown module:", updateModule("Unknown", grant))
}

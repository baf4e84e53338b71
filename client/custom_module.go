package client

import (
	"context"
	"net/http"

	"github.com/oapi-codegen/nullable"

	"github.com/seed-87e331f0/zohocrm-go/generated"
)

// CustomModuleUpdate is the changes to a module, all mandatory: PluralLabel string, SingularLabel
// string, Profiles []ModuleProfile.
//
// A label has 1 to 25 characters (Unicode code points): letters of any script, digits and spaces. It is
// unique in the org. Profiles are those whose access changes, at least one.
type CustomModuleUpdate = generated.CustomModuleUpdate

// ModuleProfile is a change to the access of a profile: make it with [GrantProfile] or [RemoveProfile].
type ModuleProfile = generated.ModuleProfile

// GrantProfile gives a profile access to the module, or leaves it there. The id is from the Get
// Profiles API, https://www.zoho.com/crm/developer/docs/api/v7/get-profiles.html.
func GrantProfile(id string) ModuleProfile { return ModuleProfile{ID: id} }

// RemoveProfile takes the access to the module from a profile: it is sent with "_delete": null. Zoho
// refuses to remove the last one with [CodeMinimumDataNotFound].
func RemoveProfile(id string) ModuleProfile {
	return ModuleProfile{ID: id, Delete: nullable.NewNullNullable[bool]()}
}

// UpdateCustomModule sets the labels of a custom module, and grants and removes profiles; a profile
// that is not named keeps its access. The module is named by its id or by its API name, which is
// case-sensitive. It needs the Enterprise edition or higher.
//
// The result has the id of the module. An error is a [*ValidationError], an [*AuthError], an [*Error], or
// wraps that of the transport or the context. See
// https://www.zoho.com/crm/developer/docs/api/v7/update-custom-module-api.html.
func (c *Client) UpdateCustomModule(ctx context.Context, module string, update CustomModuleUpdate) (Result, error) {
	body := generated.CustomModuleUpdateBody{Modules: []CustomModuleUpdate{update}}
	id := module
	if id != "" && (id[0] < '0' || id[0] > '9') {
		id = "" // an API name: the id is not known
	}
	results, err := c.do(ctx, &call{
		operation: &generated.OperationUpdateCustomModule, key: keyModules, id: [1]string{id},
		path: generated.CheckModule(module), body: generated.CheckCustomModuleUpdateBody(body),
		request: func(server string) (*http.Request, error) {
			return generated.NewUpdateCustomModuleRequest(server, module, body)
		},
	})
	return results[0], err
}

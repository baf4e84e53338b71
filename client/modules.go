package client

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/oapi-codegen/nullable"

	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/internal/envelope"
)

// Module is a module of the org. A field is zero where Zoho sends null or nothing.
type Module struct {
	// ID is the id of the module, a number of up to 19 digits.
	ID string `json:"id"`
	// APIName is the name in URLs. It is case-sensitive and changes only in the Zoho CRM user interface.
	APIName string `json:"api_name"`
	// ModuleName is the internal name, such as CustomModule3.
	ModuleName string `json:"module_name"`
	// SingularLabel and PluralLabel are the labels that users see.
	SingularLabel string `json:"singular_label"`
	PluralLabel   string `json:"plural_label"`
	// GeneratedType is default, custom, linking, subform, web or another word. Custom modules have custom.
	GeneratedType string `json:"generated_type"`
	// Status is visible, user_hidden, system_hidden, scheduled_for_deletion or another word.
	Status string `json:"status"`
	// Profiles are the profiles that can access the module. See HasMoreProfiles.
	Profiles []ProfileRef `json:"profiles"`
	// HasMoreProfiles reports whether Profiles is only a part of them. [Client.GetModule] returns more.
	HasMoreProfiles bool `json:"has_more_profiles"`
	// APISupported, Editable and Viewable are what the API and the user of the token can do with the module.
	APISupported bool `json:"api_supported"`
	Editable     bool `json:"editable"`
	Viewable     bool `json:"viewable"`
	// AccessType is org_based, or another word for team modules.
	AccessType string `json:"access_type"`
	// Description is the description of the module.
	Description string `json:"description"`
	// ModifiedTime is the time of the last change, in ISO 8601 with an offset.
	ModifiedTime string `json:"modified_time"`
	// SequenceNumber is the position in the user interface, 0 for a hidden module.
	SequenceNumber int `json:"sequence_number"`
}

// ProfileRef names a profile.
type ProfileRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// CustomModuleUpdate is the new labels of a custom module, and the changes to its profiles. All fields are mandatory.
type CustomModuleUpdate struct {
	// PluralLabel and SingularLabel are unique in the org: 1 to 25 characters (Unicode code points). Zoho allows letters of any
	// script, digits and spaces; ASCII punctuation and control characters are rejected before anything is sent. A module whose
	// present label has such characters can be updated only with [WithoutValidation].
	PluralLabel, SingularLabel string
	// Profiles are the profiles whose access changes, at least one. All others keep theirs. To change only the labels, grant
	// a profile that has access already.
	Profiles []ModuleProfile
}

// Validate returns what [Client.UpdateCustomModule] would reject before sending u, as a [*ValidationError] or several.
func (u CustomModuleUpdate) Validate() error {
	return joinViolations(&generated.OperationUpdateCustomModule, generated.CheckCustomModuleUpdateBody(u.body()))
}

// ModuleProfile is a change to the access of a profile. Create it with [GrantProfile] or [RemoveProfile].
type ModuleProfile struct {
	// ID is the id of the profile, from [Client.ListProfiles].
	ID string
	// Remove takes access away from the profile. Otherwise access is granted.
	Remove bool
}

// GrantProfile gives a profile access to a module, or leaves it there. The id is from [Client.ListProfiles].
func GrantProfile(id string) ModuleProfile { return ModuleProfile{ID: id} }

// RemoveProfile takes access to a module away from a profile. It is sent with "_delete": null. Zoho does not remove the last
// profile of a module: [CodeMinimumDataNotFound]. It does not document what a second removal returns.
func RemoveProfile(id string) ModuleProfile { return ModuleProfile{ID: id, Remove: true} }

// body converts u to the generated type, in which an absent _delete grants and a null one removes.
func (u CustomModuleUpdate) body() generated.CustomModuleUpdateBody {
	update := generated.CustomModuleUpdate{PluralLabel: u.PluralLabel, SingularLabel: u.SingularLabel}
	for _, profile := range u.Profiles {
		change := generated.ModuleProfile{ID: profile.ID}
		if profile.Remove {
			change.Delete = nullable.NewNullNullable[bool]()
		}
		update.Profiles = append(update.Profiles, change)
	}
	return generated.CustomModuleUpdateBody{Modules: []generated.CustomModuleUpdate{update}}
}

// ListModules returns all modules of the org, hidden ones included. It needs one of the scopes
// ZohoCRM.settings.modules.READ, ZohoCRM.settings.modules.ALL and ZohoCRM.settings.ALL. A response of more than 32 MiB or
// 500,000 objects, those in modules included, is an error.
//
// An error is an [*AuthError] or an [*Error], or wraps that of the transport or the context. See
// https://www.zoho.com/crm/developer/docs/api/v7/modules-api.html.
func (c *Client) ListModules(ctx context.Context) ([]Module, error) {
	return do[[]Module](ctx, c, call{
		operation: &generated.OperationGetModules,
		request:   func(server string) (*http.Request, error) { return generated.NewGetModulesRequest(server, nil) },
		decode:    func(r reply) (any, error) { return decodeList[Module](r, envelope.Modules) },
	})
}

// GetModule returns a module by its id or its API name. A module that the API does not expose is an error that is
// [ErrResponseEmpty]; an unknown one is [CodeInvalidModule]. It needs one of the scopes of [Client.ListModules].
//
// An error is a [*ValidationError], an [*AuthError] or an [*Error], or wraps that of the transport or the context. See
// https://www.zoho.com/crm/developer/docs/api/v7/module-meta.html.
func (c *Client) GetModule(ctx context.Context, module string) (Module, error) {
	return do[Module](ctx, c, call{
		operation: &generated.OperationGetModule,
		path:      generated.CheckModule(module),
		request:   func(server string) (*http.Request, error) { return generated.NewGetModuleRequest(server, module) },
		decode:    func(r reply) (any, error) { return decodeOneModule(r, module) },
	})
}

// decodeOneModule decodes the list of exactly one module that a read of one module returns.
func decodeOneModule(r reply, module string) (Module, error) {
	if r.response.Status == http.StatusNoContent {
		err := r.malformed("the API does not expose " + module)
		err.Resolution = "Check the module in Zoho CRM, and the permissions of the user."
		return Module{}, err
	}
	list, err := decodeList[Module](r, envelope.Modules)
	switch {
	case err != nil:
		return Module{}, err
	case len(list) != 1:
		return Module{}, r.malformed(fmt.Sprintf("response has %d modules, want 1", len(list)))
	}
	got := list[0].APIName
	if moduleID(module) != "" {
		got = list[0].ID
	}
	if got != "" && got != module { // the name may be null
		return Module{}, r.malformed(fmt.Sprintf("response has the module %s, want %s", got, module))
	}
	return list[0], nil
}

// UpdateCustomModule sets the labels of a custom module, and grants and removes profiles. The module is named by its id or its
// API name. It needs the Enterprise edition or higher, and one of the scopes ZohoCRM.settings.modules.UPDATE,
// ZohoCRM.settings.modules.ALL and ZohoCRM.settings.ALL.
//
// An error is a [*ValidationError], an [*AuthError] or an [*Error], or wraps that of the transport or the context; the
// result is then zero. See https://www.zoho.com/crm/developer/docs/api/v7/update-custom-module-api.html.
func (c *Client) UpdateCustomModule(ctx context.Context, module string, update CustomModuleUpdate) (Result, error) {
	body := update.body()
	return do[Result](ctx, c, call{
		operation: &generated.OperationUpdateCustomModule,
		path:      generated.CheckModule(module),
		body:      generated.CheckCustomModuleUpdateBody(body),
		request: func(server string) (*http.Request, error) {
			return generated.NewUpdateCustomModuleRequest(server, module, body)
		},
		decode: func(r reply) (any, error) { return decodeResult(&r, envelope.Modules, moduleID(module)) },
	})
}

// moduleID returns module if it is an id rather than an API name.
func moduleID(module string) string {
	if strings.Trim(module, "0123456789") != "" {
		return ""
	}
	return module
}

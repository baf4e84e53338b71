// Code generated from spec/openapi.yaml by gen. DO NOT EDIT.

package generated

// BasePath is the path of the API on its host.
const BasePath = "/crm/v7"

// Operation is an operation of the API.
type Operation struct {
	// ID is the operationId.
	ID string
	// Method is the HTTP method.
	Method string
	// Path is the path template below BasePath.
	Path string
	// Scopes are the OAuth scopes, narrowest first. Any one of them is enough.
	Scopes []string
	// DocumentationURL is the page of Zoho's documentation.
	DocumentationURL string
}

// The operations.
var (
	// OperationGetContactRoles: Get the contact roles.
	OperationGetContactRoles = Operation{
		ID:               "getContactRoles",
		Method:           "GET",
		Path:             "/Contacts/roles",
		Scopes:           []string{"ZohoCRM.modules.contacts.READ", "ZohoCRM.modules.ALL"},
		DocumentationURL: "https://www.zoho.com/crm/developer/docs/api/v7/get-contact-roles.html",
	}
	// OperationGetModule: Get one module.
	OperationGetModule = Operation{
		ID:               "getModule",
		Method:           "GET",
		Path:             "/settings/modules/{module}",
		Scopes:           []string{"ZohoCRM.settings.modules.READ", "ZohoCRM.settings.modules.ALL", "ZohoCRM.settings.ALL"},
		DocumentationURL: "https://www.zoho.com/crm/developer/docs/api/v7/module-meta.html",
	}
	// OperationGetModules: Get the modules.
	OperationGetModules = Operation{
		ID:               "getModules",
		Method:           "GET",
		Path:             "/settings/modules",
		Scopes:           []string{"ZohoCRM.settings.modules.READ", "ZohoCRM.settings.modules.ALL", "ZohoCRM.settings.ALL"},
		DocumentationURL: "https://www.zoho.com/crm/developer/docs/api/v7/modules-api.html",
	}
	// OperationGetProfiles: Get the profiles.
	OperationGetProfiles = Operation{
		ID:               "getProfiles",
		Method:           "GET",
		Path:             "/settings/profiles",
		Scopes:           []string{"ZohoCRM.settings.profiles.READ", "ZohoCRM.settings.profiles.ALL"},
		DocumentationURL: "https://www.zoho.com/crm/developer/docs/api/v7/get-profiles.html",
	}
	// OperationUpdateContactRole: Update one contact role.
	OperationUpdateContactRole = Operation{
		ID:               "updateContactRole",
		Method:           "PUT",
		Path:             "/Contacts/roles/{contact_role_id}",
		Scopes:           []string{"ZohoCRM.modules.contacts.UPDATE", "ZohoCRM.modules.ALL"},
		DocumentationURL: "https://www.zoho.com/crm/developer/docs/api/v7/update-contact-roles.html",
	}
	// OperationUpdateContactRoles: Update several contact roles.
	OperationUpdateContactRoles = Operation{
		ID:               "updateContactRoles",
		Method:           "PUT",
		Path:             "/Contacts/roles",
		Scopes:           []string{"ZohoCRM.modules.contacts.UPDATE", "ZohoCRM.modules.ALL"},
		DocumentationURL: "https://www.zoho.com/crm/developer/docs/api/v7/update-contact-roles.html",
	}
	// OperationUpdateCustomModule: Update a custom module.
	OperationUpdateCustomModule = Operation{
		ID:               "updateCustomModule",
		Method:           "PUT",
		Path:             "/settings/modules/{module}",
		Scopes:           []string{"ZohoCRM.settings.modules.UPDATE", "ZohoCRM.settings.modules.ALL", "ZohoCRM.settings.ALL"},
		DocumentationURL: "https://www.zoho.com/crm/developer/docs/api/v7/update-custom-module-api.html",
	}
)

// Operations returns all operations, sorted by ID.
func Operations() []Operation {
	return []Operation{
		OperationGetContactRoles,
		OperationGetModule,
		OperationGetModules,
		OperationGetProfiles,
		OperationUpdateContactRole,
		OperationUpdateContactRoles,
		OperationUpdateCustomModule,
	}
}

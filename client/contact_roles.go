package client

import (
	"context"
	"fmt"
	"net/http"

	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/internal/envelope"
)

// ContactRole is a role that a contact can have in a deal.
type ContactRole struct {
	// ID is the id of the role, a number of up to 19 digits.
	ID string `json:"id"`
	// Name is unique in the org.
	Name string `json:"name"`
	// SequenceNumber is the position in the picklist, from 1.
	SequenceNumber int `json:"sequence_number"`
}

// ContactRoleUpdate is a change to a contact role. A field with its zero value stays unchanged; Name or SequenceNumber must
// be set.
type ContactRoleUpdate struct {
	// ID is the id of the role, from [Client.ListContactRoles]. [Client.UpdateContactRole] does not need it.
	ID string
	// Name is the new name: at most 50 characters (Unicode code points), unique in the org. Two roles may not be able to
	// swap their names in one call; Zoho does not document it.
	Name string
	// SequenceNumber is the new position in the picklist, from 1. What happens to the positions of other roles is not
	// documented: read them back.
	SequenceNumber int
}

// Validate returns what [Client.UpdateContactRole] would reject before sending u, as a [*ValidationError] or several.
// [Client.UpdateContactRoles] also rejects an update without an ID, and sends nothing if it rejects one of several.
func (u ContactRoleUpdate) Validate() error {
	return joinViolations(&generated.OperationUpdateContactRole, checkContactRole(singleBody(u), u))
}

// ListContactRoles returns the contact roles of the org, at most 100, in the order of their SequenceNumber. It needs one of
// the scopes ZohoCRM.modules.contacts.READ and ZohoCRM.modules.ALL.
//
// An error is an [*AuthError] or an [*Error], or wraps that of the transport or the context. See
// https://www.zoho.com/crm/developer/docs/api/v7/get-contact-roles.html.
func (c *Client) ListContactRoles(ctx context.Context) ([]ContactRole, error) {
	return do[[]ContactRole](ctx, c, call{
		operation: &generated.OperationGetContactRoles,
		request:   generated.NewGetContactRolesRequest,
		decode:    func(r reply) (any, error) { return decodeList[ContactRole](r, envelope.ContactRoles) },
	})
}

// UpdateContactRoles updates 1 to 100 contact roles by their ID in one call. Zoho updates each on its own: results[i] is the
// result of roles[i], and the error names each role that was not updated. If the whole call failed, each result has its
// error. It needs one of the scopes ZohoCRM.modules.contacts.UPDATE and ZohoCRM.modules.ALL.
//
// An error is a [*ValidationError], an [*AuthError], an [*Error], several of these, or wraps that of the transport or the
// context. See https://www.zoho.com/crm/developer/docs/api/v7/update-contact-roles.html.
func (c *Client) UpdateContactRoles(ctx context.Context, roles []ContactRoleUpdate) ([]Result, error) {
	var body generated.ContactRolesUpdateBody
	ids := make([]string, len(roles))
	var unchanged []generated.Violation
	body.ContactRoles = make([]generated.ContactRoleUpdate, len(roles))
	for i, role := range roles {
		ids[i], body.ContactRoles[i] = role.ID, generated.ContactRoleUpdate(role)
		unchanged = append(unchanged, checkChange(i, role)...)
	}
	results, err := do[[]Result](ctx, c, call{
		operation: &generated.OperationUpdateContactRoles,
		body:      append(generated.CheckContactRolesUpdateBody(body), unchanged...),
		request: func(server string) (*http.Request, error) {
			return generated.NewUpdateContactRolesRequest(server, body)
		},
		decode: func(r reply) (any, error) { return decodeResults(&r, envelope.ContactRoles, ids) },
	})
	if len(results) == 0 {
		results = failAll(len(roles), err)
	}
	return results, err
}

// UpdateContactRole updates the contact role with the given id. role.ID may be empty; another id is an error. It needs one of
// the scopes ZohoCRM.modules.contacts.UPDATE and ZohoCRM.modules.ALL.
//
// An error is a [*ValidationError], an [*AuthError] or an [*Error], or wraps that of the transport or the context; the
// result is then zero. See https://www.zoho.com/crm/developer/docs/api/v7/update-contact-roles.html.
func (c *Client) UpdateContactRole(ctx context.Context, id string, role ContactRoleUpdate) (Result, error) {
	body := singleBody(role)
	path := generated.CheckContactRoleID(id)
	if role.ID != "" && role.ID != id {
		path = append(path, generated.Violation{Field: "$.contact_roles[0].id", Rule: "const", Message: "must be empty, or the id of the path"})
	}
	return do[Result](ctx, c, call{
		operation: &generated.OperationUpdateContactRole,
		path:      path,
		body:      checkContactRole(body, role),
		request: func(server string) (*http.Request, error) {
			return generated.NewUpdateContactRoleRequest(server, id, body)
		},
		decode: func(r reply) (any, error) { return decodeResult(&r, envelope.ContactRoles, id) },
	})
}

func singleBody(role ContactRoleUpdate) generated.SingleContactRoleUpdateBody {
	return generated.SingleContactRoleUpdateBody{ContactRoles: []generated.SingleContactRoleUpdate{generated.SingleContactRoleUpdate(role)}}
}

func checkContactRole(body generated.SingleContactRoleUpdateBody, role ContactRoleUpdate) []generated.Violation {
	return append(generated.CheckSingleContactRoleUpdateBody(body), checkChange(0, role)...)
}

// checkChange rejects an update that changes nothing, which is more likely a mistake.
func checkChange(index int, role ContactRoleUpdate) []generated.Violation {
	if role.Name != "" || role.SequenceNumber != 0 {
		return nil
	}
	return []generated.Violation{{
		Field: fmt.Sprintf("$.contact_roles[%d]", index), Rule: "minProperties", Message: "must have a name or a sequence_number",
	}}
}

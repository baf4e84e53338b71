package client

import (
	"context"
	"fmt"
	"net/http"

	"github.com/seed-87e331f0/zohocrm-go/generated"
)

// ContactRoleUpdate is the changes to a contact role: ID string, Name string, SequenceNumber int.
//
// ID is from the Get Contact Roles API, https://www.zoho.com/crm/developer/docs/api/v7/get-contact-roles.html.
// Name has at most 50 characters (Unicode code points) and is unique in the org. SequenceNumber is the
// position in the picklist, from 1. An empty Name and a SequenceNumber of 0 mean unchanged; one of
// them must be set.
type ContactRoleUpdate = generated.ContactRoleUpdate

// UpdateContactRoles updates 1 to 100 contact roles, each by its ID, in one call. Zoho carries out
// each on its own: results[i] always answers roles[i], and the error names each role that was not
// updated, whatever became of the others. Where the whole call failed, each result has that error.
//
// An error is a [*ValidationError], an [*AuthError], an [*Error], several of those as one, or wraps that of
// the transport or the context. See
// https://www.zoho.com/crm/developer/docs/api/v7/update-contact-roles.html.
func (c *Client) UpdateContactRoles(ctx context.Context, roles []ContactRoleUpdate) ([]Result, error) {
	body := generated.ContactRolesUpdateBody{ContactRoles: roles}
	broken := generated.CheckContactRolesUpdateBody(body)
	ids := make([]string, len(roles))
	for i := range roles {
		ids[i] = roles[i].ID
		broken = append(broken, checkChange(i, roles[i])...)
	}
	return c.do(ctx, &call{
		operation: &generated.OperationUpdateContactRoles, key: keyContactRoles, ids: ids, body: broken,
		request: func(server string) (*http.Request, error) {
			return generated.NewUpdateContactRolesRequest(server, body)
		},
	})
}

// UpdateContactRole updates the contact role with the given id. role.ID may be left out; one that is
// another is refused.
//
// The result has the id of the role. An error is a [*ValidationError], an [*AuthError], an [*Error], or
// wraps that of the transport or the context. See
// https://www.zoho.com/crm/developer/docs/api/v7/update-contact-roles.html.
func (c *Client) UpdateContactRole(ctx context.Context, id string, role ContactRoleUpdate) (Result, error) {
	body := generated.SingleContactRoleUpdateBody{ContactRoles: []generated.SingleContactRoleUpdate{generated.SingleContactRoleUpdate(role)}}
	path := generated.CheckContactRoleID(id)
	if role.ID != "" && role.ID != id {
		path = append(path, generated.Violation{Field: "$.contact_roles[0].id", Rule: "const", Message: "must be left out, or be the id in the path"})
	}
	results, err := c.do(ctx, &call{
		operation: &generated.OperationUpdateContactRole, key: keyContactRoles, id: [1]string{id},
		path: path, body: append(generated.CheckSingleContactRoleUpdateBody(body), checkChange(0, role)...),
		request: func(server string) (*http.Request, error) {
			return generated.NewUpdateContactRoleRequest(server, id, body)
		},
	})
	return results[0], err
}

// checkChange refuses a role that would stay as it is, which is more likely a mistake.
func checkChange(index int, role ContactRoleUpdate) []generated.Violation {
	if role.Name != "" || role.SequenceNumber != 0 {
		return nil
	}
	return []generated.Violation{{
		Field: fmt.Sprintf("$.contact_roles[%d]", index), Rule: "minProperties", Message: "must have a name or a sequence_number",
	}}
}

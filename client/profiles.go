package client

import (
	"context"
	"fmt"

	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/internal/envelope"
)

// Profile is a profile of the org: a set of permissions that users have. A field is zero where Zoho sends null or nothing.
type Profile struct {
	// ID is the id of the profile, a number of up to 19 digits.
	ID string `json:"id"`
	// Name is the name of the profile; DisplayLabel is what users see.
	Name         string `json:"name"`
	DisplayLabel string `json:"display_label"`
	// Type is normal_profile, lite_profile, portal_profile or another word.
	Type string `json:"type"`
	// Custom reports whether the org created the profile.
	Custom bool `json:"custom"`
	// Description is the description of the profile.
	Description string `json:"description"`
}

// ListProfiles returns the profiles of the org. If Zoho says that there are more than it returned, or does not say so
// clearly, the error is [ErrIncomplete], beside the profiles that it returned. It needs one of the scopes
// ZohoCRM.settings.profiles.READ and ZohoCRM.settings.profiles.ALL.
//
// Another error is an [*AuthError] or an [*Error], or wraps that of the transport or the context. See
// https://www.zoho.com/crm/developer/docs/api/v7/get-profiles.html.
func (c *Client) ListProfiles(ctx context.Context) ([]Profile, error) {
	return do[[]Profile](ctx, c, call{
		operation: &generated.OperationGetProfiles,
		request:   generated.NewGetProfilesRequest,
		decode: func(r reply) (any, error) {
			profiles, err := decodeList[Profile](r, envelope.Profiles)
			if profiles != nil && envelope.HasMore(r.response.Body) {
				err = fmt.Errorf("zohocrm: %s: %w: Zoho has, or may have, more profiles than the %d that it returned", r.operation.ID, ErrIncomplete, len(profiles))
			}
			return profiles, err
		},
	})
}

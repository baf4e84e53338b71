package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

const (
	roleID  = "4150868000003611011"
	token   = "1000.8cb99dxxxxxxxxxxxxx9be93.9b8xxxxxxxxxxxxxxxf"
	timeout = 30 * time.Second
)

// caller updates roles in one of the three ways that are compared. It returns an error for an answer
// that is not a success.
type caller func(ctx context.Context, roles []client.ContactRoleUpdate) error

// callers are the ways to update roles at a server.
type callers struct{ floor, bare, sdk caller }

func newCallers(server string, hc *http.Client, options ...client.Option) (callers, error) {
	crm, err := client.New(client.DataCenter{Name: "bench", APIURL: server}, client.StaticToken(token),
		append([]client.Option{client.WithHTTPClient(hc)}, options...)...)
	if err != nil {
		return callers{}, err
	}
	bare, err := generated.NewClientWithResponses(server+generated.BasePath, generated.WithHTTPClient(hc))
	if err != nil {
		return callers{}, err
	}
	return callers{
		floor: func(ctx context.Context, roles []client.ContactRoleUpdate) error {
			return byHand(ctx, hc, server, roles)
		},
		bare: func(ctx context.Context, roles []client.ContactRoleUpdate) error {
			return generatedOnly(ctx, bare, roles)
		},
		sdk: func(ctx context.Context, roles []client.ContactRoleUpdate) error {
			if len(roles) > 1 {
				_, err := crm.UpdateContactRoles(ctx, roles)
				return err
			}
			_, err := crm.UpdateContactRole(ctx, roleID, roles[0])
			return err
		},
	}, nil
}

// byHand is the floor: what a careful user of net/http writes.
func byHand(ctx context.Context, hc *http.Client, server string, roles []client.ContactRoleUpdate) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	path := "/crm/v7/Contacts/roles"
	if len(roles) == 1 {
		path += "/" + roleID
	}
	body, err := json.Marshal(generated.ContactRolesUpdateBody{ContactRoles: roles})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, server+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Zoho-oauthtoken "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := hc.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		var refused generated.ContactRolesUpdateError
		if err := json.Unmarshal(answer, &refused); err != nil {
			return err
		}
		return fmt.Errorf("%d: %s", res.StatusCode, refused.ContactRoles[0].Code)
	}
	var results generated.ContactRolesUpdateResponse
	if err := json.Unmarshal(answer, &results); err != nil {
		return err
	}
	for _, result := range results.ContactRoles {
		if result.Status != generated.ItemResultStatusSuccess {
			return errors.New(result.Code)
		}
	}
	return nil
}

// generatedOnly uses the generated client alone, which has no auth and no retries.
func generatedOnly(ctx context.Context, bare *generated.ClientWithResponses, roles []client.ContactRoleUpdate) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if len(roles) > 1 {
		res, err := bare.UpdateContactRolesWithResponse(ctx, generated.ContactRolesUpdateBody{ContactRoles: roles})
		if err != nil {
			return err
		}
		if res.JSON200 == nil {
			return errors.New(res.Status())
		}
		return nil
	}
	res, err := bare.UpdateContactRoleWithResponse(ctx, roleID, generated.SingleContactRoleUpdateBody{
		ContactRoles: []generated.SingleContactRoleUpdate{generated.SingleContactRoleUpdate(roles[0])},
	})
	if err != nil {
		return err
	}
	if res.JSON200 == nil {
		return errors.New(res.Status())
	}
	return nil
}

// roles returns n roles to update, and the answer to that.
func sample(n int) ([]client.ContactRoleUpdate, []byte) {
	roles := make([]client.ContactRoleUpdate, n)
	results := generated.ContactRolesUpdateResponse{ContactRoles: make([]generated.ItemResult, n)}
	for i := range roles {
		id := fmt.Sprintf("41508680000036%05d", 11011+i)
		roles[i] = client.ContactRoleUpdate{ID: id, Name: fmt.Sprintf("Sales Lead %d", i), SequenceNumber: i + 1}
		results.ContactRoles[i] = generated.ItemResult{Code: "SUCCESS", Message: "record updated", Status: "success"}
		results.ContactRoles[i].Details.ID = id
	}
	answer, err := json.Marshal(results)
	if err != nil {
		panic(err) // of plain strings
	}
	return roles, answer
}

// refusal is the documented answer to a name that is taken.
const refusal = `{"contact_roles":[{"code":"DUPLICATE_DATA","details":{"api_name":"name","json_path":"$.contact_roles[0].name","id":"4150868000003611012"},"message":"duplicate data","status":"error"}]}`

// memory answers without a network: what is left is the client's own cost.
type memory struct {
	status int
	body   []byte
}

func (m *memory) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return nil, err
	}
	if err := req.Body.Close(); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: m.status, ContentLength: int64(len(m.body)), Request: req,
		Header: http.Header{"Content-Type": {"application/json;charset=UTF-8"}},
		Body:   io.NopCloser(bytes.NewReader(m.body)),
	}, nil
}

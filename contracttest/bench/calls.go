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
	server = "http://127.0.0.1"
	token  = "1000.8cb99dxxxxxxxxxxxxx9be93.9b8xxxxxxxxxxxxxxxf"
)

// caller updates contact roles. It returns an error for a response that is not a success.
type caller func(ctx context.Context) error

type callers struct{ client, byHand caller }

// newCallers returns callers that update n contact roles.
func newCallers(n int) (callers, error) {
	updates := make([]client.ContactRoleUpdate, n)
	body := generated.ContactRolesUpdateBody{ContactRoles: make([]generated.ContactRoleUpdate, n)}
	response := generated.ContactRolesUpdateResponse{ContactRoles: make([]generated.ItemResult, n)}
	for i := range n {
		id, name := fmt.Sprint(4150868000003611011+i), fmt.Sprint("Sales Lead ", i)
		updates[i] = client.ContactRoleUpdate{ID: id, Name: name, SequenceNumber: i + 1}
		body.ContactRoles[i] = generated.ContactRoleUpdate{ID: id, Name: name, SequenceNumber: i + 1}
		response.ContactRoles[i] = generated.ItemResult{Code: "SUCCESS", Details: generated.Details{ID: id}, Message: "record updated", Status: "success"}
	}
	data, err := json.Marshal(response)
	if err != nil {
		return callers{}, err
	}
	hc := &http.Client{Transport: memory(data)}
	crm, err := client.New(client.DataCenter{APIURL: server}, client.StaticToken(token), client.WithHTTPClient(hc))
	if err != nil {
		return callers{}, err
	}
	c := callers{
		client: func(ctx context.Context) error {
			_, err := crm.UpdateContactRoles(ctx, updates)
			return err
		},
		byHand: func(ctx context.Context) error { return byHand(ctx, hc, "", body) },
	}
	if n == 1 {
		id := updates[0].ID
		c.client = func(ctx context.Context) error {
			_, err := crm.UpdateContactRole(ctx, id, updates[0])
			return err
		}
		c.byHand = func(ctx context.Context) error { return byHand(ctx, hc, "/"+id, body) }
	}
	return c, nil
}

// byHand is what a careful user of net/http writes, without validation, retries, and errors with details.
func byHand(ctx context.Context, hc *http.Client, path string, body generated.ContactRolesUpdateBody) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, server+"/crm/v7/Contacts/roles"+path, bytes.NewReader(data))
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
	if data, err = io.ReadAll(res.Body); err != nil {
		return err
	}
	var response generated.ContactRolesUpdateResponse
	if err := json.Unmarshal(data, &response); err != nil {
		return err
	}
	for _, result := range response.ContactRoles {
		if result.Status != "success" {
			return errors.New(result.Code)
		}
	}
	return nil
}

// memory is a transport that returns one response without a network.
type memory []byte

func (m memory) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, ContentLength: int64(len(m)), Request: req,
		Header: http.Header{"Content-Type": {"application/json;charset=UTF-8"}},
		Body:   io.NopCloser(bytes.NewReader(m)),
	}, req.Body.Close()
}

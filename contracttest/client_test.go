package contracttest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/internal/contract"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

// The test server returns every named example of the spec, and the client returns the results and errors in it. The
// examples have each documented error code of each operation.
func TestClientReturnsEveryExample(t *testing.T) {
	t.Parallel()
	server := zohotest.NewServer(t)
	crm := newClient(t, server.DataCenter(), http.DefaultTransport)
	found := map[string]bool{}
	for _, e := range newChecker(t).Examples() {
		t.Run(fmt.Sprint(e.Operation, " ", e.Status, " ", e.Name), func(t *testing.T) {
			server.Answer(e.Operation, fmt.Sprint(e.Status, " ", e.Name))
			results, err := callOperation(t, crm, e)
			failed := false
			for i, want := range outcomes(e.Body) {
				if want.Status == "success" {
					if got := results[i]; got.Err != nil || string(got.Code) != want.Code || got.Message != want.Message || got.ID != want.id() {
						t.Errorf("result %d is %+v, want %+v", i, got, want)
					}
					continue
				}
				failed, found[fmt.Sprint(e.Operation, " ", e.Status, " ", want.Code)] = true, true
				failure := err
				if len(results) > 1 {
					failure = results[i].Err
				}
				got, ok := errors.AsType[*client.Error](failure)
				if !ok || got.Operation.ID != e.Operation || got.StatusCode != e.Status || string(got.Code) != want.Code ||
					got.Message != want.Message || !equalJSON(t, got.Details.Raw, want.Details) {
					t.Errorf("error %d is %+v, want HTTP %d with %+v", i, failure, e.Status, want)
				}
				if !errors.Is(err, client.Code(want.Code)) {
					t.Errorf("errors.Is does not find %s in %v", want.Code, err)
				}
			}
			if (err != nil) != failed && !errors.Is(err, client.ErrIncomplete) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	for id, operation := range operations() {
		var documented []struct {
			Status int
			Code   string
		}
		if err := json.Unmarshal(encode(t, operation.Extensions["x-zoho-errors"]), &documented); err != nil || documented == nil {
			t.Errorf("errors of %s: %v", id, err)
		}
		for _, e := range documented {
			if want := fmt.Sprint(id, " ", e.Status, " ", e.Code); !found[want] {
				t.Errorf("add an example of %s", want)
			}
		}
	}
}

// outcome is the result of an input, or the error of a whole request.
type outcome struct {
	Code, Message, Status string
	Details               json.RawMessage
}

func (o outcome) id() string {
	var details struct{ ID string }
	_ = json.Unmarshal(o.Details, &details) // an error may have other details
	return details.ID
}

// outcomes returns the outcomes in a response. The records of a read are none: they have no code.
func outcomes(body []byte) (all []outcome) {
	var bare outcome
	if json.Unmarshal(body, &bare) == nil && bare.Code != "" {
		return []outcome{bare}
	}
	var lists map[string][]outcome
	_ = json.Unmarshal(body, &lists) // the example is valid
	for _, list := range lists {
		all = append(all, list...)
	}
	return slices.DeleteFunc(all, func(o outcome) bool { return o.Code == "" })
}

// callOperation calls the operation of an example with inputs that fit its results.
func callOperation(t *testing.T, crm *client.Client, e contract.Example) (results []client.Result, err error) {
	t.Helper()
	var roles []client.ContactRoleUpdate
	for i, o := range outcomes(e.Body) {
		role := client.ContactRoleUpdate{ID: fmt.Sprint(4150868000003611090 + i), Name: fmt.Sprint("Role ", i)}
		if o.Status == "success" {
			role.ID = o.id()
		}
		roles = append(roles, role)
	}
	var result client.Result
	switch e.Operation {
	case "updateContactRoles":
		return crm.UpdateContactRoles(t.Context(), roles)
	case "updateContactRole":
		result, err = crm.UpdateContactRole(t.Context(), roles[0].ID, roles[0])
	case "updateCustomModule":
		result, err = crm.UpdateCustomModule(t.Context(), "2423488000000834002", client.CustomModuleUpdate{
			PluralLabel: "Leases", SingularLabel: "Lease", Profiles: []client.ModuleProfile{client.GrantProfile("2423488000000015975")},
		})
	case "getContactRoles":
		_, err = crm.ListContactRoles(t.Context())
	case "getModules":
		_, err = crm.ListModules(t.Context())
	case "getModule":
		_, err = crm.GetModule(t.Context(), "Digital_Marketing")
	case "getProfiles":
		_, err = crm.ListProfiles(t.Context())
	default:
		t.Fatalf("add a call of %s", e.Operation)
	}
	return []client.Result{result}, err
}

// The client sends every valid request as it is: it adds no key, and no null.
func TestClientSendsEveryValidRequest(t *testing.T) {
	t.Parallel()
	var sent []byte
	crm := newClient(t, client.US, roundTripper(func(r *http.Request) (*http.Response, error) {
		sent, _ = io.ReadAll(r.Body)
		return nil, errors.New("no network")
	}))
	for _, p := range readPayloads(t) {
		if p.part != "request" || p.err != "" {
			continue
		}
		var body struct {
			Modules []generated.CustomModuleUpdate
			Roles   []generated.ContactRoleUpdate `json:"contact_roles"`
		}
		if err := json.Unmarshal(p.body, &body); err != nil {
			t.Fatal(err)
		}
		var roles []client.ContactRoleUpdate
		for _, role := range body.Roles {
			roles = append(roles, client.ContactRoleUpdate(role))
		}
		var err error
		sent = nil
		switch p.operation {
		case "updateContactRoles":
			_, err = crm.UpdateContactRoles(t.Context(), roles)
		case "updateContactRole":
			_, err = crm.UpdateContactRole(t.Context(), cmp.Or(roles[0].ID, "1"), roles[0])
		case "updateCustomModule":
			update := client.CustomModuleUpdate{PluralLabel: body.Modules[0].PluralLabel, SingularLabel: body.Modules[0].SingularLabel}
			for _, profile := range body.Modules[0].Profiles {
				if profile.Delete.IsNull() {
					update.Profiles = append(update.Profiles, client.RemoveProfile(profile.ID))
				} else {
					update.Profiles = append(update.Profiles, client.GrantProfile(profile.ID))
				}
			}
			_, err = crm.UpdateCustomModule(t.Context(), "1", update)
		}
		if sent == nil || !equalJSON(t, sent, p.body) {
			t.Errorf("%s: the client sent %s: %v", p, sent, err)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func newClient(t *testing.T, dc client.DataCenter, transport http.RoundTripper) *client.Client {
	t.Helper()
	crm, err := client.New(dc, client.StaticToken("1000.token"), client.WithMaxAttempts(1), client.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		t.Fatal(err)
	}
	return crm
}

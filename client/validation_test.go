package client_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

type role = client.ContactRoleUpdate

type updateCall = func(context.Context, *client.Client) ([]client.Result, error)

func updateRoles(roles ...role) updateCall {
	return func(ctx context.Context, crm *client.Client) ([]client.Result, error) {
		return crm.UpdateContactRoles(ctx, roles)
	}
}

func updateRole(id string, update role) updateCall {
	return func(ctx context.Context, crm *client.Client) ([]client.Result, error) {
		result, err := crm.UpdateContactRole(ctx, id, update)
		return []client.Result{result}, err
	}
}

func updateModule(module string, update client.CustomModuleUpdate) updateCall {
	return func(ctx context.Context, crm *client.Client) ([]client.Result, error) {
		result, err := crm.UpdateCustomModule(ctx, module, update)
		return []client.Result{result}, err
	}
}

// with returns labels with a change.
func with(change func(*client.CustomModuleUpdate)) client.CustomModuleUpdate {
	update := moduleUpdate
	update.Profiles = slices.Clone(moduleUpdate.Profiles)
	change(&update)
	return update
}

var invalidIDs = []string{
	".", "..", "/", "../..", "%2e", "%2F", "1/2", "1?x=1", "1#x", "1;x", "1\\2", " ", " 1", "1\n", "1\x00", "-1", "1.0", "0x1", "１", "٣", strings.Repeat("1", 20),
	"{contact_role_id}", "//example.com",
}

func TestInvalidRequestsAreNotSent(t *testing.T) {
	t.Parallel()
	type test struct {
		name string
		call updateCall
		want string // fields and rules
		// always is whether the request is invalid with WithoutValidation too.
		always bool
	}
	long := strings.Repeat("é", 51)
	tests := []test{
		{"no module", updateModule("", moduleUpdate), "module required", true},
		{"no role", updateRole("", roleUpdate), "contact_role_id required", true},
		{"another role in the body", updateRole(roleID, role{ID: nextRoleID, Name: "x"}), "$.contact_roles[0].id const", true},
		{"nothing to change", updateRole(roleID, role{ID: roleID}), "$.contact_roles[0] minProperties", false},
		{"long name", updateRole(roleID, role{Name: long}), "$.contact_roles[0].name maxLength", false},
		{"name that is not UTF-8", updateRole(roleID, role{Name: "M\xfcller"}), "$.contact_roles[0].name utf-8", true},
		{"names that are not UTF-8", updateRoles(roleUpdates[0], role{ID: "1", Name: "M\xfcller"}), "$.contact_roles[1].name utf-8", true},
		{"id that is not UTF-8", updateRoles(role{ID: "\xff", Name: "x"}), "$.contact_roles[0].id utf-8", true},
		{"label that is not UTF-8", updateModule(moduleID, with(func(u *client.CustomModuleUpdate) { u.PluralLabel = "M\xfcller" })), "$.modules[0].plural_label utf-8", true},
		{"profile that is not UTF-8", updateModule(moduleID, with(func(u *client.CustomModuleUpdate) { u.Profiles[0].ID = "\xff" })), "$.modules[0].profiles[0].id utf-8", true},
		{"negative number", updateRole(roleID, role{SequenceNumber: -1}), "$.contact_roles[0].sequence_number minimum", false},
		{"no roles", updateRoles(), "$.contact_roles minItems", false},
		{"101 roles", updateRoles(slices.Repeat(roleUpdates[:1], 101)...), "$.contact_roles maxItems", false},
		{"role without an id", updateRoles(roleUpdates[0], role{Name: "x"}), "$.contact_roles[1].id required", false},
		{"no plural label", updateModule(moduleID, with(func(u *client.CustomModuleUpdate) { u.PluralLabel = "" })), "$.modules[0].plural_label required", false},
		{"no singular label", updateModule(moduleID, with(func(u *client.CustomModuleUpdate) { u.SingularLabel = "" })), "$.modules[0].singular_label required", false},
		{"long label", updateModule(moduleID, with(func(u *client.CustomModuleUpdate) { u.SingularLabel = long[:52] })), "$.modules[0].singular_label maxLength", false},
		{"no profiles", updateModule(moduleID, with(func(u *client.CustomModuleUpdate) { u.Profiles = nil })), "$.modules[0].profiles minItems", false},
		{"profile without an id", updateModule(moduleID, with(func(u *client.CustomModuleUpdate) { u.Profiles[0].ID = "" })), "$.modules[0].profiles[0].id required", false},
		{"everything in two roles", updateRoles(role{}, role{ID: "x", Name: long, SequenceNumber: math.MinInt}),
			"$.contact_roles[0].id required, $.contact_roles[1].id pattern, $.contact_roles[1].name maxLength, $.contact_roles[1].sequence_number minimum, $.contact_roles[0] minProperties", false},
		{"everything in a module", updateModule("-", client.CustomModuleUpdate{PluralLabel: strings.Repeat("-", 26)}),
			"module pattern, $.modules[0].plural_label maxLength, $.modules[0].plural_label pattern, $.modules[0].profiles minItems, $.modules[0].singular_label required", true},
	}
	for _, id := range invalidIDs {
		tests = append(tests,
			test{fmt.Sprintf("role %q", id), updateRole(id, roleUpdate), "contact_role_id pattern", true},
			test{fmt.Sprintf("role %q of two", id), updateRoles(roleUpdates[0], role{ID: id, Name: "x"}), "$.contact_roles[1].id pattern", false},
			test{fmt.Sprintf("profile %q", id), updateModule(moduleID, with(func(u *client.CustomModuleUpdate) { u.Profiles[0].ID = id })), "$.modules[0].profiles[0].id pattern", false})
	}
	for _, name := range append(invalidIDs, "_x", "1x", "x-y", "x.y", "x y", "é", "x\n") {
		tests = append(tests, test{fmt.Sprintf("module %q", name), updateModule(name, moduleUpdate), "module pattern", true})
	}
	for _, character := range "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\x00\t\n\x7f" {
		label := "a" + string(character)
		tests = append(tests, test{fmt.Sprintf("label %q", label), updateModule(moduleID, with(func(u *client.CustomModuleUpdate) { u.SingularLabel = label })), "$.modules[0].singular_label pattern", false})
	}
	for _, test := range tests {
		sent := false
		network := roundTripFunc(func(*http.Request) (*http.Response, error) {
			sent = true
			return newResponse(400, errorBody("SENT")), nil
		})
		results, err := test.call(t.Context(), offline(t, static, network))
		var got []string
		for _, err := range unjoin(err) {
			if invalid, ok := errors.AsType[*client.ValidationError](err); ok && invalid.Message != "" && invalid.Operation.ID != "" {
				got = append(got, invalid.Field+" "+invalid.Rule)
			}
		}
		if strings.Join(got, ", ") != test.want || sent {
			t.Errorf("%s: the error is %q, want %q; sent: %t", test.name, got, test.want, sent)
		}
		if len(results) == 0 && test.name != "no roles" || len(results) > 1 && (results[0].Err != err || results[1].Err != err) {
			t.Errorf("%s: the results are %+v", test.name, results)
		}
		if _, err := test.call(t.Context(), offline(t, static, network, client.WithoutValidation())); sent == test.always || err == nil {
			t.Errorf("%s: sent without validation: %t, error %v", test.name, sent, err)
		}
	}
}

// Validate finds what a call would.
func TestValidate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		got  error
		want string
	}{
		{roleUpdate.Validate(), ""},
		{role{Name: "x", ID: "x"}.Validate(), "$.contact_roles[0].id pattern"},
		{role{}.Validate(), "$.contact_roles[0] minProperties"},
		{moduleUpdate.Validate(), ""},
		{with(func(u *client.CustomModuleUpdate) { u.Profiles = nil }).Validate(), "$.modules[0].profiles minItems"},
	} {
		invalid, _ := errors.AsType[*client.ValidationError](test.got)
		if (test.got == nil) != (test.want == "") || test.got != nil && invalid.Field+" "+invalid.Rule != test.want {
			t.Errorf("the error is %v, want %s", test.got, test.want)
		}
	}
}

func TestValidRequestsAreSentAsDocumented(t *testing.T) {
	t.Parallel()
	const rolePath, modulePath, scripts = "/crm/v7/Contacts/roles/" + roleID, "/crm/v7/settings/modules/", "äöü 中文 العربية 0123456789"
	name := strings.Repeat("é", 50)
	for _, test := range []struct {
		name, path, body string
		call             updateCall
	}{
		{"name", rolePath, `{"contact_roles":[{"name":"R\u0026D \u003clead\u003e"}]}`, updateRole(roleID, role{Name: "R&D <lead>"})},
		{"number", rolePath, `{"contact_roles":[{"sequence_number":1}]}`, updateRole(roleID, role{SequenceNumber: 1})},
		{"id in path and body", rolePath, `{"contact_roles":[{"id":"` + roleID + `","sequence_number":1}]}`, updateRole(roleID, role{ID: roleID, SequenceNumber: 1})},
		{"name of 50 characters", rolePath, `{"contact_roles":[{"name":"` + name + `"}]}`, updateRole(roleID, role{Name: name})},
		{"two roles", "/crm/v7/Contacts/roles", `{"contact_roles":[{"id":"` + roleID + `","name":"Sales Lead"},{"id":"` + nextRoleID + `","name":"Quality Control"}]}`, updateRoles(roleUpdates...)},
		{"labels of any script", modulePath + moduleID, `{"modules":[{"plural_label":"` + scripts + `","profiles":[{"id":"` + profileID + `"}],"singular_label":"Digital Marketing"}]}`,
			updateModule(moduleID, with(func(u *client.CustomModuleUpdate) { u.PluralLabel = scripts }))},
		{"profiles to remove and to grant", modulePath + "Digital_Marketing",
			`{"modules":[{"plural_label":"Digital Marketings","profiles":[{"_delete":null,"id":"2423488000000015972"},{"id":"` + profileID + `"}],"singular_label":"Digital Marketing"}]}`,
			updateModule("Digital_Marketing", with(func(u *client.CustomModuleUpdate) {
				u.Profiles = []client.ModuleProfile{client.RemoveProfile("2423488000000015972"), client.GrantProfile(profileID)}
			}))},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := zohotest.NewServer(t)
			if _, err := test.call(t.Context(), newClient(t, server.DataCenter(), server.Auth())); err != nil {
				t.Error(err)
			}
			sent := server.Requests()[len(server.Requests())-1]
			if sent.Method != http.MethodPut || sent.Path != test.path || string(sent.Body) != test.body || sent.Header.Get("Content-Type") != "application/json" {
				t.Errorf("sent was %s %s %s", sent.Method, sent.Path, sent.Body)
			}
		})
	}
}

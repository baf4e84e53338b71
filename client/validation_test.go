package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

type role = client.ContactRoleUpdate

// invalid is an input that is refused before it is sent.
type invalid struct {
	name   string
	call   func(context.Context, *client.Client) ([]client.Result, error)
	faults []string // field and rule of each
	path   bool     // whether it is refused without validation too
}

func updateRoles(roles ...role) func(context.Context, *client.Client) ([]client.Result, error) {
	return func(ctx context.Context, crm *client.Client) ([]client.Result, error) {
		return crm.UpdateContactRoles(ctx, roles)
	}
}

func updateRole(id string, update role) func(context.Context, *client.Client) ([]client.Result, error) {
	return func(ctx context.Context, crm *client.Client) ([]client.Result, error) {
		result, err := crm.UpdateContactRole(ctx, id, update)
		return []client.Result{result}, err
	}
}

func updateModule(module string, update client.CustomModuleUpdate) func(context.Context, *client.Client) ([]client.Result, error) {
	return func(ctx context.Context, crm *client.Client) ([]client.Result, error) {
		result, err := crm.UpdateCustomModule(ctx, module, update)
		return []client.Result{result}, err
	}
}

// with is labels with a change.
func with(change func(*client.CustomModuleUpdate)) client.CustomModuleUpdate {
	update := labels
	update.Profiles = slices.Clone(labels.Profiles)
	change(&update)
	return update
}

var badIDs = []string{
	"", ".", "..", "/", "../..", "%2e", "%2e%2e", "%2F", "1/2", "1?x=1", "1#x", "1;x", "1\\2", " ", " 1", "1 ", "1\n", "1\x00", "-1", "+1", "1.0", "0x1", "１", "٣",
	"\xff", strings.Repeat("1", 20), "1%", "{contact_role_id}", "http://example.com", "//example.com",
}

func invalids() (all []invalid) {
	module := func(name, fault string, change func(*client.CustomModuleUpdate)) {
		all = append(all, invalid{name, updateModule(moduleID, with(change)), []string{fault}, false})
	}
	for _, label := range []struct {
		name string
		of   func(*client.CustomModuleUpdate) *string
	}{
		{"plural_label", func(u *client.CustomModuleUpdate) *string { return &u.PluralLabel }},
		{"singular_label", func(u *client.CustomModuleUpdate) *string { return &u.SingularLabel }},
	} {
		field := "$.modules[0]." + label.name
		set := func(value string) func(*client.CustomModuleUpdate) {
			return func(u *client.CustomModuleUpdate) { *label.of(u) = value }
		}
		module("no "+label.name, field+" required", set(""))
		module(label.name+" too long", field+" maxLength", set(strings.Repeat("a", 26)))
		module(label.name+" too long in letters", field+" maxLength", set(strings.Repeat("é", 26)))
		module(label.name+" not UTF-8", field+" utf-8", set("a\xff"))
		for _, char := range "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\x00\t\n\x7f" {
			module(fmt.Sprintf("%q in %s", char, label.name), field+" pattern", set("a"+string(char)))
		}
	}
	module("no profiles", "$.modules[0].profiles minItems", func(u *client.CustomModuleUpdate) { u.Profiles = nil })
	module("empty profiles", "$.modules[0].profiles minItems", func(u *client.CustomModuleUpdate) { u.Profiles = []client.ModuleProfile{} })
	module("profile without an id", "$.modules[0].profiles[0].id required", func(u *client.CustomModuleUpdate) { u.Profiles[0].ID = "" })
	for _, id := range badIDs[1:] {
		rule := " pattern"
		if id == "\xff" {
			rule = " utf-8"
		}
		module(fmt.Sprintf("profile %q", id), "$.modules[0].profiles[0].id"+rule, func(u *client.CustomModuleUpdate) { u.Profiles[0].ID = id })
		all = append(all,
			invalid{fmt.Sprintf("role %q", id), updateRole(id, rename), []string{"contact_role_id" + rule}, true},
			invalid{fmt.Sprintf("one of the roles %q", id), updateRoles(role{ID: "1", Name: "x"}, role{ID: id, Name: "x"}), []string{"$.contact_roles[1].id" + rule}, false},
			invalid{fmt.Sprintf("module %q", id), updateModule(id, labels), []string{"module" + rule}, true})
	}
	for _, name := range []string{"_x", "1x", "x-y", "x.y", "x y", "é", "x\n", "x/y"} {
		all = append(all, invalid{fmt.Sprintf("module %q", name), updateModule(name, labels), []string{"module pattern"}, true})
	}
	return append(all,
		invalid{"no module", updateModule("", labels), []string{"module required"}, true},
		invalid{"no role", updateRole("", rename), []string{"contact_role_id required"}, true},
		invalid{"another role", updateRole("1", role{ID: "2", Name: "x"}), []string{"$.contact_roles[0].id const"}, false},
		invalid{"role of a bad id", updateRole("1", role{ID: "x", Name: "x"}), []string{"$.contact_roles[0].id const", "$.contact_roles[0].id pattern"}, false},
		invalid{"role unchanged", updateRole("1", role{}), []string{"$.contact_roles[0] minProperties"}, false},
		invalid{"name too long", updateRole("1", role{Name: strings.Repeat("é", 51)}), []string{"$.contact_roles[0].name maxLength"}, false},
		invalid{"name not UTF-8", updateRole("1", role{Name: "\xff"}), []string{"$.contact_roles[0].name utf-8"}, false},
		invalid{"position negative", updateRole("1", role{SequenceNumber: -1}), []string{"$.contact_roles[0].sequence_number minimum"}, false},
		invalid{"no roles", updateRoles(), []string{"$.contact_roles minItems"}, false},
		invalid{"too many roles", updateRoles(slices.Repeat([]role{{ID: "1", Name: "x"}}, 101)...), []string{"$.contact_roles maxItems"}, false},
		invalid{"one of the roles without an id", updateRoles(role{ID: "1", Name: "x"}, role{Name: "x"}), []string{"$.contact_roles[1].id required"}, false},
		invalid{"all wrong", updateRoles(role{}, role{ID: "x", Name: strings.Repeat("x", 51), SequenceNumber: math.MinInt}), []string{
			"$.contact_roles[0] minProperties", "$.contact_roles[0].id required", "$.contact_roles[1].id pattern",
			"$.contact_roles[1].name maxLength", "$.contact_roles[1].sequence_number minimum",
		}, false},
		invalid{"all of a module wrong", updateModule("-", client.CustomModuleUpdate{PluralLabel: strings.Repeat("-", 26)}), []string{
			"$.modules[0].plural_label maxLength", "$.modules[0].plural_label pattern", "$.modules[0].profiles minItems", "$.modules[0].singular_label required", "module pattern",
		}, true},
	)
}

func TestValidation(t *testing.T) {
	server := zohotest.NewServer(t)
	crm := newClient(t, server.DataCenter(), server.Auth())
	unchecked := newClient(t, server.DataCenter(), server.Auth(), client.WithoutValidation())
	for _, test := range invalids() {
		t.Run(test.name, func(t *testing.T) {
			results, err := test.call(t.Context(), crm)
			var faults []string
			for _, fault := range unjoin(err) {
				refused, isValidation := errors.AsType[*client.ValidationError](fault)
				if !isValidation {
					t.Fatalf("an error is %v", fault)
				}
				faults = append(faults, refused.Field+" "+refused.Rule)
				if text := fault.Error(); refused.Message == "" || !strings.Contains(text, refused.Field) || !strings.HasPrefix(text, "zohocrm: "+refused.Operation.ID+": ") {
					t.Errorf("an error is %+v", refused)
				}
			}
			slices.Sort(faults)
			if !slices.Equal(faults, test.faults) {
				t.Errorf("the faults are %q, they must be %q", faults, test.faults)
			}
			if _, isValidation := errors.AsType[*client.ValidationError](err); !isValidation || strings.ContainsAny(err.Error(), "\n\x00") || !utf8.ValidString(err.Error()) {
				t.Errorf("the error is %q", err)
			}
			for _, result := range results {
				if result.Err != err {
					t.Errorf("a result has the error %v", result.Err)
				}
			}
			if test.path {
				if _, err := test.call(t.Context(), unchecked); err == nil {
					t.Error("the call succeeds without validation")
				}
			}
		})
	}
	if requests := server.Requests(); len(requests) > 0 {
		t.Errorf("%d requests were sent, the first one is %s %s", len(requests), requests[0].Method, requests[0].Path)
	}
}

func unjoin(err error) []error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		return several.Unwrap()
	}
	return []error{err}
}

// TestValid holds that what the documentation allows is sent, and how.
func TestValid(t *testing.T) {
	const label = "äöü 中文 العربية 0123456789"
	for _, test := range []struct {
		name       string
		call       func(context.Context, *client.Client) ([]client.Result, error)
		options    []client.Option
		path, body string
	}{
		{"module by id", updateModule(moduleID, labels), nil, "/crm/v7/settings/modules/" + moduleID,
			`{"modules":[{"plural_label":"Digital Marketings","profiles":[{"id":"` + profileID + `"}],"singular_label":"Digital Marketing"}]}`},
		{"module by API name", updateModule("Digital_Marketing", with(func(u *client.CustomModuleUpdate) {
			u.Profiles = []client.ModuleProfile{client.RemoveProfile("2423488000000015972"), client.GrantProfile(profileID)}
		})), nil, "/crm/v7/settings/modules/Digital_Marketing",
			`{"modules":[{"plural_label":"Digital Marketings","profiles":[{"_delete":null,"id":"2423488000000015972"},{"id":"` + profileID + `"}],"singular_label":"Digital Marketing"}]}`},
		{"labels of any script", updateModule(moduleID, with(func(u *client.CustomModuleUpdate) { u.PluralLabel = label })), nil, "/crm/v7/settings/modules/" + moduleID,
			`{"modules":[{"plural_label":"` + label + `","profiles":[{"id":"` + profileID + `"}],"singular_label":"Digital Marketing"}]}`},
		{"name alone", updateRole(roleID, role{Name: "R&D <lead>"}), nil, "/crm/v7/Contacts/roles/" + roleID, `{"contact_roles":[{"name":"R\u0026D \u003clead\u003e"}]}`},
		{"position alone", updateRole(roleID, role{SequenceNumber: 1}), nil, "/crm/v7/Contacts/roles/" + roleID, `{"contact_roles":[{"sequence_number":1}]}`},
		{"id twice", updateRole(roleID, role{ID: roleID, SequenceNumber: 1}), nil, "/crm/v7/Contacts/roles/" + roleID, `{"contact_roles":[{"id":"` + roleID + `","sequence_number":1}]}`},
		{"several", updateRoles(renames...), nil, "/crm/v7/Contacts/roles",
			`{"contact_roles":[{"id":"` + roleID + `","name":"Sales Lead"},{"id":"` + nextRoleID + `","name":"Quality Control"}]}`},
		{"name of 50", updateRole(roleID, role{Name: strings.Repeat("é", 50)}), nil, "/crm/v7/Contacts/roles/" + roleID, `{"contact_roles":[{"name":"` + strings.Repeat("é", 50) + `"}]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := zohotest.NewServer(t)
			results, err := test.call(t.Context(), newClient(t, server.DataCenter(), server.Auth(), test.options...))
			if err != nil || results[0].Err != nil || results[0].ID == "" {
				t.Errorf("%+v, %v", results, err)
			}
			requests := server.Requests()
			sent := requests[len(requests)-1]
			if sent.Method != http.MethodPut || sent.Path != test.path || string(sent.Body) != test.body || sent.Header.Get("Content-Type") != "application/json" {
				t.Errorf("sent: %s %s %s", sent.Method, sent.Path, sent.Body)
			}
		})
	}
}

// TestWithoutValidation holds that Zoho judges then.
func TestWithoutValidation(t *testing.T) {
	breaksContract(t)
	server := zohotest.NewServer(t)
	crm := newClient(t, server.DataCenter(), server.Auth(), client.WithoutValidation(), client.WithFirstWait(time.Microsecond))
	for _, test := range []struct {
		call func(context.Context, *client.Client) ([]client.Result, error)
		code client.Code
	}{
		{updateModule(moduleID, with(func(u *client.CustomModuleUpdate) { u.PluralLabel = strings.Repeat("a", 26) })), client.CodeInvalidData},
		{updateModule(moduleID, with(func(u *client.CustomModuleUpdate) { u.Profiles = nil })), client.CodeMinimumDataNotFound},
		{updateRoles(slices.Repeat([]role{{ID: "1", Name: "x"}}, 101)...), client.CodeLimitExceeded},
		{updateRoles(role{Name: "x"}), client.CodeInvalidData},
	} {
		if _, err := test.call(t.Context(), crm); !errors.Is(err, test.code) {
			t.Errorf("the error must be %s: %v", test.code, err)
		}
	}
}

// Without validation, an id may be anything.
func TestIDOfLines(t *testing.T) {
	breaksContract(t)
	crm := newClient(t, client.EU, client.StaticToken("1000.token"), client.WithoutValidation(), transport(func(*http.Request) (*http.Response, error) {
		return answer(http.StatusBadRequest, roles(wrong)), nil
	}).option())
	_, err := crm.UpdateContactRoles(t.Context(), []client.ContactRoleUpdate{{ID: "1\n2", Name: "x"}})
	if failure, isError := errors.AsType[*client.Error](err); !isError || failure.InputID != "1\n2" || strings.Contains(err.Error(), "\n") {
		t.Errorf("%q", err)
	}
}

func TestAnotherIDWithoutValidation(t *testing.T) {
	sent := ""
	crm := newClient(t, client.EU, client.StaticToken("1000.token"), client.WithoutValidation(), transport(func(r *http.Request) (*http.Response, error) {
		b, _ := io.ReadAll(r.Body)
		sent = r.URL.Path + " " + string(b)
		return answer(200, roleUpdated), nil
	}).option())
	_, err := crm.UpdateContactRole(t.Context(), roleID, client.ContactRoleUpdate{ID: nextRoleID, Name: "x"})
	if err == nil {
		t.Error("an ID that is another is sent:", sent)
	}
}

// Command walk is the walk of ../walk.txt with the Go client of openapi-generator.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"

	"example.test/walk/zohocrm"
)

const administrator, standard = "2423488000000015972", "2423488000000015975"

var crm = zohocrm.NewAPIClient(&zohocrm.Configuration{
	DefaultHeader: map[string]string{},
	Servers:       zohocrm.ServerConfigurations{{URL: os.Getenv("API_URL")}},
})

func with(token string) context.Context {
	key := zohocrm.APIKey{Key: token, Prefix: "Zoho-oauthtoken"}
	return context.WithValue(context.Background(), zohocrm.ContextAPIKeys, map[string]zohocrm.APIKey{"zohoOAuthToken": key})
}

func show(step, outcome, status, code, message string, details *zohocrm.Details) {
	line := fmt.Sprintf("%s %s %s %s %q", step, outcome, status, code, message)
	for _, d := range []struct {
		key   string
		value *string
	}{{"id", details.Id}, {"api_name", details.ApiName}, {"json_path", details.JsonPath}} {
		if d.value != nil {
			line += fmt.Sprintf(" %s=%s", d.key, *d.value)
		}
	}
	if index, found := details.GetResourcePathIndexOk(); found {
		line += fmt.Sprintf(" resource_path_index=%d", *index)
	}
	fmt.Println(line)
}

func showSuccesses(step string, results []zohocrm.SuccessResult) {
	for _, r := range results {
		show(step, "ok", r.Status, r.Code, r.Message, &zohocrm.Details{Id: &r.Details.Id})
	}
}

func showItems(step, outcome string, results []zohocrm.ItemResult) {
	for _, r := range results {
		show(step, outcome, r.Status, r.Code, r.Message, &r.Details)
	}
}

func showRefused(step string, response *http.Response, err error) {
	var refused *zohocrm.GenericOpenAPIError
	if !errors.As(err, &refused) {
		log.Fatal(err)
	}
	outcome := fmt.Sprint(response.StatusCode)
	switch m := refused.Model().(type) {
	case zohocrm.CustomModuleUpdateError:
		if !m.HasModules() {
			show(step, outcome, m.GetStatus(), m.GetCode(), m.GetMessage(), m.Details)
		}
		showItems(step, outcome, m.Modules)
	case zohocrm.ErrorResult:
		show(step, outcome, m.Status, m.Code, m.Message, &m.Details)
	}
}

func updateModule(step, module string, profiles ...zohocrm.ModuleProfile) {
	update := zohocrm.NewCustomModuleUpdate("Digital Marketings", "Digital Marketing", profiles)
	request := crm.ModulesAPI.UpdateCustomModule(with(os.Getenv("TOKEN")), module)
	updated, response, err := request.CustomModuleUpdateBody(*zohocrm.NewCustomModuleUpdateBody([]zohocrm.CustomModuleUpdate{*update})).Execute()
	if err != nil {
		showRefused(step, response, err)
		return
	}
	showSuccesses(step, updated.Modules)
}

func updateRole(step, token string) {
	update := zohocrm.SingleContactRoleUpdate{SequenceNumber: zohocrm.PtrInt32(1)}
	request := crm.ContactRolesAPI.UpdateContactRole(with(token), "4150868000003611012")
	updated, response, err := request.SingleContactRoleUpdateBody(*zohocrm.NewSingleContactRoleUpdateBody([]zohocrm.SingleContactRoleUpdate{update})).Execute()
	if err != nil {
		showRefused(step, response, err)
		return
	}
	showSuccesses(step, updated.ContactRoles)
}

func main() {
	grant, remove := *zohocrm.NewModuleProfile(standard), *zohocrm.NewModuleProfile(administrator)
	remove.SetDeleteNil()
	updateModule("remove_profile", "2423488000000834002", grant, remove)

	roles := zohocrm.NewContactRolesUpdateBody([]zohocrm.ContactRoleUpdate{
		{Id: "4150868000003611011", Name: zohocrm.PtrString("Sales Lead"), SequenceNumber: zohocrm.PtrInt32(5)},
		{Id: "4150868000003611012", Name: zohocrm.PtrString("Sales Lead")},
	})
	results, _, err := crm.ContactRolesAPI.UpdateContactRoles(with(os.Getenv("TOKEN"))).ContactRolesUpdateBody(*roles).Execute()
	if err != nil {
		log.Fatal(err)
	}
	showItems("bulk_update", "ok", results.ContactRoles)

	updateRole("single_update", os.Getenv("TOKEN"))
	updateRole("wrong_token", "1000.wrong")
	remove.Id = standard
	updateModule("last_profile", "2423488000000834002", remove)
	updateModule("unknown_module", "Unknown", grant)
}

package zohotest_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

func ExampleStart() {
	server, err := zohotest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	crm, err := client.New(server.DataCenter(), server.Auth())
	if err != nil {
		log.Fatal(err)
	}

	_, err = crm.UpdateContactRole(context.Background(), "4150868000003611011", client.ContactRoleUpdate{Name: "Sales Lead"})
	fmt.Println(err, server.ContactRoles()[0])

	server.Respond("updateContactRole", "duplicate_data")
	_, err = crm.UpdateContactRole(context.Background(), "4150868000003611011", client.ContactRoleUpdate{Name: "Buyer"})
	fmt.Println(errors.Is(err, client.CodeDuplicateData), len(server.Requests()))
	// Output:
	// <nil> {4150868000003611011 Sales Lead 1}
	// true 3
}

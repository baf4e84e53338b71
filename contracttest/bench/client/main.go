// Command client is the program of the size comparison that uses the client.
package main

import (
	"context"
	"fmt"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

func main() {
	crm, err := client.New(client.EU, client.StaticToken("token"))
	if err != nil {
		panic(err)
	}
	fmt.Println(crm.UpdateContactRole(context.Background(), "1", client.ContactRoleUpdate{Name: "Sales Lead"}))
}

package main

import (
	"context"
	"fmt"
	"os"
)

func Example() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// error: true
	// span: token
	// span: PUT /Contacts/roles
	// span: PUT /Contacts/roles
	// span: rename roles
	//   zohocrm.operation: updateContactRoles
	//   zohocrm.attempts: 2
	//   zohocrm.codes: ["DUPLICATE_DATA"]
	//   zohocrm.maybe_applied: true
	// metric: zohocrm.call.duration
}

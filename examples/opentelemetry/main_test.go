package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

func Example() {
	http.DefaultTransport = zohotest.CheckedTransport(http.DefaultTransport, func(problem string) { fmt.Println(problem) })
	if err := run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// token
	// updateContactRole
}

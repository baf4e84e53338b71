// Command byhand is the program of the size comparison that uses net/http and encoding/json.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
)

func main() {
	body, err := json.Marshal(map[string]any{"contact_roles": []any{map[string]any{"name": "Sales Lead"}}})
	if err != nil {
		panic(err)
	}
	req, err := http.NewRequest(http.MethodPut, "https://www.zohoapis.eu/crm/v7/Contacts/roles/1", bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Authorization", "Zoho-oauthtoken token")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	var results map[string]any
	fmt.Println(json.NewDecoder(res.Body).Decode(&results), results)
}

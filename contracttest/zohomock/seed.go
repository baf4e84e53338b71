package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

// org is the content of a seed file.
type org struct {
	Modules      []zohotest.Module      `json:"modules"`
	Profiles     []string               `json:"profiles"`
	ContactRoles []zohotest.ContactRole `json:"contact_roles"`
}

func readSeed(file string) ([]zohotest.Option, error) {
	if file == "" {
		return nil, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the seed: %w", err)
	}
	var seed org
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err = decoder.Decode(&seed); err == nil {
		if _, end := decoder.Token(); end != io.EOF {
			err = errors.New("there is more after the JSON object")
		}
	}
	if err == nil {
		err = seed.check()
	}
	if err != nil {
		return nil, fmt.Errorf("correct the seed %s: %w", file, err)
	}
	var options []zohotest.Option
	if seed.Modules != nil {
		options = append(options, zohotest.WithModules(seed.Modules...), zohotest.WithProfiles(seed.Profiles...))
	}
	if seed.ContactRoles != nil {
		options = append(options, zohotest.WithContactRoles(seed.ContactRoles...))
	}
	return options, nil
}

var digits = regexp.MustCompile(`^[0-9]{1,19}$`)

// check returns what no org of Zoho's could have.
func (o org) check() error {
	type value struct{ of, text string }
	var ids, names []value
	for _, id := range o.Profiles {
		ids = append(ids, value{"profile", id})
	}
	for _, module := range o.Modules {
		ids = append(ids, value{"id of a module", module.ID})
		names = append(names, value{"api_name", module.APIName}, value{"plural_label", module.PluralLabel}, value{"singular_label", module.SingularLabel})
		if len(module.Profiles) == 0 {
			return fmt.Errorf("module %q needs at least one profile", module.ID)
		}
		for _, id := range module.Profiles {
			if !slices.Contains(o.Profiles, id) {
				return fmt.Errorf("module %q has the profile %q, which profiles does not list", module.ID, id)
			}
		}
	}
	for _, role := range o.ContactRoles {
		ids = append(ids, value{"id of a contact role", role.ID})
		names = append(names, value{"name", role.Name})
	}
	for _, id := range ids {
		if !digits.MatchString(id.text) {
			return fmt.Errorf("%s %q must be a string of 1 to 19 digits", id.of, id.text)
		}
	}
	seen := map[value]bool{}
	for _, v := range append(ids, names...) {
		if v.text == "" || seen[v] {
			return fmt.Errorf("%s %q must be there, and only once", v.of, v.text)
		}
		seen[v] = true
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

// Wanted is the content of the YAML file.
type Wanted struct {
	// ContactRoles are contact roles in the order of the picklist. Roles that are not listed stay as they are.
	ContactRoles []WantedRole `yaml:"contact_roles"`
	// Module is a custom module.
	Module *WantedModule `yaml:"module"`
}

// WantedRole is a contact role, found by ID, else by Name, else by Was.
type WantedRole struct {
	ID   string `yaml:"id"`
	Name string `yaml:"name"`
	// Was is the name before a rename. To swap two names, give the ids.
	Was string `yaml:"was"`
}

// WantedModule is a custom module with its labels and the names of all profiles that can access it.
type WantedModule struct {
	Name          string   `yaml:"name"` // its id or API name
	SingularLabel string   `yaml:"singular_label"`
	PluralLabel   string   `yaml:"plural_label"`
	Profiles      []string `yaml:"profiles"`
}

// roleChange is what becomes of one contact role.
type roleChange struct {
	role     client.ContactRole
	name     string // the wanted name
	position int    // the wanted sequence number
}

func (c roleChange) isDone() bool {
	return c.role.Name == c.name && c.role.SequenceNumber == c.position
}

func (c roleChange) String() string {
	var changes []string
	if c.role.Name != c.name {
		changes = append(changes, fmt.Sprintf("rename to %q", c.name))
	}
	if c.role.SequenceNumber != c.position {
		changes = append(changes, fmt.Sprintf("move from position %d to %d", c.role.SequenceNumber, c.position))
	}
	return fmt.Sprintf("contact role %q: %s", c.role.Name, strings.Join(changes, ", "))
}

// temporarySuffix marks a role on its way to another name, which is the part before it.
const temporarySuffix = " (sync)"

// planRoles returns the changes to the wanted roles, in their order.
func planRoles(wanted []WantedRole, org []client.ContactRole) ([]roleChange, error) {
	var changes []roleChange
	var errs []error
	seen := map[string]bool{}
	for _, w := range wanted {
		role, err := findRole(w, org)
		if err == nil && seen[role.ID] {
			err = fmt.Errorf("contact role %q is listed twice", role.Name)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		seen[role.ID] = true
		changes = append(changes, roleChange{role: role, name: w.Name, position: role.SequenceNumber})
	}
	// The listed roles share out the positions that they have, so that the others can stay.
	positions := make([]int, len(changes))
	for i, c := range changes {
		positions[i] = c.role.SequenceNumber
	}
	slices.Sort(positions)
	for i := range changes {
		changes[i].position = positions[i]
	}
	for _, c := range changes {
		for _, other := range org {
			if other.Name == c.name && !seen[other.ID] {
				errs = append(errs, fmt.Errorf("contact role %q cannot become %q: another role, which is not listed, has the name", c.role.Name, c.name))
			}
		}
	}
	changes = slices.DeleteFunc(changes, roleChange.isDone)
	return changes, errors.Join(errs...)
}

func findRole(w WantedRole, org []client.ContactRole) (client.ContactRole, error) {
	matches := []func(client.ContactRole) bool{
		func(r client.ContactRole) bool { return r.Name == w.Name },
		func(r client.ContactRole) bool { return r.Name == temporaryName(w.Name) },
		func(r client.ContactRole) bool { return w.Was != "" && r.Name == w.Was },
	}
	if w.ID != "" {
		matches = []func(client.ContactRole) bool{func(r client.ContactRole) bool { return r.ID == w.ID }}
	}
	if w.Name == "" {
		return client.ContactRole{}, fmt.Errorf("contact role %q has no name in the file", w.ID)
	}
	for _, match := range matches {
		if i := slices.IndexFunc(org, match); i >= 0 {
			return org[i], nil
		}
	}
	return client.ContactRole{}, fmt.Errorf("the org has no contact role %q: create it in Zoho CRM, the API cannot", w.Name+w.ID)
}

// temporaryName returns a name of at most 50 characters for a role on its way to another name.
func temporaryName(name string) string {
	runes := []rune(name)
	return string(runes[:min(len(runes), 50-len(temporarySuffix))]) + temporarySuffix
}

// applyRoles makes the changes, in as many calls as names that are in use require: Zoho does not document whether one
// call may swap names.
func applyRoles(ctx context.Context, crm *client.Client, changes []roleChange, org []client.ContactRole) error {
	holder := map[string]string{} // the id of the role that has a name
	for _, r := range org {
		holder[r.Name] = r.ID
	}
	for len(changes) > 0 {
		var now, later []roleChange
		for _, c := range changes {
			if id, taken := holder[c.name]; taken && id != c.role.ID {
				later = append(later, c)
			} else {
				now = append(now, c)
			}
		}
		if len(now) == 0 { // the names go round in a circle
			first := later[0]
			first.name, first.position = temporaryName(first.name), first.role.SequenceNumber
			now = []roleChange{first}
		}
		if err := updateRoles(ctx, crm, now); err != nil {
			return err
		}
		for _, c := range now {
			delete(holder, c.role.Name)
			holder[c.name] = c.role.ID
			for i := range later {
				if later[i].role.ID == c.role.ID {
					later[i].role.Name = c.name
				}
			}
		}
		changes = later
	}
	return nil
}

// updateRoles makes changes in one call, and names each role that could not be changed.
func updateRoles(ctx context.Context, crm *client.Client, changes []roleChange) error {
	updates := make([]client.ContactRoleUpdate, len(changes))
	for i, c := range changes {
		updates[i].ID = c.role.ID
		if c.role.Name != c.name {
			updates[i].Name = c.name
		}
		if c.role.SequenceNumber != c.position {
			updates[i].SequenceNumber = c.position
		}
	}
	results, err := crm.UpdateContactRoles(ctx, updates)
	if err == nil {
		return nil
	}
	var errs []error
	for i, result := range results {
		if result.Err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", changes[i], result.Err))
		}
	}
	return errors.Join(errs...)
}

// planModule returns the update that a module needs, with a line for each change, and none if there is nothing to do.
func planModule(wanted WantedModule, module client.Module, profiles []client.Profile) (update client.CustomModuleUpdate, changes []string, err error) {
	if module.HasMoreProfiles {
		return update, nil, fmt.Errorf("module %s: Zoho does not list all of its profiles, so it is not known which to remove", module.APIName)
	}
	if len(wanted.Profiles) == 0 {
		return update, nil, fmt.Errorf("module %s: list at least one profile", module.APIName)
	}
	update.SingularLabel, update.PluralLabel = wanted.SingularLabel, wanted.PluralLabel
	for _, label := range []struct{ name, now, wanted string }{
		{"singular label", module.SingularLabel, wanted.SingularLabel}, {"plural label", module.PluralLabel, wanted.PluralLabel},
	} {
		if label.now != label.wanted {
			changes = append(changes, fmt.Sprintf("module %s: change the %s from %q to %q", module.APIName, label.name, label.now, label.wanted))
		}
	}
	has := map[string]bool{}
	for _, p := range module.Profiles {
		has[p.ID] = true
	}
	keep := map[string]bool{}
	var kept string
	var errs []error
	for _, name := range wanted.Profiles {
		var ids []string
		for _, p := range profiles {
			if p.Name == name {
				ids = append(ids, p.ID)
			}
		}
		switch {
		case len(ids) != 1:
			errs = append(errs, fmt.Errorf("module %s: the org has %d profiles with the name %q, want 1", module.APIName, len(ids), name))
			continue
		case has[ids[0]]:
			kept = ids[0]
		default: // grants come before removals, as a module keeps at least one profile
			update.Profiles = append(update.Profiles, client.GrantProfile(ids[0]))
			changes = append(changes, fmt.Sprintf("module %s: grant access to the profile %q", module.APIName, name))
		}
		keep[ids[0]] = true
	}
	for _, p := range module.Profiles {
		if !keep[p.ID] {
			update.Profiles = append(update.Profiles, client.RemoveProfile(p.ID))
			changes = append(changes, fmt.Sprintf("module %s: remove access from the profile %q", module.APIName, p.Name))
		}
	}
	if len(update.Profiles) == 0 { // an update needs a profile: grant one that has access already
		update.Profiles = append(update.Profiles, client.GrantProfile(kept))
	}
	return update, changes, errors.Join(errs...)
}

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

// org is the part of an org that the probes read and change.
type org struct {
	Roles    []zohotest.ContactRole `json:"contact_roles"`
	Modules  []zohotest.Module      `json:"modules"`
	Profiles []zohotest.Profile     `json:"profiles"`
	// unusable says why modules cannot be changed and restored, by their id.
	unusable map[string]string
}

var numericID = regexp.MustCompile(`"id"\s*:\s*([0-9]+)`)

// merge returns o with what a response lists. A module replaces the one with its id. Ids may be numbers: the check must go on
// if Zoho sends them.
func (o org) merge(body []byte) (org, error) {
	var read struct {
		Roles    []zohotest.ContactRole `json:"contact_roles"`
		Profiles []zohotest.Profile     `json:"profiles"`
		Modules  []struct {
			zohotest.Module
			Profiles        []zohotest.Profile `json:"profiles"`
			GeneratedType   string             `json:"generated_type"`
			HasMoreProfiles bool               `json:"has_more_profiles"`
		} `json:"modules"`
	}
	if err := json.Unmarshal(numericID.ReplaceAll(body, []byte(`"id":"$1"`)), &read); err != nil {
		return o, fmt.Errorf("the response is not a list of contact roles, modules or profiles: %w", err)
	}
	if read.Roles != nil {
		o.Roles = slices.SortedStableFunc(slices.Values(read.Roles), func(a, b zohotest.ContactRole) int { return cmp.Compare(a.SequenceNumber, b.SequenceNumber) })
	}
	if read.Profiles != nil {
		o.Profiles = read.Profiles
	}
	unusable := map[string]string{}
	maps.Copy(unusable, o.unusable)
	o.Modules, o.unusable = slices.Clone(o.Modules), unusable
	for _, m := range read.Modules {
		for _, p := range m.Profiles {
			m.Module.Profiles = append(m.Module.Profiles, p.ID)
		}
		delete(unusable, m.ID)
		if m.GeneratedType != "custom" {
			unusable[m.ID] = "the module is not a custom module"
		} else if m.HasMoreProfiles {
			unusable[m.ID] = "the list of the module's profiles is not complete, so that it could not be restored"
		}
		if old := o.module(m.ID); old != nil {
			*old = m.Module
		} else {
			o.Modules = append(o.Modules, m.Module)
		}
	}
	return o, nil
}

// module returns the module with an id or API name.
func (o org) module(name string) *zohotest.Module {
	for i, m := range o.Modules {
		if m.ID == name || m.APIName == name {
			return &o.Modules[i]
		}
	}
	return nil
}

func (o org) role(id string) *zohotest.ContactRole {
	for i, r := range o.Roles {
		if r.ID == id {
			return &o.Roles[i]
		}
	}
	return nil
}

// roleChanges and moduleChanges describe how o differs from before, one line for each field.
func (o org) roleChanges(before org) (lines []string) {
	for _, was := range before.Roles {
		now := o.role(was.ID)
		if now == nil {
			lines = append(lines, fmt.Sprintf("contact role %s: missing", was.ID))
			continue
		}
		if now.Name != was.Name {
			lines = append(lines, fmt.Sprintf("contact role %s: name %s → %s", was.ID, was.Name, now.Name))
		}
		if now.SequenceNumber != was.SequenceNumber {
			lines = append(lines, fmt.Sprintf("contact role %s: sequence_number %d → %d", was.ID, was.SequenceNumber, now.SequenceNumber))
		}
	}
	for _, now := range o.Roles {
		if before.role(now.ID) == nil {
			lines = append(lines, fmt.Sprintf("contact role %s: new", now.ID))
		}
	}
	return lines
}

func (o org) moduleChanges(before org) (lines []string) {
	for _, was := range before.Modules {
		now := o.module(was.ID)
		if now == nil {
			lines = append(lines, fmt.Sprintf("module %s: missing", was.ID))
			continue
		}
		for _, field := range [][3]string{{"api_name", was.APIName, now.APIName}, {"singular_label", was.SingularLabel, now.SingularLabel}, {"plural_label", was.PluralLabel, now.PluralLabel}} {
			if field[1] != field[2] {
				lines = append(lines, fmt.Sprintf("module %s: %s %s → %s", was.ID, field[0], field[1], field[2]))
			}
		}
		for _, id := range now.Profiles {
			if !slices.Contains(was.Profiles, id) {
				lines = append(lines, fmt.Sprintf("module %s: access of profile %s granted", was.ID, id))
			}
		}
		for _, id := range was.Profiles {
			if !slices.Contains(now.Profiles, id) {
				lines = append(lines, fmt.Sprintf("module %s: access of profile %s removed", was.ID, id))
			}
		}
	}
	return lines
}

func (o org) changes(before org) []string {
	return append(o.roleChanges(before), o.moduleChanges(before)...)
}

func (o org) mockOptions() []zohotest.Option {
	return []zohotest.Option{zohotest.WithContactRoles(o.Roles...), zohotest.WithProfiles(o.Profiles...), zohotest.WithModules(o.Modules...)}
}

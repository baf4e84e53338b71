package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

// org is the part of an org that the probes read and change.
type org struct {
	Roles    []role    `json:"contact_roles"`
	Modules  []module  `json:"modules"`
	Profiles []profile `json:"profiles"`
}

type role struct {
	ID             id     `json:"id"`
	Name           string `json:"name"`
	SequenceNumber int    `json:"sequence_number"`
}

type module struct {
	ID              id        `json:"id"`
	APIName         string    `json:"api_name"`
	SingularLabel   string    `json:"singular_label"`
	PluralLabel     string    `json:"plural_label"`
	GeneratedType   string    `json:"generated_type"`
	Status          string    `json:"status"`
	Profiles        []profile `json:"profiles"`
	HasMoreProfiles bool      `json:"has_more_profiles"`
}

type profile struct {
	ID   id     `json:"id"`
	Name string `json:"name"`
}

// id is read from a string or a number: the check must go on if Zoho sends numbers.
type id string

// UnmarshalJSON implements [json.Unmarshaler].
func (i *id) UnmarshalJSON(data []byte) error {
	*i = id(strings.Trim(string(data), `"`))
	return nil
}

// merge returns o with the lists of a response. A module replaces the one with its id.
func (o org) merge(body []byte) (org, error) {
	var read org
	if len(body) > 0 {
		if err := json.Unmarshal(body, &read); err != nil {
			return o, fmt.Errorf("the response is not a list of contact roles, modules or profiles: %w", err)
		}
	}
	if read.Roles != nil {
		o.Roles = slices.SortedStableFunc(slices.Values(read.Roles), func(a, b role) int { return cmp.Compare(a.SequenceNumber, b.SequenceNumber) })
	}
	if read.Profiles != nil {
		o.Profiles = read.Profiles
	}
	o.Modules = slices.Clone(o.Modules)
	for _, m := range read.Modules {
		if i := slices.IndexFunc(o.Modules, func(other module) bool { return other.ID == m.ID }); i >= 0 {
			o.Modules[i] = m
		} else {
			o.Modules = append(o.Modules, m)
		}
	}
	return o, nil
}

// module returns the module with an id or API name.
func (o org) module(name string) *module {
	for i, m := range o.Modules {
		if name != "" && (string(m.ID) == name || m.APIName == name) {
			return &o.Modules[i]
		}
	}
	return nil
}

func (o org) role(roleID id) *role {
	for i, r := range o.Roles {
		if r.ID == roleID {
			return &o.Roles[i]
		}
	}
	return nil
}

func (m module) has(profileID id) bool {
	return slices.ContainsFunc(m.Profiles, func(p profile) bool { return p.ID == profileID })
}

// changes describes how o differs from before, one line for each field.
func (o org) changes(before org) (lines []string) {
	add := func(what string, object id, field string, from, to any) {
		if from != to {
			lines = append(lines, fmt.Sprintf("%s %s: %s %v → %v", what, object, field, from, to))
		}
	}
	for _, r := range before.Roles {
		if now := o.role(r.ID); now == nil {
			lines = append(lines, fmt.Sprintf("contact role %s: missing", r.ID))
		} else {
			add("contact role", r.ID, "name", r.Name, now.Name)
			add("contact role", r.ID, "sequence_number", r.SequenceNumber, now.SequenceNumber)
		}
	}
	for _, r := range o.Roles {
		if before.role(r.ID) == nil {
			lines = append(lines, fmt.Sprintf("contact role %s: new", r.ID))
		}
	}
	for _, m := range before.Modules {
		now := o.module(string(m.ID))
		if now == nil {
			lines = append(lines, fmt.Sprintf("module %s: missing", m.ID))
			continue
		}
		add("module", m.ID, "api_name", m.APIName, now.APIName)
		add("module", m.ID, "singular_label", m.SingularLabel, now.SingularLabel)
		add("module", m.ID, "plural_label", m.PluralLabel, now.PluralLabel)
		access := map[id]bool{}
		for _, p := range append(slices.Clone(m.Profiles), now.Profiles...) {
			access[p.ID] = true
		}
		for _, p := range slices.Sorted(maps.Keys(access)) {
			add("module", m.ID, fmt.Sprintf("access of profile %s", p), m.has(p), now.has(p))
		}
	}
	return lines
}

// mockOptions returns the options of a mock server with the same org.
func (o org) mockOptions() []zohotest.Option {
	roles, profiles, modules := []zohotest.ContactRole{}, []zohotest.Profile{}, []zohotest.Module{}
	for _, r := range o.Roles {
		roles = append(roles, zohotest.ContactRole{ID: string(r.ID), Name: r.Name, SequenceNumber: r.SequenceNumber})
	}
	for _, p := range o.Profiles {
		profiles = append(profiles, zohotest.Profile{ID: string(p.ID), Name: p.Name})
	}
	for _, m := range o.Modules {
		access := []string{}
		for _, p := range m.Profiles {
			access = append(access, string(p.ID))
		}
		modules = append(modules, zohotest.Module{ID: string(m.ID), APIName: m.APIName, PluralLabel: m.PluralLabel, SingularLabel: m.SingularLabel, Profiles: access, Status: m.Status})
	}
	return []zohotest.Option{zohotest.WithContactRoles(roles...), zohotest.WithProfiles(profiles...), zohotest.WithModules(modules...)}
}

// mockOrg returns the org of a mock server.
func mockOrg(s *zohotest.Server) (o org) {
	for _, r := range s.ContactRoles() {
		o.Roles = append(o.Roles, role{id(r.ID), r.Name, r.SequenceNumber})
	}
	for _, m := range s.Modules() {
		changed := module{ID: id(m.ID), APIName: m.APIName, SingularLabel: m.SingularLabel, PluralLabel: m.PluralLabel}
		for _, p := range m.Profiles {
			changed.Profiles = append(changed.Profiles, profile{ID: id(p)})
		}
		o.Modules = append(o.Modules, changed)
	}
	return o
}

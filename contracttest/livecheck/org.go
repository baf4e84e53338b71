package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

type (
	role   = zohotest.ContactRole
	module = zohotest.Module
)

// org is the part of an org that the probes read and change.
type org struct {
	Roles    []role             `json:"contact_roles"`
	Modules  []module           `json:"modules"`
	Profiles []zohotest.Profile `json:"profiles"`
	// unusable says why modules cannot be changed and restored, by their id, and why lists could not be read, by the probe.
	unusable map[string]string
}

var (
	numericID      = regexp.MustCompile(`"id"\s*:\s*([0-9]+)`)
	quotedPosition = regexp.MustCompile(`"sequence_number"\s*:\s*"([0-9]+)"`)
)

// merge returns o with what a response lists. A module replaces the one with its id. Ids may be numbers, and
// positions strings: the check must go on if Zoho sends them.
func (o org) merge(body []byte) (org, error) {
	var read struct {
		Roles    []role             `json:"contact_roles"`
		Profiles []zohotest.Profile `json:"profiles"`
		Modules  []struct {
			zohotest.Module
			Profiles        []zohotest.Profile `json:"profiles"`
			GeneratedType   string             `json:"generated_type"`
			Status          any                `json:"status"` // a boolean in Zoho's description, a string in its sample
			HasMoreProfiles bool               `json:"has_more_profiles"`
		} `json:"modules"`
	}
	body = quotedPosition.ReplaceAll(numericID.ReplaceAll(body, []byte(`"id":"$1"`)), []byte(`"sequence_number":$1`))
	if err := json.Unmarshal(body, &read); err != nil {
		if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return o, fmt.Errorf("%s is not of the type %s", t.Field, t.Type.Kind()) // the error itself has the value
		}
		return o, fmt.Errorf("the response is not a list of contact roles, modules or profiles: %w", err)
	}
	if read.Roles != nil {
		o.Roles = slices.SortedStableFunc(slices.Values(read.Roles), func(a, b role) int { return cmp.Compare(a.SequenceNumber, b.SequenceNumber) })
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
		m.Module.Status, _ = m.Status.(string)
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
func (o org) module(name string) *module {
	for i, m := range o.Modules {
		if name != "" && (m.ID == name || m.APIName == name) {
			return &o.Modules[i]
		}
	}
	return nil
}

func (o org) role(id string) *role {
	for i, r := range o.Roles {
		if r.ID == id {
			return &o.Roles[i]
		}
	}
	return nil
}

// fields returns what probes may change.
func (o org) fields() map[string]string {
	fields := map[string]string{}
	for _, r := range o.Roles {
		fields["contact role "+r.ID+": name"] = r.Name
		fields["contact role "+r.ID+": sequence_number"] = strconv.Itoa(r.SequenceNumber)
	}
	for _, m := range o.Modules {
		fields["module "+m.ID+": api_name"] = m.APIName
		fields["module "+m.ID+": singular_label"] = m.SingularLabel
		fields["module "+m.ID+": plural_label"] = m.PluralLabel
		for _, p := range m.Profiles {
			fields["module "+m.ID+": access of profile "+p] = "granted"
		}
	}
	return fields
}

// changes describes how o differs from before, one line for each field.
func (o org) changes(before org) (lines []string) {
	now, was := o.fields(), before.fields()
	for field, value := range was {
		if now[field] != value {
			lines = append(lines, fmt.Sprintf("%s %s → %s", field, value, cmp.Or(now[field], "not listed")))
		}
	}
	for field, value := range now {
		if _, had := was[field]; !had {
			lines = append(lines, fmt.Sprintf("%s not listed → %s", field, value))
		}
	}
	slices.Sort(lines)
	return lines
}

func (o org) mockOptions() []zohotest.Option {
	return []zohotest.Option{zohotest.WithContactRoles(o.Roles...), zohotest.WithProfiles(o.Profiles...), zohotest.WithModules(o.Modules...)}
}

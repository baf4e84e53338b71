package zohotest

import (
	"slices"

	"github.com/seed-87e331f0/zohocrm-go/generated"
)

// Module is a custom module of the org.
type Module struct {
	ID            string `json:"id"`
	APIName       string `json:"api_name"`
	PluralLabel   string `json:"plural_label"`
	SingularLabel string `json:"singular_label"`
	// Profiles are the ids of the profiles that have access.
	Profiles []string `json:"profiles"`
	// Status is visible if empty, or user_hidden, system_hidden or scheduled_for_deletion. The API does not return a
	// system_hidden module by itself.
	Status string `json:"status,omitempty"`
}

// ContactRole is a contact role of the org.
type ContactRole struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// SequenceNumber is the position in the picklist. An update changes it for this role only.
	SequenceNumber int `json:"sequence_number"`
}

// Profile is a profile of the org.
type Profile struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type org struct {
	modules  []Module
	roles    []ContactRole
	profiles []Profile
}

func (o *org) clone() org {
	return org{cloneModules(o.modules), slices.Clone(o.roles), slices.Clone(o.profiles)}
}

// moduleIndex finds a module by its id or API name, or returns -1.
func (o *org) moduleIndex(name string) int {
	return slices.IndexFunc(o.modules, func(m Module) bool { return m.ID == name || m.APIName == name })
}

func cloneModules(modules []Module) []Module {
	modules = append([]Module{}, modules...)
	for i := range modules {
		modules[i].Profiles = slices.Clone(modules[i].Profiles)
	}
	return modules
}

// Modules returns a copy of the modules as they are now.
func (s *Server) Modules() []Module {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cloneModules(s.org.modules)
}

// ContactRoles returns a copy of the contact roles as they are now.
func (s *Server) ContactRoles() []ContactRole {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.org.roles)
}

// Profiles returns a copy of the profiles of the org.
func (s *Server) Profiles() []Profile { return slices.Clone(s.initial.profiles) }

// sampleOrg returns the org that the sample requests of the documentation update.
func sampleOrg() org {
	const administrator, standard, sales = "2423488000000015972", "2423488000000015975", "2423488000000015978"
	return org{
		profiles: []Profile{{administrator, "Administrator"}, {standard, "Standard"}, {sales, "Sales"}},
		modules: []Module{
			{"2423488000000834002", "Digital_Marketing", "Marketings", "Marketing", []string{administrator}, ""},
			{"2423488000000834003", "Print_Marketing", "Print Marketings", "Print Marketing", []string{administrator, standard}, ""},
		},
		roles: []ContactRole{
			{"4150868000003611011", "Developer/Evaluator", 1},
			{"4150868000003611012", "Decision Maker", 2},
			{"4150868000003611013", "Purchasing", 3},
			{"4150868000003611014", "Executive Sponsor", 4},
			{"4150868000003611015", "Engineering Lead", 5},
		},
	}
}

// complete sets lists that no option set to those of the sample.
func (o *org) complete() {
	sample := sampleOrg()
	if o.roles == nil {
		o.roles = sample.roles
	}
	if o.profiles == nil {
		o.profiles = sample.profiles
	}
	if o.modules != nil {
		return
	}
	for _, m := range sample.modules {
		m.Profiles = slices.DeleteFunc(m.Profiles, func(id string) bool { return !o.hasProfile(id) })
		if len(m.Profiles) == 0 && len(o.profiles) > 0 {
			m.Profiles = []string{o.profiles[0].ID}
		}
		o.modules = append(o.modules, m)
	}
}

func (o *org) hasProfile(id string) bool {
	return slices.ContainsFunc(o.profiles, func(p Profile) bool { return p.ID == id })
}

// narrowestScopes returns the narrowest scope of each operation.
func narrowestScopes() (scopes []string) {
	for _, o := range generated.Operations() {
		if !slices.Contains(scopes, o.Scopes[0]) {
			scopes = append(scopes, o.Scopes[0])
		}
	}
	return scopes
}

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
}

// ContactRole is a contact role of the org.
type ContactRole struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// SequenceNumber is the position in the picklist. An update sets it on this role alone.
	SequenceNumber int `json:"sequence_number"`
}

// Modules returns a copy of the modules as they are now.
func (s *Server) Modules() []Module {
	s.mu.Lock()
	defer s.mu.Unlock()
	return copyModules(s.modules)
}

// ContactRoles returns a copy of the contact roles as they are now.
func (s *Server) ContactRoles() []ContactRole {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.roles)
}

// Profiles returns the ids of the org's profiles.
func (s *Server) Profiles() []string { return slices.Clone(s.profiles) }

func copyModules(modules []Module) []Module {
	modules = slices.Clone(modules)
	for i := range modules {
		modules[i].Profiles = slices.Clone(modules[i].Profiles)
	}
	return modules
}

// sampleOrg sets the org that the sample requests of the documentation update.
func sampleOrg(s *Server) {
	const administrator, standard, sales = "2423488000000015972", "2423488000000015975", "2423488000000015978"
	s.profiles = []string{administrator, standard, sales}
	s.modules = []Module{
		{"2423488000000834002", "Digital_Marketing", "Marketings", "Marketing", []string{administrator}},
		{"2423488000000834003", "Print_Marketing", "Print Marketings", "Print Marketing", []string{administrator, standard}},
	}
	s.roles = []ContactRole{
		{"4150868000003611011", "Developer/Evaluator", 1},
		{"4150868000003611012", "Decision Maker", 2},
		{"4150868000003611013", "Purchasing", 3},
		{"4150868000003611014", "Executive Sponsor", 4},
		{"4150868000003611015", "Engineering Lead", 5},
	}
	for _, o := range generated.Operations() {
		if !slices.Contains(s.scopes, o.Scopes[0]) {
			s.scopes = append(s.scopes, o.Scopes[0])
		}
	}
}

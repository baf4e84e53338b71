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

func copyModules(modules []Module) []Module {
	modules = slices.Clone(modules)
	for i := range modules {
		modules[i].Profiles = slices.Clone(modules[i].Profiles)
	}
	return modules
}

// The org is that of the documentation's samples before they are sent.

func sampleModules() []Module {
	return []Module{
		{
			ID: "2423488000000834002", APIName: "Digital_Marketing",
			PluralLabel: "Marketings", SingularLabel: "Marketing", Profiles: []string{"2423488000000015972"},
		},
		{
			ID: "2423488000000834003", APIName: "Print_Marketing",
			PluralLabel: "Print Marketings", SingularLabel: "Print Marketing", Profiles: []string{"2423488000000015972", "2423488000000015975"},
		},
	}
}

func sampleProfiles() []string {
	return []string{"2423488000000015972", "2423488000000015975", "2423488000000015978"}
}

func sampleContactRoles() []ContactRole {
	return []ContactRole{
		{ID: "4150868000003611011", Name: "Developer/Evaluator", SequenceNumber: 1},
		{ID: "4150868000003611012", Name: "Decision Maker", SequenceNumber: 2},
		{ID: "4150868000003611013", Name: "Purchasing", SequenceNumber: 3},
		{ID: "4150868000003611014", Name: "Executive Sponsor", SequenceNumber: 4},
		{ID: "4150868000003611015", Name: "Engineering Lead", SequenceNumber: 5},
		{ID: "4150868000003611016", Name: "Economic Decision Maker", SequenceNumber: 6},
		{ID: "4150868000003611017", Name: "Product Management", SequenceNumber: 7},
	}
}

func narrowestScopes() []string {
	var scopes []string
	for _, o := range generated.Operations() {
		scopes = append(scopes, o.Scopes[0])
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

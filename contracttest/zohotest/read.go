package zohotest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

// maxListedProfiles is how many profiles of a module Get Modules lists. Zoho does not document its limit.
const maxListedProfiles = 10

const systemHidden = "system_hidden"

var moduleStatuses = []string{"visible", "user_hidden", systemHidden, "scheduled_for_deletion"}

type record map[string]any

// list returns 204 without a body for an empty list, as Zoho does.
func list[T any](key string, items []T) response {
	if len(items) == 0 {
		return response{status: http.StatusNoContent}
	}
	return jsonResponse(http.StatusOK, record{key: items})
}

func (s *Server) getContactRoles() response {
	return list("contact_roles", slices.SortedStableFunc(slices.Values(s.org.roles), func(a, b ContactRole) int {
		return cmp.Compare(a.SequenceNumber, b.SequenceNumber)
	}))
}

func (s *Server) getModules(c call) response {
	statuses := moduleStatuses
	if query := c.URL.Query(); query.Has("status") {
		statuses = strings.Split(query.Get("status"), ",")
	}
	for _, status := range statuses {
		if !slices.Contains(moduleStatuses, status) {
			return s.reject(*c.operation, client.CodeInvalidData)
		}
	}
	var modules []record
	for i, m := range s.org.modules {
		if slices.Contains(statuses, m.status()) {
			modules = append(modules, s.moduleRecord(i, maxListedProfiles))
		}
	}
	return list("modules", modules)
}

func (s *Server) getModule(c call) response {
	i := s.org.moduleIndex(c.parameters["module"])
	switch {
	case i < 0:
		return s.reject(*c.operation, client.CodeInvalidModule)
	case s.org.modules[i].Status == systemHidden:
		return response{status: http.StatusNoContent}
	default:
		return list("modules", []record{s.moduleRecord(i, len(s.org.modules[i].Profiles))})
	}
}

// moduleRecord returns what Zoho sends of a module, with at most n profiles.
func (s *Server) moduleRecord(i, n int) record {
	m := s.org.modules[i]
	profiles := []record{}
	for _, p := range s.org.profiles {
		if slices.Contains(m.Profiles, p.ID) {
			profiles = append(profiles, record{"id": p.ID, "name": p.displayName()})
		}
	}
	r := record{
		"id": m.ID, "api_name": m.APIName, "module_name": fmt.Sprint("CustomModule", i+1),
		"singular_label": m.SingularLabel, "actual_singular_label": m.SingularLabel,
		"plural_label": m.PluralLabel, "actual_plural_label": m.PluralLabel,
		"generated_type": "custom", "status": m.status(), "visibility": 0, "access_type": "org_based",
		"api_supported": true, "editable": true, "viewable": true,
		"profiles": profiles[:min(n, len(profiles))], "profile_count": len(profiles), "has_more_profiles": len(profiles) > n,
		"description": nil, "modified_time": nil, "modified_by": nil, "parent_module": record{}, "arguments": []any{}, "web_link": nil,
	}
	if m.status() == moduleStatuses[0] {
		r["visibility"], r["sequence_number"] = 1, i+1 // hidden modules have no number
	}
	return r
}

func (s *Server) getProfiles() response {
	var profiles []record
	for _, p := range s.org.profiles {
		profiles = append(profiles, record{
			"id": p.ID, "name": p.displayName(), "display_label": p.displayName(), "type": "normal_profile", "custom": false,
			"description": nil, "created_time": nil, "created_by": nil, "modified_time": nil, "modified_by": nil,
		})
	}
	return list("profiles", profiles)
}

func (m Module) status() string { return cmp.Or(m.Status, moduleStatuses[0]) }

func (p Profile) displayName() string { return cmp.Or(p.Name, "Profile "+p.ID) }

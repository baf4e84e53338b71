package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

var (
	rolesPath    = generated.OperationGetContactRoles.Path
	modulesPath  = generated.OperationGetModules.Path
	profilesPath = generated.OperationGetProfiles.Path
)

// Groups of probes, in their order.
const (
	reads     = "reads"
	unchanged = "updates that change nothing"
	updates   = "updates that change and restore"
	questions = "what the documentation leaves open"
)

// What the probes write. The reports show these texts as they are.
const (
	probeName     = "Live check"
	otherName     = "Live check two"
	temporaryName = "Live check temporary"
	unknownModule = "Live_check_unknown"
	label26       = "Live check with 26 letters"
	label51       = "Live check with a label that is of fifty one letter"
	labelScript   = "Live check 取引先 контакт"
	labelEmoji    = "Live check 🙂"
	unknownID     = 9000000000000000000
)

// probe is one question to Zoho. It does not change.
type probe struct {
	group, name string
	// changes is what the probe changes, or would change if Zoho accepted it.
	changes string
	steps   []request
	// skip is why the probe cannot be tried in this org.
	skip string
}

type object = map[string]any

// target is what the probes of an org read and change.
type target struct {
	roles  []role // in the order of their positions
	module *module
	// spare is a profile without access to the module.
	spare string
	// noRoles, noModule and noSpare say why there is none.
	noRoles, noModule, noSpare string
}

// newTarget chooses what to change. It never removes access that a profile had, so the profiles of administrators and of
// the caller keep theirs.
func newTarget(o org, moduleName string) (t target) {
	t = target{roles: o.Roles, module: o.module(moduleName), noRoles: o.unusable["contact roles"]}
	if t.noRoles == "" && (len(t.roles) < 2 || slices.ContainsFunc(t.roles, func(r role) bool { return r.ID == "" })) {
		t.noRoles = "the org must have two contact roles, with ids"
	}
	switch {
	case o.unusable["the module"] != "":
		t.noModule = o.unusable["the module"]
	case t.module == nil:
		t.noModule = "no module was named: use -module"
	case o.unusable[t.module.ID] != "":
		t.noModule = o.unusable[t.module.ID]
	case len(t.module.Profiles) == 0:
		t.noModule = "the module has no profile"
	default:
		for _, p := range o.Profiles {
			if t.spare == "" && !slices.Contains(t.module.Profiles, p.ID) && !strings.EqualFold(p.Name, "Administrator") {
				t.spare = p.ID
			}
		}
	}
	if t.noSpare = cmp.Or(t.noModule, o.unusable["profiles"]); t.spare == "" && t.noSpare == "" {
		t.noSpare = "every profile has access to the module, and none that has access is removed"
	}
	return t
}

// planned stands for the org in the plan, before anything was read.
var planned = org{
	Roles:    []role{{ID: "1", Name: "FIRST ROLE", SequenceNumber: 1}, {ID: "2", Name: "ROLE B", SequenceNumber: 2}, {ID: "3", Name: "ROLE A", SequenceNumber: 3}},
	Modules:  []module{{ID: "4", APIName: "MODULE", SingularLabel: "LABEL", PluralLabel: "LABELS", Profiles: []string{"5"}}},
	Profiles: []zohotest.Profile{{ID: "5"}, {ID: "6", Name: "PROFILE"}},
}

func encode(value any) []byte {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err) // only values of this package are passed
	}
	return body
}

func get(path string) request { return request{method: http.MethodGet, path: path} }

func putRoles(roles ...object) request {
	return request{method: http.MethodPut, path: rolesPath, body: encode(object{"contact_roles": append([]object{}, roles...)})}
}

func putRole(roleID string, roles ...object) request {
	q := putRoles(roles...)
	q.path += "/" + url.PathEscape(roleID)
	return q
}

// putModule sends the labels of a module, with changes, and changes to its profiles.
func putModule(m module, changes object, profiles ...object) request {
	body := object{"plural_label": m.PluralLabel, "singular_label": m.SingularLabel, "profiles": profiles}
	for key, value := range changes {
		body[key] = value
	}
	return request{method: http.MethodPut, path: modulePath(m.ID), body: encode(object{"modules": []object{body}})}
}

func modulePath(name string) string { return modulesPath + "/" + url.PathEscape(name) }

// readProbes come first: the other probes depend on what they read.
func readProbes(moduleName string) []probe {
	all := []probe{
		{reads, "contact roles", "nothing", []request{get(rolesPath)}, ""},
		{reads, "modules", "nothing", []request{get(modulesPath)}, ""},
		{reads, "profiles", "nothing", []request{get(profilesPath)}, ""},
		{reads, "an unknown module", "nothing", []request{get(modulePath(unknownModule))}, ""},
	}
	if moduleName != "" {
		all = append(all, probe{reads, "the module", "nothing", []request{get(modulePath(moduleName))}, ""})
	}
	return all
}

// writeProbes returns the probes that send updates, in the order of the groups.
func writeProbes(t target) (all []probe) {
	order := []string{unchanged, updates, questions}
	return slices.SortedStableFunc(slices.Values(append(roleProbes(t.roles, t.noRoles), moduleProbes(t)...)), func(a, b probe) int {
		return slices.Index(order, a.group) - slices.Index(order, b.group)
	})
}

func roleProbes(roles []role, skip string) []probe {
	if skip != "" {
		roles = planned.Roles
	}
	first, b, a := roles[0], roles[len(roles)-2], roles[len(roles)-1]
	ownA, ownB := object{"id": a.ID, "name": a.Name}, object{"id": b.ID, "name": b.Name}
	var own, many []object
	for _, r := range roles {
		own = append(own, object{"id": r.ID, "name": r.Name, "sequence_number": r.SequenceNumber})
	}
	for i := range 101 {
		many = append(many, object{"id": strconv.Itoa(unknownID + i), "name": fmt.Sprint(probeName, " ", i)})
	}
	named := func(name string) object { return object{"name": name} }
	number, _ := strconv.ParseUint(a.ID, 10, 64) // 0 is an unknown id
	const name, nothing = "the name of one contact role", "nothing"
	patch := putRole(a.ID, named(a.Name))
	patch.method = http.MethodPatch
	bearer, untyped := putRole(a.ID, named(a.Name)), putRole(a.ID, named(a.Name))
	bearer.bearer, untyped.untyped = true, true
	return []probe{
		{unchanged, "the current name of a contact role", nothing, []request{putRole(a.ID, named(a.Name))}, skip},
		{unchanged, "the current names and positions of all contact roles", nothing, []request{putRoles(own...)}, skip},
		{updates, "a new name", name, []request{putRole(a.ID, named(probeName))}, skip},
		{updates, "what moves when one sequence_number changes", "the positions of contact roles", []request{
			putRoles(object{"id": a.ID, "sequence_number": first.SequenceNumber})}, skip},
		{questions, "a duplicate name", name, []request{putRole(a.ID, named(b.Name))}, skip},
		{questions, "an unknown id", nothing, []request{putRole(strconv.Itoa(unknownID), named(probeName))}, skip},
		{questions, "an empty array", nothing, []request{putRoles()}, skip},
		{questions, "101 contact roles", nothing, []request{putRoles(many...)}, skip},
		{questions, "two contact roles sent to /Contacts/roles/{id}", name, []request{putRole(a.ID, ownA, ownB)}, skip},
		{questions, "an id in the body that differs from the path", name, []request{
			putRole(a.ID, object{"id": b.ID, "name": probeName})}, skip},
		{questions, "one id twice", name, []request{
			putRoles(object{"id": a.ID, "name": probeName}, object{"id": a.ID, "name": otherName})}, skip},
		{questions, "a swap of two names", "the names of two contact roles", []request{
			putRoles(object{"id": a.ID, "name": b.Name}, object{"id": b.ID, "name": a.Name})}, skip},
		{questions, "an id as a number", nothing, []request{putRoles(object{"id": number, "name": a.Name})}, skip},
		{questions, "a wrong method", nothing, []request{patch}, skip},
		{questions, "the token as Bearer", nothing, []request{bearer}, skip},
		{questions, "no Content-Type header", nothing, []request{untyped}, skip},
	}
}

func moduleProbes(t target) []probe {
	if t.noModule != "" {
		t.module = &planned.Modules[0]
	}
	m, granted := *t.module, object{"id": t.module.Profiles[0]}
	grant, remove := object{"id": t.spare}, object{"id": t.spare, "_delete": nil}
	step := func(name string, profile object) request {
		q := putModule(m, nil, profile)
		q.step = name
		return q
	}
	label := func(text string) request { return putModule(m, object{"singular_label": text}, granted) }
	const labels, access = "the singular label of the module", "the access of a profile that has none"
	return []probe{
		{unchanged, "the current labels of the module", "nothing", []request{putModule(m, nil, granted)}, t.noModule},
		{updates, "a singular label in other scripts", labels, []request{label(labelScript)}, t.noModule},
		{updates, "grant a profile, remove it, remove it again", access, []request{
			step("grant a profile", grant), step("remove it", remove), step("remove it again", remove)}, t.noSpare},
		{questions, "a singular label of 26 characters", labels, []request{label(label26)}, t.noModule},
		{questions, "a singular label of 51 characters", labels, []request{label(label51)}, t.noModule},
		{questions, "a singular label with an emoji", labels, []request{label(labelEmoji)}, t.noModule},
		{questions, "_delete: true for a profile", access, []request{putModule(m, nil, object{"id": t.spare, "_delete": true})}, t.noSpare},
		{questions, "the current api_name of the module", "nothing", []request{
			putModule(m, object{"api_name": m.APIName}, granted)}, t.noModule},
	}
}

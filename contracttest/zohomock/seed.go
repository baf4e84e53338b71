package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

// org is the content of a seed file, and of /org.
type org struct {
	Modules      []module  `json:"modules"`
	Profiles     []profile `json:"profiles"`
	ContactRoles []role    `json:"contact_roles"`
}

type module struct {
	ID            string    `json:"id"`
	APIName       string    `json:"api_name"`
	PluralLabel   string    `json:"plural_label"`
	SingularLabel string    `json:"singular_label"`
	Profiles      []profile `json:"profiles"`
	Status        string    `json:"status,omitempty"`
}

type role struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// SequenceNumber is the position in the list if it is nil.
	SequenceNumber *int `json:"sequence_number"`
}

// profile is an id, or an object of id and name.
type profile zohotest.Profile

// UnmarshalJSON implements [json.Unmarshaler].
func (p *profile) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		return json.Unmarshal(data, &p.ID)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode((*zohotest.Profile)(p)); err != nil {
		return fmt.Errorf("a profile must be a string with its id, or an object with the strings id and name, not %s", data)
	}
	return nil
}

// MarshalJSON implements [json.Marshaler].
func (p profile) MarshalJSON() ([]byte, error) {
	if p.Name == "" {
		return json.Marshal(p.ID)
	}
	return json.Marshal(zohotest.Profile(p))
}

func currentOrg(server *zohotest.Server) org {
	o := org{[]module{}, []profile{}, []role{}}
	for _, m := range server.Modules() {
		granted := []profile{}
		for _, id := range m.Profiles {
			granted = append(granted, profile{ID: id})
		}
		o.Modules = append(o.Modules, module{m.ID, m.APIName, m.PluralLabel, m.SingularLabel, granted, m.Status})
	}
	for _, p := range server.Profiles() {
		o.Profiles = append(o.Profiles, profile(p))
	}
	for _, r := range server.ContactRoles() {
		o.ContactRoles = append(o.ContactRoles, role{r.ID, r.Name, &r.SequenceNumber})
	}
	return o
}

// readSeed returns the options for the lists that a seed file has.
func readSeed(file string) (options []zohotest.Option, err error) {
	if file == "" {
		return nil, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the seed: %w", err)
	}
	var seed org
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(&seed)
	if wrongType, found := errors.AsType[*json.UnmarshalTypeError](err); found {
		err = fmt.Errorf("%s has the wrong type %s", cmp.Or(wrongType.Field, "the value"), wrongType.Value)
	} else if _, end := decoder.Token(); err == nil && end != io.EOF {
		err = errors.New("remove what follows the JSON object")
	}
	if err != nil {
		return nil, fmt.Errorf("seed %s: %w", file, err)
	}
	if seed.Modules != nil {
		var modules []zohotest.Module
		for _, m := range seed.Modules {
			var granted []string
			for _, p := range m.Profiles {
				granted = append(granted, p.ID)
			}
			modules = append(modules, zohotest.Module{ID: m.ID, APIName: m.APIName, PluralLabel: m.PluralLabel, SingularLabel: m.SingularLabel, Profiles: granted, Status: m.Status})
		}
		options = append(options, zohotest.WithModules(modules...))
	}
	if seed.Profiles != nil {
		var profiles []zohotest.Profile
		for _, p := range seed.Profiles {
			profiles = append(profiles, zohotest.Profile(p))
		}
		options = append(options, zohotest.WithProfiles(profiles...))
	}
	if seed.ContactRoles != nil {
		var roles []zohotest.ContactRole
		for i, r := range seed.ContactRoles {
			roles = append(roles, zohotest.ContactRole{ID: r.ID, Name: r.Name, SequenceNumber: *cmp.Or(r.SequenceNumber, new(i+1))})
		}
		options = append(options, zohotest.WithContactRoles(roles...))
	}
	return options, nil
}

var (
	ids      = rule{regexp.MustCompile(`^[0-9]{1,19}$`), "a string of 1 to 19 digits"}
	apiNames = rule{regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`), "a letter, then letters, digits and underscores"}
	labels   = rule{regexp.MustCompile(`^[\pL\pM\pN ]{1,25}$`), "1 to 25 letters, digits and spaces, not only spaces"}
	statuses = rule{regexp.MustCompile(`^(|visible|user_hidden|system_hidden|scheduled_for_deletion)$`), "visible, user_hidden, system_hidden or scheduled_for_deletion"}
	names    = rule{regexp.MustCompile(`^\PC{1,50}$`), "1 to 50 printable characters, not only spaces"}
)

type rule struct {
	pattern *regexp.Regexp
	text    string
}

// checkOrg returns an error for each field that no org at Zoho could have.
func checkOrg(server *zohotest.Server) error {
	var all []error
	report := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	fields := map[string]string{}
	match := func(rule rule, value, field string) bool {
		matches := rule.pattern.MatchString(value) && (value == "" || strings.TrimSpace(value) != "")
		if !matches {
			report("%s is %q, must be %s", field, value, rule.text)
		}
		return matches
	}
	unique := func(kind string, rule rule, value, format string, i int) {
		field := fmt.Sprintf(format, i)
		if first, used := fields[kind+value]; used {
			report("%s is %q like %s, must be unique", field, value, first)
		} else if match(rule, value, field) {
			fields[kind+value] = field
		}
	}
	for i, p := range server.Profiles() {
		unique("profile", ids, p.ID, "profiles[%d].id", i)
	}
	for i, m := range server.Modules() {
		unique("module", ids, m.ID, "modules[%d].id", i)
		unique("api_name", apiNames, m.APIName, "modules[%d].api_name", i)
		unique("plural_label", labels, m.PluralLabel, "modules[%d].plural_label", i)
		unique("singular_label", labels, m.SingularLabel, "modules[%d].singular_label", i)
		match(statuses, m.Status, fmt.Sprintf("modules[%d].status", i))
		if len(m.Profiles) == 0 {
			report("modules[%d].profiles is empty, must have a profile", i)
		}
		for j, id := range m.Profiles {
			if slices.Contains(m.Profiles[:j], id) {
				report("modules[%d].profiles has %q twice", i, id)
			}
			if _, found := fields["profile"+id]; !found {
				report("modules[%d].profiles has %q, which is not in profiles", i, id)
			}
		}
	}
	for i, r := range server.ContactRoles() {
		unique("role", ids, r.ID, "contact_roles[%d].id", i)
		unique("name", names, r.Name, "contact_roles[%d].name", i)
		if r.SequenceNumber < 1 {
			report("contact_roles[%d].sequence_number is %d, must be 1 or more", i, r.SequenceNumber)
		}
	}
	if n := len(server.ContactRoles()); n > 100 {
		report("contact_roles has %d roles, an org has at most 100", n)
	}
	if len(server.Profiles()) == 0 {
		report("profiles is empty, an org has at least one")
	}
	return errors.Join(all...)
}

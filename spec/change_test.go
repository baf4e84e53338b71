package spec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/spec"
)

func TestChangeIsAnnounced(t *testing.T) {
	released, current := version(t, releasedYAML(t)), version(t, spec.YAML)
	changelog, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	var announced [][3]int
	for _, heading := range regexp.MustCompile(`(?m)^## \[(.+)\]( - \d{4}-\d\d-\d\d)?$`).FindAllSubmatch(changelog, -1) {
		announced = append(announced, versionOf(t, string(heading[1])))
	}
	if len(announced) == 0 || announced[0] != current || !slices.Contains(announced, released) {
		t.Errorf("CHANGELOG.md announces %v, want %v first, and %v", announced, current, released)
	}
	order := slices.Compare(current[:], released[:])
	if order < 0 || order == 0 && !bytes.Equal(spec.YAML, releasedYAML(t)) {
		t.Errorf("openapi.yaml differs from released/openapi.yaml: raise info.version above %s and say in CHANGELOG.md what changed",
			parse(t, releasedYAML(t)).version())
	}
}

func TestReleasedNamesStay(t *testing.T) {
	for _, loss := range broken(t, spec.YAML, lostNames) {
		t.Error(loss)
	}
	for _, change := range []struct{ lost, old, new string }{
		{"operation updateContactRole", "operationId: updateContactRole\n", "operationId: changeContactRole\n"},
		{"path PUT /Contacts/roles", "  /Contacts/roles:\n    put:", "  /Contacts/roles:\n    patch:"},
		{"path PUT /settings/modules/{module}", "  /settings/modules/{module}:", "  /settings/module/{module}:"},
		{"parameter updateContactRole contact_role_id in path", "contact_role_id", "role_id"},
		{"scope updateContactRole ZohoCRM.modules.ALL", "        - ZohoCRM.modules.ALL\n", ""},
		{"error updateCustomModule 400 NOT_ALLOWED", "        - code: NOT_ALLOWED\n", "        - code: NOT_PERMITTED\n"},
		{"error 401 INVALID_TOKEN", "  - code: INVALID_TOKEN\n", "  - code: WRONG_TOKEN\n"},
		{"status updateContactRoles 207", "        '207':", "        '206':"},
		{"example updateContactRoles 200 partial_success", "partial_success", "some_failed"},
		{"example updateContactRole request sample", "              sample:\n", "              example:\n"},
		{"schema CustomModuleUpdateResponse", "CustomModuleUpdateResponse", "CustomModuleChanged"},
		{"property Details.param_name", "        param_name:\n", "        parameter_name:\n"},
		{"property ContactRoleUpdate.sequence_number", "        sequence_number:\n", "        position:\n"},
		{"tag Contact Roles", "Contact Roles", "Roles"},
		{"server https://www.zohoapis.com/crm/v7", "https://www.zohoapis.com/crm/v7", "https://zohoapis.com/crm/v7"},
		{"server variable api_domain www.zohoapis.in", "          - www.zohoapis.in\n", ""},
		{"security zohoOAuthToken apiKey header Authorization", "      name: Authorization\n", "      name: X-Token\n"},
		{"security zohoOAuthToken apiKey header Authorization", "zohoOAuthToken", "zohoToken"},
	} {
		t.Run(change.lost, func(t *testing.T) { expectBroken(t, lostNames, change.lost, change.old, change.new) })
	}
}

// TestOasdiff runs where OASDIFF is the path of oasdiff: see "make spec-diff".
func TestOasdiff(t *testing.T) {
	if os.Getenv("OASDIFF") == "" {
		t.Skip("OASDIFF is not set")
	}
	for _, change := range broken(t, spec.YAML, oasdiff) {
		t.Error(change)
	}
	for _, change := range []struct{ check, old, new string }{
		{"api-operation-id-removed", "operationId: updateContactRole\n", "operationId: changeContactRole\n"},
		{"api-path-removed-without-deprecation", "  /settings/modules/{module}:", "  /settings/module/{module}:"},
		{"api-schema-removed", "ContactRoleUpdate", "ContactRoleChange"},
		{"api-tag-removed", "Contact Roles", "Roles"},
		{"request-parameter-pattern-changed", "^[0-9]{1,19}$", "^[0-9]{2,19}$"},
		{"request-property-became-not-nullable", "          nullable: true\n", ""},
		{"request-property-became-required", "      required: [id]\n", "      required: [id, name]\n"},
		{"request-property-max-items-decreased", "          maxItems: 100\n", "          maxItems: 50\n"},
		{"request-property-max-length-decreased", "maxLength: 25", "maxLength: 24"},
		{"request-property-removed", "        sequence_number:\n", "        position:\n"},
		{"request-property-type-changed", "          type: integer\n          description: |\n", "          type: string\n          description: |\n"},
		{"request-property-type-generalized", "          type: integer\n          description: |\n", "          type: number\n          description: |\n"},
		{"response-non-success-status-removed", "        '429':\n          $ref: '#/components/responses/TooManyRequests'\n", ""},
		{"response-optional-property-removed", "        param_name:\n", "        parameter_name:\n"},
		{"response-property-became-optional", "required: [code, details, message, status]", "required: [code, details, message]"},
		{"response-property-enum-value-added", "enum: [success, error]", "enum: [success, error, skipped]"},
		{"response-property-enum-value-removed", "enum: [success, error]", "enum: [success]"},
		{"response-property-type-specialized", "          type: integer\n          description: The length", "          type: integer\n          format: int32\n          description: The length"},
		{"response-success-status-removed", "        '207':", "        '206':"},
	} {
		t.Run(change.check, func(t *testing.T) { expectBroken(t, oasdiff, change.check, change.old, change.new) })
	}
}

// expectBroken changes the released document, and expects a gate to refuse that in a minor version and
// to let it pass in a major one.
func expectBroken(t *testing.T, gate gate, want, old, replacement string) {
	t.Helper()
	changed := edit(t, releasedYAML(t), old, replacement)
	major := version(t, changed)[0]
	raise := func(version string) []byte {
		return regexp.MustCompile(`(?m)^  version: .*$`).ReplaceAll(changed, []byte("  version: "+version))
	}
	found := broken(t, raise(fmt.Sprintf("%d.99.0", major)), gate)
	if !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, want) }) {
		t.Errorf("%q in place of %q breaks %q, want %s", replacement, old, found, want)
	}
	if found := broken(t, raise(fmt.Sprintf("%d.0.0", major+1)), gate); len(found) > 0 {
		t.Errorf("a major version is refused: %q", found)
	}
}

// gate returns what of the released document a changed one breaks.
type gate func(t *testing.T, changed []byte) []string

// broken returns what a gate finds, which a higher major version announces.
func broken(t *testing.T, changed []byte, gate gate) []string {
	t.Helper()
	if version(t, changed)[0] > version(t, releasedYAML(t))[0] {
		return nil
	}
	return gate(t, changed)
}

// lostNames returns the names of the released document that generated code, mocks or callers may use
// and that a changed one lacks.
func lostNames(t *testing.T, changed []byte) []string {
	t.Helper()
	kept := names(parse(t, changed))
	var lost []string
	for _, name := range slices.Sorted(maps.Keys(names(parse(t, releasedYAML(t))))) {
		if !kept[name] {
			lost = append(lost, name+" is gone, which needs a new major version")
		}
	}
	return lost
}

func names(d document) map[string]bool {
	names := map[string]bool{}
	add := func(words ...any) { names[strings.TrimSuffix(fmt.Sprintln(words...), "\n")] = true }
	for path, item := range sorted(d.child("paths")) {
		for method := range sorted(child(item)) {
			add("path", strings.ToUpper(method), path)
		}
	}
	for _, operation := range d.operations() {
		id := operation["operationId"]
		add("operation", id)
		for _, node := range list(operation["parameters"]) {
			parameter := d.resolve(node)
			add("parameter", id, parameter["name"], "in", parameter["in"])
		}
		for _, scope := range list(operation["x-zoho-scopes"]) {
			add("scope", id, scope)
		}
		for _, e := range list(operation["x-zoho-errors"]) {
			add("error", id, child(e)["status"], child(e)["code"])
		}
		for name := range child(operation, "requestBody", "content", "application/json", "examples") {
			add("example", id, "request", name)
		}
		for status, examples := range d.answers(operation) {
			add("status", id, status)
			for name := range examples {
				add("example", id, status, name)
			}
		}
	}
	for _, e := range list(d.root["x-zoho-common-errors"]) {
		add("error", child(e)["status"], child(e)["code"])
	}
	for name, schema := range d.child("components", "schemas") {
		add("schema", name)
		for property := range child(schema, "properties") {
			add("property", name+"."+property)
		}
	}
	for _, tag := range list(d.root["tags"]) {
		add("tag", child(tag)["name"])
	}
	for _, server := range list(d.root["servers"]) {
		add("server", child(server)["url"])
		for name, variable := range child(server, "variables") {
			for _, value := range list(child(variable)["enum"]) {
				add("server variable", name, value)
			}
		}
	}
	for name, node := range d.child("components", "securitySchemes") {
		scheme := child(node)
		add("security", name, scheme["type"], scheme["in"], scheme["name"])
	}
	return names
}

// oasdiff returns the checks of oasdiff that fail, at the severities of oasdiff-severity.txt. What
// oasdiff only warns of, because it cannot judge it, counts as broken.
func oasdiff(t *testing.T, changed []byte) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "openapi.yaml")
	if err := os.WriteFile(file, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Getenv("OASDIFF"), "breaking", "--format", "json",
		"--severity-levels", "oasdiff-severity.txt", "released/openapi.yaml", file)
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	var changes []struct{ ID, Text, Operation, Path string }
	if err := json.Unmarshal(output, &changes); err != nil {
		t.Fatalf("%v in %s", err, output)
	}
	var found []string
	for _, c := range changes {
		found = append(found, strings.TrimSpace(fmt.Sprintf("%s: %s %s %s", c.ID, c.Operation, c.Path, c.Text)))
	}
	return found
}

func releasedYAML(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("released/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func version(t *testing.T, data []byte) [3]int { return versionOf(t, parse(t, data).version()) }

func versionOf(t *testing.T, text string) (version [3]int) {
	t.Helper()
	if _, err := fmt.Sscanf(text, "%d.%d.%d", &version[0], &version[1], &version[2]); err != nil {
		t.Fatalf("version %q: %v", text, err)
	}
	return version
}

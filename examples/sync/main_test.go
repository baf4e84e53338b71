package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

// The test server returns tokens for the credentials of its Auth only.
func environment(server *zohotest.Server) func(string) string {
	auth := server.Auth()
	return func(name string) string {
		return map[string]string{
			"ZOHO_CLIENT_ID": auth.ClientID, "ZOHO_CLIENT_SECRET": auth.ClientSecret, "ZOHO_REFRESH_TOKEN": auth.RefreshToken,
		}[name]
	}
}

// sync runs the program, and returns its exit code and all of its output.
func sync(t *testing.T, server *zohotest.Server, yaml string, args ...string) (int, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sync.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	args = append([]string{"-url", server.URL, "-file", file}, args...)
	return run(t.Context(), args, environment(server), &output, &output), output.String()
}

func newServer(t *testing.T) *zohotest.Server {
	return zohotest.NewServer(t, zohotest.WithContactRoles(
		zohotest.ContactRole{ID: "1", Name: "A", SequenceNumber: 1},
		zohotest.ContactRole{ID: "2", Name: "B", SequenceNumber: 2},
		zohotest.ContactRole{ID: "3", Name: "C", SequenceNumber: 3},
	))
}

func names(server *zohotest.Server) (all []string) {
	roles := server.ContactRoles()
	slices.SortFunc(roles, func(a, b zohotest.ContactRole) int { return a.SequenceNumber - b.SequenceNumber })
	for _, r := range roles {
		all = append(all, r.ID+r.Name)
	}
	return all
}

// A plan changes nothing, the first run applies it, and the second finds nothing to do.
func TestRolesConverge(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ yaml, plan, want string }{
		"nothing":       {"contact_roles: [{name: A}, {name: B}]", "nothing to do", "1A 2B 3C"},
		"rename":        {"contact_roles: [{name: X, was: B}]", `contact role "B": rename to "X"`, "1A 2X 3C"},
		"rename by id":  {`contact_roles: [{id: "3", name: X}]`, `contact role "C": rename to "X"`, "1A 2B 3X"},
		"chain":         {`contact_roles: [{name: B, id: "1"}, {name: X, id: "2"}]`, `contact role "A": rename to "B"`, "1B 2X 3C"},
		"swap":          {`contact_roles: [{id: "1", name: B}, {id: "2", name: A}]`, `contact role "A": rename to "B"`, "1B 2A 3C"},
		"circle":        {`contact_roles: [{id: "1", name: B}, {id: "2", name: C}, {id: "3", name: A}]`, `contact role "C": rename to "A"`, "1B 2C 3A"},
		"move":          {"contact_roles: [{name: C}, {name: A}]", `contact role "C": move from position 3 to 1`, "3C 2B 1A"},
		"partial order": {"contact_roles: [{name: A}, {name: C}]", "nothing to do", "1A 2B 3C"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			before := names(server)
			code, output := sync(t, server, test.yaml)
			if want := map[bool]int{true: exitDone, false: exitDifferences}[test.plan == "nothing to do"]; code != want || !strings.Contains(output, test.plan) {
				t.Errorf("the plan exits with %d, want %d: %s", code, want, output)
			}
			if !slices.Equal(names(server), before) {
				t.Errorf("the plan changed the roles to %v", names(server))
			}
			if code, output := sync(t, server, test.yaml, "-apply"); code != exitDone {
				t.Errorf("apply exits with %d: %s", code, output)
			}
			if got := strings.Join(names(server), " "); got != test.want {
				t.Errorf("the roles are %s, want %s", got, test.want)
			}
			sent := len(server.Requests())
			if code, output := sync(t, server, test.yaml, "-apply"); code != exitDone || !strings.Contains(output, "nothing to do") {
				t.Errorf("the second run exits with %d: %s", code, output)
			}
			for _, r := range server.Requests()[sent:] {
				if r.Method == http.MethodPut {
					t.Errorf("the second run sent %s", r.Path)
				}
			}
		})
	}
}

func TestModuleConverges(t *testing.T) {
	t.Parallel()
	const yaml = `module: {name: Digital_Marketing, singular_label: Campaign, plural_label: Campaigns, profiles: [Standard, Sales]}`
	server := zohotest.NewServer(t)
	if code, output := sync(t, server, yaml); code != exitDifferences || strings.Count(output, "\n") != 6 {
		t.Errorf("the plan exits with %d: %s", code, output)
	}
	for _, want := range []string{"done", "nothing to do"} {
		if code, output := sync(t, server, yaml, "-apply"); code != exitDone || !strings.HasSuffix(output, want+"\n") {
			t.Errorf("apply exits with %d: %s", code, output)
		}
	}
	// Labels alone are changed by granting a profile that has access already.
	if code, output := sync(t, server, strings.Replace(yaml, "Campaigns", "Actions", 1), "-apply"); code != exitDone || strings.Count(output, "\n") != 2 {
		t.Errorf("apply exits with %d: %s", code, output)
	}
	if m := server.Modules()[0]; m.PluralLabel != "Actions" || len(m.Profiles) != 2 {
		t.Errorf("the module is %+v", m)
	}
}

// A run that stops in the middle of a swap is continued by the next one.
func TestInterruptedSwapContinues(t *testing.T) {
	t.Parallel()
	const yaml = `contact_roles: [{id: "1", name: B}, {id: "2", name: A}]`
	server := newServer(t)
	crm, err := client.New(server.DataCenter(), server.Auth())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := crm.UpdateContactRole(t.Context(), "1", client.ContactRoleUpdate{Name: temporaryName("B")}); err != nil {
		t.Fatal(err)
	}
	if code, output := sync(t, server, yaml, "-apply"); code != exitDone {
		t.Errorf("apply exits with %d: %s", code, output)
	}
	if got := strings.Join(names(server), " "); got != "1B 2A 3C" {
		t.Errorf("the roles are %s", got)
	}
}

// The same against zohomock as a program: a run that is interrupted, a role that somebody else renames, a second run.
func TestAgainstZohomock(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "zohomock.exe") // Windows needs the extension
	if output, err := exec.Command("go", "build", "-o", binary, "../../contracttest/zohomock").CombinedOutput(); err != nil {
		t.Fatalf("build zohomock: %v: %s", err, output)
	}
	mock := exec.Command(binary, "-addr", "127.0.0.1:0", "-client-id", "1000.id", "-client-secret", "secret", "-refresh-token", "1000.refresh", "-latency", "20ms")
	stdout, err := mock.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := mock.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = mock.Process.Kill()
		_ = mock.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`http://\S+`).FindString(line)
	getenv := func(name string) string {
		return map[string]string{"ZOHO_CLIENT_ID": "1000.id", "ZOHO_CLIENT_SECRET": "secret", "ZOHO_REFRESH_TOKEN": "1000.refresh"}[name]
	}
	crm, err := client.New(client.DataCenter{APIURL: address, AccountsURL: address}, client.RefreshToken{ClientID: "1000.id", ClientSecret: "secret", RefreshToken: "1000.refresh"})
	if err != nil {
		t.Fatal(err)
	}
	roles, err := crm.ListContactRoles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "sync.yaml") // swaps the first two roles
	yaml := fmt.Sprintf("contact_roles: [{id: %q, name: %q}, {id: %q, name: %q}]", roles[0].ID, roles[1].Name, roles[1].ID, roles[0].Name)
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	syncOnce := func(ctx context.Context) (int, string) {
		var output bytes.Buffer
		return run(ctx, []string{"-url", address, "-file", file, "-apply"}, getenv, &output, &output), output.String()
	}

	interrupted, cancel := context.WithTimeout(t.Context(), 70*time.Millisecond) // after the token and the list
	defer cancel()
	if code, output := syncOnce(interrupted); code == exitDone {
		t.Logf("the run ended before the interruption: %s", output)
	}
	if _, err := crm.UpdateContactRole(t.Context(), roles[1].ID, client.ContactRoleUpdate{Name: "Renamed by somebody else"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"done\n", "nothing to do\n"} {
		if code, output := syncOnce(t.Context()); code != exitDone || !strings.HasSuffix(output, want) {
			t.Errorf("sync exits with %d, want %q: %s", code, want, output)
		}
	}
	now, err := crm.ListContactRoles(t.Context())
	if err != nil || now[0].Name != roles[1].Name || now[1].Name != roles[0].Name {
		t.Errorf("the roles are %v, %v", now, err)
	}
}

// One role that cannot be changed is named; the others are changed, and the next run does the rest.
func TestPartialFailure(t *testing.T) {
	t.Parallel()
	const yaml = `contact_roles: [{id: "1", name: X}, {id: "2", name: Y}]`
	server := newServer(t)
	server.Respond("updateContactRoles", "207 partial_success")
	if code, output := sync(t, server, yaml, "-apply"); code != exitError || !strings.Contains(output, `sync: contact role "B": rename to "Y": `) || strings.Contains(output, `sync: contact role "A"`) {
		t.Errorf("apply exits with %d: %s", code, output)
	}
	if code, output := sync(t, server, yaml, "-apply"); code != exitDone {
		t.Errorf("apply exits with %d: %s", code, output)
	}
	if got := strings.Join(names(server), " "); got != "1X 2Y 3C" {
		t.Errorf("the roles are %s", got)
	}
}

func TestErrorsChangeNothing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		yaml string
		code int
		want string
	}{
		{"contact_roles: [{name: New}]", exitError, `the org has no contact role "New": create it in Zoho CRM`},
		{"contact_roles: [{name: A}, {name: X, was: A}]", exitError, `contact role "A" is listed twice`},
		{"contact_roles: [{name: B, was: A}, {name: B}]", exitError, `contact role "B" is listed twice`},
		{`contact_roles: [{id: "1", name: C}]`, exitError, `contact role "A" cannot become "C": another role`},
		{`contact_roles: [{id: "1"}]`, exitError, "has no name"},
		{"module: {name: Digital_Marketing, singular_label: A, plural_label: As, profiles: [Nobody]}", exitError, `the org has 0 profiles with the name "Nobody"`},
		{"module: {name: Digital_Marketing, singular_label: A, plural_label: As}", exitError, "list at least one profile"},
		{"module: {name: Digital_Marketing, singular_label: A-B, plural_label: As, profiles: [Sales]}", exitError, "singular_label must be only letters, digits and spaces"},
		{"module: {name: Unknown, singular_label: A, plural_label: As, profiles: [Sales]}", exitError, "INVALID_MODULE"},
		{"roles: []", exitUsage, "field roles not found"},
	} {
		server := newServer(t)
		code, output := sync(t, server, test.yaml, "-apply")
		if code != test.code || !strings.Contains(output, test.want) {
			t.Errorf("%s exits with %d, want %d and %q: %s", test.yaml, code, test.code, test.want, output)
		}
		if got := strings.Join(names(server), " "); got != "1A 2B 3C" {
			t.Errorf("%s changed the roles to %s", test.yaml, got)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-dc", "XX"}, {"-unknown"}, {"argument"}, {"-dc", "EU", "-sandbox"}, {"-file", "none.yaml"}} {
		var output bytes.Buffer
		if code := run(t.Context(), args, func(string) string { return "" }, &output, &output); code != exitUsage || output.Len() == 0 {
			t.Errorf("%s exits with %d: %s", args, code, &output)
		}
	}
}

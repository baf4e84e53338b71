package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
	"github.com/seed-87e331f0/zohocrm-go/spec"
)

func TestMain(m *testing.M) {
	if os.Getenv("ZOHOMOCK_ARGS") != "" {
		os.Args = strings.Fields(os.Getenv("ZOHOMOCK_ARGS"))
		main()
		return
	}
	os.Exit(m.Run())
}

// mock is what a running zohomock says of itself.
type mock struct {
	url, token string
	auth       client.RefreshToken
}

func start(t *testing.T, args ...string) mock {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	output, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, append(args, "-addr", "127.0.0.1:0"), out)
		out.Close()
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return readIntroduction(t, output)
}

func readIntroduction(t *testing.T, output io.Reader) (m mock) {
	t.Helper()
	lines := bufio.NewScanner(output)
	for said := map[string]*string{
		" at ": &m.url, "client id ": &m.auth.ClientID, "client secret ": &m.auth.ClientSecret,
		"refresh token ": &m.auth.RefreshToken, "access token ": &m.token,
	}; len(said) > 0; {
		if !lines.Scan() {
			t.Fatalf("zohomock ended before it said %v", reflect.ValueOf(said).MapKeys())
		}
		for what, value := range said {
			if _, rest, found := strings.Cut(lines.Text(), what); found {
				*value = strings.TrimRight(strings.Fields(rest)[0], ",")
				delete(said, what)
			}
		}
	}
	go io.Copy(io.Discard, output)
	return m
}

func (m mock) send(t *testing.T, method, path, body string, header ...string) (status int, answer string, answered http.Header) {
	t.Helper()
	req, err := http.NewRequest(method, m.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Zoho-oauthtoken "+m.token)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(content), res.Header
}

func TestUpdateShowsInOrg(t *testing.T) {
	m := start(t)
	status, answer, _ := m.send(t, "PUT", "/crm/v7/Contacts/roles", `{"contact_roles":[{"id":"4150868000003611011","name":"Sales Lead"},{"id":"1"}]}`)
	if status != http.StatusMultiStatus || !strings.Contains(answer, "INVALID_DATA") {
		t.Errorf("got %d %s, want 207 with INVALID_DATA", status, answer)
	}
	if _, org, _ := m.send(t, "GET", "/org", ""); !strings.Contains(org, "Sales Lead") {
		t.Errorf("/org lacks the new name:\n%s", org)
	}
}

func TestPreferSelectsExample(t *testing.T) {
	status, answer, _ := start(t).send(t, "PUT", "/crm/v7/Contacts/roles", "{}", "Prefer", "code=400, example=duplicate_data")
	if status != http.StatusBadRequest || !strings.Contains(answer, "DUPLICATE_DATA") {
		t.Errorf("got %d %s, want 400 with DUPLICATE_DATA", status, answer)
	}
}

func TestCredentialsServeTheClient(t *testing.T) {
	m := start(t)
	crm, err := client.New(client.DataCenter{Name: "mock", APIURL: m.url, AccountsURL: m.url}, m.auth,
		client.WithHTTPClient(&http.Client{Transport: zohotest.CheckedTransport(http.DefaultTransport, func(problem string) { t.Error(problem) })}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := crm.UpdateContactRole(t.Context(), "4150868000003611011", client.ContactRoleUpdate{Name: "Sales Lead"}); err != nil {
		t.Error(err)
	}
}

func TestDocumentNamesOnlyThisServer(t *testing.T) {
	m := start(t)
	port := m.url[strings.LastIndex(m.url, ":"):]
	for host, want := range map[string]string{
		"127.0.0.1" + port: "http://127.0.0.1" + port + "/crm/v7",
		"localhost" + port: "http://localhost" + port + "/crm/v7",
	} {
		for _, path := range []string{"/openapi.yaml", "/openapi.json"} {
			_, content, _ := m.send(t, "GET", path, "", "Host", host)
			if path == "/openapi.json" && !json.Valid([]byte(content)) {
				t.Error("/openapi.json is not JSON")
			}
			got, want := load(t, content), load(t, string(spec.YAML), want)
			if got != want {
				t.Errorf("%s for host %s differs in more than its server:\n%s\nwant:\n%s", path, host, got, want)
			}
		}
	}
}

// load returns a document as JSON with sorted keys, with the given servers instead of its own, if any.
func load(t *testing.T, document string, servers ...string) string {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	if servers != nil {
		doc.Servers = openapi3.Servers{{URL: servers[0], Description: "Zoho stand-in"}}
	}
	content, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestPage(t *testing.T) {
	m := start(t)
	status, page, header := m.send(t, "GET", "/", "")
	if status != http.StatusOK || !strings.Contains(header.Get("Content-Type"), "text/html") {
		t.Fatalf("got %d %s, want an HTML page", status, header.Get("Content-Type"))
	}
	if got := header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'self' ") {
		t.Errorf("the page may load from elsewhere: %q", got)
	}
	for _, match := range regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if status, _, _ := m.send(t, "GET", match[1], ""); status != http.StatusOK || !strings.HasPrefix(match[1], "/") {
			t.Errorf("%s: %d", match[1], status)
		}
	}
	if status, _, _ := m.send(t, "GET", "/ui/no-such-file.js", ""); status != http.StatusNotFound {
		t.Errorf("a file that is not there is answered %d", status)
	}
	token := regexp.MustCompile(`Zoho-oauthtoken (1000\.[0-9a-f.]+)`).FindString(page)
	status, answer, _ := m.send(t, "PUT", "/crm/v7/Contacts/roles", `{"contact_roles":[{"id":"4150868000003611011"}]}`, "Authorization", token)
	if status != http.StatusOK {
		t.Errorf("the page's %q is answered %d %s", token, status, answer)
	}
}

const seed = `{
  "modules": [
    {
      "id": "1",
      "api_name": "Leases",
      "plural_label": "Leases",
      "singular_label": "Lease",
      "profiles": [
        "2"
      ]
    }
  ],
  "profiles": [
    "2",
    "3"
  ],
  "contact_roles": [
    {
      "id": "4",
      "name": "Tenant",
      "sequence_number": 1
    }
  ]
}
`

func seedFile(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "seed.json")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestSeedIsTheOrg(t *testing.T) {
	if _, org, _ := start(t, "-seed", seedFile(t, seed)).send(t, "GET", "/org", ""); org != seed {
		t.Errorf("/org is\n%s\nwant\n%s", org, seed)
	}
	_, samples, _ := start(t).send(t, "GET", "/org", "")
	if _, org, _ := start(t, "-seed", seedFile(t, "{}")).send(t, "GET", "/org", ""); org != samples || !strings.Contains(org, "Digital_Marketing") {
		t.Errorf("/org of an empty seed is\n%s\nwant\n%s", org, samples)
	}
}

func TestRefusals(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	with := func(old, replacement string) string {
		if !strings.Contains(seed, old) {
			t.Fatalf("the seed lacks %s", old)
		}
		return seedFile(t, strings.Replace(seed, old, replacement, 1))
	}
	for _, test := range []struct{ args, want string }{
		{"-addr " + taken.Addr().String(), "choose another address with -addr"},
		{"-addr 0.0.0.0:8080", "use a loopback address"},
		{"-addr 8080", "use a loopback address"},
		{"-addr 127.0.0.1:99999", "invalid port"},
		{"-port 80", "-port: see -help"},
		{"now", `unexpected argument "now"`},
		{"-seed no-such-file", "cannot read the seed"},
		{"-seed " + seedFile(t, "{"), "unexpected EOF"},
		{"-seed " + seedFile(t, seed+seed), "more after the JSON object"},
		{"-seed " + with("profiles", "profile"), `unknown field "profile"`},
		{"-seed " + with(`"4"`, `4`), "cannot unmarshal number"},
		{"-seed " + with(`"4"`, `"four"`), `id of a contact role "four" must be a string of 1 to 19 digits`},
		{"-seed " + with(`"2",`, `"2", "2",`), `profile "2" must be there, and only once`},
		{"-seed " + with(`"Tenant"`, `""`), `name "" must be there, and only once`},
		{"-seed " + with(`"2",`, ""), `module "1" has the profile "2", which profiles does not list`},
		{"-seed " + with(`"2"`, ""), `module "1" needs at least one profile`},
	} {
		t.Run(strings.ReplaceAll(test.want, " ", "_"), func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			stop() // one that is not refused ends at once
			err := run(ctx, strings.Fields(test.args), io.Discard)
			if message := fmt.Sprint(err); !strings.Contains(message, test.want) || strings.Contains(message, "\n") {
				t.Errorf("got %q, want one line with %q", message, test.want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"-help"}, &out); err != nil || !strings.Contains(out.String(), "-seed") {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

func TestSignalStops(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send a signal to another on Windows")
	}
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), "ZOHOMOCK_ARGS=zohomock -addr 127.0.0.1:0")
		command.Stderr = os.Stderr
		output, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		defer command.Process.Kill()
		readIntroduction(t, output)
		if err := command.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := command.Wait(); err != nil {
			t.Errorf("after %v: %v", signal, err)
		}
	}
}

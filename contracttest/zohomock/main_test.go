package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-87e331f0/zohocrm-go/client"
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

// mock is a running zohomock.
type mock struct {
	url, token string
	auth       client.RefreshToken
	// output is what it has printed after the credentials, complete once stop returns.
	output strings.Builder
	stop   func()
}

func start(t *testing.T, args ...string) *mock {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	output, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, append(args, "-addr", "127.0.0.1:0"), out)
		out.Close()
	}()
	lines := bufio.NewReader(output)
	m := readIntroduction(t, lines)
	copied := make(chan struct{})
	go func() {
		io.Copy(&m.output, lines)
		close(copied)
	}()
	m.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		<-copied
	})
	t.Cleanup(m.stop)
	return m
}

func readIntroduction(t *testing.T, lines *bufio.Reader) *mock {
	t.Helper()
	m := new(mock)
	line := func() string {
		text, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal("zohomock ended before it printed its credentials")
		}
		return text
	}
	m.url = regexp.MustCompile(`http://\S+:\d+`).FindString(line())
	for _, value := range []struct {
		name string
		to   *string
	}{
		{"client id", &m.auth.ClientID}, {"client secret", &m.auth.ClientSecret},
		{"refresh token", &m.auth.RefreshToken}, {"access token", &m.token},
	} {
		text, found := "", false
		for !found {
			text, found = strings.CutPrefix(strings.TrimSpace(line()), value.name)
		}
		*value.to = strings.TrimSpace(text)
	}
	return m
}

// send sends a request with a valid token, and with pairs of header keys and values.
func (m *mock) send(t *testing.T, method, path, body string, header ...string) (status int, response string, headers http.Header) {
	t.Helper()
	req, err := http.NewRequest(method, m.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Zoho-oauthtoken "+m.token)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	req.Host = req.Header.Get("Host")
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

const (
	rolesPath = "/crm/v7/Contacts/roles"
	rolePath  = rolesPath + "/4150868000003611011"
	roleBody  = `{"contact_roles":[{"name":"Sales Lead"}]}`
)

func TestUpdateShowsInOrg(t *testing.T) {
	t.Parallel()
	m := start(t)
	m.send(t, "PUT", rolePath, roleBody)
	if _, org, headers := m.send(t, "GET", "/org", ""); !strings.Contains(org, "Sales Lead") || headers.Get("Content-Type") != "application/json" {
		t.Errorf("/org lacks the new name, or is not JSON: %v\n%s", headers, org)
	}
	if status, _, headers := m.send(t, "POST", "/org", "{}"); status != 405 || headers.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST /org gets %d, Allow: %s", status, headers.Get("Allow"))
	}
}

func TestCredentialsServeTheClient(t *testing.T) {
	t.Parallel()
	m := start(t, "-client-id", "id", "-client-secret", "secret", "-refresh-token", "refresh", "-access-token", "1000.fixed")
	if want := (client.RefreshToken{ClientID: "id", ClientSecret: "secret", RefreshToken: "refresh"}); m.auth != want || m.token != "1000.fixed" {
		t.Errorf("the credentials are %q %q %q %q", m.auth.ClientID, m.auth.ClientSecret, m.auth.RefreshToken, m.token)
	}
	for _, auth := range []client.Auth{m.auth, client.StaticToken(m.token)} {
		crm, err := client.New(client.DataCenter{Name: "mock", APIURL: m.url, AccountsURL: m.url}, auth)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := crm.UpdateContactRole(t.Context(), "4150868000003611011", client.ContactRoleUpdate{Name: "Sales Lead"}); err != nil {
			t.Error(err)
		}
	}
}

func TestEnvironmentSetsDefaults(t *testing.T) {
	t.Setenv("ZOHOMOCK_ACCESS_TOKEN", "1000.environment")
	t.Setenv("ZOHOMOCK_CLIENT_ID", "environment")
	if m := start(t, "-client-id", "flag"); m.token != "1000.environment" || m.auth.ClientID != "flag" {
		t.Errorf("the access token is %s, the client id %s", m.token, m.auth.ClientID)
	}
	t.Setenv("ZOHOMOCK_LATENCY", "soon")
	if err := run(t.Context(), nil, io.Discard); err == nil || !strings.Contains(err.Error(), `ZOHOMOCK_LATENCY is "soon"`) {
		t.Errorf("got %v", err)
	}
}

func TestFlagsOfTheServer(t *testing.T) {
	t.Parallel()
	m := start(t, "-strict", "-token-lifetime", "1m", "-max-concurrent", "1", "-latency", "1ms", "-allow-hosts", "mock.internal, zoho")
	if status, response, _ := m.send(t, "PUT", rolesPath, `{"contact_roles":[{"id":4150868000003611011,"name":"x"}]}`); status != 400 {
		t.Errorf("-strict: an id as a number gets %d %s", status, response)
	}
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {m.auth.ClientID}, "client_secret": {m.auth.ClientSecret}, "refresh_token": {m.auth.RefreshToken}}
	if _, response, _ := m.send(t, "POST", "/oauth/v2/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded"); !strings.Contains(response, `"expires_in":60,`) {
		t.Errorf("-token-lifetime: got %s", response)
	}
	for host, want := range map[string]int{"zoho": 200, "mock.internal:80": 200, "rebound.example": 421} {
		if status, response, _ := m.send(t, "GET", "/health", "", "Host", host); status != want {
			t.Errorf("host %s gets %d %s, want %d", host, status, response, want)
		}
	}
}

func TestControl(t *testing.T) {
	t.Parallel()
	m := start(t)
	control := func(path, body string) (status int, response string) {
		status, response, _ = m.send(t, "POST", "/control/"+path, body)
		return status, response
	}
	for _, test := range []struct{ queued, path, want string }{
		{`{"operation":"updateContactRole","example":"duplicate_data"}`, rolePath, "400 {\"contact_roles\":[{\"code\":\"DUPLICATE_DATA\""},
		{`{"status":503,"headers":{"Retry-After":"7"},"body":"busy"}`, rolePath, "503 busy 7"},
		{`{"operation":"token","status":429}`, "/oauth/v2/token", "429 "},
	} {
		if status, response := control("responses", test.queued); status != 204 {
			t.Errorf("%s: %d %s", test.queued, status, response)
		}
		method := map[bool]string{true: "PUT", false: "POST"}[test.path == rolePath]
		status, response, headers := m.send(t, method, test.path, roleBody)
		if got := fmt.Sprint(status, " ", response, " ", headers.Get("Retry-After")); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: got %s, want %s", test.queued, got, test.want)
		}
	}
	for body, want := range map[string]string{
		`{"operation":"updateContactRole","example":"nope"}`: "400 duplicate_data",
		`{"operation":"update","status":400}`:                `the spec has no operation "update"`,
		`{"status":199}`:                                     "a status from 200 to 599",
		`{"status":600}`:                                     "a status from 200 to 599",
		`{"unknown":1}`:                                      `unknown field "unknown"`,
		`duplicate_data`:                                     "send a JSON object",
		`{"status":200,"times":0}`:                           "times must be 1 to 1000",
		`{"example":"success"}`:                              "operation is missing",
		`{"operation":"updateContactRole","example":"success","body":""}`: "send either an example, or headers and body",
		`{"operation":"update","example":"success"}`:                      `the spec has no operation "update"`,
	} {
		if status, response := control("responses", body); status != 400 || !strings.Contains(response, want) || strings.Count(response, "\n") != 1 {
			t.Errorf("%s: %d %s, want one line with %q", body, status, response, want)
		}
	}

	var requests []struct {
		Operation, Method, Path, Body string
		Status                        int
	}
	if _, response, _ := m.send(t, "GET", "/control/requests", ""); json.Unmarshal([]byte(response), &requests) != nil || len(requests) != 3 ||
		fmt.Sprint(requests[0]) != "{updateContactRole PUT "+rolePath+" "+roleBody+" 400}" {
		t.Errorf("the requests are %s", response)
	}
	control("expire-tokens", "")
	if status, response, _ := m.send(t, "PUT", rolePath, roleBody); status != 401 {
		t.Errorf("an expired token gets %d %s", status, response)
	}
	control("reset", "")
	if _, response, _ := m.send(t, "GET", "/control/requests", ""); response != "[]\n" {
		t.Errorf("after a reset the requests are %s", response)
	}
	if status, response, _ := m.send(t, "PUT", rolePath, roleBody); status != 200 {
		t.Errorf("after a reset the token gets %d %s", status, response)
	}
}

func TestQueuedResponses(t *testing.T) {
	t.Parallel()
	m := start(t)
	for queued, want := range map[string][]string{
		`{"operation":"updateContactRoles","example":"partial_success","status":207}`: {"207"},
		`{"status":500,"body":{"code": "X"},"times":2}`:                               {`500 {"code": "X"} application/json;charset=UTF-8`, `500 {"code": "X"}`},
		`{"status":500,"body":[],"headers":{"Content-Type":"text/html"}}`:             {"500 [] text/html"},
		`{"operation":"updateContactRoles","status":503,"body":"x"}`:                  {"503 x"},
		`{"operation":"getModules","status":503}`:                                     {},
		`{"status":500,"body":null}`:                                                  {"500  "},
		`{"operation":"updateContactRoles","example":"duplicate_data","times":2}`:     {"400", "400"},
	} {
		if status, response, _ := m.send(t, "POST", "/control/responses", queued); status != 204 {
			t.Errorf("%s: %d %s", queued, status, response)
		}
		for _, want := range append(want, "200") {
			status, response, headers := m.send(t, "PUT", rolesPath, `{"contact_roles":[{"id":"4150868000003611011","name":"x"}]}`)
			if got := fmt.Sprint(status, " ", response, " ", headers.Get("Content-Type")); !strings.HasPrefix(got, want) {
				t.Errorf("%s: got %s, want %s", queued, got, want)
			}
		}
	}
	for _, path := range []string{"/control", "/control/"} {
		if status, response, headers := m.send(t, "GET", path, ""); status != 200 || !strings.Contains(response, "curl -X POST "+m.url+"/control/reset\n") ||
			!strings.HasPrefix(headers.Get("Content-Type"), "text/plain") {
			t.Errorf("%s: got %d %s", path, status, response)
		}
	}
}

func TestOtherOrigins(t *testing.T) {
	t.Parallel()
	m := start(t, "-cors-origins", "http://localhost:3000,https://app.example")
	for _, test := range []struct {
		method, path, origin string
		status               int
		allowed              bool
	}{
		{"OPTIONS", rolePath, "http://localhost:3000", 204, true},
		{"PUT", rolePath, "https://app.example", 200, true},
		{"PUT", rolePath, "https://other.example", 200, false},
		{"OPTIONS", rolePath, "https://other.example", 400, false},
		{"GET", "/control/requests", "http://localhost:3000", 200, false},
		{"OPTIONS", "/control/reset", "http://localhost:3000", 405, false},
		{"POST", "/control/reset", "http://localhost:3000", 403, false},
		{"POST", "/control/reset", m.url, 204, false},
		{"GET", "/", "http://localhost:3000", 200, false},
		{"GET", "/org", "http://localhost:3000", 200, false},
	} {
		status, _, headers := m.send(t, test.method, test.path, roleBody, "Origin", test.origin)
		if allowed := headers.Get("Access-Control-Allow-Origin") == test.origin; status != test.status || allowed != test.allowed {
			t.Errorf("%s %s from %s: got %d, allowed %t, want %d, %t", test.method, test.path, test.origin, status, allowed, test.status, test.allowed)
		}
	}
	_, _, headers := m.send(t, "OPTIONS", rolesPath, "", "Origin", "https://app.example")
	for header, want := range map[string]string{"Access-Control-Allow-Methods": "PUT", "Access-Control-Allow-Headers": "Authorization, Content-Type", "Vary": "Origin"} {
		if got := headers.Get(header); !strings.Contains(got, want) {
			t.Errorf("%s is %q, want %s in it", header, got, want)
		}
	}
}

func TestSpecNamesOnlyThisServer(t *testing.T) {
	t.Parallel()
	m := start(t)
	port := m.url[strings.LastIndex(m.url, ":"):]
	for _, host := range []string{"127.0.0.1" + port, "localhost" + port} {
		for _, path := range []string{"/openapi.yaml", "/openapi.json"} {
			_, content, _ := m.send(t, "GET", path, "", "Host", host)
			if path == "/openapi.json" && !json.Valid([]byte(content)) {
				t.Error("/openapi.json is not JSON")
			}
			got, want := load(t, content), load(t, string(spec.YAML), "http://"+host+"/crm/v7")
			if got != want {
				t.Errorf("%s for host %s differs in more than its server:\n%s\nwant:\n%s", path, host, got, want)
			}
		}
	}
}

// load returns a spec as JSON with sorted keys, with the given server instead of its own, if any.
func load(t *testing.T, content string, servers ...string) string {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	if servers != nil {
		doc.Servers = openapi3.Servers{{URL: servers[0], Description: "Mock server"}}
	}
	sorted, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(sorted)
}

func TestPage(t *testing.T) {
	t.Parallel()
	m := start(t)
	m.send(t, "POST", "/control/expire-tokens", "")
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
	for _, want := range []string{`<option value="code=400, example=duplicate_data">400 duplicate_data</option>`, "URL/control/expire-tokens"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	token := regexp.MustCompile(`Zoho-oauthtoken 1000\.[0-9a-f.]+`).FindString(page)
	if status, response, _ := m.send(t, "PUT", rolePath, roleBody, "Authorization", token); status != 200 {
		t.Errorf("the token of the page gets %d %s", status, response)
	}
}

func TestRequestsAreLoggedInOneLineEach(t *testing.T) {
	t.Parallel()
	m := start(t)
	m.send(t, "PUT", rolesPath+"/%0A00:00:00%20GET%20/forged%20200", "")
	m.send(t, "GET", "/health", "")
	m.stop()
	if got := m.output.String(); !strings.HasSuffix(got, " PUT /crm/v7/Contacts/roles/%0A00:00:00%20GET%20/forged%20200 404\n") {
		t.Errorf("logged %q", got)
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
      ],
      "status": "user_hidden"
    }
  ],
  "profiles": [
    "2",
    {
      "id": "3",
      "name": "Standard"
    }
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

func orgOf(t *testing.T, seed string) string {
	t.Helper()
	_, org, _ := start(t, "-seed", seedFile(t, seed)).send(t, "GET", "/org", "")
	return org
}

func TestSeedIsTheOrg(t *testing.T) {
	t.Parallel()
	sample := orgOf(t, "{}")
	for name, test := range map[string]struct{ seed, want string }{
		"complete":             {seed, seed},
		"with a BOM":           {"\ufeff" + seed, seed},
		"null lists":           {`{"modules":null,"profiles":null,"contact_roles":null}`, sample},
		"the sample":           {sample, sample},
		"no roles and modules": {`{"modules":[],"profiles":["1"],"contact_roles":[]}`, "{\n  \"modules\": [],\n  \"profiles\": [\n    \"1\"\n  ],\n  \"contact_roles\": []\n}\n"},
		"role without number":  {strings.Replace(seed, ",\n      \"sequence_number\": 1", "", 1), seed},
		"profile as an object": {strings.Replace(seed, `"2"`, `{"id":"2"}`, 2), seed},
		"only roles":           {`{"contact_roles":[{"id":"4","name":"Tenant"}]}`, sample[:strings.Index(sample, `  "contact_roles"`)] + seed[strings.Index(seed, `  "contact_roles"`):]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := orgOf(t, test.seed); got != test.want {
				t.Errorf("the org is\n%s\nwant\n%s", got, test.want)
			}
		})
	}
	if got := orgOf(t, `{"profiles":["77"]}`); strings.Count(got, `"77"`) != 3 || !strings.Contains(got, "Digital_Marketing") || !strings.Contains(got, "Decision Maker") {
		t.Errorf("the org with one profile is\n%s", got)
	}
}

func TestInvalidSeeds(t *testing.T) {
	t.Parallel()
	roles := strings.Repeat(`{"id":"1","name":"x"},`, 100) + `{"id":"1","name":"x"}`
	for _, test := range []struct{ replace, with, want string }{
		{"{\n", "[", "invalid character ':'"},
		{seed, "[]", "the value has the wrong type array"},
		{seed, "{", "unexpected EOF"},
		{seed, seed + seed, "remove what follows the JSON object"},
		{"profiles", "profile", `unknown field "profile"`},
		{`"4"`, "4", "contact_roles.id has the wrong type number"},
		{`"3"`, "3", "a profile must be a string with its id, or an object"},
		{`"4"`, `"four"`, `contact_roles[0].id is "four", must be a string of 1 to 19 digits`},
		{`"3"`, `"2"`, `profiles[1].id is "2" like profiles[0].id, must be unique`},
		{`"Tenant"`, `""`, `contact_roles[0].name is "", must be 1 to 50 printable characters`},
		{`r": 1`, `r": 0`, "contact_roles[0].sequence_number is 0, must be 1 or more"},
		{`"Lease"`, `" "`, `modules[0].singular_label is " ", must be 1 to 25 letters, digits and spaces, not only spaces`},
		{`"Lease"`, `"R&D"`, `modules[0].singular_label is "R&D", must be 1 to 25 letters, digits and spaces`},
		{`"api_name": "Leases"`, `"api_name": "1a"`, `modules[0].api_name is "1a", must be a letter, then letters, digits and underscores`},
		{"[\n        \"2\"\n      ]", "null", "modules[0].profiles is empty, must have a profile"},
		{`"user_hidden"`, `"hidden"`, `modules[0].status is "hidden", must be visible, user_hidden, system_hidden or scheduled_for_deletion`},
		{`"2"`, `"5"`, `modules[0].profiles has "5", which is not in profiles`},
		{seed, `{"profiles":[]}`, "profiles is empty, an org has at least one"},
		{seed, `{"contact_roles":[` + roles + `]}`, "contact_roles has 101 roles, an org has at most 100"},
	} {
		t.Run(strings.ReplaceAll(test.want, " ", "_"), func(t *testing.T) {
			t.Parallel()
			file := seedFile(t, strings.Replace(seed, test.replace, test.with, 1))
			err := run(stopped(t), []string{"-addr", "127.0.0.1:0", "-seed", file}, io.Discard)
			if got := fmt.Sprint(err); !strings.HasPrefix(got, "seed "+file+": ") || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	file := seedFile(t, strings.NewReplacer(`"Tenant"`, `""`, `"Lease"`, `""`).Replace(seed))
	if err := run(stopped(t), []string{"-addr", "127.0.0.1:0", "-seed", file}, io.Discard); strings.Count(fmt.Sprint(err), "must be") != 2 {
		t.Errorf("got %v, want an error for each of two fields", err)
	}
}

// stopped returns a context with which a server that starts stops at once.
func stopped(t *testing.T) context.Context {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	return ctx
}

func TestInvalidArguments(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for args, want := range map[string]string{
		"-addr " + taken.Addr().String(): "choose another address with -addr",
		"-addr 0.0.0.0:0":                "which other machines can reach: use a loopback address, or add -allow-remote",
		"-addr :0":                       "add -allow-remote",
		"-addr 8080":                     "use an address with a port",
		"-addr 127.0.0.1:99999":          "invalid port",
		"-port 80":                       "-port: see -help",
		"now":                            `unexpected argument "now"`,
		"-seed no-such-file":             "cannot read the seed",
		"-cors-origins *":                `-cors-origins has "*": write origins like`,
		"-cors-origins http://a/b":       `-cors-origins has "http://a/b"`,
	} {
		err := run(stopped(t), strings.Fields(args), io.Discard)
		if message := fmt.Sprint(err); !strings.Contains(message, want) || strings.Contains(message, "\n") {
			t.Errorf("%s: got %q, want one line with %q", args, message, want)
		}
	}
}

func TestAllowRemoteWarns(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(stopped(t), []string{"-addr", "0.0.0.0:0", "-allow-remote"}, &out); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(out.String(), "\n"); !strings.Contains(lines[0], " http://localhost:") || !strings.HasPrefix(lines[1], "Warning: ") ||
		!strings.Contains(out.String(), "/oauth/v2/token\n") || !strings.Contains(out.String(), "/control ") {
		t.Errorf("printed %s", out.String())
	}
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]string{"-help": "Usage: zohomock [flags]", "-h": "[$ZOHOMOCK_SEED]", "--help": "URL/control/responses", "-version": "zohomock "} {
		var out strings.Builder
		if err := run(t.Context(), []string{arg}, &out); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s prints %q, %v", arg, out.String(), err)
		}
	}
}

// A client that does not end its request does not prevent the stop.
func TestSignalStops(t *testing.T) {
	t.Parallel()
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
		held, err := net.Dial("tcp", strings.TrimPrefix(readIntroduction(t, bufio.NewReader(output)).url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer held.Close()
		fmt.Fprint(held, "PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf")
		if err := command.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := command.Wait(); err != nil {
			t.Errorf("after %v: %v", signal, err)
		}
	}
}

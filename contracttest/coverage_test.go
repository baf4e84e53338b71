package contracttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/internal/contract"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

var tables = flag.Bool("tables", false, "print what the coverage and the mutation tests found")

// TestCoverage fails unless all that the document declares is seen, but for the exceptions in
// testdata/uncovered.json, which hold for all operations, each with its reason.
func TestCoverage(t *testing.T) {
	l := newLedger(t, theDocument())
	t.Run("examples", func(t *testing.T) { runExamples(t, l) })
	t.Run("payloads", func(t *testing.T) { runPayloads(t, l) })
	t.Run("causes", func(t *testing.T) { runCauses(t, l) })

	var exceptions map[string]string
	readData(t, "testdata/uncovered.json", &exceptions)
	table, missing := l.table()
	needed := map[string]bool{}
	for _, e := range missing {
		exception := strings.Replace(e.String(), e.Operation, "*", 1)
		if needed[exception] = true; exceptions[exception] == "" {
			t.Errorf("%s was not seen", e)
		}
	}
	table += fmt.Sprintf("\n%d of %d seen. Not seen, and why:\n", len(l.seen)-len(missing), len(l.seen))
	for _, exception := range slices.Sorted(maps.Keys(exceptions)) {
		table += fmt.Sprintf("  %s: %s\n", exception, exceptions[exception])
		if !needed[exception] {
			t.Errorf("the exception %q is not needed: all of it was seen", exception)
		}
	}
	if *tables {
		fmt.Print(table)
	}
}

func readData(t *testing.T, file string, value any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err := errors.Join(err, json.Unmarshal(data, value)); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// checked is a transport that enters what passes in a ledger, and reports what breaks the contract.
func checked(t *testing.T, l *ledger, base http.RoundTripper) http.RoundTripper {
	return &contract.Transport{Checker: l.checker(t), Base: base, Seen: func(e contract.Exchange) {
		l.exchange(t, e)
		if err := errors.Join(e.RequestError, e.AnswerError); err != nil {
			t.Error(err)
		}
	}}
}

// result is the result of an input, or the error of a request, in an answer.
type result struct {
	Code, Message, Status string
	Details               json.RawMessage
}

// resultsOf returns the results in an answer; of a bare error itself.
func resultsOf(answer []byte) []result {
	var bare result
	if json.Unmarshal(answer, &bare) == nil && bare.Code != "" {
		return []result{bare}
	}
	var envelope map[string][]result
	_ = json.Unmarshal(answer, &envelope) // another answer has no results
	for _, results := range envelope {
		return results
	}
	return nil
}

// carryOut calls the operation of an answer with inputs that its results fit.
func carryOut(t *testing.T, crm *client.Client, id string, answer []byte) ([]client.Result, error) {
	t.Helper()
	results := resultsOf(answer)
	roles := make([]client.ContactRoleUpdate, len(results))
	for i, r := range results {
		roles[i] = client.ContactRoleUpdate{ID: fmt.Sprint(4150868000003611090 + i), Name: fmt.Sprint("Role ", i)}
		if r.Status == "success" {
			var details struct{ ID string }
			_ = json.Unmarshal(r.Details, &details) // another has no id
			roles[i].ID = details.ID
		}
	}
	switch id {
	case generated.OperationUpdateContactRoles.ID:
		return crm.UpdateContactRoles(t.Context(), roles)
	case generated.OperationUpdateContactRole.ID:
		result, err := crm.UpdateContactRole(t.Context(), roles[0].ID, client.ContactRoleUpdate{Name: roles[0].Name})
		return []client.Result{result}, err
	case generated.OperationUpdateCustomModule.ID:
		result, err := crm.UpdateCustomModule(t.Context(), "2423488000000834002", client.CustomModuleUpdate{
			PluralLabel: "Leases", SingularLabel: "Lease", Profiles: []client.ModuleProfile{client.GrantProfile("2423488000000015975")},
		})
		return []client.Result{result}, err
	}
	t.Fatalf("no method of the client is known for %s", id)
	return nil, nil
}

func newClient(t *testing.T, dc client.DataCenter, token string, network http.RoundTripper) *client.Client {
	t.Helper()
	crm, err := client.New(dc, client.StaticToken(token), client.WithMaxAttempts(1), client.WithHTTPClient(&http.Client{Transport: network}))
	if err != nil {
		t.Fatal(err)
	}
	return crm
}

// runExamples has the stand-in answer every named example, whose every value must come out of the client.
func runExamples(t *testing.T, l *ledger) {
	server := zohotest.NewServer(t)
	for _, e := range l.checker(t).Examples() {
		t.Run(fmt.Sprint(e.Operation, " ", e.Status, " ", e.Name), func(t *testing.T) {
			server.Answer(e.Operation, fmt.Sprint(e.Status, " ", e.Name))
			crm := newClient(t, server.DataCenter(), server.IssueToken(), checked(t, l, http.DefaultTransport))
			results, err := carryOut(t, crm, e.Operation, e.Body)
			want := resultsOf(e.Body)
			if len(results) != len(want) {
				t.Fatalf("%d results, want %d", len(results), len(want))
			}
			for i, want := range want {
				got := results[i]
				if want.Status == "success" {
					if got.Err != nil || string(got.Code) != want.Code || got.Message != want.Message || !equalJSON(want.Details, []byte(`{"id":"`+got.ID+`"}`)) {
						t.Errorf("result %d is %+v, want %+v", i, got, want)
					}
					continue
				}
				failure, ok := errors.AsType[*client.Error](got.Err)
				if !ok || got.ID != "" || got.Code != failure.Code || got.Message != failure.Message {
					t.Fatalf("result %d is %+v, want %+v", i, got, want)
				}
				if failure.StatusCode != e.Status || string(failure.Code) != want.Code || failure.Message != want.Message || failure.Operation.ID != e.Operation {
					t.Errorf("result %d is %+v, want HTTP %d %+v", i, failure, e.Status, want)
				}
				index := i
				if bytes.HasPrefix(e.Body, []byte(`{"code"`)) {
					index = -1 // it is bare
				}
				if failure.Index != index {
					t.Errorf("result %d has the index %d, want %d", i, failure.Index, index)
				}
				if !equalJSON(failure.Details.Raw, want.Details) || !equalJSON(encode(t, failure.Details.Details), want.Details) {
					t.Errorf("result %d has the details %+v, want %s", i, failure.Details, want.Details)
				}
				l.see(entry{e.Operation, "errors", want.Code, "queued"})
				if errors.Is(got.Err, client.Code(want.Code)) && errors.Is(err, client.Code(want.Code)) {
					l.see(entry{e.Operation, "errors", want.Code, "errors.Is"})
				}
			}
		})
	}
}

// runPayloads sends the stand-in every payload of a request: it must carry out those that the document allows,
// and refuse the others. The client must send those that are allowed just as they are.
func runPayloads(t *testing.T, l *ledger) {
	for name, p := range payloads() {
		sent, path := p.Body, "1"
		switch p.Part {
		case "request":
		case "path":
			path = decode(t, p.Body).(string)
			sent = encode(t, l.exampleOf(t, p.Operation, "request", "sample"))
		default:
			continue
		}
		t.Run(name, func(t *testing.T) {
			valid := p.Reason == ""
			server := orgOf(t, &path, sent, valid)
			// An emoji passes the document, which leaves it to Zoho to judge.
			carriedOut := valid && !strings.Contains(name, "_label_25_emoji")
			var wire []byte
			transport := &contract.Transport{Checker: l.checker(t), Base: http.DefaultTransport, Seen: func(e contract.Exchange) {
				l.exchange(t, e)
				_, isKnown := l.checker(t).Operation(e.Request)
				if (e.RequestError == nil) != valid || isAccepted(e) != carriedOut || isKnown && e.AnswerError != nil {
					t.Errorf("answered %d %s; the document says %v, %v", e.Status, e.Answered, e.RequestError, e.AnswerError)
				}
				wire = e.Sent
			}}
			request := requestOf(t, p.Operation, server.URL, path, sent)
			request.Header.Set("Authorization", "Zoho-oauthtoken "+server.IssueToken())
			response, err := transport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if _, err := io.Copy(io.Discard, response.Body); err != nil {
				t.Fatal(err)
			}
			if !valid {
				return
			}
			wire = nil
			err = sendByClient(t, newClient(t, server.DataCenter(), server.IssueToken(), transport), p.Operation, path, sent)
			refused, isRefused := errors.AsType[*client.ValidationError](err)
			if isRefused && refused.Rule == "minProperties" {
				return // a role that would stay as it is, which the client refuses as a mistake
			}
			if (err == nil) != carriedOut || !equalJSON(wire, sent) {
				t.Errorf("the client sent %s: %v", wire, err)
			}
		})
	}
}

// orgOf starts a server that has what a valid request names. An id of the body is that of the path too.
func orgOf(t *testing.T, path *string, sent []byte, valid bool) *zohotest.Server {
	t.Helper()
	var body struct {
		Modules []generated.CustomModuleUpdate
		Roles   []struct{ ID string } `json:"contact_roles"`
	}
	_ = json.Unmarshal(sent, &body) // as far as it goes
	profiles := []zohotest.Profile{{ID: "1"}}
	for _, module := range body.Modules {
		for _, profile := range module.Profiles {
			if isID(profile.ID) {
				profiles = append(profiles, zohotest.Profile{ID: profile.ID})
			}
		}
	}
	roles := []zohotest.ContactRole{{ID: "1", Name: "Role of the path"}}
	module := zohotest.Module{ID: "1", APIName: "Leases", PluralLabel: "Leases", SingularLabel: "Lease", Profiles: []string{"1"}}
	if isID(*path) {
		roles[0].ID, module.ID = *path, *path
	} else if valid {
		module.APIName = *path
	}
	for i, role := range body.Roles {
		if isID(role.ID) {
			roles = append(roles, zohotest.ContactRole{ID: role.ID, Name: fmt.Sprint("Role ", i)})
			*path = role.ID
		}
	}
	return zohotest.NewServer(t, zohotest.WithProfiles(profiles...), zohotest.WithContactRoles(roles...), zohotest.WithModules(module),
		zohotest.WithProblemFunc(func(problem string) {
			if valid {
				t.Error(problem)
			}
		}))
}

// sendByClient calls the operation with the inputs that a request has.
func sendByClient(t *testing.T, crm *client.Client, id, path string, sent []byte) error {
	t.Helper()
	var body struct {
		Modules []client.CustomModuleUpdate
		Roles   []client.ContactRoleUpdate `json:"contact_roles"`
	}
	if err := json.Unmarshal(sent, &body); err != nil {
		t.Fatal(err)
	}
	var err error
	switch id {
	case generated.OperationUpdateContactRoles.ID:
		_, err = crm.UpdateContactRoles(t.Context(), body.Roles)
	case generated.OperationUpdateContactRole.ID:
		_, err = crm.UpdateContactRole(t.Context(), path, body.Roles[0])
	case generated.OperationUpdateCustomModule.ID:
		update := body.Modules[0]
		for i, profile := range update.Profiles {
			if update.Profiles[i] = client.GrantProfile(profile.ID); profile.Delete.IsNull() {
				update.Profiles[i] = client.RemoveProfile(profile.ID)
			}
		}
		_, err = crm.UpdateCustomModule(t.Context(), path, update)
	default:
		t.Fatalf("no method of the client is known for %s", id)
	}
	return err
}

var isID = regexp.MustCompile(`^[0-9]{1,19}$`).MatchString

// isAccepted reports whether each input of a request was carried out.
func isAccepted(e contract.Exchange) bool {
	return !slices.ContainsFunc(resultsOf(e.Answered), func(r result) bool { return r.Status != "success" })
}

// requestOf returns a request of an operation to a server, with a value of the path parameter.
func requestOf(t judge, id, server, path string, body []byte) *http.Request {
	t.Helper()
	operation := operationOf(t, id)
	target := server + generated.BasePath + pathParameter.ReplaceAllLiteralString(operation.Path, url.PathEscape(path))
	request, err := http.NewRequest(operation.Method, target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Zoho-oauthtoken 1000.token")
	request.Header.Set("Content-Type", "application/json")
	return request
}

func operationOf(t judge, id string) generated.Operation {
	t.Helper()
	operations := generated.Operations()
	at := slices.IndexFunc(operations, func(o generated.Operation) bool { return o.ID == id })
	if at < 0 {
		t.Fatalf("there is no operation %s", id)
	}
	return operations[at]
}

// proxy is an entry of testdata/causes.json: how it changes a request on its way to the stand-in, so that this
// refuses it.
type proxy struct {
	Operation, Code             string
	Method, Path, Authorization string
	Scope                       string // of the access token
	Body                        json.RawMessage
}

func (p proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if p.Method != "" {
		r.Method = p.Method
	}
	if p.Path != "" {
		r.URL.Path = p.Path
	}
	if p.Authorization != "" {
		r.Header.Set("Authorization", p.Authorization)
	}
	if p.Body != nil {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(p.Body)), int64(len(p.Body))
	}
	return http.DefaultTransport.RoundTrip(r)
}

// runCauses causes errors at the stand-in, which a caller must be able to tell by their codes.
func runCauses(t *testing.T, l *ledger) {
	var proxies []proxy
	readData(t, "testdata/causes.json", &proxies)
	for _, p := range proxies {
		t.Run(p.Operation+" "+p.Code, func(t *testing.T) {
			server := zohotest.NewServer(t)
			var scopes []string
			if p.Scope != "" {
				scopes = []string{p.Scope}
			}
			crm := newClient(t, server.DataCenter(), server.IssueToken(scopes...), checked(t, l, p))
			one := []byte(`{"code":"` + p.Code + `"}`)
			results, err := carryOut(t, crm, p.Operation, one)
			if !errors.Is(err, client.Code(p.Code)) || !errors.Is(results[0].Err, client.Code(p.Code)) {
				t.Errorf("the error is %v, want %s", err, p.Code)
			}
			l.see(entry{p.Operation, "errors", p.Code, "caused"})
		})
	}
}

// decodeJSON returns the one JSON value that data is, its numbers with all of their digits.
func decodeJSON(data []byte) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err = decoder.Decode(&value); err == nil && decoder.More() {
		err = errors.New("something follows the JSON value")
	}
	return value, err
}

func equalJSON(a, b []byte) bool {
	first, err := decodeJSON(a)
	second, err2 := decodeJSON(b)
	return err == nil && err2 == nil && reflect.DeepEqual(first, second)
}

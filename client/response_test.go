package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

func item(code, details, status string) string {
	return fmt.Sprintf(`{"code":%q,"details":%s,"message":"text","status":%q}`, code, details, status)
}

func updated(id string) string { return item("SUCCESS", `{"id":"`+id+`"}`, "success") }

func roles(elements ...string) string {
	return `{"contact_roles":[` + strings.Join(elements, ",") + `]}`
}

const (
	taken = `{"code":"DUPLICATE_DATA","details":{"api_name":"name","id":"` + nextRoleID + `"},"message":"text","status":"error"}`
	wrong = `{"code":"INVALID_DATA","details":{},"message":"text","status":"error"}`
)

// Each result of a bulk update is judged by its own element, whatever the HTTP status.
func TestResultsOfABulkUpdate(t *testing.T) {
	t.Parallel()
	const success, unusable = "success", "unusable"
	first, next := updated(roleID), updated(nextRoleID)
	for _, test := range []struct {
		name     string
		status   int
		body     string
		want     [2]string // success, unusable, or the codes of Zoho's errors
		whole    bool      // the error is that of the whole request
		contract bool      // the spec allows the response
	}{
		{"all updated", 200, roles(first, next) + "\r\n", [2]string{success, success}, false, true},
		{"all updated with status 201", 201, roles(first, next), [2]string{success, success}, false, false},
		{"all updated with status 202", 202, roles(first, next), [2]string{success, success}, false, false},
		{"unknown keys", 200, `{"info":{"x":[1],"x":2},"contact_roles":[` + first + `,{"x":1,` + next[1:] + `]}`, [2]string{success, success}, false, false},
		{"second role not updated", 207, roles(first, taken), [2]string{success, "DUPLICATE_DATA"}, false, true},
		{"first role not updated", 207, roles(wrong, next), [2]string{"INVALID_DATA", success}, false, true},
		{"second role not updated with status 200", 200, roles(first, taken), [2]string{success, "DUPLICATE_DATA"}, false, true},
		{"second role not updated with status 400", 400, roles(first, taken), [2]string{success, "DUPLICATE_DATA"}, false, false},
		{"no role updated", 400, roles(wrong, taken), [2]string{"INVALID_DATA", "DUPLICATE_DATA"}, false, true},
		{"no role updated with status 200", 200, roles(wrong, taken), [2]string{"INVALID_DATA", "DUPLICATE_DATA"}, false, false},
		{"no role updated with status 500", 500, roles(wrong, taken), [2]string{"INVALID_DATA", "DUPLICATE_DATA"}, false, false},
		{"two errors of one role", 400, roles("["+taken+","+wrong+"]", wrong), [2]string{"DUPLICATE_DATA INVALID_DATA", "INVALID_DATA"}, false, false},
		{"error and success of one role", 207, roles(first, "["+taken+","+next+"]"), [2]string{success, "DUPLICATE_DATA unusable"}, false, false},
		{"error of the whole request", 403, errorBody("NO_PERMISSION"), [2]string{"NO_PERMISSION", "NO_PERMISSION"}, true, true},
		{"error of the whole request with status 200", 200, wrong, [2]string{"INVALID_DATA", "INVALID_DATA"}, true, false},
		{"error of the whole request without a status", 400, `{"code":"INVALID_DATA"}`, [2]string{"INVALID_DATA", "INVALID_DATA"}, true, false},
		{"error of the whole request beside an empty list", 400, `{"contact_roles":[],` + wrong[1:], [2]string{"INVALID_DATA", "INVALID_DATA"}, true, false},
		{"unknown code", 400, errorBody("A_NEW_CODE"), [2]string{"A_NEW_CODE", "A_NEW_CODE"}, true, true},
		{"results in another order", 200, roles(next, first), [2]string{unusable, unusable}, false, false},
		{"results of modules beside them", 200, `{"modules":[` + first + "]," + roles(first, next)[1:], [2]string{unusable, unusable}, true, false},
		{"profiles beside them", 200, `{"profiles":null,` + roles(first, next)[1:], [2]string{unusable, unusable}, true, false},
		{"error beside them", 200, `{"status":401,` + roles(first, next)[1:], [2]string{unusable, unusable}, true, false},
		{"two lists under one key", 200, `{"contact_roles":[` + wrong + `],` + roles(first, next)[1:], [2]string{unusable, unusable}, true, false},
		{"text after them", 200, roles(first, next) + "x", [2]string{unusable, unusable}, true, false},
		{"key twice", 200, roles(first, `{"code":"SUCCESS",`+next[1:]), [2]string{success, unusable}, false, false},
		{"key in capitals", 200, roles(first, strings.Replace(next, `"code"`, `"CODE"`, 1)), [2]string{success, unusable}, false, false},
		{"error without a code", 207, roles(first, `{"details":{},"message":"text","status":"error"}`), [2]string{success, unusable}, false, false},
		{"error with another status", 207, roles(first, item("INVALID_DATA", "{}", "failure")), [2]string{success, unusable}, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if !test.contract {
				expectViolations(t)
			}
			crm := newClient(t, client.EU, secretStatic, client.WithMaxAttempts(1), responding(test.status, test.body).option())
			results, err := crm.UpdateContactRoles(t.Context(), roleUpdates)
			if len(results) != 2 || (err == nil) != (test.want == [2]string{success, success}) {
				t.Fatalf("%d results, error %v", len(results), err)
			}
			for i, result := range results {
				if test.want[i] == success {
					if want := (client.Result{ID: roleUpdates[i].ID, Code: "SUCCESS", Message: "text"}); result != want {
						t.Errorf("result %d is %+v, want %+v", i, result, want)
					}
					continue
				}
				index, id := i, roleUpdates[i].ID
				if test.whole {
					index, id = -1, ""
				}
				var codes []string
				for _, err := range unjoin(result.Err) {
					failure, isError := errors.AsType[*client.Error](err)
					if !isError || failure.StatusCode != test.status || failure.Index != index || failure.InputID != id {
						t.Fatalf("the error of result %d is %+v", i, err)
					}
					if failure.Code == "" {
						codes = append(codes, unusable)
					} else {
						codes = append(codes, string(failure.Code))
					}
				}
				if got := strings.Join(codes, " "); got != test.want[i] {
					t.Errorf("the codes of result %d are %s, want %s", i, got, test.want[i])
				}
				if failure, _ := errors.AsType[*client.Error](result.Err); result.ID != "" || result.Code != failure.Code || result.Message != failure.Message {
					t.Errorf("result %d is not like its error: %+v", i, result)
				}
			}
		})
	}
}

// An update may have taken effect if its response has a success that cannot be matched to the input, whatever the HTTP status.
func TestUnusableResponsesThatMayHaveASuccess(t *testing.T) {
	t.Parallel()
	first, next := updated(roleID), updated(nextRoleID)
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   bool
	}{
		{"no role updated", 400, roles(wrong, taken), false},
		{"one result for two inputs", 400, roles(first), true},
		{"one error for two inputs", 400, roles(wrong), true},
		{"three results", 400, roles(wrong, wrong, first), true},
		{"results in another order", 400, roles(next, first), true},
		{"no id", 400, roles(wrong, item("SUCCESS", "{}", "success")), true},
		{"error and success of one role", 400, roles(wrong, "["+taken+","+next+"]"), true},
		{"success after 100 errors of one role", 400, roles(wrong, "["+strings.Repeat(taken+",", 100)+next+"]"), true},
		{"success without a status", 400, roles(wrong, `{"code":"SUCCESS"}`), true},
		{"error without a code, of the first role", 400, roles(`{"status":"failure"}`, wrong), true},
		{"error without a code", 400, roles(wrong, `{"status":"failure"}`), true},
		{"error of the whole request beside them", 400, wrong[:len(wrong)-1] + "," + roles(first, wrong)[1:], true},
		{"two lists", 400, `{"contact_roles":[],` + roles(first, wrong)[1:], true},
		{"list of modules", 400, `{"modules":[` + wrong + `]}`, true},
		{"text after them", 400, "\n" + roles(first, wrong) + "x", true},
		{"end of the list is missing", 400, roles(wrong, next)[:80], true},
		{"empty list", 400, roles(), false},
		{"JSON of a gateway", 400, `{"error":{"code":400,"status":"INVALID_ARGUMENT"}}`, false},
		{"HTML of a gateway", 400, ` <p class="success">{"contact_roles":[{}]}`, false},
		{"success with status 304", 304, roles(first, wrong), true},
		{"success with status 401", 401, roles(first, wrong), true},
		{"success with status 404", 404, roles(first, wrong), true},
		{"success with status 409", 409, roles(first, wrong), true},
		{"success with status 422", 422, roles(first), true},
		{"success with status 429", 429, roles(first, wrong), true},
		{"errors with status 409", 409, roles(wrong), false},
		{"error of the whole request with status 403", 403, errorBody("NO_PERMISSION"), false},
	} {
		err := second(offline(t, secretStatic, responding(test.status, test.body), client.WithMaxAttempts(1)).UpdateContactRoles(t.Context(), roleUpdates))
		if err == nil || client.MaybeApplied(err) != test.want {
			t.Errorf("%s: may have taken effect: %t, want %t: %v", test.name, client.MaybeApplied(err), test.want, err)
		}
	}
}

func unjoin(err error) []error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		return several.Unwrap()
	}
	return []error{err}
}

// updateCalls are updates with the key of their results, and the ids that the results must have, "" for any.
var updateCalls = []struct {
	key  string
	ids  []string
	call updateCall
}{
	{"contact_roles", []string{roleID, nextRoleID}, updateRoles(roleUpdates...)},
	{"contact_roles", []string{roleID}, updateRole(roleID, roleUpdate)},
	{"modules", []string{moduleID}, updateModule(moduleID, moduleUpdate)},
	{"modules", []string{""}, updateModule("Digital_Marketing", moduleUpdate)},
}

// checkResults compares the results of an update with what another decoder makes of the response, and returns the error.
func checkResults(t *testing.T, update, status int, contentType string, body []byte) error {
	t.Helper()
	u := updateCalls[update]
	want := updatedInputs(status, contentType, body, u.key, u.ids)
	results, err := u.call(t.Context(), offline(t, secretStatic, responding(status, string(body), "Content-Type", contentType), client.WithMaxAttempts(1)))
	if len(u.ids) == 1 && err != nil {
		results[0].Err = err
	}
	if len(results) != len(u.ids) || (err == nil) != !slices.Contains(want, false) {
		t.Fatalf("HTTP %d %s %s: results %+v, error %v", status, contentType, body, results, err)
	}
	for i, result := range results {
		ok := result.Err == nil
		if ok != want[i] || ok != (result.Code == "SUCCESS") || ok != (result.ID != "") || ok && u.ids[i] != "" && result.ID != u.ids[i] {
			t.Fatalf("HTTP %d %s %s: result %d is %+v, want a success: %t", status, contentType, body, i, result, want[i])
		}
	}
	if failure, isError := errors.AsType[*client.Error](err); err != nil && (!isError || failure.StatusCode != status || strings.ContainsAny(err.Error(), "\n\r\t\x00\x1b")) {
		t.Fatalf("HTTP %d %s %s: the error is %q", status, contentType, body, err)
	}
	return err
}

var digits = regexp.MustCompile(`^[0-9]{1,19}$`)

// updatedInputs returns which inputs were updated according to a response, all of which it decodes into maps.
func updatedInputs(status int, contentType string, body []byte, key string, ids []string) []bool {
	all := make([]bool, len(ids))
	media, _, _ := strings.Cut(contentType, ";")
	isSuccess, isJSON := status/100 == 2, strings.EqualFold(strings.TrimSpace(media), "application/json")
	if !isSuccess && status != 400 || isSuccess && !isJSON || !json.Valid(body) {
		return all
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	response, _ := decodeStrictly(decoder).(map[string]any)
	list, _ := response[key].([]any)
	for _, other := range []string{"code", "status", "modules", "contact_roles", "profiles"} {
		if _, found := response[other]; found && other != key {
			return all
		}
	}
	if len(list) != len(ids) {
		return all
	}
	for i, want := range ids {
		element, _ := list[i].(map[string]any)
		details, _ := element["details"].(map[string]any)
		id := fmt.Sprint(details["id"])
		all[i] = element["code"] == "SUCCESS" && element["status"] == "success" && digits.MatchString(id) && (want == "" || want == id)
	}
	return all
}

// decodeStrictly decodes a valid JSON value. An object that has a key of a result twice becomes nil.
func decodeStrictly(decoder *json.Decoder) (value any) {
	token, _ := decoder.Token()
	switch token {
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			list = append(list, decodeStrictly(decoder))
		}
		value = list
	case json.Delim('{'):
		object, known := map[string]any{}, []any{"code", "status", "message", "details", "id", "modules", "contact_roles", "profiles"}
		value = object
		for decoder.More() {
			key, _ := decoder.Token()
			if _, found := object[key.(string)]; found && slices.Contains(known, any(key)) {
				value = nil
			}
			object[key.(string)] = decodeStrictly(decoder)
		}
	default:
		return token
	}
	_, _ = decoder.Token()
	return value
}

// No response is taken for a success unless each of its elements is one, and each element that is one is taken for one.
func TestNoResponseIsAFalseSuccess(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(options ...string) string { return options[random.IntN(len(options))] }
	changes := []struct {
		place  *regexp.Regexp
		change func(string) string
	}{
		{regexp.MustCompile(`"(SUCCESS|success)"`), func(string) string {
			return pick(`"SUCCESS"`, `"success"`, `"INVALID_DATA"`, `"error"`, `"Success"`, `""`, `null`, `200`, `["SUCCESS"]`)
		}},
		{regexp.MustCompile(`"[0-9]+"`), func(id string) string {
			return pick(strings.Trim(id, `"`), `"`+roleID+`"`, `"`+nextRoleID+`"`, `"1"`, `"\u0031"`, `"1a"`, `" 1"`, `"-1"`, `1.0`, `1e3`, `null`, `{}`, `""`)
		}},
		{regexp.MustCompile(`"[a-z_]+":`), strings.ToUpper},
		{regexp.MustCompile(`"[a-z_]+":`), func(key string) string {
			return key + pick(`null`, `1`, `"SUCCESS"`, `"error"`, `[]`, `{}`) + "," + key
		}},
		{regexp.MustCompile(`\{`), func(string) string {
			return `{` + pick(`"code":"X"`, `"status":"error"`, `"modules":[]`, `"contact_roles":null`, `"profiles":{}`, `"x":{"id":"1","id":"2"}`, `"ID":"1"`, `"message":2`) + `,`
		}},
		{regexp.MustCompile(`\{"code.*?"\}`), func(element string) string { return pick("["+element+"]", element+","+element, "null", wrong, taken) }},
		{regexp.MustCompile(`,`), func(string) string { return pick(",,", " , ", "", ",1,", ",{},") }},
		{regexp.MustCompile(``), func(string) string { return pick("{", "}", "[", "]", ",", `"`, "\\", " ", "\x00", "\xff", "1") }},
		{regexp.MustCompile(`.+`), func(body string) string { return body[:random.IntN(len(body))] }},
	}
	successes := 0
	const responses = 10_000
	for range responses {
		update := random.IntN(len(updateCalls))
		u := updateCalls[update]
		elements := make([]string, len(u.ids))
		for i, id := range u.ids {
			elements[i] = strings.Replace(updated(id), `""`, `"`+moduleID+`"`, 1)
		}
		body := `{"` + u.key + `":[` + strings.Join(elements, ",") + `]}`
		for range random.IntN(4) {
			c := changes[random.IntN(len(changes))]
			if places := c.place.FindAllStringIndex(body, -1); places != nil {
				at := places[random.IntN(len(places))]
				body = body[:at[0]] + c.change(body[at[0]:at[1]]) + body[at[1]:]
			}
		}
		status := []int{200, 200, 200, 201, 202, 207, 299, 300, 304, 400, 400, 401, 403, 500}[random.IntN(14)]
		contentType := pick("application/json", "application/json;charset=UTF-8", "Application/JSON ; x=y", "text/html", "application/json-seq", "")
		if checkResults(t, update, status, contentType, []byte(body)) == nil {
			successes++
		}
	}
	if successes < responses/10 || successes > responses/2 {
		t.Errorf("%d of %d responses were a success, which proves little", successes, responses)
	}
}

func TestIDsOfModulesAreComparedAsText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		module, id string
		ok         bool
	}{
		{"9876543210123456789", "9876543210123456789", true},
		{"9876543210123456789", "9876543210123456788", false},
		{"0123", "123", false},
		{"Digital_Marketing", moduleID, true}, // its id is not known
	} {
		crm := offline(t, secretStatic, responding(200, `{"modules":[`+updated(test.id)+`]}`))
		result, err := crm.UpdateCustomModule(t.Context(), test.module, moduleUpdate)
		if test.ok != (err == nil) || test.ok && result.ID != test.id || !test.ok && result != (client.Result{}) {
			t.Errorf("module %s, response with id %s: %+v, %v", test.module, test.id, result, err)
		}
	}
}

func TestNoInputsAreNotASuccess(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "{}", "null", roles(), errorBody("MANDATORY_NOT_FOUND")} {
		crm := offline(t, secretStatic, responding(200, body), client.WithoutValidation())
		if results, err := crm.UpdateContactRoles(t.Context(), nil); err == nil || len(results) != 0 {
			t.Errorf("%s: %v, %v", body, results, err)
		}
	}
}

func TestReads(t *testing.T) {
	t.Parallel()
	listRoles := func(crm *client.Client) (any, error) { return crm.ListContactRoles(t.Context()) }
	listModules := func(crm *client.Client) (any, error) { return crm.ListModules(t.Context()) }
	listProfiles := func(crm *client.Client) (any, error) { return crm.ListProfiles(t.Context()) }
	getModule := func(name string) func(crm *client.Client) (any, error) {
		return func(crm *client.Client) (any, error) { return crm.GetModule(t.Context(), name) }
	}
	const id = "4876876000000006871"
	profile, profiles := client.Profile{ID: id, Name: "Standard", DisplayLabel: "Standard", Type: "normal_profile", Custom: true, Description: "text"},
		`{"profiles":[{"id":"`+id+`","name":"Standard","display_label":"Standard","type":"normal_profile","custom":true,"description":"text","created_by":null}]`
	module := client.Module{
		ID: id, APIName: "Vehicles", ModuleName: "CustomModule3", SingularLabel: "車両", PluralLabel: "Vehicles", GeneratedType: "custom", Status: "visible",
		Profiles: []client.ProfileRef{{ID: "26011", Name: "Administrator"}, {ID: "26014"}}, HasMoreProfiles: true, APISupported: true, Editable: true, Viewable: true,
		AccessType: "org_based", Description: "text", ModifiedTime: "2026-01-01T00:00:00+01:00", SequenceNumber: 7,
	}
	const moduleJSON = `{"id":"` + id + `","api_name":"Vehicles","module_name":"CustomModule3","singular_label":"車両","plural_label":"Vehicles","generated_type":"custom",` +
		`"status":"visible","profiles":[{"name":"Administrator","id":"26011"},{"id":26014,"name":null},{"name":"x"}],"has_more_profiles":true,"api_supported":true,"editable":true,` +
		`"viewable":true,"access_type":"org_based","description":"text","modified_time":"2026-01-01T00:00:00+01:00","sequence_number":7,"arguments":[],"parent_module":{}}`
	largeModule := `{"id":"1","profiles":[` + strings.Repeat(`{"id":"1"},`, 99) + `{"id":"1"}]}`
	for _, test := range []struct {
		name   string
		read   func(*client.Client) (any, error)
		status int
		body   string
		want   any
		err    error
	}{
		{"contact roles in the order of the response", listRoles, 200, roles(`{"id":"2","name":"Developer/Evaluator","sequence_number":1}`, `{"id":"1","name":"é","sequence_number":2}`),
			[]client.ContactRole{{ID: "2", Name: "Developer/Evaluator", SequenceNumber: 1}, {ID: "1", Name: "é", SequenceNumber: 2}}, nil},
		{"no contact roles", listRoles, 204, "", []client.ContactRole(nil), nil},
		{"empty list", listRoles, 200, roles(), []client.ContactRole{}, nil},
		{"id that is a number, null and other types", listRoles, 200, roles(`{"id":` + id + `,"name":null,"sequence_number":"x","ID":"2"}`), []client.ContactRole{{ID: id}}, nil},
		{"id twice", listRoles, 200, roles(`{"id":"1","id":"2"}`), []client.ContactRole(nil), errAny},
		{"keys in another case", listRoles, 200, roles(`{"id":"1","name":"A","NAME":"B","Name":"B","sequence_number":1,"ſequence_number":2}`), []client.ContactRole{{ID: "1", Name: "A", SequenceNumber: 1}}, nil},
		{"name twice", listRoles, 200, roles(`{"id":"1","name":"A","n\u0061me":"B"}`), []client.ContactRole(nil), errAny},
		{"unknown key twice", listRoles, 200, roles(`{"id":"1","x":1,"x":2}`), []client.ContactRole{{ID: "1"}}, nil},
		{"another list", listRoles, 200, `{"modules":[]}`, []client.ContactRole(nil), errAny},
		{"list with an error", listRoles, 200, `{"code":"X",` + roles(`{"id":"1"}`)[1:], []client.ContactRole(nil), errAny},
		{"list with status 299", listRoles, 299, roles(`{"id":"1"}`), []client.ContactRole{{ID: "1"}}, nil},
		{"list with status 300", listRoles, 300, roles(`{"id":"1"}`), []client.ContactRole(nil), errAny},
		{"empty response", listRoles, 200, "", []client.ContactRole(nil), client.ErrResponseEmpty},
		{"modules", listModules, 200, `{"modules":[` + moduleJSON + `,{"id":1,"profiles":null}]}`, []client.Module{module, {ID: "1"}}, nil},
		{"3,000 modules with 100 profiles", listModules, 200, `{"modules":[` + strings.Repeat(largeModule+",", 2999) + largeModule + `]}`,
			slices.Repeat([]client.Module{{ID: "1", Profiles: slices.Repeat([]client.ProfileRef{{ID: "1"}}, 100)}}, 3000), nil},
		{"more objects", listModules, 200, `{"modules":[{"id":"1","profiles":[` + strings.Repeat(`{"id":"1"},`, 499_999) + `{"id":"1"}]}]}`, []client.Module(nil), errAny},
		{"flag twice", listModules, 200, `{"modules":[{"id":"1","editable":true,"editable":false}]}`, []client.Module(nil), errAny},
		{"name of a profile twice", listModules, 200, `{"modules":[{"id":"1","profiles":[{"id":"1","name":"A","name":"B"}]}]}`, []client.Module(nil), errAny},
		{"profile that is not an object", listModules, 200, `{"modules":[{"id":"1","profiles":[1]}]}`, []client.Module(nil), errAny},
		{"id of 20 digits", listModules, 200, `{"modules":[{"id":"12345678901234567890"}]}`, []client.Module(nil), errAny},
		{"module by id", getModule(id), 200, `{"modules":[` + moduleJSON + `]}`, module, nil},
		{"module by name", getModule("Vehicles"), 200, `{"modules":[` + moduleJSON + `]}`, module, nil},
		{"module whose name is null", getModule("Vehicles"), 200, `{"modules":[{"id":"1","api_name":null}]}`, client.Module{ID: "1"}, nil},
		{"another module", getModule("vehicles"), 200, `{"modules":[` + moduleJSON + `]}`, client.Module{}, errAny},
		{"module with another id", getModule("1"), 200, `{"modules":[` + moduleJSON + `]}`, client.Module{}, errAny},
		{"two modules", getModule("1"), 200, `{"modules":[{"id":"1"},{"id":"1"}]}`, client.Module{}, errAny},
		{"module that the API does not expose", getModule(id), 204, "", client.Module{}, client.ErrResponseEmpty},
		{"unknown module", getModule("Vehicles"), 400, errorBody("INVALID_MODULE"), client.Module{}, client.CodeInvalidModule},
		{"profiles", listProfiles, 200, profiles + `}`, []client.Profile{profile}, nil},
		{"all profiles", listProfiles, 200, profiles + `,"info":{"page":1,"more_records":false}}`, []client.Profile{profile}, nil},
		{"some of the profiles", listProfiles, 200, profiles + `,"info":{"page":1,"more_records":true}}`, []client.Profile{profile}, client.ErrIncomplete},
		{"no profiles", listProfiles, 204, "", []client.Profile(nil), nil},
		{"info without more_records", listProfiles, 200, profiles + `,"info":{"page":1}}`, []client.Profile{profile}, nil},
		{"info twice", listProfiles, 200, profiles + `,"info":{"more_records":false},"info":{"more_records":true}}`, []client.Profile{profile}, client.ErrIncomplete},
		{"more_records twice", listProfiles, 200, profiles + `,"info":{"more_records":false,"more_records":true}}`, []client.Profile{profile}, client.ErrIncomplete},
		{"more_records that is a string", listProfiles, 200, profiles + `,"info":{"more_records":"true"}}`, []client.Profile{profile}, client.ErrIncomplete},
		{"info that is a list", listProfiles, 200, profiles + `,"info":[]}`, []client.Profile{profile}, client.ErrIncomplete},
		{"missing scope", listProfiles, 401, errorBody("OAUTH_SCOPE_MISMATCH"), []client.Profile(nil), client.CodeOAuthScopeMismatch},
		{"missing permission", listProfiles, 403, errorBody("NO_PERMISSION"), []client.Profile(nil), client.CodeNoPermission},
	} {
		got, err := test.read(offline(t, secretStatic, responding(test.status, test.body)))
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %+.500v, want %+.500v", test.name, got, test.want)
		}
		if (err == nil) != (test.err == nil) || test.err != nil && test.err != errAny && !errors.Is(err, test.err) {
			t.Errorf("%s: the error is %v, want %v", test.name, err, test.err)
		}
		if failure, isError := errors.AsType[*client.Error](err); client.MaybeApplied(err) || isError && failure.Index != -1 {
			t.Errorf("%s: the error may not be for an input, or have taken effect: %+v", test.name, failure)
		}
	}
}

var errAny = errors.New("any error")

// A read sends neither a body nor a query, follows the spec, and is retried like an update.
func TestReadsAreRetried(t *testing.T) {
	t.Parallel()
	for path, read := range map[string]func(*client.Client) error{
		"/crm/v7/Contacts/roles":            func(crm *client.Client) error { return second(crm.ListContactRoles(t.Context())) },
		"/crm/v7/settings/modules":          func(crm *client.Client) error { return second(crm.ListModules(t.Context())) },
		"/crm/v7/settings/modules/Vehicles": func(crm *client.Client) error { return second(crm.GetModule(t.Context(), "Vehicles")) },
		"/crm/v7/settings/profiles":         func(crm *client.Client) error { return second(crm.ListProfiles(t.Context())) },
	} {
		requests := 0
		network := sequence(connectionReset, responding(200, `{"mod`), responding(500, errorBody("INTERNAL_ERROR")), responding(403, errorBody("NO_PERMISSION")))
		crm := offline(t, secretStatic, roundTripFunc(func(r *http.Request) (*http.Response, error) {
			if requests++; r.Method != http.MethodGet || r.URL.RequestURI() != path || r.Body != nil {
				t.Errorf("sent was %s %s with the body %v", r.Method, r.URL, r.Body)
			}
			return network(r)
		}), client.WithFirstWait(0))
		if err := read(crm); !errors.Is(err, client.CodeNoPermission) || requests != 4 || client.MaybeApplied(err) {
			t.Errorf("%s: %d requests, error %v", path, requests, err)
		}
	}
}

func TestErrorHasWhatTheResponseSays(t *testing.T) {
	t.Parallel()
	const details = `{"id":"9","api_name":"name","json_path":"$.contact_roles[0].name","expected_data_type":"string","maximum_length":50,"limit":100,` +
		`"param_name":"status","resource_path_index":2,"supported_version":8,"permissions":["a","b"],"unknown":{"x":null}}`
	crm := offline(t, secretStatic, sequence(responding(500, errorBody("INTERNAL_ERROR")), responding(400, roles(item("INVALID_DATA", details, "error")),
		"X-API-CREDITS-REMAINING", "0", "Retry-After", "7")), client.WithFirstWait(0))
	got, isError := errors.AsType[*client.Error](update(t, crm))
	if !isError {
		t.Fatal("there is no *Error")
	}
	want := client.Error{
		Operation: client.Operation{
			ID: "updateContactRole", Method: "PUT", Path: "/Contacts/roles/{contact_role_id}", Scopes: []string{"ZohoCRM.modules.contacts.UPDATE", "ZohoCRM.modules.ALL"},
			DocumentationURL: "https://www.zoho.com/crm/developer/docs/api/v7/update-contact-roles.html",
		},
		StatusCode: 400, Code: client.CodeInvalidData, Message: "text", Index: 0, InputID: roleID, Attempts: 2, RetryAfter: 7 * time.Second,
		CreditsRemaining: 0, ContentType: "application/json;charset=UTF-8",
		Details: client.Details{
			ID: "9", APIName: "name", JSONPath: "$.contact_roles[0].name", ExpectedDataType: "string", MaximumLength: 50, Limit: 100,
			ParamName: "status", ResourcePathIndex: 2, SupportedVersion: 8, Permissions: []string{"a", "b"}, Raw: json.RawMessage(details),
		},
		Resolution: "Correct the key that details.api_name names. If details has only an id, no contact role has that id.",
	}
	gotFields, wantFields := reflect.ValueOf(*got), reflect.ValueOf(want)
	for i := range gotFields.NumField() {
		if field := gotFields.Type().Field(i); field.IsExported() && !reflect.DeepEqual(gotFields.Field(i).Interface(), wantFields.Field(i).Interface()) {
			t.Errorf("%s is %+v, want %+v", field.Name, gotFields.Field(i), wantFields.Field(i))
		}
	}
	if log := got.LogValue().String(); log != "[operation=updateContactRole status=400 code=INVALID_DATA message=text attempts=2 index=0 credits_remaining=0]" {
		t.Errorf("the log value is %s", log)
	}
}

// Details that do not fit are left zero, and so are credits.
func TestErrorsOfUndocumentedForm(t *testing.T) {
	t.Parallel()
	permissions := func(n int) string { return `{"permissions":["a"` + strings.Repeat(`,"a"`, n-1) + "]}" }
	for details, want := range map[string]client.Details{
		permissions(100): {Permissions: slices.Repeat([]string{"a"}, 100)},
		permissions(101): {},
		`{"id":9223372036854775807,"maximum_length":"x","permissions":"a","limit":3}`: {ID: "9223372036854775807", Limit: 3},
		`{"id":"1","id":"2","api_name":"name"}`:                                       {APIName: "name"},
		"{\"api_name\":\"name\",\"api\u200b_name\":\"x\"}":                            {APIName: "name"},
		`{"api_name":"` + "two\u200b" + `\nlines"}`:                                   {APIName: "two lines"},
		`{"id":12345678901234567890,"limit":3}`:                                       {Limit: 3},
		`["x"]`:                                                                       {},
	} {
		got, _ := errors.AsType[*client.Error](update(t, offline(t, secretStatic, responding(400, item("INVALID_DATA", details, "error"), "X-API-CREDITS-REMAINING", "-1"))))
		want.Raw = json.RawMessage(strings.ReplaceAll(details, "\u200b", ""))
		if !reflect.DeepEqual(got.Details, want) || got.CreditsRemaining != -1 {
			t.Errorf("the details are %+v, want %+v; %d credits remain, want -1", got.Details, want, got.CreditsRemaining)
		}
	}
}

// A token is found although a character in it is not printed, and although the text ends within the token.
func TestTokenInAResponseIsRedacted(t *testing.T) {
	t.Parallel()
	const hidden = "1000.secret\u200b-access-token"
	for name, network := range map[string]roundTripFunc{
		"message":            responding(400, `{"code":"X","message":"`+hidden+`"}`),
		"code":               responding(400, errorBody(hidden)),
		"details":            responding(400, item("X", `{"api_name":"`+hidden+`","permissions":["`+hidden+`"]}`, "error")),
		"success":            responding(200, strings.Replace(roleUpdated, "record updated", hidden, 1)),
		"page":               responding(400, "<html>"+hidden),
		"line break":         responding(400, "<html>"+secretToken[:15]+"\r\n"+secretToken[15:]),
		"invisible":          responding(400, errorBody(strings.Join(strings.Split(secretToken, ""), "\u3164"))),
		"end of a snippet":   responding(400, strings.Repeat("x", 180)+secretToken+"y"),
		"truncated response": responding(200, `{"message":"`+secretToken[:15]),
		"content type":       responding(200, roleUpdated, "Content-Type", hidden),
		"redirect":           responding(307, "", "Location", "https://example.com/"+secretToken),
	} {
		result, err := offline(t, secretStatic, network, client.WithFirstWait(0)).UpdateContactRole(t.Context(), roleID, roleUpdate)
		shown := fmt.Sprintf("%v %+v", err, result)
		if failure, isError := errors.AsType[*client.Error](err); isError {
			shown += fmt.Sprintf("%+v %s %s", *failure, failure.Details.Raw, slog.AnyValue(failure).Resolve())
		}
		if strings.Contains(strings.ReplaceAll(shown, "\u200b", ""), "1000.secr") || !strings.Contains(shown, "(redacted)") {
			t.Errorf("%s: shown is %s", name, shown)
		}
	}
}

// Updates read at most 4 MiB and reads 32 MiB, whatever length a response declares.
func TestSizeOfAResponse(t *testing.T) {
	t.Parallel()
	const body = `{"contact_roles":[{"id":"1","code":"SUCCESS","details":{"id":"` + roleID + `"},"status":"success"}]}`
	write := func(crm *client.Client) error { return update(t, crm) }
	list := func(crm *client.Client) error { return second(crm.ListContactRoles(t.Context())) }
	for _, test := range []struct {
		call        func(*client.Client) error
		size, limit int
	}{
		{write, 4 << 20, 4 << 20}, {write, 4<<20 + 1, 4 << 20}, {write, 1 << 40, 4 << 20}, {list, 32 << 20, 32 << 20}, {list, 32<<20 + 1, 32 << 20},
	} {
		padded := &paddedBody{Reader: io.MultiReader(strings.NewReader(body), io.LimitReader(spaces{}, int64(test.size-len(body))))}
		err := test.call(offline(t, secretStatic, roundTripFunc(func(*http.Request) (*http.Response, error) {
			res := newResponse(200, "")
			res.Body, res.ContentLength = padded, math.MaxInt64
			return res, nil
		})))
		if (err == nil) != (test.size <= test.limit) || err != nil && !errors.Is(err, client.ErrResponseTooLarge) || padded.read > test.limit+1 || !padded.closed {
			t.Errorf("of %d bytes %d were read, closed: %t, error: %v", test.size, padded.read, padded.closed, err)
		}
	}
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte(" "), len(p))), nil }

type paddedBody struct {
	io.Reader
	read   int
	closed bool
}

func (b *paddedBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.read += n
	return n, err
}

func (b *paddedBody) Close() error { b.closed = true; return nil }

// A few kilobytes of gzip make a response of millions of values. It allocates at most 150 MiB in all, and an error keeps little of it.
func TestMemoryOfAResponse(t *testing.T) {
	listModules := func(_ testing.TB, crm *client.Client) error { return second(crm.ListModules(t.Context())) }
	for _, test := range []struct {
		before, element, after string
		call                   func(testing.TB, *client.Client) error
	}{
		{`{"contact_roles":[`, `1,`, `1]}`, update},
		{`{"contact_roles":[[`, wrong + `,`, wrong + `]]}`, update},
		{`{"code":"X","status":"error","details":{"id":"1","permissions":[`, `1,`, `1]}}`, update},
		{`{"code":"X","status":"error","message":"`, `x`, `"}`, update},
		{`{"code":"X","status":"error","details":{"id":"`, `1`, `"}}`, update},
		{`{"contact_roles":[[`, item("X", `{"permissions":[`+strings.Repeat(`"",`, 1000)+`""]}`, "error") + `,`, wrong + `]]}`, update},
		{`{"contact_roles":[[`, item("X"+strings.Repeat("x", 40<<10), `{}`, "error") + `,`, wrong + `]]}`, update},
		{`{"code":"X","status":"error","x":[`, `{},`, `1]}`, update},
		{`{"modules":[`, `{"id":"1"},`, `1]}`, listModules},
		{`{"code":"X","modules":[{"id":"1","profiles":[`, `1,`, `1]}]}`, listModules},
		{`{"modules":[{"id":"1","profiles":[`, `{"id":"1"},`, `1]}]}`, listModules},
	} {
		body := test.before + strings.Repeat(test.element, 4_000_000/len(test.element)) + test.after
		crm := offline(t, secretStatic, responding(200, body))
		var before, after, kept runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		err := test.call(t, crm)
		runtime.ReadMemStats(&after)
		runtime.GC()
		runtime.ReadMemStats(&kept)
		if allocated, left := after.TotalAlloc-before.TotalAlloc, int64(kept.HeapAlloc)-int64(before.HeapAlloc); err == nil || allocated > 150<<20 || left > 1<<20 {
			t.Errorf("%s…: %d KiB allocated, %d kept, error: %v", test.before, allocated>>10, left>>10, err)
		}
		runtime.KeepAlive(err)
		runtime.KeepAlive(body)
	}
}

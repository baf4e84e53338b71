package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
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

// TestAnswers holds what an update of two contact roles makes of an answer.
func TestAnswers(t *testing.T) {
	// ok is a result that is a success, none one whose error is not one of Zoho's.
	const ok, none = "ok", ""
	first, second := updated(roleID), updated(nextRoleID)
	// The document does not allow these, and the client makes sense of them.
	readAnyway := []string{
		"success as 207", "success with more keys", "id as a number", "partial, with an id as a number", "all failed as 200", "all failed as 403", "all failed as 500",
		"bare as 200", "bare as 207", "bare without a status", "array of errors", "array of one error beside a success",
		"an array with an error and a success", "an array with a success and an error", "an array with a number for a code", "an array with null",
	}
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   [2]string // ok, or the code of each result's error
		whole  bool      // whether the error is that of the whole request
	}{
		{"success", 200, roles(first, second), [2]string{ok, ok}, false},
		{"success with a line end", 200, roles(first, second) + "\r\n", [2]string{ok, ok}, false},
		{"success, indented", 200, strings.NewReplacer("{", "{\n ", "[", "[\n ", ",", ",\n ", ":", " : ").Replace(roles(first, second)), [2]string{ok, ok}, false},
		{"success as 207", 207, roles(first, second), [2]string{ok, ok}, false},
		{"success with more keys", 200, `{"info":{"x":[1]},"contact_roles":[` + first + `,{"x":1,` + second[1:] + `]}`, [2]string{ok, ok}, false},
		{"id as a number", 200, roles(first, item("SUCCESS", `{"id":`+nextRoleID+`}`, "success")), [2]string{ok, ok}, false},
		{"id escaped", 200, roles(strings.Replace(first, roleID, `\u0034`+roleID[1:], 1), second), [2]string{ok, ok}, false},
		{"partial", 207, roles(first, taken), [2]string{ok, "DUPLICATE_DATA"}, false},
		{"partial as 200", 200, roles(first, taken), [2]string{ok, "DUPLICATE_DATA"}, false},
		{"partial, the other one", 207, roles(taken, second), [2]string{"DUPLICATE_DATA", ok}, false},
		{"partial, indented", 207, strings.ReplaceAll(roles(wrong, second), ",", " ,\n\t"), [2]string{"INVALID_DATA", ok}, false},
		{"partial, with an id as a number", 207, roles(item("SUCCESS", `{"id":`+roleID+`}`, "success"), wrong), [2]string{ok, "INVALID_DATA"}, false},
		{"all failed", 400, roles(wrong, taken), [2]string{"INVALID_DATA", "DUPLICATE_DATA"}, false},
		{"all failed as 200", 200, roles(wrong, taken), [2]string{"INVALID_DATA", "DUPLICATE_DATA"}, false},
		{"all failed as 403", 403, roles(wrong, taken), [2]string{"INVALID_DATA", "DUPLICATE_DATA"}, false},
		{"all failed as 500", 500, roles(wrong, taken), [2]string{"INVALID_DATA", "DUPLICATE_DATA"}, false},
		{"bare", 400, wrong, [2]string{"INVALID_DATA", "INVALID_DATA"}, true},
		{"bare as 200", 200, wrong, [2]string{"INVALID_DATA", "INVALID_DATA"}, true},
		{"bare as 207", 207, wrong, [2]string{"INVALID_DATA", "INVALID_DATA"}, true},
		{"bare as 403", 403, bare("NO_PERMISSION"), [2]string{"NO_PERMISSION", "NO_PERMISSION"}, true},
		{"bare as 404", 404, bare("INVALID_URL_PATTERN"), [2]string{"INVALID_URL_PATTERN", "INVALID_URL_PATTERN"}, true},
		{"bare as 500", 500, bare("INTERNAL_ERROR"), [2]string{"INTERNAL_ERROR", "INTERNAL_ERROR"}, true},
		{"a new code", 400, bare("A_NEW_CODE"), [2]string{"A_NEW_CODE", "A_NEW_CODE"}, true},
		{"bare without a status", 400, `{"code":"INVALID_DATA"}`, [2]string{"INVALID_DATA", "INVALID_DATA"}, true},
		{"array of errors", 400, roles("["+taken+","+wrong+"]", wrong), [2]string{"DUPLICATE_DATA", "INVALID_DATA"}, false},
		{"array of one error beside a success", 207, roles(first, "["+taken+"]"), [2]string{ok, "DUPLICATE_DATA"}, false},
		{"400 with a success", 400, roles(first, taken), [2]string{none, "DUPLICATE_DATA"}, false},
		{"500 with successes", 500, roles(first, second), [2]string{none, none}, false},
		{"201", 201, roles(first, second), [2]string{none, none}, false},
		{"the order is another", 200, roles(second, first), [2]string{none, none}, false},
		{"the same twice", 200, roles(first, first), [2]string{ok, none}, false},
		{"too few", 200, roles(first), [2]string{none, none}, true},
		{"too many", 200, roles(first, second, second), [2]string{none, none}, true},
		{"none", 200, roles(), [2]string{none, none}, true},
		{"null", 200, `{"contact_roles":null}`, [2]string{none, none}, true},
		{"an object for an array", 200, `{"contact_roles":` + first + `}`, [2]string{none, none}, true},
		{"no keys", 200, `{}`, [2]string{none, none}, true},
		{"no keys as 500", 500, `{}`, [2]string{none, none}, true},
		{"JSON null", 200, `null`, [2]string{none, none}, true},
		{"JSON array", 200, "[" + first + "," + second + "]", [2]string{none, none}, true},
		{"JSON string", 200, `"SUCCESS"`, [2]string{none, none}, true},
		{"modules", 200, strings.Replace(roles(first, second), "contact_roles", "modules", 1), [2]string{none, none}, true},
		{"contact roles and modules", 200, `{"modules":[` + first + "]," + roles(first, second)[1:], [2]string{none, none}, true},
		{"contact roles and an error", 200, `{"code":"INVALID_DATA",` + roles(first, second)[1:], [2]string{none, none}, true},
		{"contact roles and a bare error", 200, roles(first, second)[:len(roles(first, second))-1] + "," + wrong[1:], [2]string{none, none}, true},
		{"a bare error that calls itself a success", 200, item("INVALID_DATA", "{}", "success"), [2]string{none, none}, true},
		{"a bare success", 200, first, [2]string{none, none}, true},
		{"a bare error with a success's code", 200, item("SUCCESS", "{}", "error"), [2]string{none, none}, true},
		{"no code", 200, roles(first, `{"details":{"id":"`+nextRoleID+`"},"message":"text","status":"success"}`), [2]string{ok, none}, false},
		{"no status", 200, roles(first, `{"code":"SUCCESS","details":{"id":"`+nextRoleID+`"},"message":"text"}`), [2]string{ok, none}, false},
		{"a status of another case", 200, roles(first, item("SUCCESS", `{"id":"`+nextRoleID+`"}`, "Success")), [2]string{ok, none}, false},
		{"a success with an error's code", 200, roles(first, item("DUPLICATE_DATA", `{"id":"`+nextRoleID+`"}`, "success")), [2]string{ok, none}, false},
		{"an error with a success's code", 207, roles(first, item("SUCCESS", `{"id":"`+nextRoleID+`"}`, "error")), [2]string{ok, none}, false},
		{"no id", 200, roles(first, item("SUCCESS", `{}`, "success")), [2]string{ok, none}, false},
		{"no details", 200, roles(first, `{"code":"SUCCESS","message":"text","status":"success"}`), [2]string{ok, none}, false},
		{"details null", 200, roles(first, item("SUCCESS", `null`, "success")), [2]string{ok, none}, false},
		{"details a string", 200, roles(first, item("SUCCESS", `"`+nextRoleID+`"`, "success")), [2]string{ok, none}, false},
		{"id empty", 200, roles(first, updated("")), [2]string{ok, none}, false},
		{"id null", 200, roles(first, item("SUCCESS", `{"id":null}`, "success")), [2]string{ok, none}, false},
		{"id true", 200, roles(first, item("SUCCESS", `{"id":true}`, "success")), [2]string{ok, none}, false},
		{"id an array", 200, roles(first, item("SUCCESS", `{"id":["`+nextRoleID+`"]}`, "success")), [2]string{ok, none}, false},
		{"id a float", 200, roles(first, item("SUCCESS", `{"id":`+nextRoleID+`.0}`, "success")), [2]string{ok, none}, false},
		{"id quoted twice", 200, roles(first, item("SUCCESS", `{"id":"\"`+nextRoleID+`\""}`, "success")), [2]string{ok, none}, false},
		{"id with a blank", 200, roles(first, updated(nextRoleID+" ")), [2]string{ok, none}, false},
		{"an element null", 200, roles(first, "null"), [2]string{ok, none}, false},
		{"an element a string", 200, roles(first, `"SUCCESS"`), [2]string{ok, none}, false},
		{"an element with a number for a code", 200, roles(first, strings.Replace(second, `"SUCCESS"`, "200", 1)), [2]string{ok, none}, false},
		{"a success with a number for a message", 200, roles(first, strings.Replace(second, `"text"`, "1", 1)), [2]string{ok, none}, false},
		{"an error with a number for a message", 207, roles(first, strings.Replace(taken, `"text"`, "1", 1)), [2]string{ok, none}, false},
		{"an error without a code", 207, roles(first, `{"details":{},"message":"text","status":"error"}`), [2]string{ok, none}, false},
		{"an error with a status of its own", 207, roles(first, item("DUPLICATE_DATA", "{}", "failure")), [2]string{ok, none}, false},
		{"an empty array", 200, roles(first, "[]"), [2]string{ok, none}, false},
		{"an array with a success", 200, roles(first, "["+second+"]"), [2]string{ok, none}, false},
		{"an array with an error and a success", 207, roles(first, "["+taken+","+second+"]"), [2]string{ok, "DUPLICATE_DATA"}, false},
		{"an array with a success and an error", 207, roles(first, "["+second+","+taken+"]"), [2]string{ok, "DUPLICATE_DATA"}, false},
		{"an array in an array", 200, roles(first, "[["+taken+"]]"), [2]string{ok, none}, false},
		{"an array with a number for a code", 207, roles(first, "["+taken+","+strings.Replace(wrong, `"INVALID_DATA"`, "1", 1)+"]"), [2]string{ok, "DUPLICATE_DATA"}, false},
		{"an array with null", 200, roles(first, "["+taken+",null]"), [2]string{ok, "DUPLICATE_DATA"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			// What is none of Zoho's answers to the client is none to the document.
			if slices.Contains(test.want[:], none) || slices.Contains(readAnyway, test.name) {
				breaksContract(t)
			}
			results, err := newClient(t, client.EU, client.StaticToken("1000.token"), client.WithFirstWait(time.Microsecond),
				transport(func(*http.Request) (*http.Response, error) { return answer(test.status, test.body), nil }).option(),
			).UpdateContactRoles(t.Context(), renames)
			if len(results) != 2 {
				t.Fatalf("%d results", len(results))
			}
			if (err == nil) != (test.want == [2]string{ok, ok}) {
				t.Errorf("the error is %v", err)
			}
			if err != nil && (strings.Contains(err.Error(), "\n") || len(err.Error()) > 2000) {
				t.Errorf("the error is not of one short line: %q", err)
			}
			for i, result := range results {
				if test.want[i] == ok {
					if result.ID != renames[i].ID || result.Code != "SUCCESS" || result.Message != "text" || result.Err != nil {
						t.Errorf("result %d must be a success: %+v", i, result)
					}
					continue
				}
				index := i
				if test.whole {
					index = -1
				}
				failure, isError := errors.AsType[*client.Error](result.Err)
				if !isError || result.ID != "" || failure.StatusCode != test.status || failure.Index != index || failure.Code == "" && (failure.Snippet == "" || failure.Message == "") {
					t.Fatalf("result %d must be a failure: %+v", i, result)
				}
				if result.Code != failure.Code || result.Message != failure.Message {
					t.Errorf("result %d must be told as its error: %+v", i, result)
				}
				if code := client.Code(test.want[i]); code != "" && (!errors.Is(result.Err, code) || !errors.Is(err, code)) || code == "" && failure.Code != "" {
					t.Errorf("result %d must have the code %q: %+v", i, code, result)
				}
			}
		})
	}
}

// TestArrayOfErrors holds that both errors of one input are told.
func TestArrayOfErrors(t *testing.T) {
	breaksContract(t)
	crm := newClient(t, client.EU, client.StaticToken("1000.token"), transport(func(*http.Request) (*http.Response, error) {
		return answer(http.StatusMultiStatus, roles("["+taken+","+wrong+"]", updated(nextRoleID))), nil
	}).option())
	results, err := crm.UpdateContactRoles(t.Context(), renames)
	for _, err := range []error{results[0].Err, err} {
		if !errors.Is(err, client.CodeDuplicateData) || !errors.Is(err, client.CodeInvalidData) || strings.Count(err.Error(), "input 0") != 2 {
			t.Errorf("the error is %v", err)
		}
	}
}

// TestModuleAnswers holds which id an answer to an update of a module must have.
func TestModuleAnswers(t *testing.T) {
	breaksContract(t)
	for _, test := range []struct {
		module, answered string
		good             bool
	}{
		{moduleID, moduleID, true},
		{moduleID, roleID, false},
		{"Digital_Marketing", moduleID, true},
		{"Digital_Marketing", "Digital_Marketing", false},
		{"Digital_Marketing", "", false},
	} {
		crm := newClient(t, client.EU, client.StaticToken("1000.token"), transport(func(*http.Request) (*http.Response, error) {
			return answer(http.StatusOK, `{"modules":[`+updated(test.answered)+`]}`), nil
		}).option())
		result, err := crm.UpdateCustomModule(t.Context(), test.module, labels)
		if test.good != (err == nil) || test.good && result.ID != test.answered {
			t.Errorf("module %s, answer of %s: %+v", test.module, test.answered, result)
		}
	}
}

// TestNoInputs holds that an answer to no inputs is no success either.
func TestNoInputs(t *testing.T) {
	breaksContract(t)
	for _, status := range []int{200, 207, 400, 500} {
		for _, body := range []string{"", "{}", "null", roles(), bare("MANDATORY_NOT_FOUND")} {
			crm := newClient(t, client.EU, client.StaticToken("1000.token"), client.WithoutValidation(), client.WithMaxAttempts(1),
				transport(func(*http.Request) (*http.Response, error) { return answer(status, body), nil }).option())
			if results, err := crm.UpdateContactRoles(t.Context(), nil); err == nil || len(results) != 0 {
				t.Errorf("HTTP %d %s: %v, %v", status, body, results, err)
			}
		}
	}
}

type counted struct {
	io.Reader
	read, closed int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

func (c *counted) Close() error { c.closed++; return nil }

func TestSizeOfAnswer(t *testing.T) {
	const most = 4 << 20
	for _, test := range []struct {
		auth       client.Auth
		size, most int
		good       bool
	}{
		{client.StaticToken("1000.token"), most, most, true},
		{client.StaticToken("1000.token"), most + 1, most + 1, false},
		{client.StaticToken("1000.token"), 100 << 20, most + 1, false},
		{credentials(), 100 << 20, most + 1, false},
	} {
		body := &counted{Reader: io.MultiReader(strings.NewReader(roleUpdated), io.LimitReader(blanks{}, int64(test.size-len(roleUpdated))))}
		// It is not held against the contract, which would read all of it.
		crm, err := client.New(client.EU, test.auth, transport(func(*http.Request) (*http.Response, error) {
			res := answer(http.StatusOK, "")
			res.Body, res.ContentLength = body, -1
			return res, nil
		}).option())
		if err != nil {
			t.Fatal(err)
		}
		if err = update(t, crm); (err == nil) != test.good || body.read > test.most || body.closed == 0 {
			t.Errorf("of %d bytes %d were read, and closed %d times: %v", test.size, body.read, body.closed, err)
		}
	}
}

type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// TestLongErrors holds that a text of Zoho's of any length makes an error of one short line.
func TestLongErrors(t *testing.T) {
	long := strings.Repeat("é\u2028 ", 1<<13)
	for name, body := range map[string]string{
		"code":    bare(long),
		"message": strings.Replace(wrong, "text", long, 1),
		"details": item("INVALID_DATA", `{"a":"`+long+`"}`, "error"),
		"id":      roles(updated(strings.Repeat("1", 1<<15))),
		"text":    long,
	} {
		t.Run(name, func(t *testing.T) {
			if name == "text" || name == "id" {
				breaksContract(t)
			}
			lines, logger := jsonLines()
			crm := newClient(t, client.EU, client.StaticToken("1000.token"), client.WithLogger(logger), transport(func(*http.Request) (*http.Response, error) {
				return answer(http.StatusBadRequest, body), nil
			}).option())
			err := update(t, crm)
			logger.Error("failed", "error", err)
			if err == nil || len(err.Error()) > 1500 || strings.ContainsAny(err.Error(), "\n\u2028") {
				t.Errorf("the error has %d bytes: %.300s", len(fmt.Sprint(err)), fmt.Sprint(err))
			}
			if lines.Len() > 3000 {
				t.Errorf("the log has %d bytes", lines.Len())
			}
		})
	}
	many := make([]client.ContactRoleUpdate, 100)
	for i := range many {
		many[i] = client.ContactRoleUpdate{ID: fmt.Sprint(i), Name: "Name"}
	}
	crm := newClient(t, client.EU, client.StaticToken("1000.token"), transport(func(*http.Request) (*http.Response, error) {
		return answer(http.StatusBadRequest, roles(strings.Split(strings.Repeat(taken+";", 100), ";")[:100]...)), nil
	}).option())
	results, err := crm.UpdateContactRoles(context.Background(), many)
	if len(results) != 100 || results[99].Err == nil || !strings.HasSuffix(err.Error(), "; and 97 more") || len(err.Error()) > 1500 {
		t.Errorf("%d results, error %v", len(results), err)
	}
}

func TestResolutionOfNoAnswerOfZoho(t *testing.T) {
	breaksContract(t)
	for code, want := range map[int]string{http.StatusForbidden: "Check DataCenter.APIURL", http.StatusBadGateway: "Try again later."} {
		a := &attempts{answers: []roundTrip{func(*http.Request) (*http.Response, error) { return answer(code, "<html>"), nil }}}
		_, err := a.update(t, t.Context(), client.WithMaxAttempts(1))
		if failure, isError := errors.AsType[*client.Error](err); !isError || !strings.HasPrefix(failure.Resolution, want) || !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
}

// A gateway may have another idea of a status than Zoho.
func TestStatusAsNumber(t *testing.T) {
	breaksContract(t)
	z := &zoho{update: func(sent string) *http.Response {
		if sent == token(1) {
			return answer(http.StatusUnauthorized, `{"code":"INVALID_TOKEN","details":{},"message":"text","status":401}`)
		}
		return answer(http.StatusOK, roleUpdated)
	}}
	mustUpdate(t, z.client(t, credentials()))
	z.mustHaveAsked(t, 2)
}

// An answer of many small elements must not take many times its size.
func TestManyElements(t *testing.T) {
	const size = 1 << 20
	many := func(element string) string { return strings.Repeat(element+",", size/(len(element)+1)) }
	for name, body := range map[string]string{
		"numbers":            `{"contact_roles":[` + many("1") + `1]}`,
		"objects":            `{"contact_roles":[` + many("{}") + `1]}`,
		"arrays":             `{"contact_roles":[` + many("[]") + `1]}`,
		"numbers as errors":  `{"contact_roles":[[` + many("1") + `1]]}`,
		"objects as errors":  `{"contact_roles":[[` + many("{}") + `1]]}`,
		"errors of one role": `{"contact_roles":[[` + many(wrong) + wrong + `]]}`,
	} {
		for _, code := range []int{http.StatusOK, http.StatusBadRequest} {
			// It is not held against the contract, which would take as much.
			crm, err := client.New(client.EU, client.StaticToken("1000.token"), transport(func(*http.Request) (*http.Response, error) {
				return answer(code, body), nil
			}).option())
			if err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err = update(t, crm)
			runtime.ReadMemStats(&after)
			if allocated := after.TotalAlloc - before.TotalAlloc; err == nil || allocated > 100*size {
				t.Errorf("%s as %d took %d MB: %v", name, code, allocated>>20, err)
			}
		}
	}
}

// What an answer declares as its size is not to be believed.
func TestDeclaredSize(t *testing.T) {
	crm := newClient(t, client.EU, client.StaticToken("1000.token"), transport(func(*http.Request) (*http.Response, error) {
		res := answer(http.StatusOK, roleUpdated)
		res.ContentLength = math.MaxInt64
		return res, nil
	}).option())
	if err := update(t, crm); err != nil {
		t.Error(err)
	}
}

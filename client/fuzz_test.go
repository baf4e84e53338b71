package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

// fuzzed makes a client of a test that judges by itself what breaks the contract.
func fuzzed(t *testing.T, auth client.Auth, network transport, options ...client.Option) *client.Client {
	t.Helper()
	crm, err := client.New(client.EU, auth, append(options, client.WithMaxAttempts(1), network.option(), client.WithTransport(ownContract(t).transport))...)
	if err != nil {
		t.Fatal(err)
	}
	return crm
}

// FuzzAnswer has any answer to each operation: only a whole success makes no error.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		"", "null", "<html>", roleUpdated, wrong, roles(updated(roleID), updated(nextRoleID)), roles(updated(roleID), taken), roles("["+taken+","+wrong+"]", wrong),
		`{"modules":[` + updated(moduleID) + `]}`, roles(item("SUCCESS", `{"id":`+roleID+`}`, "success")), roleUpdated[:50], roleUpdated + roleUpdated,
	} {
		for operation := range uint8(4) {
			f.Add(operation, uint16(200), "application/json;charset=UTF-8", []byte(body))
			f.Add(operation, uint16(400), "application/json", []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, operation uint8, code uint16, contentType string, body []byte) {
		status := 200 + int(code)%400
		crm := fuzzed(t, client.StaticToken("1000.token"), func(*http.Request) (*http.Response, error) {
			res := answer(status, string(body))
			res.Header.Set("Content-Type", contentType)
			return res, nil
		})
		key, ids, results, err := "contact_roles", []string{roleID}, make([]client.Result, 1), error(nil)
		switch operation % 4 {
		case 0:
			results[0], err = crm.UpdateContactRole(t.Context(), roleID, rename)
		case 1:
			ids = []string{roleID, nextRoleID}
			results, err = crm.UpdateContactRoles(t.Context(), renames)
		case 2:
			key, ids = "modules", []string{moduleID}
			results[0], err = crm.UpdateCustomModule(t.Context(), moduleID, labels)
		case 3:
			key, ids = "modules", []string{""}
			results[0], err = crm.UpdateCustomModule(t.Context(), "Digital_Marketing", labels)
		}
		if len(results) != len(ids) {
			t.Fatalf("%d results for %d inputs", len(results), len(ids))
		}
		failed := false
		for i, result := range results {
			failed = failed || result.Err != nil
			if (result.Err == nil) != (result.Code == "SUCCESS") || (result.Err == nil) != (result.ID != "") || result.Err == nil && ids[i] != "" && result.ID != ids[i] {
				t.Errorf("result %d of %s is %+v", i, ids[i], result)
			}
		}
		if failed != (err != nil) {
			t.Errorf("the results are %+v, the error %v", results, err)
		}
		if err == nil {
			if media := strings.ToLower(strings.TrimSpace(contentType)); !strings.HasPrefix(media, "application/json") || status != 200 && status != 207 || !isSuccess(body, key, ids) {
				t.Errorf("HTTP %d %s %s is no success", status, contentType, body)
			}
			return
		}
		failure, isError := errors.AsType[*client.Error](err)
		if !isError || failure.StatusCode != status || failure.Code == "" && !contractOf(t).isBroken() {
			t.Errorf("HTTP %d is %v", status, err)
		}
		if text := err.Error(); strings.ContainsAny(text, "\n\r\t\x00\x1b") || len(text) > 5000 {
			t.Errorf("the text is %q", text)
		}
	})
}

// isSuccess reads a body in another way than the client does. It passes over keys that are there twice, or in another case.
func isSuccess(body []byte, key string, ids []string) bool {
	var decoded map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if !json.Valid(body) || decoder.Decode(&decoded) != nil {
		return false
	}
	if isAmbiguous(body) {
		return true
	}
	list, _ := decoded[key].([]any)
	if len(list) != len(ids) {
		return false
	}
	for i := range list {
		element, _ := list[i].(map[string]any)
		details, _ := element["details"].(map[string]any)
		id, isText := details["id"].(string)
		if number, isNumber := details["id"].(json.Number); isNumber {
			id, isText = number.String(), true
		}
		if !isText || !regexp.MustCompile(`^[0-9]+$`).MatchString(id) || ids[i] != "" && ids[i] != id || element["code"] != "SUCCESS" || element["status"] != "success" {
			return false
		}
	}
	return true
}

// isAmbiguous reports whether an object of the JSON has two keys that are equal but for case, or a known one in another case.
func isAmbiguous(body []byte) bool {
	known := []string{"modules", "contact_roles", "code", "details", "message", "status", "id"}
	decoder := json.NewDecoder(bytes.NewReader(body))
	var read func() bool
	read = func() bool {
		token, err := decoder.Token()
		opening, isOpening := token.(json.Delim)
		if err != nil || !isOpening {
			return false
		}
		found := false
		keys := append([]string(nil), known...)
		seen := map[string]bool{}
		for decoder.More() {
			if opening == '{' {
				token, err := decoder.Token()
				key, isKey := token.(string)
				if err != nil || !isKey {
					return found
				}
				for _, other := range keys {
					found = found || strings.EqualFold(key, other) && (key != other || seen[key])
				}
				seen[key] = true
				keys = append(keys, key)
			}
			found = read() || found
		}
		_, _ = decoder.Token() // the closing one
		return found
	}
	return read()
}

// FuzzTokenAnswer has any answer of the token endpoint: the API gets a token of it, or there is an error.
func FuzzTokenAnswer(f *testing.F) {
	for _, body := range []string{
		granted(1), "", "<html>", accessDenied, `{"error":"invalid_code"}`, `{"error":"x","error_description":"y"}`, `{"access_token":"1000.a b"}`,
		`{"access_token":"1000.token","expires_in":3600000,"expires_in_sec":3600,"api_domain":"https://www.zohoapis.com"}`,
		`{"access_token":"1000.token","expires_in":"x"}`, "access_token=1000.token&expires_in=3600",
	} {
		for _, status := range []uint16{200, 400, 500} {
			f.Add(status, "application/json;charset=UTF-8", []byte(body))
			f.Add(status, "text/plain", []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, code uint16, contentType string, body []byte) {
		synctest.Test(t, func(t *testing.T) { // whose timers end with it
			status, asked, sent := 200+int(code)%400, 0, ""
			crm := fuzzed(t, credentials(), func(r *http.Request) (*http.Response, error) {
				if sent = r.Header.Get("Authorization"); sent != "" {
					return answer(http.StatusOK, roleUpdated), nil
				}
				asked++
				res := answer(status, string(body))
				res.Header.Set("Content-Type", contentType)
				return res, nil
			})
			err := update(t, crm)
			if asked != 1 {
				t.Errorf("%d tokens were asked for", asked)
			}
			if err == nil {
				token, hasScheme := strings.CutPrefix(sent, "Zoho-oauthtoken ")
				if status > 299 || !hasScheme || token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
					t.Errorf("HTTP %d %s makes the header %q", status, body, sent)
				}
				return
			}
			authErr, isAuthError := errors.AsType[*client.AuthError](err)
			if !isAuthError || sent != "" || authErr.StatusCode != status {
				t.Errorf("HTTP %d is %v", status, err)
			}
			if text := err.Error(); strings.ContainsAny(text, "\n\r\t\x00\x1b") || len(text) > 1000 {
				t.Errorf("the text is %q", text)
			}
		})
	})
}

// FuzzIDs has any id in the path: the request goes to the operation of the call, or nowhere.
func FuzzIDs(f *testing.F) {
	for _, id := range append(badIDs, roleID, moduleID, "Digital_Marketing", "Appointments__s", "1", "a1", "1a") {
		f.Add(id)
	}
	role, module := regexp.MustCompile(`^[0-9]{1,19}$`), regexp.MustCompile(`^([0-9]{1,19}|[A-Za-z][A-Za-z0-9_]*)$`)
	f.Fuzz(func(t *testing.T, id string) {
		for _, options := range [][]client.Option{nil, {client.WithoutValidation()}} {
			var urls []string
			crm := fuzzed(t, client.StaticToken("1000.token"), func(r *http.Request) (*http.Response, error) {
				urls = append(urls, r.URL.String())
				return answer(http.StatusBadRequest, bare("INVALID_DATA")), nil
			}, options...)
			for _, test := range []struct {
				call    func() error
				pattern *regexp.Regexp
				prefix  string
			}{
				{func() error { _, err := crm.UpdateContactRole(t.Context(), id, rename); return err }, role, "https://www.zohoapis.eu/crm/v7/Contacts/roles/"},
				{func() error { _, err := crm.UpdateCustomModule(t.Context(), id, labels); return err }, module, "https://www.zohoapis.eu/crm/v7/settings/modules/"},
			} {
				urls = nil
				err := test.call()
				// Go's $ matches only at the end of the text.
				if !test.pattern.MatchString(id) {
					if _, refused := errors.AsType[*client.ValidationError](err); !refused || len(urls) > 0 {
						t.Errorf("the id %q went to %q: %v", id, urls, err)
					}
				} else if len(urls) != 1 || urls[0] != test.prefix+id || !errors.Is(err, client.CodeInvalidData) {
					t.Errorf("the id %q went to %q: %v", id, urls, err)
				}
			}
		}
	})
}

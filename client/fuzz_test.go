package client_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

// Any response to an update has the results that another decoder finds.
func FuzzResponse(f *testing.F) {
	for _, body := range []string{
		"", "<html>", roleUpdated, wrong, roles(updated(roleID), updated(nextRoleID)), roles(updated(roleID), taken), roles("["+taken+","+wrong+"]", wrong),
		`{"modules":[` + updated(moduleID) + `]}`, roles(item("SUCCESS", `{"id":`+roleID+`}`, "success")),
	} {
		for update := range updateCalls {
			f.Add(uint(update), uint(200), "application/json;charset=UTF-8", []byte(body))
			f.Add(uint(update), uint(400), "application/json", []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, update, status uint, contentType string, body []byte) {
		checkResults(t, int(update%uint(len(updateCalls))), 200+int(status%400), contentType, body)
	})
}

// Any response of the token endpoint gives a token that a header can have, or an error.
func FuzzTokenResponse(f *testing.F) {
	for _, body := range []string{
		tokenBody(1), "", "<html>", throttle, `{"error":"invalid_code"}`, `{"error":"x","error_description":"y"}`, `{"access_token":"1000.a b"}`,
		`{"access_token":"1000.token","expires_in":3600000,"expires_in_sec":3600,"api_domain":"https://www.zohoapis.com"}`, `{"access_token":"1000.token","expires_in":"x"}`,
	} {
		f.Add(uint(0), []byte(body))
		f.Add(uint(200), []byte(body))
	}
	f.Fuzz(func(t *testing.T, status uint, body []byte) {
		synctest.Test(t, func(t *testing.T) { // whose timers end with it
			requests, sent := 0, ""
			err := update(t, offline(t, secretAuth, roundTripFunc(func(r *http.Request) (*http.Response, error) {
				if sent = r.Header.Get("Authorization"); sent != "" {
					return newResponse(200, roleUpdated), nil
				}
				requests++
				return newResponse(200+int(status%400), string(body)), nil
			}), client.WithMaxAttempts(1)))
			failure, isAuthError := errors.AsType[*client.AuthError](err)
			switch {
			case requests != 1:
				t.Errorf("%d tokens were requested", requests)
			case err == nil && !regexp.MustCompile(`^Zoho-oauthtoken [!-~]+$`).MatchString(sent):
				t.Errorf("%s makes the header %q", body, sent)
			case err != nil && (!isAuthError || sent != "" || failure.StatusCode != 200+int(status%400) || strings.ContainsAny(err.Error(), "\n\r\t\x00\x1b") || len(err.Error()) > 1000):
				t.Errorf("%s is %q", body, err)
			}
		})
	})
}

// A request with any id goes to the resource with that id, or is not sent.
func FuzzIDInPath(f *testing.F) {
	for _, id := range append(invalidIDs, "", "\xff", roleID, "Digital_Marketing", "Appointments__s", "a1", "1a") {
		f.Add(id)
	}
	roleIDs, modules := regexp.MustCompile(`^[0-9]{1,19}$`), regexp.MustCompile(`^([0-9]{1,19}|[A-Za-z][A-Za-z0-9_]*)$`)
	f.Fuzz(func(t *testing.T, id string) {
		var urls []string
		crm := offline(t, static, roundTripFunc(func(r *http.Request) (*http.Response, error) {
			urls = append(urls, r.URL.String())
			return newResponse(400, errorBody("INVALID_DATA")), nil
		}), client.WithoutValidation())
		for _, test := range []struct {
			err    error
			valid  bool
			prefix string
		}{
			{second(crm.UpdateContactRole(t.Context(), id, roleUpdate)), roleIDs.MatchString(id), "https://www.zohoapis.eu/crm/v7/Contacts/roles/"},
			{second(crm.UpdateCustomModule(t.Context(), id, moduleUpdate)), modules.MatchString(id), "https://www.zohoapis.eu/crm/v7/settings/modules/"},
			{second(crm.GetModule(t.Context(), id)), modules.MatchString(id), "https://www.zohoapis.eu/crm/v7/settings/modules/"},
		} {
			_, isInvalid := errors.AsType[*client.ValidationError](test.err)
			if isInvalid == test.valid {
				t.Errorf("the id %q: %v", id, test.err)
			}
			if test.valid {
				if len(urls) == 0 || urls[0] != test.prefix+id {
					t.Fatalf("the id %q went to %q", id, urls)
				}
				urls = urls[1:]
			}
		}
		if len(urls) > 0 {
			t.Errorf("the id %q went to %q", id, urls)
		}
	})
}

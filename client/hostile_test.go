package client_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

// serveRaw answers each connection with raw bytes after the request, and keeps it open.
func serveRaw(t *testing.T, reply func(n int, req string) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
	})
	n := 0
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			n++
			k := n
			mu.Unlock()
			go func() {
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				io.WriteString(c, reply(k, r.Header.Get("Authorization")))
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

type errReader struct{ error }

func (r errReader) Read([]byte) (int, error) { return 0, r.error }

func TestSwitchingProtocolsEnds(t *testing.T) {
	breaksContract(t)
	url := serveRaw(t, func(int, string) string {
		return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
	})
	crm := newClient(t, client.DataCenter{APIURL: url}, client.StaticToken("1000.token"), client.WithTimeout(200*time.Millisecond), client.WithMaxAttempts(1))
	done := make(chan error, 1)
	go func() { done <- update(t, crm) }()
	select {
	case err := <-done:
		if failure, _ := errors.AsType[*client.Error](err); failure == nil || failure.StatusCode != http.StatusSwitchingProtocols {
			t.Error(err)
		}
	case <-time.After(3 * time.Second):
		t.Error("the call hangs beyond WithTimeout(200ms)")
	}
}

func TestSwitchingProtocolsOfTokenEndpoint(t *testing.T) {
	breaksContract(t)
	url := serveRaw(t, func(n int, _ string) string {
		if n == 1 {
			return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
		}
		return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 45\r\n\r\n" + `{"access_token":"1000.abcdef","expires_in":9} `
	})
	crm := newClient(t, client.DataCenter{APIURL: url, AccountsURL: url}, credentials(), client.WithTimeout(200*time.Millisecond))
	for range 5 {
		err := update(t, crm)
		if _, is := errors.AsType[*client.AuthError](err); is {
		} else {
			return
		}
	}
	t.Error("the token endpoint answers well since the second request, and no call gets a token: the first flight hangs for ever")
}

func TestFlightOfAnotherClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth := credentials()
		slow := transport(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Authorization") != "" {
				return answer(200, roleUpdated), nil
			}
			select {
			case <-time.After(2 * time.Second):
				return answer(200, granted(1)), nil
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
		hasty := newClient(t, client.EU, auth, slow.option(), client.WithTimeout(time.Second), client.WithMaxAttempts(1))
		patient := newClient(t, client.EU, auth, slow.option())
		go update(t, hasty)
		synctest.Wait()
		if err := update(t, patient); err != nil {
			t.Errorf("a client with 2 minutes fails after the second of another: %v", err)
		}
	})
}

// What became of a request is told, also where there is no token for another one.
func TestNoTokenAfterNoAnswer(t *testing.T) {
	for name, cause := range map[string]error{
		"no login": errors.New("no login"),
		"refused":  &net.OpError{Op: "dial", Err: errors.New("connection refused")},
		"unknown":  &net.DNSError{Err: "no such host", IsNotFound: true},
	} {
		for _, first := range []roundTrip{nil, func(*http.Request) (*http.Response, error) {
			return answer(http.StatusUnauthorized, bare("INVALID_TOKEN")), nil
		}} {
			issued, sent := 0, 0
			crm := newClient(t, client.EU, client.TokenSource(tokens(func() (*oauth2.Token, error) {
				if issued++; issued == 1 || issued == 2 && first != nil {
					return &oauth2.Token{AccessToken: token(issued)}, nil
				}
				return nil, cause
			})), client.WithFirstWait(time.Microsecond), transport(func(r *http.Request) (*http.Response, error) {
				if sent++; sent == 1 && first != nil {
					return first(r)
				}
				return nil, io.ErrUnexpectedEOF
			}).option())
			if err := update(t, crm); !errors.Is(err, cause) || !strings.Contains(err.Error(), "may have taken effect") || strings.Contains(err.Error(), "no connection") {
				t.Errorf("%s: after %d requests: %v", name, sent, err)
			}
		}
	}
}

func TestLongErrorOfTransport(t *testing.T) {
	url := serveRaw(t, func(int, string) string { return strings.Repeat("A", 1<<20) + "\r\n\r\n" })
	crm := newClient(t, client.DataCenter{APIURL: url}, client.StaticToken("1000.token"), client.WithMaxAttempts(1))
	if err := update(t, crm); len(err.Error()) > 2000 {
		t.Errorf("the error has %d bytes: %.100s", len(err.Error()), err)
	}
	crm = newClient(t, client.DataCenter{APIURL: url, AccountsURL: url}, credentials(), client.WithMaxAttempts(1))
	if err := update(t, crm); len(err.Error()) > 2000 {
		t.Errorf("the token error has %d bytes: %.100s", len(err.Error()), err)
	}
	crm = newClient(t, client.EU, client.TokenSource(tokens(func() (*oauth2.Token, error) {
		return nil, &oauth2.RetrieveError{Response: &http.Response{Status: "500"}, Body: []byte(strings.Repeat("x", 1<<20))}
	})))
	if err := update(t, crm); len(err.Error()) > 2000 {
		t.Errorf("the TokenSource error has %d bytes: %.100s", len(err.Error()), err)
	}
}

func TestTokenInSuccess(t *testing.T) {
	crm := newClient(t, client.EU, client.StaticToken("1000.secretsecret"), transport(func(r *http.Request) (*http.Response, error) {
		return answer(200, strings.Replace(roleUpdated, "record updated", r.Header.Get("Authorization"), 1)), nil
	}).option())
	result, err := crm.UpdateContactRole(t.Context(), roleID, rename)
	if strings.Contains(fmt.Sprintf("%+v %v", result, err), "secretsecret") {
		t.Errorf("%+v", result)
	}
}

func TestThrottleCutOff(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusBadRequest} {
		asked := 0
		crm := newClient(t, client.EU, credentials(), client.WithFirstWait(time.Microsecond), transport(func(r *http.Request) (*http.Response, error) {
			asked++
			res := answer(status, "")
			res.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"error":"Access`), errReader{io.ErrUnexpectedEOF}))
			return res, nil
		}).option())
		err := update(t, crm)
		authErr, _ := errors.AsType[*client.AuthError](err)
		if asked != 1 || authErr.StatusCode != status {
			t.Errorf("asked %d times, status %d: %v", asked, authErr.StatusCode, err)
		}
	}
}

// What another attempt would not mend is not attempted again, be it for a token or of the operation.
func TestFinalErrors(t *testing.T) {
	for _, final := range []error{
		&net.DNSError{Err: "no such host", Name: "zoho.example.com", IsNotFound: true},
		&tls.CertificateVerificationError{Err: x509.SystemRootsError{}},
	} {
		for _, auth := range []client.Auth{credentials(), client.StaticToken("1000.token")} {
			asked := 0
			crm := newClient(t, client.EU, auth, client.WithFirstWait(time.Microsecond), transport(func(*http.Request) (*http.Response, error) {
				asked++
				return nil, final
			}).option())
			if err := update(t, crm); asked != 1 || !errors.Is(err, final) {
				t.Errorf("asked %d times: %v", asked, err)
			}
		}
	}
}

// The text of an error says whether an attempt before may have taken effect.
func TestAttemptsInText(t *testing.T) {
	breaksContract(t)
	lost := func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
	unconnected := func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
	}
	refused := func(*http.Request) (*http.Response, error) { return answer(http.StatusBadRequest, roles(wrong)), nil }
	throttled, failing := status(http.StatusTooManyRequests), status(http.StatusServiceUnavailable)
	for _, test := range []struct {
		answers []roundTrip
		want    string
		unsure  bool
	}{
		{[]roundTrip{refused}, ": input 0, id " + roleID + ": HTTP 400 INVALID_DATA", false},
		{[]roundTrip{throttled, refused}, "(2 attempts)", false},
		{[]roundTrip{failing, refused}, "(2 attempts, ", true},
		{[]roundTrip{lost, refused}, "(2 attempts, ", true},
		{[]roundTrip{failing, throttled, refused}, "(3 attempts, ", true},
		{[]roundTrip{failing}, "HTTP 503 CODE", false},
		{[]roundTrip{unconnected, refused}, "(2 attempts)", false},
		{[]roundTrip{unconnected, unconnected}, "no connection (attempts: 2)", false},
		{[]roundTrip{throttled, unconnected}, "no other answer (attempts: 2)", false},
		{[]roundTrip{unconnected, lost}, "(attempts: 2)", true},
		{[]roundTrip{lost, unconnected}, "(attempts: 2)", true},
	} {
		a := &attempts{answers: test.answers}
		_, err := a.update(t, t.Context(), client.WithMaxAttempts(len(test.answers)), client.WithFirstWait(time.Microsecond))
		if text := fmt.Sprint(err); !strings.Contains(text, test.want) || strings.Contains(text, "may have taken effect") != test.unsure {
			t.Errorf("the text must have %q, and be unsure: %t: %s", test.want, test.unsure, text)
		}
	}
}

func TestNothingWasSent(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := &attempts{answers: []roundTrip{good}}
	if _, err := a.update(t, ctx); !errors.Is(err, context.Canceled) || len(a.at) != 0 || !strings.HasSuffix(err.Error(), "nothing was sent: context canceled") {
		t.Errorf("%d requests: %v", len(a.at), err)
	}
}

// Without validation, an id may be anything.
func TestIDOfLines(t *testing.T) {
	breaksContract(t)
	crm := newClient(t, client.EU, client.StaticToken("1000.token"), client.WithoutValidation(), transport(func(*http.Request) (*http.Response, error) {
		return answer(http.StatusBadRequest, roles(wrong)), nil
	}).option())
	_, err := crm.UpdateContactRoles(t.Context(), []client.ContactRoleUpdate{{ID: "1\n2", Name: "x"}})
	if failure, isError := errors.AsType[*client.Error](err); !isError || failure.InputID != "1\n2" || strings.Contains(err.Error(), "\n") {
		t.Errorf("%q", err)
	}
}

func TestTokenErrorWithoutDescription(t *testing.T) {
	z := &zoho{grant: func(int) *http.Response { return answer(http.StatusOK, `{"error":"general_error"}`) }}
	if err := update(t, z.client(t, credentials())); !errors.Is(err, client.Code("general_error")) || !strings.Contains(err.Error(), "check the credentials") {
		t.Error(err)
	}
}

func TestLongRetryAfter(t *testing.T) {
	a := &attempts{answers: []roundTrip{status(http.StatusTooManyRequests, "Retry-After", "400")}}
	_, err := a.update(t, t.Context())
	failure, isError := errors.AsType[*client.Error](err)
	if !isError || failure.RetryAfter != 400*time.Second || !strings.Contains(err.Error(), "asks to wait 6m40s") {
		t.Error(err)
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

func TestAllCredentials(t *testing.T) {
	_, err := client.New(client.EU, client.RefreshToken{})
	for _, field := range []string{"ClientID", "ClientSecret", "RefreshToken"} {
		if !strings.Contains(fmt.Sprint(err), "RefreshToken."+field+" is empty") {
			t.Errorf("the error does not name %s: %v", field, err)
		}
	}
}

func TestDefaultTransport(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, roleUpdated)
	}))
	defer server.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	mustUpdate(t, newClient(t, client.DataCenter{APIURL: server.URL}, client.StaticToken("1000.token"), client.WithHTTPClient(&http.Client{})))
}

func TestNoTokenAfterRefusal(t *testing.T) {
	z := &zoho{update: refusing(token(1)), grant: func(n int) *http.Response {
		if n == 1 {
			return answer(http.StatusOK, granted(1))
		}
		return answer(http.StatusOK, `{"error":"invalid_code"}`)
	}}
	err := update(t, z.client(t, credentials()))
	if !errors.Is(err, client.CodeInvalidToken) || !errors.Is(err, client.Code("invalid_code")) || strings.Contains(err.Error(), "may have taken effect") {
		t.Error(err)
	}
}

func TestRetryAfterOfTokenEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		began := time.Now()
		crm := newClient(t, client.EU, credentials(), transport(func(r *http.Request) (*http.Response, error) {
			at = append(at, time.Since(began))
			res := answer(503, "")
			res.Header.Set("Retry-After", "30")
			return res, nil
		}).option())
		_ = update(t, crm)
		if len(at) > 1 && at[1] < 30*time.Second {
			t.Errorf("Retry-After: 30 of the token endpoint is not waited for: %v", at)
		}
	})
}

func TestEmptyFragment(t *testing.T) {
	var urls []string
	crm, err := client.New(client.DataCenter{APIURL: "https://www.zohoapis.eu/#"}, client.StaticToken("1000.token"), transport(func(r *http.Request) (*http.Response, error) {
		urls = append(urls, r.URL.String())
		return answer(200, roleUpdated), nil
	}).option())
	if err != nil {
		return
	}
	_ = update(t, crm)
	t.Errorf("went to %s", urls)
}

func TestEscapedToken(t *testing.T) {
	crm := newClient(t, client.EU, client.StaticToken("1000.secretsecret"), transport(func(r *http.Request) (*http.Response, error) {
		return answer(400, strings.Replace(wrong, "text", `1000.\u0073ecretsecret`, 1)), nil
	}).option())
	if err := update(t, crm); strings.Contains(err.Error(), "1000.secretsecret") {
		t.Error(err)
	}
}

func TestEncodedSecret(t *testing.T) {
	auth := credentials()
	auth.ClientSecret = "super secret+value/x"
	crm := newClient(t, client.EU, auth, client.WithMaxAttempts(1), transport(func(r *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		return nil, fmt.Errorf("proxy refuses %s", body)
	}).option())
	if err := update(t, crm); strings.Contains(err.Error(), "super+secret%2Bvalue") {
		t.Error(err)
	}
}

func TestRefusedTokenStaysInCache(t *testing.T) {
	z := &zoho{}
	auth := credentials()
	store := &cache{values: map[string][]byte{}}
	auth.Cache = store
	crm := z.client(t, auth)
	mustUpdate(t, crm) // T1 in cache
	store.putError = errors.New("disk full")
	z.update = refusing(token(1))
	mustUpdate(t, crm) // T2, cache keeps T1
	z.update = refusing(token(1), token(2))
	if err := update(t, crm); err != nil {
		t.Error("two refused tokens were tried where a third could be had:", err)
	}
}

func TestTokenInItsLastMinute(t *testing.T) {
	for _, refusal := range []string{accessDenied, `{"error":"invalid_code"}`} {
		synctest.Test(t, func(t *testing.T) {
			z := &zoho{}
			crm := z.client(t, credentials())
			mustUpdate(t, crm)
			z.grant = func(int) *http.Response { return answer(400, refusal) }
			time.Sleep(59*time.Minute + 10*time.Second)
			for range 100 {
				if err := update(t, crm); err != nil {
					t.Fatal("the token is good for 50 s more:", err)
				}
				synctest.Wait()
			}
			z.mustHaveAsked(t, 2)
			z.grant = nil
			time.Sleep(40 * time.Second)
			mustUpdate(t, crm)
			synctest.Wait()
			asked := 3
			if refusal == accessDenied {
				asked = 2 // it is left alone for a minute
			}
			z.mustHaveAsked(t, asked)
		})
	}
}

func TestAnotherIDWithoutValidation(t *testing.T) {
	sent := ""
	crm := newClient(t, client.EU, client.StaticToken("1000.token"), client.WithoutValidation(), transport(func(r *http.Request) (*http.Response, error) {
		b, _ := io.ReadAll(r.Body)
		sent = r.URL.Path + " " + string(b)
		return answer(200, roleUpdated), nil
	}).option())
	_, err := crm.UpdateContactRole(t.Context(), roleID, client.ContactRoleUpdate{ID: nextRoleID, Name: "x"})
	if err == nil {
		t.Error("an ID that is another is sent:", sent)
	}
}

// What the caller's own code returns must not be taken for an answer of Zoho's.
func TestErrorOfAnotherCall(t *testing.T) {
	for name, crm := range map[string]*client.Client{
		"transport": newClient(t, client.EU, client.StaticToken("1000.token"), client.WithMaxAttempts(1), transport(func(*http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("circuit open: %w", &client.Error{StatusCode: 503})
		}).option()),
		"token source":             newClient(t, client.EU, client.TokenSource(tokens(func() (*oauth2.Token, error) { return nil, &client.Error{StatusCode: 503} }))),
		"token source that panics": newClient(t, client.EU, client.TokenSource(tokens(func() (*oauth2.Token, error) { panic("x") }))),
	} {
		if result, err := crm.UpdateContactRole(t.Context(), roleID, rename); err == nil || result.Err == nil {
			t.Errorf("%s: %+v, %v", name, result, err)
		}
	}
}

// http.Client allows a transport to leave the body nil.
func TestNilBody(t *testing.T) {
	breaksContract(t)
	for _, auth := range []client.Auth{credentials(), client.StaticToken("1000.token")} {
		crm := newClient(t, client.EU, auth, client.WithMaxAttempts(1), transport(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusServiceUnavailable}, nil
		}).option())
		if err := update(t, crm); err == nil || !strings.Contains(err.Error(), "HTTP 503") {
			t.Error(err)
		}
	}
}

// putPanics and getFails tell the value that they handle.
type (
	putPanics struct{}
	getFails  struct{ value []byte }
)

func (*putPanics) Get(context.Context, string) ([]byte, error)         { return nil, nil }
func (*putPanics) Put(_ context.Context, _ string, value []byte) error { panic(string(value)) }
func (c *getFails) Get(context.Context, string) ([]byte, error) {
	return c.value, fmt.Errorf("broken: %s", c.value)
}
func (c *getFails) Put(_ context.Context, _ string, value []byte) error { c.value = value; return nil }

func TestTokenInErrorOfCache(t *testing.T) {
	for _, store := range []client.Cache{&putPanics{}, &getFails{}} {
		z := &zoho{}
		auth := credentials()
		auth.Cache = store
		lines, logger := jsonLines()
		crm := z.client(t, auth, client.WithLogger(logger))
		first := update(t, crm)
		z.update = refusing(token(1))
		second := update(t, crm)
		if text := fmt.Sprint(first, second, lines); strings.Contains(text, token(1)) || strings.Contains(text, token(2)) {
			t.Errorf("%T: a token is shown: %s", store, text)
		}
	}
}

func TestTokenInAPIDomain(t *testing.T) {
	for _, domain := range []string{"https://www.zohoapis.in/1000.abcdef", strings.Repeat("x", 10_000)} {
		crm := newClient(t, client.EU, credentials(), transport(func(*http.Request) (*http.Response, error) {
			return answer(200, `{"access_token":"1000.abcdef","api_domain":"`+domain+`"}`), nil
		}).option())
		if text := fmt.Sprint(update(t, crm)); strings.Contains(text, "abcdef") || !strings.Contains(text, "is configured for "+client.EU.APIURL) {
			t.Errorf("%.1000s", text)
		}
	}
}

// A handler of logs may look into an error, whose cause is as the transport told it.
func TestLogHasNoCause(t *testing.T) {
	lines := &strings.Builder{}
	logger := slog.New(slog.NewTextHandler(lines, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if err, isError := a.Value.Any().(error); isError {
			if joined, isJoined := err.(interface{ Unwrap() []error }); isJoined {
				err = joined.Unwrap()[0]
			}
			a.Value = slog.StringValue(err.Error())
		}
		return a
	}}))
	crm := newClient(t, client.EU, client.StaticToken("1000.abcdef"), client.WithMaxAttempts(1), client.WithLogger(logger),
		transport(func(r *http.Request) (*http.Response, error) { return nil, fmt.Errorf("cannot send %v", r.Header) }).option())
	if err := update(t, crm); err == nil || lines.Len() == 0 || strings.Contains(lines.String(), "abcdef") {
		t.Errorf("%v: %s", err, lines)
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

func TestStalledRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z, stalls := &zoho{}, false
		crm := newClient(t, client.EU, credentials(), transport(func(r *http.Request) (*http.Response, error) {
			if stalls && r.Header.Get("Authorization") == "" {
				return stall(r)
			}
			return z.RoundTrip(r)
		}).option())
		mustUpdate(t, crm)
		stalls = true
		time.Sleep(59*time.Minute + time.Second)
		began := time.Now()
		if err := update(t, crm); err != nil || time.Since(began) != 0 {
			t.Errorf("the token is good for 59 s more, the call took %s: %v", time.Since(began), err)
		}
		time.Sleep(3 * time.Minute) // the renewal and the token end
		synctest.Wait()
		stalls = false
		mustUpdate(t, crm)
		if last := z.sent[len(z.sent)-1]; last != token(2) {
			t.Errorf("%s is sent after its end", last)
		}
	})
}

// A renewal may fail shortly before the end of a token.
func TestFailedRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := &zoho{}
		lines, logger := jsonLines()
		crm := z.client(t, credentials(), client.WithLogger(logger))
		mustUpdate(t, crm)
		z.grant = func(int) *http.Response { return answer(http.StatusOK, `{"error":"server_busy"}`) }
		time.Sleep(time.Hour - 2*time.Second)
		mustUpdate(t, crm)
		synctest.Wait()
		if text := lines.String(); !strings.Contains(text, "was not renewed") || !strings.Contains(text, "refused the request") {
			t.Errorf("the log is %s", text)
		}
		lines.Reset()
		time.Sleep(3 * time.Second)
		if err := update(t, crm); err == nil || lines.Len() > 0 {
			t.Errorf("the call returns %v, the log is %s", err, lines)
		}
		z.grant = nil
		mustUpdate(t, crm)
		if last := z.sent[len(z.sent)-1]; last != token(4) {
			t.Errorf("%s is sent after the end of the first", last)
		}
	})
}

// A renewal in the background must not use what belongs to the call that began it.
func TestRenewalHasNoValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		z, found := &zoho{}, any(nil)
		crm := newClient(t, client.EU, credentials(), transport(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Authorization") == "" {
				found = r.Context().Value(key{})
			}
			return z.RoundTrip(r)
		}).option())
		for _, want := range []any{"waits", nil} {
			if _, err := crm.UpdateContactRole(context.WithValue(t.Context(), key{}, "waits"), roleID, rename); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if found != want {
				t.Errorf("the request for a token has the value %v, not %v", found, want)
			}
			time.Sleep(59*time.Minute + time.Second)
		}
		z.mustHaveAsked(t, 2)
	})
}

// What a tls.Config of the caller's verifies is not wrapped.
func TestOwnVerification(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.StartTLS()
	defer server.Close()
	certificate := server.Certificate()
	for name, options := range map[string]x509.VerifyOptions{
		"authority": {Roots: x509.NewCertPool()}, "host": {DNSName: "other.example.org"}, "expired": {CurrentTime: certificate.NotAfter.Add(1)},
	} {
		if options.Roots == nil {
			options.Roots = x509.NewCertPool()
			options.Roots.AddCert(certificate)
		}
		n := 0
		own := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(state tls.ConnectionState) error {
			n++
			_, err := state.PeerCertificates[0].Verify(options)
			return err
		}}}
		crm := newClient(t, client.DataCenter{APIURL: server.URL}, client.StaticToken("1000.token"), client.WithFirstWait(time.Microsecond),
			client.WithHTTPClient(&http.Client{Transport: own}))
		if err := update(t, crm); err == nil || n != 1 {
			t.Errorf("%s: %d handshakes: %v", name, n, err)
		}
		own.CloseIdleConnections()
	}
}

func TestLongLocation(t *testing.T) {
	breaksContract(t)
	crm := newClient(t, client.EU, client.StaticToken("1000.token"), transport(func(*http.Request) (*http.Response, error) {
		res := answer(http.StatusFound, "")
		res.Header.Set("Location", "https://elsewhere.example.com/"+strings.Repeat("a", 1<<20))
		return res, nil
	}).option())
	if failure, isError := errors.AsType[*client.Error](update(t, crm)); !isError || len(failure.Message) > 500 {
		t.Errorf("the error is %.100v, of a message of %d bytes", failure, len(failure.Message))
	}
}

// A transport may call Zoho itself.
func TestTokenWithinOperation(t *testing.T) {
	z := &zoho{}
	inner := newClient(t, client.EU, credentials(), transport(func(r *http.Request) (*http.Response, error) {
		if _, found := client.OperationFromContext(r.Context()); found != (r.Header.Get("Authorization") != "") {
			t.Errorf("%s %s belongs to an operation: %t", r.Method, r.URL, found)
		}
		return z.RoundTrip(r)
	}).option())
	outer := newClient(t, client.EU, client.StaticToken("1000.token"), transport(func(r *http.Request) (*http.Response, error) {
		if _, err := inner.UpdateContactRole(r.Context(), roleID, rename); err != nil {
			t.Error(err)
		}
		return answer(http.StatusOK, roleUpdated), nil
	}).option())
	mustUpdate(t, outer)
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
		// It is not held against the contract, which would take as much.
		crm, err := client.New(client.EU, client.StaticToken("1000.token"), transport(func(*http.Request) (*http.Response, error) {
			return answer(http.StatusBadRequest, body), nil
		}).option())
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err = update(t, crm)
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; err == nil || allocated > 100*size {
			t.Errorf("%s took %d MB: %v", name, allocated>>20, err)
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

// A transport must return an answer or an error.
func TestNeitherAnswerNorError(t *testing.T) {
	crm := newClient(t, client.EU, client.StaticToken("1000.token"), client.WithMaxAttempts(1), transport(func(*http.Request) (*http.Response, error) {
		return nil, nil
	}).option())
	if err := update(t, crm); err == nil || !strings.Contains(err.Error(), "neither an answer nor an error") {
		t.Error(err)
	}
}

// The form of a token request is in the hands of the transport, which may panic with it.
func TestPanicWithSecret(t *testing.T) {
	auth := credentials()
	auth.ClientSecret = "super secret+value/x"
	crm := newClient(t, client.EU, auth, transport(func(r *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		panic(string(body))
	}).option())
	err := update(t, crm)
	if _, isAuth := errors.AsType[*client.AuthError](err); !isAuth || !strings.Contains(err.Error(), "panicked") || strings.Contains(err.Error(), "secret%2Bvalue") {
		t.Error(err)
	}
}

package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

// TestOperations has each operation succeed, and looks at it from a RoundTripper and the log.
func TestOperations(t *testing.T) {
	for _, operation := range generated.Operations() {
		t.Run(operation.ID, func(t *testing.T) {
			server := zohotest.NewServer(t)
			lines, logger := jsonLines()
			var seen []string
			crm := newClient(t, server.DataCenter(), server.Auth(), client.WithLogger(logger), client.WithUserAgent("orders/2.1"),
				transport(func(r *http.Request) (*http.Response, error) {
					if found, isOperation := client.OperationFromContext(r.Context()); isOperation {
						seen = append(seen, found.ID+" "+found.Method+" "+found.Path)
					} else {
						seen = append(seen, "token")
					}
					return http.DefaultTransport.RoundTrip(r)
				}).option())
			call, ok := operations[operation.ID]
			if !ok {
				t.Skip("the client does not have this operation yet")
			}
			results, err := call(t.Context(), crm)
			if err != nil {
				t.Fatal(err)
			}
			for _, result := range results {
				if result.Err != nil || result.ID == "" || result.Code != "SUCCESS" || result.Message == "" {
					t.Errorf("%+v", result)
				}
			}
			if want := "token, " + operation.ID + " " + operation.Method + " " + operation.Path; strings.Join(seen, ", ") != want {
				t.Errorf("the RoundTripper saw %s", seen)
			}
			request := server.Requests()[1]
			if agent := request.Header.Get("User-Agent"); !strings.HasPrefix(agent, "orders/2.1 zohocrm-go/") {
				t.Errorf("the User-Agent is %q", agent)
			}
			var line map[string]any
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				t.Fatalf("there must be one line: %v: %s", err, lines)
			}
			for key, want := range map[string]any{
				"level": "INFO", "operation": operation.ID, "method": operation.Method, "path": operation.Path, "status": 200.0, "attempt": 1.0, "code": "SUCCESS",
			} {
				if line[key] != want {
					t.Errorf("%s is %v in the log, not %v", key, line[key], want)
				}
			}
			if duration, isNumber := line["duration"].(float64); !isNumber || duration <= 0 || len(line) != 10 {
				t.Errorf("the log has %v", line)
			}
			if strings.Contains(lines.String(), "Digital") || strings.Contains(lines.String(), "Sales") || strings.Contains(lines.String(), "1000.") {
				t.Errorf("the log shows a body or a token: %s", lines)
			}
		})
	}
	if _, found := client.OperationFromContext(t.Context()); found {
		t.Error("a context of no operation has one")
	}
}

// TestLog holds the line of each attempt of a call that fails in several ways.
func TestLog(t *testing.T) {
	breaksContract(t)
	lines, logger := jsonLines()
	n := 0
	crm := newClient(t, client.EU, client.StaticToken("1000.token"), client.WithLogger(logger), client.WithFirstWait(time.Microsecond),
		transport(func(*http.Request) (*http.Response, error) {
			switch n++; n {
			case 1:
				return nil, errors.New("reset\nby 1000.token")
			case 2:
				res := answer(http.StatusServiceUnavailable, "<html>")
				res.Header.Set("X-API-CREDITS-REMAINING", "many")
				return res, nil
			case 3:
				res := answer(http.StatusInternalServerError, bare("INTERNAL_ERROR"))
				res.Header.Set("X-API-CREDITS-REMAINING", "1234")
				return res, nil
			default:
				res := answer(http.StatusBadRequest, roles(taken))
				res.Header.Set("X-API-CREDITS-REMAINING", "-7")
				return res, nil
			}
		}).option())
	err := update(t, crm)
	want := []map[string]any{
		{"level": "WARN", "attempt": 1.0, "status": 0.0, "code": nil, "credits_remaining": nil},
		{"level": "WARN", "attempt": 2.0, "status": 503.0, "code": "", "credits_remaining": nil},
		{"level": "WARN", "attempt": 3.0, "status": 500.0, "code": "INTERNAL_ERROR", "credits_remaining": 1234.0},
		{"level": "WARN", "attempt": 4.0, "status": 400.0, "code": "DUPLICATE_DATA", "credits_remaining": nil},
	}
	logged := strings.Split(strings.TrimSpace(lines.String()), "\n")
	if len(logged) != len(want) {
		t.Fatalf("there must be %d lines: %s", len(want), lines)
	}
	for i, text := range logged {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		for key := range want[i] {
			if line[key] != want[i][key] {
				t.Errorf("line %d has the %s %v, not %v", i, key, line[key], want[i][key])
			}
		}
	}
	if text := lines.String(); strings.Contains(text, "1000.token") || strings.Contains(text, "html") || !strings.Contains(text, "reset by (secret)") {
		t.Errorf("the log is %s", text)
	}

	failure, isError := errors.AsType[*client.Error](err)
	if !isError || failure.CreditsRemaining != -1 || failure.Attempts != 4 || !strings.Contains(failure.Error(), "4 attempts, an earlier one may have taken effect") {
		t.Errorf("the error is %+v", failure)
	}
	lines.Reset()
	logger.Error("failed", "err", failure)
	var line struct{ Err map[string]any }
	if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"operation": "updateContactRole", "status": 400.0, "code": "DUPLICATE_DATA", "message": "text", "attempts": 4.0, "index": 0.0} {
		if line.Err[key] != want {
			t.Errorf("the error is logged with %s %v, not %v", key, line.Err[key], want)
		}
	}
}

// TestLogLevel holds that a logger of a higher level gets failures only.
func TestLogLevel(t *testing.T) {
	var lines strings.Builder
	logger := slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelWarn}))
	z := &zoho{}
	crm := z.client(t, client.StaticToken("1000.token"), client.WithLogger(logger))
	mustUpdate(t, crm)
	if lines.Len() > 0 {
		t.Errorf("a success was logged: %s", &lines)
	}
	z.update = refusing("1000.token")
	if err := update(t, crm); err == nil || !strings.Contains(lines.String(), "level=WARN") {
		t.Errorf("%v was logged as %s", err, &lines)
	}
}

// TestConnectionReuse holds that an answer of any kind leaves the connection fit for the next request.
func TestConnectionReuse(t *testing.T) {
	breaksContract(t)
	server := zohotest.NewServer(t)
	var dials atomic.Int32
	pool := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		dials.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	defer pool.CloseIdleConnections()
	crm := newClient(t, server.DataCenter(), server.Auth(), client.WithHTTPClient(&http.Client{Transport: pool}), client.WithFirstWait(time.Microsecond), client.WithMaxAttempts(2))
	for _, fault := range []reply{
		send(200, roleUpdated+strings.Repeat(" ", 1<<20)), send(200, roleUpdated[:20]), send(200, "<html>", "Content-Type", "text/html"), send(200, ""),
		send(204, ""), send(304, ""), send(307, strings.Repeat("x", 100_000), "Location", "/elsewhere"), send(400, bare("INVALID_DATA")),
		send(401, bare("INVALID_TOKEN")), send(500, strings.Repeat("x", 1<<20)), flushed,
	} {
		server.AnswerWith(func(w http.ResponseWriter, r *http.Request) { fault(w, r, underway{}) })
		_ = update(t, crm) // whether it succeeds is for TestFaults
		mustUpdate(t, crm)
	}
	server.AnswerTokenWith(func(w http.ResponseWriter, r *http.Request) { send(200, `{"error":"invalid_code"}`)(w, r, underway{}) })
	server.ExpireTokens()
	if err := update(t, crm); !errors.Is(err, client.Code("invalid_code")) {
		t.Error(err)
	}
	mustUpdate(t, crm)
	if n := dials.Load(); n != 1 {
		t.Errorf("%d connections were made", n)
	}
}

// flushed answers in chunks, without a length.
func flushed(w http.ResponseWriter, _ *http.Request, _ underway) {
	w.Header().Set("Content-Type", "application/json")
	for _, chunk := range []string{roleUpdated[:10], roleUpdated[10:]} {
		io.WriteString(w, chunk)
		http.NewResponseController(w).Flush()
	}
}

// TestErrorsAreOne holds how several errors of a bulk update look into one.
func TestErrorsAreOne(t *testing.T) {
	server := zohotest.NewServer(t)
	server.Answer("updateContactRoles", "all_failed")
	_, err := newClient(t, server.DataCenter(), server.Auth()).UpdateContactRoles(t.Context(), renames)
	if !errors.Is(err, client.CodeInvalidData) || !errors.Is(err, client.CodeDuplicateData) || errors.Is(err, client.CodeNotAllowed) || errors.Is(err, client.Code("")) {
		t.Errorf("the codes of %v", err)
	}
	if failure, ok := errors.AsType[*client.Error](err); !ok || failure.Index != 0 || failure.Resolution == "" || failure.Operation.DocumentationURL == "" || failure.Details.ID == "" {
		t.Errorf("the first error is %+v", failure)
	}
	if text := err.Error(); strings.Count(text, "; ") < 1 || strings.Contains(text, "\n") || !strings.Contains(text, "input 0") || !strings.Contains(text, "input 1") {
		t.Errorf("the text is %q", text)
	}
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

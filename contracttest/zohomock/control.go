package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

// controlText is what GET /control, the page and -help say. URL is the address of the server.
const controlText = `curl -X POST URL/control/reset
    restores the org of the start and the printed access token. It forgets queued responses, recorded requests and
    how many tokens were issued.
curl -X POST URL/control/expire-tokens
    makes all access tokens invalid. Those issued still count for the limit of 10 in 10 minutes.
curl URL/control/responses -d '{"operation": "updateContactRole", "example": "duplicate_data"}'
    queues an example of the spec for the next request of the operation. "status" chooses among examples of one name.
curl URL/control/responses -d '{"status": 503, "headers": {"Retry-After": "1"}, "body": "busy", "times": 2}'
    queues any response for the next two requests of the API, or with "operation" for those of an operation. A body
    that is not a string is sent as JSON.
curl URL/control/responses -d '{"operation": "token", "status": 400, "body": {"error": "Access Denied"}}'
    queues any response for the next request of the token endpoint.
curl URL/control/requests
    returns the last 10,000 requests as JSON.
`

// handleControl adds the paths below /control, with which tests in any language control the server.
func handleControl(mux *http.ServeMux, server *zohotest.Server) {
	handle := func(pattern string, control func(w http.ResponseWriter, r *http.Request) error) {
		// A web page of another origin must not control the server.
		mux.Handle(pattern, http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := control(w, r); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
			}
		})))
	}
	handle("POST /control/reset", func(w http.ResponseWriter, _ *http.Request) error {
		server.Reset()
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
	handle("POST /control/expire-tokens", func(w http.ResponseWriter, _ *http.Request) error {
		server.ExpireTokens()
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
	handle("POST /control/responses", func(w http.ResponseWriter, r *http.Request) error {
		if err := queueResponse(server, http.MaxBytesReader(w, r.Body, 1<<20)); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
	handle("GET /control/{$}", showControls)
	handle("GET /control", showControls)
	handle("GET /control/requests", func(w http.ResponseWriter, _ *http.Request) error {
		writeJSON(w, recordedRequests(server), nil)
		return nil
	})
}

func showControls(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, strings.ReplaceAll(controlText, "URL", "http://"+r.Host)) // nobody to tell if the client is gone
	return nil
}

// queuedResponse is the body of POST /control/responses: an example for an operation, or any response for the next
// request of the API, or with the operation token for that of the token endpoint.
type queuedResponse struct {
	Operation string            `json:"operation"`
	Example   string            `json:"example"`
	Status    int               `json:"status"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	Times     int               `json:"times"`
}

func queueResponse(server *zohotest.Server, body io.Reader) error {
	queued := queuedResponse{Times: 1}
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&queued); err != nil {
		return fmt.Errorf("send a JSON object with operation and example, or with status, headers and body: %w", err)
	}
	if queued.Times < 1 || queued.Times > 1000 {
		return errors.New("times must be 1 to 1000")
	}
	if queued.Example != "" {
		return queueExample(server, queued)
	}
	if queued.Status < 200 || queued.Status > 599 {
		return errors.New("send an example of the spec, or a status from 200 to 599")
	}
	var text string
	isJSON := queued.Body != nil && json.Unmarshal(queued.Body, &text) != nil
	if isJSON {
		text = string(queued.Body)
	}
	respond := func(w http.ResponseWriter, _ *http.Request) {
		if isJSON {
			w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		}
		for key, value := range queued.Headers {
			w.Header().Set(key, value)
		}
		w.WriteHeader(queued.Status)
		_, _ = io.WriteString(w, text) // nobody to tell if the client is gone
	}
	known := slices.ContainsFunc(generated.Operations(), func(o generated.Operation) bool { return o.ID == queued.Operation })
	if queued.Operation != "" && queued.Operation != "token" && !known {
		return fmt.Errorf("the spec has no operation %q", queued.Operation)
	}
	for range queued.Times {
		server.RespondOperationWith(queued.Operation, respond)
	}
	return nil
}

func queueExample(server *zohotest.Server, queued queuedResponse) error {
	switch {
	case queued.Operation == "":
		return errors.New("operation is missing: send the operationId whose example it is, such as updateContactRole")
	case queued.Headers != nil || queued.Body != nil:
		return errors.New("send either an example, or headers and body")
	}
	example := queued.Example
	if queued.Status != 0 {
		example = fmt.Sprintf("%d %s", queued.Status, example)
	}
	for range queued.Times {
		if err := server.TryRespond(queued.Operation, example); err != nil {
			return err
		}
	}
	return nil
}

type recordedRequest struct {
	Operation string      `json:"operation"`
	Method    string      `json:"method"`
	Path      string      `json:"path"`
	Headers   http.Header `json:"headers"`
	Body      string      `json:"body"`
	Status    int         `json:"status"`
}

func recordedRequests(server *zohotest.Server) []recordedRequest {
	requests := []recordedRequest{}
	for _, r := range server.Requests() {
		requests = append(requests, recordedRequest{r.Operation, r.Method, r.Path, r.Header, string(r.Body), r.Status})
	}
	return requests
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

// handleControl adds the paths below /control/, with which tests in any language control the server.
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
	handle("GET /control/requests", func(w http.ResponseWriter, _ *http.Request) error {
		writeJSON(w, recordedRequests(server), nil)
		return nil
	})
}

// queuedResponse is the body of POST /control/responses: an example for an operation, or any response for the next
// request of the API, or with the operation token for that of the token endpoint.
type queuedResponse struct {
	Operation string            `json:"operation"`
	Example   string            `json:"example"`
	Status    int               `json:"status"`
	Headers   map[string]string `json:"headers"`
	Body      string            `json:"body"`
}

func queueResponse(server *zohotest.Server, body io.Reader) error {
	var queued queuedResponse
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&queued); err != nil {
		return fmt.Errorf("send a JSON object with operation and example, or with status, headers and body: %w", err)
	}
	if queued.Example != "" {
		return server.TryRespond(queued.Operation, queued.Example)
	}
	if queued.Status < 200 || queued.Status > 599 {
		return errors.New("send an example of the spec, or a status from 200 to 599")
	}
	respond := func(w http.ResponseWriter, _ *http.Request) {
		for key, value := range queued.Headers {
			w.Header().Set(key, value)
		}
		w.WriteHeader(queued.Status)
		_, _ = io.WriteString(w, queued.Body) // nobody to tell if the client is gone
	}
	switch queued.Operation {
	case "":
		server.RespondWith(respond)
	case "token":
		server.RespondTokenWith(respond)
	default:
		return errors.New("send an example with the operation, or a status without it for the next request of the API")
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

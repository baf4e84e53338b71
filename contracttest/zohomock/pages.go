package main

import (
	"encoding/json"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/internal/contract"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/spec"
)

// contentSecurityPolicy keeps the page from loading anything, or sending a request, elsewhere.
const contentSecurityPolicy = "default-src 'self' 'unsafe-inline'; img-src 'self' data:"

// front serves the pages, and the API at all other paths. It logs the requests of the API.
func front(server *zohotest.Server, requests *log.Logger, origins []string) http.Handler {
	pages := http.NewServeMux()
	pages.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", contentSecurityPolicy)
		w.Header().Set("Cache-Control", "no-store") // the page holds the access token
		userInterface(server.IssueToken()).ServeHTTP(w, r)
	})
	pages.Handle("GET /ui/", http.StripPrefix("/ui", userInterface("")))
	pages.HandleFunc("GET /openapi.yaml", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		w.Write(specOf(r))
	})
	pages.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, r *http.Request) {
		doc, err := openapi3.NewLoader().LoadFromData(specOf(r))
		writeJSON(w, doc, err)
	})
	pages.HandleFunc("GET /org", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, currentOrg(server), nil) })
	pages.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	handleControl(pages, server)

	api := allowOrigins(origins, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := &statusWriter{ResponseWriter: w}
		server.ServeHTTP(recorder, r)
		requests.Printf("%s %s %d", r.Method, r.URL.EscapedPath(), recorder.status)
	}))
	// A ServeMux would redirect paths such as /crm/v7/Contacts/roles/. of the API.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if slices.Contains([]string{"/", "/openapi.yaml", "/openapi.json", "/org", "/health", "/control"}, path) ||
			strings.HasPrefix(path, "/ui/") || strings.HasPrefix(path, "/control/") {
			pages.ServeHTTP(w, r)
		} else {
			api.ServeHTTP(w, r)
		}
	})
}

// allowOrigins lets web pages of the origins call the API.
func allowOrigins(origins []string, api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); slices.Contains(origins, origin) {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Vary", "Origin")
			if r.Method == http.MethodOptions {
				w.Header().Set("Access-Control-Allow-Methods", "GET, POST, PUT")
				w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Prefer")
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		api.ServeHTTP(w, r)
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func writeJSON(w http.ResponseWriter, value any, err error) {
	var body []byte
	if err == nil {
		body, err = json.MarshalIndent(value, "", "  ")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(body, '\n'))
}

var servers = regexp.MustCompile(`(?m)^servers:\n(?:(?: .*)?\n)+`)

// specOf returns the spec with only this server, under the host name of the request, so that the page has the same
// origin as the API.
func specOf(r *http.Request) []byte {
	return servers.ReplaceAllLiteral(spec.YAML, []byte("servers:\n  - url: http://"+r.Host+generated.BasePath+"\n    description: Mock server\n\n"))
}

// userInterface is Swagger UI, with its files below /ui/.
func userInterface(token string) http.Handler {
	return v5emb.NewHandlerWithConfig(swgui.Config{
		Title:              "Mock server of Zoho CRM v7",
		SwaggerJSON:        "/openapi.yaml",
		BasePath:           "/ui/",
		InternalBasePath:   "/",
		PreAuthorizeApiKey: map[string]string{"zohoOAuthToken": "Zoho-oauthtoken " + token},
		SettingsUI: map[string]string{
			"tryItOutEnabled": "true",
			"requestInterceptor": `function(request) {
				var prefer = document.getElementById("prefer").value;
				if (prefer && !request.loadSpec) request.headers.Prefer = prefer;
				return request;
			}`,
		},
		PrependHTML: pageHead(),
	})
}

var headTemplate = template.Must(template.New("head").Parse(`<style>.swagger-ui .information-container { display: none }</style>
<div style="font: 16px sans-serif; max-width: 1420px; margin: 1em auto; padding: 0 20px; box-sizing: border-box">
<p>Mock server of Zoho CRM v7. Nothing is sent to Zoho. An access token is filled in (reload the page for a new one):
choose an operation, then <em>Execute</em>. <a href="/org">/org</a> shows the org, <a href="/control/requests">/control/requests</a> the requests so far.</p>
<details><summary>Requests that control the server, for tests</summary><pre style="overflow: auto">{{.Control}}</pre></details>
<p><label>Response: <select id="prefer"><option value="">computed from the org</option>
{{range $operation, $examples := .Examples}}<optgroup label="{{$operation}}">
{{range $examples}}<option value="code={{.Status}}, example={{.Name}}">{{.Status}} {{.Name}}</option>
{{end}}</optgroup>{{end}}</select></label>
<button onclick="fetch('/control/reset', {method: 'POST'}).then(() => location.reload())">Reset the server</button></p></div>`))

// pageHead is what stands above the operations: named examples to choose from, and a button that resets the server.
var pageHead = sync.OnceValue(func() template.HTML {
	checker, err := contract.New()
	if err != nil {
		panic(err) // the server has loaded the spec already
	}
	examples := map[string][]contract.Example{}
	for _, e := range checker.Examples() {
		examples[e.Operation] = append(examples[e.Operation], e)
	}
	var head strings.Builder
	if err := headTemplate.Execute(&head, map[string]any{"Examples": examples, "Control": controlText}); err != nil {
		panic(err) // the template is part of this file
	}
	return template.HTML(head.String())
})

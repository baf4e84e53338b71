package main

import (
	"encoding/json"
	"log"
	"net"
	"net/http"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/spec"
)

// contentSecurityPolicy keeps the page from loading anything, or sending a request, elsewhere.
const contentSecurityPolicy = "default-src 'self' 'unsafe-inline'; img-src 'self' data:"

// front serves the pages, and the API, of which it logs the requests, at every other path.
func front(server *zohotest.Server, requests *log.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case path == "/":
			w.Header().Set("Content-Security-Policy", contentSecurityPolicy)
			w.Header().Set("Cache-Control", "no-store") // it holds a new access token
			userInterface(server.IssueToken()).ServeHTTP(w, r)
		case strings.HasPrefix(path, "/ui/"):
			http.StripPrefix("/ui", userInterface("")).ServeHTTP(w, r)
		case path == "/openapi.yaml":
			w.Header().Set("Content-Type", "application/yaml")
			w.Write(document(server, r))
		case path == "/openapi.json":
			doc, err := openapi3.NewLoader().LoadFromData(document(server, r))
			writeJSON(w, doc, err)
		case path == "/org":
			writeJSON(w, org{server.Modules(), server.Profiles(), server.ContactRoles()}, nil)
		default:
			answered := &statusWriter{ResponseWriter: w}
			server.ServeHTTP(answered, r)
			requests.Printf("%s %s %d", r.Method, r.URL.EscapedPath(), answered.status)
		}
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

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

// document is the OpenAPI document with only this server, under the name that the caller has for it, so
// that the page has the same origin as the API.
func document(server *zohotest.Server, r *http.Request) []byte {
	base := server.URL
	if host, _, _ := net.SplitHostPort(r.Host); host == "localhost" || net.ParseIP(host).IsLoopback() {
		base = "http://" + r.Host
	}
	return servers.ReplaceAllLiteral(spec.YAML, []byte("servers:\n  - url: "+base+generated.BasePath+"\n    description: Zoho stand-in\n\n"))
}

// userInterface is Swagger UI, with its files below /ui/.
func userInterface(token string) http.Handler {
	return v5emb.NewHandlerWithConfig(swgui.Config{
		Title:              "Zoho stand-in",
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
		PrependHTML: `<p style="font-family: sans-serif; max-width: 1420px; margin: 1em auto; padding: 0 20px; box-sizing: border-box">
			Requests from this page go to a Zoho stand-in on this machine, never to Zoho. An access token is filled in: choose
			an operation below, then <em>Execute</em>. <a href="/org">/org</a> shows what has become of the org.
			<label>To get a named answer of the document, write it here:
			<input id="prefer" size="40" placeholder="code=400, example=duplicate_data"></label></p>`,
	})
}

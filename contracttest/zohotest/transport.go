package zohotest

import (
	"fmt"
	"net/http"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/internal/contract"
)

// CheckedTransport returns a transport that sends requests by base, and holds each request of the API and
// its answer against the OpenAPI document, whichever server answers: undeclared keys and statuses, a
// result too few, the success of another input. Problems, texts of one line, are reported by the
// goroutine that reads the answer. Requests for tokens pass. It is for [client.WithHTTPClient].
func CheckedTransport(base http.RoundTripper, report func(problem string)) http.RoundTripper {
	checker, err := contract.New()
	if err != nil {
		panic(err) // the document is part of this module, and its own tests read it
	}
	return &contract.Transport{Checker: checker, Base: base, Seen: func(e contract.Exchange) {
		if e.RequestError != nil {
			report(fmt.Sprintf("zohotest: the OpenAPI document refuses %s %s: %v", e.Request.Method, e.Request.URL.Path, e.RequestError))
		}
		if e.ResponseError != nil {
			report(fmt.Sprintf("zohotest: the OpenAPI document does not allow the answer to %s %s: %v", e.Request.Method, e.Request.URL.Path, e.ResponseError))
		}
	}}
}

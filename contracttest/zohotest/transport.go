package zohotest

import (
	"net/http"

	"github.com/seed-87e331f0/zohocrm-go/contracttest/internal/contract"
)

// CheckedTransport returns a transport that sends requests with base and checks each request of the API and its
// response against the spec, whichever server responds: undeclared keys and statuses, too few results, the
// success of another input. The goroutine that reads the response calls report with each violation, in one
// line. Token requests are not checked. Use it with [client.WithHTTPClient].
func CheckedTransport(base http.RoundTripper, report func(problem string)) http.RoundTripper {
	checker, err := contract.New()
	if err != nil {
		panic(err) // the spec is part of this module, whose tests load it
	}
	return &contract.Transport{Checker: checker, Base: base, Seen: func(e contract.Exchange) {
		if e.RequestError != nil {
			report(oneLine("zohotest: the spec does not allow %s %s: %v", e.Request.Method, e.Request.URL.Path, e.RequestError))
		}
		if e.ResponseError != nil {
			report(oneLine("zohotest: the spec does not allow the response to %s %s: %v", e.Request.Method, e.Request.URL.Path, e.ResponseError))
		}
	}}
}

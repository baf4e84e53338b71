// Command opentelemetry traces the requests of the client with OpenTelemetry: a span is named after the
// operation, and has its path template. It runs against a Zoho stand-in and prints the names of the spans.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

func main() {
	log.SetFlags(0)
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	spans := tracetest.NewInMemoryExporter()
	tracing := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))

	server, err := zohotest.Start()
	if err != nil {
		return err
	}
	defer server.Close()
	crm, err := client.New(server.DataCenter(), server.Auth(), client.WithHTTPClient(&http.Client{
		Transport: otelhttp.NewTransport(route{http.DefaultTransport},
			otelhttp.WithTracerProvider(tracing),
			otelhttp.WithSpanNameFormatter(spanName),
		),
	}))
	if err != nil {
		return err
	}
	if _, err := crm.UpdateContactRole(ctx, "4150868000003611011", client.ContactRoleUpdate{Name: "Sales Lead"}); err != nil {
		return err
	}
	for _, span := range spans.GetSpans() {
		fmt.Println(span.Name)
	}
	return nil
}

func spanName(_ string, req *http.Request) string {
	if operation, ok := client.OperationFromContext(req.Context()); ok {
		return operation.ID
	}
	return "token"
}

// route puts the path template into the span of a request.
type route struct{ base http.RoundTripper }

func (r route) RoundTrip(req *http.Request) (*http.Response, error) {
	if operation, ok := client.OperationFromContext(req.Context()); ok {
		trace.SpanFromContext(req.Context()).SetAttributes(attribute.String("url.template", operation.Path))
	}
	return r.base.RoundTrip(req)
}

// Command opentelemetry traces and counts the calls of a client: a span for each call over its attempts, with Zoho's codes as
// attributes, a span for each request below it, and a histogram of durations. It runs against a mock server and prints what
// was recorded.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// newClient returns a client whose requests are spans. The span of the call is the one in its context.
func newClient(dc client.DataCenter, auth client.Auth, tracing trace.TracerProvider, metrics metric.MeterProvider) (*client.Client, error) {
	durations, err := metrics.Meter("zohocrm").Float64Histogram("zohocrm.call.duration", metric.WithUnit("s"))
	if err != nil {
		return nil, err
	}
	credits, err := metrics.Meter("zohocrm").Int64Gauge("zohocrm.credits.remaining")
	if err != nil {
		return nil, err
	}
	record := func(call client.CallInfo) {
		var zohoCodes []string
		for _, code := range call.Codes {
			zohoCodes = append(zohoCodes, string(code))
		}
		span := trace.SpanFromContext(call.Context)
		span.SetAttributes(
			attribute.String("zohocrm.operation", call.Operation.ID), attribute.Int("zohocrm.attempts", call.Attempts),
			attribute.StringSlice("zohocrm.codes", zohoCodes), attribute.Bool("zohocrm.maybe_applied", client.MaybeApplied(call.Err)),
		)
		if call.Err != nil {
			span.SetStatus(codes.Error, call.Err.Error())
		}
		durations.Record(call.Context, call.Duration.Seconds(), metric.WithAttributes(
			attribute.String("operation", call.Operation.ID), attribute.Bool("error", call.Err != nil)))
		if call.CreditsRemaining >= 0 {
			credits.Record(call.Context, int64(call.CreditsRemaining))
		}
	}
	requests := otelhttp.NewTransport(http.DefaultTransport, otelhttp.WithTracerProvider(tracing), otelhttp.WithMeterProvider(metrics),
		otelhttp.WithSpanNameFormatter(func(_ string, req *http.Request) string {
			if operation, ok := client.OperationFromContext(req.Context()); ok {
				return operation.Method + " " + operation.Path
			}
			return "token"
		}))
	return client.New(dc, auth, client.WithHTTPClient(&http.Client{Transport: requests}), client.WithCallHook(record))
}

func run(ctx context.Context, out io.Writer) error {
	spans, reader := tracetest.NewInMemoryExporter(), sdkmetric.NewManualReader()
	tracing := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	server, err := zohotest.Start()
	if err != nil {
		return err
	}
	defer server.Close()
	crm, err := newClient(server.DataCenter(), server.Auth(), tracing, sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	if err != nil {
		return err
	}

	server.Respond("updateContactRoles", "500 internal_error") // is retried
	ctx, span := tracing.Tracer("orders").Start(ctx, "rename roles")
	_, err = crm.UpdateContactRoles(ctx, []client.ContactRoleUpdate{
		{ID: "4150868000003611011", Name: "Sales Lead"}, {ID: "4150868000003611012", Name: "Sales Lead"}, // one name for two
	})
	span.End()
	fmt.Fprintln(out, "error:", err != nil)

	for _, s := range spans.GetSpans() {
		fmt.Fprintln(out, "span:", s.Name)
		for _, a := range s.Attributes {
			if s.Name == "rename roles" {
				fmt.Fprintf(out, "  %s: %s\n", a.Key, a.Value.String())
			}
		}
	}
	var recorded metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &recorded); err != nil {
		return err
	}
	for _, scope := range recorded.ScopeMetrics {
		for _, m := range scope.Metrics {
			if scope.Scope.Name == "zohocrm" {
				fmt.Fprintln(out, "metric:", m.Name)
			}
		}
	}
	return nil
}

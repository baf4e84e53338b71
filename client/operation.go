package client

import (
	"context"

	"github.com/seed-87e331f0/zohocrm-go/generated"
)

// Operation is an operation of the API: its id in the OpenAPI document, its method and path template,
// the scopes of which a token needs one, and its documentation page.
type Operation = generated.Operation

type operationKey struct{}

// OperationFromContext returns the operation that a request belongs to, from the context of that
// request. It is for an [http.RoundTripper] that names a span or a metric after the operation and its
// path template. Requests to the token endpoint belong to no operation.
func OperationFromContext(ctx context.Context) (Operation, bool) {
	operation, ok := ctx.Value(operationKey{}).(*Operation)
	if !ok {
		return Operation{}, false
	}
	return *operation, true
}

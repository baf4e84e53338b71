package client

import (
	"context"
	"slices"

	"github.com/seed-87e331f0/zohocrm-go/generated"
)

// Operation is an operation of the API.
type Operation struct {
	// ID is the operationId of the OpenAPI spec, such as updateContactRole.
	ID string
	// Method is the HTTP method.
	Method string
	// Path is the path template below /crm/v7, such as /Contacts/roles/{contact_role_id}.
	Path string
	// Scopes are the OAuth scopes of which a token needs one, narrowest first.
	Scopes []string
	// DocumentationURL is the page of Zoho's documentation.
	DocumentationURL string
}

// newOperation returns a copy that the caller may change.
func newOperation(o *generated.Operation) Operation {
	operation := Operation(*o)
	operation.Scopes = slices.Clone(o.Scopes)
	return operation
}

type operationKey struct{}

// OperationFromContext returns the operation that a request belongs to, from the context of the request. It is for a
// RoundTripper that names a span or a metric after the operation. Token requests and requests of [Client.HTTPClient] belong
// to no operation.
func OperationFromContext(ctx context.Context) (Operation, bool) {
	operation, ok := ctx.Value(operationKey{}).(*generated.Operation)
	if !ok {
		return Operation{}, false
	}
	return newOperation(operation), true
}

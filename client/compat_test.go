package client_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

type roundTrip = func(*http.Request) (*http.Response, error)

type attempts struct{ answers []roundTrip }

func (a *attempts) RoundTrip(r *http.Request) (*http.Response, error) { return a.answers[0](r) }

func (a *attempts) update(t *testing.T, ctx context.Context, options ...client.Option) (time.Duration, error) {
	_, err := newClient(t, client.EU, static, append(options, client.WithHTTPClient(&http.Client{Transport: a}))...).UpdateContactRole(ctx, roleID, rename)
	return 0, err
}

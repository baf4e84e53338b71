package client

import (
	"net/http"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/internal/transport"
)

// WithFirstWait limits the random wait before the second attempt.
func WithFirstWait(d time.Duration) Option {
	return func(c *config) error {
		c.policy.FirstWait = d
		return nil
	}
}

// WithTransport wraps the transport of the client.
func WithTransport(wrap func(http.RoundTripper) http.RoundTripper) Option {
	return func(c *config) error {
		c.sender = &transport.Sender{Transport: wrap(c.sender.Transport)}
		return nil
	}
}

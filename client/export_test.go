package client

import (
	"net/http"
	"time"
)

// WithFirstWait sets what bounds the wait before the first retry.
func WithFirstWait(d time.Duration) Option {
	return func(c *Client) error {
		c.sender.FirstWait = d
		return nil
	}
}

// WithTransport wraps the transport of the client.
func WithTransport(wrap func(http.RoundTripper) http.RoundTripper) Option {
	return func(c *Client) error {
		c.sender.Transport = wrap(c.sender.Transport)
		return nil
	}
}

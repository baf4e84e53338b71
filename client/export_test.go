package client

import "time"

// WithFirstWait sets what bounds the wait before the first retry.
func WithFirstWait(d time.Duration) Option {
	return func(c *Client) error {
		c.firstWait = d
		return nil
	}
}

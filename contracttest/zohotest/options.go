package zohotest

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
)

// Option changes a [Server] before it starts.
type Option func(*Server)

// WithModules sets the modules of the org, instead of those of the documentation's sample.
func WithModules(modules ...Module) Option {
	return func(s *Server) { s.org.modules = cloneModules(modules) }
}

// WithContactRoles sets the contact roles of the org, instead of those of the documentation's sample.
func WithContactRoles(roles ...ContactRole) Option {
	return func(s *Server) { s.org.roles = append([]ContactRole{}, roles...) }
}

// WithProfiles sets the profiles of the org, instead of those of the documentation's sample. Modules of the sample
// keep the profiles that the org has; a module without any gets the first one.
func WithProfiles(profiles ...Profile) Option {
	return func(s *Server) { s.org.profiles = append([]Profile{}, profiles...) }
}

// WithStrict makes the server reject, with INVALID_REQUEST, each request that Zoho would accept although the spec
// does not allow it, such as an id sent as a number, and with invalid_client a token request with parameters in its URL.
func WithStrict() Option { return func(s *Server) { s.strict = true } }

// WithProblemFunc sets a function that is called with each violation of the spec, in one line, by any
// goroutine. Without it, [NewServer] fails the test and [Start] prints to the standard logger.
func WithProblemFunc(report func(problem string)) Option {
	return func(s *Server) { s.problem = report }
}

// WithHandler puts a handler in front of the server, for pages beside the API. It passes all other requests to
// the server.
func WithHandler(front func(*Server) http.Handler) Option {
	return func(s *Server) { s.front = front }
}

// WithCredentials sets the credentials that the server accepts. Those that are empty are random.
func WithCredentials(auth client.RefreshToken) Option {
	return func(s *Server) {
		s.auth.ClientID = cmp.Or(auth.ClientID, s.auth.ClientID)
		s.auth.ClientSecret = cmp.Or(auth.ClientSecret, s.auth.ClientSecret)
		s.auth.RefreshToken = cmp.Or(auth.RefreshToken, s.auth.RefreshToken)
	}
}

// WithAccessToken sets the token of [Server.AccessToken], which is random otherwise.
func WithAccessToken(token string) Option { return func(s *Server) { s.accessToken = token } }

// WithScopes sets the scopes of the access tokens, instead of the narrowest scope of each operation. Tokens for client
// credentials have the scopes of their request.
func WithScopes(scopes ...string) Option { return func(s *Server) { s.scopes = slices.Clone(scopes) } }

// WithTokenLifetime sets how long access tokens of the token endpoint are valid, instead of an hour. The token endpoint
// reports whole seconds.
func WithTokenLifetime(lifetime time.Duration) Option {
	return func(s *Server) { s.tokenLifetime = lifetime }
}

// WithoutTokenThrottle lets the token endpoint issue any number of access tokens. Without it, Zoho's limit
// applies: ten tokens in ten minutes for each refresh token.
func WithoutTokenThrottle() Option { return func(s *Server) { s.unthrottled = true } }

// WithLatency delays each response of the API and of the token endpoint.
func WithLatency(latency time.Duration) Option { return func(s *Server) { s.latency = latency } }

// WithMaxConcurrent rejects requests of the API with 429 TOO_MANY_REQUESTS while n are in flight. Zoho allows 5 to
// 25, by edition.
func WithMaxConcurrent(n int) Option { return func(s *Server) { s.maxConcurrent = n } }

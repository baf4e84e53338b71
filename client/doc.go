// Package client reads and updates custom modules and contact roles in Zoho CRM through its v7 REST API.
//
//	crm, err := client.New(client.EU, client.RefreshToken{
//		ClientID: id, ClientSecret: secret, RefreshToken: refresh,
//	})
//	roles, err := crm.ListContactRoles(ctx)
//	result, err := crm.UpdateContactRole(ctx, roles[0].ID, client.ContactRoleUpdate{Name: "Sales Lead"})
//
// Updates are [Client.UpdateCustomModule], [Client.UpdateContactRoles] and [Client.UpdateContactRole]. Reads are
// [Client.ListContactRoles], [Client.ListModules], [Client.GetModule] and [Client.ListProfiles]. [Client.HTTPClient] sends
// authorized requests to other endpoints.
//
// # Errors
//
// A nil error means that all inputs were updated, or that the whole list was read. [ErrIncomplete] is beside a part of a list.
// Any other error is or wraps
//
//   - a [*ValidationError]: the input breaks a rule of the API. Nothing was sent.
//   - an [*AuthError]: there is no access token.
//   - an [*Error]: a response was received, with its HTTP status. Its Code is Zoho's, or empty if the response is not Zoho's.
//   - or the error of the transport or the context: no response was received.
//
// Test for one of Zoho's codes with errors.Is(err, client.CodeDuplicateData). [Retryable] and [MaybeApplied] say what to do
// next. Multiple errors are joined into one error with a single-line message. An update of several contact roles returns a
// [Result] with its own error for each of them.
//
// # Validation
//
// A request is checked against the OpenAPI spec before it is sent. [WithoutValidation] disables this, except for the id or
// name in the path and for text that is not valid UTF-8.
//
// # Tokens
//
//   - All calls of a client share one access token. Calls that need a new one wait for the same token request.
//   - A token is taken from memory, else from the [Cache], else requested. A [Locker] makes other processes wait meanwhile.
//   - A token is refreshed in the background at a random time in the last 10 % of its lifetime, at most in its last minute.
//     Calls keep using it until it expires.
//   - If Zoho rejects the token of a request with 401 and INVALID_TOKEN, INVALID_OAUTHTOKEN or AUTHENTICATION_FAILURE, the
//     client repeats the request with another token from the cache or with a new one. A call makes at most two such replays
//     and one token request for them. They do not count for [WithMaxAttempts], but do in the attempts of errors and log lines.
//   - If a new token is rejected before it ever worked, it is replaced once at once, then after a pause of a minute, which
//     doubles up to 10 minutes. Tokens that had worked are replaced at once three times in a row; further ones that are
//     rejected within 10 minutes of the one before wait for the same pauses. During a pause, calls return the 401.
//   - If the token endpoint rejects the credentials, calls return that error for a minute without another token request. If it
//     throttles, they do so for the time of its Retry-After, at least a minute and at most 10.
//   - A token whose api_domain belongs to another data centre is rejected. No token is then requested for a minute, which
//     doubles up to 10 minutes.
//   - A token is used for at least 10 seconds, even if the token endpoint says that it expires sooner.
//   - Tokens are sent only to the hosts of the [DataCenter] and never appear in logs or errors. A token that a response
//     repeats with JSON escapes is not recognised.
//
// # Retries
//
//   - Statuses 429, 500, 502, 503 and 504, network failures and truncated responses are retried, 4 attempts in all
//     ([WithMaxAttempts]). Updates are idempotent, so they are retried too.
//   - Rejected certificates, failed TLS handshakes and a proxy that rejects the client are not retried. A Transport of your own
//     should set OnProxyConnectResponse: without it, a rejection with an unusual reason phrase is retried.
//   - A connection on which two requests time out, without a response for 5 s or more, is closed. Its other requests fail
//     and are retried.
//   - The wait before the first retry is random, up to 0.5 s. This limit doubles with each retry, up to 8 s.
//   - Retry-After is honoured up to 60 s. If it is longer, or longer than the time left, the call returns the error at once.
//   - Token requests are retried by the same rules, but not when they are throttled. One whose response was lost,
//     or came as 502 or 504 from a gateway, is retried once, as Zoho may have counted a token. If that fails twice in a row,
//     calls return the error for a second, which doubles up to a minute.
//
// # Time
//
//   - A request may take 30 s ([WithAttemptTimeout], or the Timeout of the [http.Client] if that is shorter).
//   - A call may take 2 minutes with all its attempts and waits ([WithTimeout]).
//   - When the context ends, the call returns immediately. The error also wraps the last API error, if any. A caller's
//     RoundTripper must end its request with the context, as that of net/http does: one that does not delays the call and
//     holds its slot of [WithMaxConcurrent].
//
// # Responses
//
//   - A response is a success only if every element reports success for the input at the same position. Status 204 of a list
//     is an empty list, as Zoho sends it.
//   - At most 4 MiB are read, 32 MiB for a read.
//   - A response that is too large, truncated, empty or a redirect is an error: [ErrResponseTooLarge],
//     [ErrResponseTruncated], [ErrResponseEmpty], [ErrRedirect]. Redirects are not followed.
//
// # Concurrency
//
// A Client is safe for concurrent use. [WithMaxConcurrent] limits its requests in flight. A request takes a slot when it has
// a token, and returns it when it has the response; [Client.HTTPClient] returns it with the response header. Token requests
// take no slot.
//
// # Several processes
//
// Zoho issues 10 access tokens in 10 minutes for a refresh token and keeps 15 of them valid. It allows an org 5 to 25
// concurrent calls per application. All processes with the same credentials share these limits. Choose a [Cache]:
//
//   - One process that runs for long needs none.
//   - A program that starts often, or several processes on one machine: filecache, in this module.
//   - Several machines: rediscache, a module of its own in this repository.
//   - Any other store: implement Cache, and [Locker] too if it can lock. Without Locker, processes agree through the cache;
//     up to three may then request a token at once.
//
// Without a cache each process requests tokens of its own, and the eleventh in 10 minutes is throttled. With filecache or
// rediscache this is what happens, as long as a token request with its retries takes less than 30 s:
//
//   - Cold start: one process requests a token. The others wait for it.
//   - Token revoked: one process requests another. The requests that were rejected are repeated with it.
//   - Token expires under load: one process refreshes it before that. The others find the new one in the cache.
//   - Throttled: a process that gets no token reads the cache again, and uses a valid token that another one stored. If there
//     is none, the [*AuthError] has Throttled and RetryAfter set.
//   - Cache fails or takes longer than a second: the client logs it and goes on without the cache.
//   - A process dies while it holds the lock: the lock expires. The others wait for it at most 30 s ([WithAttemptTimeout]). A call
//     whose context ends earlier fails; what it began goes on for later calls. Before a program ends, call [Client.Wait].
//
// The lock is for tokens only. Updates that two processes send at once both succeed, and the last one stays: let one process at a
// time bring an org in line.
//
// Divide the concurrent calls that your edition allows by the highest number of processes, also during a deployment, and
// round down: with 20 calls (Enterprise) and 4 replicas, use WithMaxConcurrent(5). See [WithMaxConcurrent] for the numbers.
//
// A change of these numbers is not a breaking change.
package client

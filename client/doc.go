// Package client updates custom modules and contact roles in Zoho CRM, through its v7 REST API:
// [Client.UpdateCustomModule], [Client.UpdateContactRoles] and [Client.UpdateContactRole].
//
//	crm, err := client.New(client.EU, client.RefreshToken{
//		ClientID: id, ClientSecret: secret, RefreshToken: refresh,
//	})
//	role, err := crm.UpdateContactRole(ctx, "4150868000003611011", client.ContactRoleUpdate{Name: "Sales Lead"})
//
// # Errors
//
// A nil error means that Zoho carried out every input. Otherwise the error is, or wraps, one of these:
//
//   - [*ValidationError]: the request breaks a rule of the documentation; nothing was sent.
//   - [*AuthError]: there was no access token to send it with.
//   - [*Error]: an answer, with its HTTP status. Its Code is Zoho's, or empty where the answer was not one of
//     Zoho's. Ask for a code with errors.Is(err, client.CodeDuplicateData).
//   - the error of the transport or of the context, where there was no answer.
//
// Several are one error with a text of one line; [errors.Is] and [errors.As] look into it. In a bulk
// call each [Result] has the error of its own input or, where the whole call failed, that of the call.
//
// # Policy
//
// Validation: a request is checked against the OpenAPI document before it is sent;
// [WithoutValidation] keeps only the checks of what goes into the path.
//
// Tokens: one request for a token serves every caller that waits, of all clients with equal
// credentials and the same [Cache]; it goes by the transport and the limits of the client that asked
// first. In its last minute a token is renewed, and serves on meanwhile. Where Zoho answers INVALID_TOKEN or
// AUTHENTICATION_FAILURE, that token is dropped, another one is got, and the request is sent once more,
// beside the attempts below. A token endpoint that does not answer, or with a 5xx, is asked again as
// below; one that throttles is left alone for a minute. A token whose api_domain is of another
// data centre is refused. Secrets go to the hosts of the [DataCenter] only, and into no log and no text of an error.
//
// Retries: each operation is idempotent. The statuses 429, 500, 502, 503 and 504, a connection that
// fails, and an answer that is cut off are tried again, 4 attempts in all ([WithMaxAttempts]); not an
// unknown host or a bad certificate. The wait before the first retry is random up to 0.5 s, and
// doubles up to 8 s. A Retry-After is waited for up to 60 s; where it asks for more, or for more than the
// time that is left, the call ends with the error in hand.
//
// Time: a request has 30 s ([WithAttemptTimeout]), a call 2 minutes ([WithTimeout]). A context that
// ends, ends the call at once; the error is then also that of the answer before, if there was one.
//
// Answers: at most 4 MiB are read. What is larger, empty, not JSON or not of the documented form is an
// [*Error], never a success. Redirects are not followed, whatever the [http.Client].
//
// A change of these numbers is not a breaking change.
package client

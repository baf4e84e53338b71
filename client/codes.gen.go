// Code generated from spec/openapi.yaml by gen. DO NOT EDIT.

package client

// The known error codes. The list is open: Zoho may return others.
const (
	// CodeAPINotSupported (HTTP 400, "API not supported in this version"). What to do: Use the version of the API that details.supported_version names.
	CodeAPINotSupported Code = "API_NOT_SUPPORTED"
	// CodeAuthenticationFailure (HTTP 401, "Authentication failed"). What to do: Send an access token in the Authorization header, and check whether a proxy removes it.
	CodeAuthenticationFailure Code = "AUTHENTICATION_FAILURE"
	// CodeAuthorizationFailed (HTTP 400, "User does not have sufficient privilege to read records"). What to do: It depends on the operation: see Error.Resolution.
	CodeAuthorizationFailed Code = "AUTHORIZATION_FAILED"
	// CodeDuplicateData (HTTP 400, "duplicate data"). What to do: It depends on the operation: see Error.Resolution.
	CodeDuplicateData Code = "DUPLICATE_DATA"
	// CodeInternalError (HTTP 500, "Internal Server Error"). What to do: Try again later. If the error persists, contact Zoho's support.
	CodeInternalError Code = "INTERNAL_ERROR"
	// CodeInternalServerError (HTTP 500, "Internal Server Error"). What to do: Try again later. If the error persists, contact Zoho's support.
	CodeInternalServerError Code = "INTERNAL_SERVER_ERROR"
	// CodeInvalidData (HTTP 400, "invalid data"). What to do: It depends on the operation: see Error.Resolution.
	CodeInvalidData Code = "INVALID_DATA"
	// CodeInvalidModule (HTTP 400, "the module name given seems to be invalid"). What to do: Use the id or the API name of a module, which Get Modules returns.
	CodeInvalidModule Code = "INVALID_MODULE"
	// CodeInvalidOAuthToken (HTTP 401, "invalid oauth token"). What to do: Get a new access token from the accounts host of the org's data centre.
	CodeInvalidOAuthToken Code = "INVALID_OAUTHTOKEN"
	// CodeInvalidRequest (HTTP 400, "invalid request"). What to do: Compare the request with the documentation of the operation.
	CodeInvalidRequest Code = "INVALID_REQUEST"
	// CodeInvalidRequestMethod (HTTP 400, "The http request method type is not a valid one"). What to do: It depends on the operation: see Error.Resolution.
	CodeInvalidRequestMethod Code = "INVALID_REQUEST_METHOD"
	// CodeInvalidToken (HTTP 401, "invalid oauth token"). What to do: Get a new access token from the accounts host of the org's data centre.
	CodeInvalidToken Code = "INVALID_TOKEN"
	// CodeInvalidURLPattern (HTTP 404, "Please check if the URL trying to access is a correct one"). What to do: Check the API URL of the data centre, and whether a proxy changes the path.
	CodeInvalidURLPattern Code = "INVALID_URL_PATTERN"
	// CodeLimitExceeded (HTTP 400, "limit exceeded"). What to do: Send fewer items in one request.
	CodeLimitExceeded Code = "LIMIT_EXCEEDED"
	// CodeMandatoryNotFound (HTTP 400, "required field not found"). What to do: It depends on the operation: see Error.Resolution.
	CodeMandatoryNotFound Code = "MANDATORY_NOT_FOUND"
	// CodeMinimumDataNotFound (HTTP 400, "Minimum one profile is needed"). What to do: Send profiles, neither empty nor null, and leave at least one profile on the module. Grant access to another profile before you remove the last one.
	CodeMinimumDataNotFound Code = "MINIMUM_DATA_NOT_FOUND"
	// CodeNotAllowed (HTTP 400, "API name cannot be updated for module"). What to do: Leave api_name out. The API name of a module can be changed only in the Zoho CRM user interface.
	CodeNotAllowed Code = "NOT_ALLOWED"
	// CodeNotSupported (HTTP 400, "not supported"). What to do: Check that the module and the edition of the org support the request.
	CodeNotSupported Code = "NOT_SUPPORTED"
	// CodeNoPermission (HTTP 403, "permission denied"). What to do: It depends on the operation: see Error.Resolution.
	CodeNoPermission Code = "NO_PERMISSION"
	// CodeOAuthScopeMismatch (HTTP 401, "Unauthorized"). What to do: Create a new refresh token or access token with one of the scopes of this operation.
	CodeOAuthScopeMismatch Code = "OAUTH_SCOPE_MISMATCH"
	// CodeRequiredParamMissing (HTTP 400, "One of the expected parameter is missing"). What to do: Send the parameter that details names.
	CodeRequiredParamMissing Code = "REQUIRED_PARAM_MISSING"
	// CodeTooManyRequests (HTTP 429, "too many requests. please try again after some time"). What to do: Send fewer requests at the same time, and check the API credits of the org.
	CodeTooManyRequests Code = "TOO_MANY_REQUESTS"
	// CodeUnableToParseDataType (HTTP 400, "either the request body or parameters is in wrong format"). What to do: Check whether a proxy changes the body, and compare it with the documentation of the operation.
	CodeUnableToParseDataType Code = "UNABLE_TO_PARSE_DATA_TYPE"
	// CodeVersionNotSupported (HTTP 400, "API not supported in this version"). What to do: Use the version of the API that details.supported_version names.
	CodeVersionNotSupported Code = "VERSION_NOT_SUPPORTED"
)

// Code generated from spec/openapi.yaml by gen. DO NOT EDIT.

package client

// The known error codes. The list is open: Zoho may return others.
const (
	// CodeAPINotSupported comes with HTTP 400, for example with the message "API not supported in this version".
	CodeAPINotSupported Code = "API_NOT_SUPPORTED"
	// CodeAuthenticationFailure comes with HTTP 401, for example with the message "Authentication failed".
	CodeAuthenticationFailure Code = "AUTHENTICATION_FAILURE"
	// CodeAuthorizationFailed comes with HTTP 400, for example with the message "User does not have sufficient privilege to read records".
	CodeAuthorizationFailed Code = "AUTHORIZATION_FAILED"
	// CodeDuplicateData comes with HTTP 400, for example with the message "duplicate data".
	CodeDuplicateData Code = "DUPLICATE_DATA"
	// CodeInternalError comes with HTTP 500, for example with the message "Internal Server Error".
	CodeInternalError Code = "INTERNAL_ERROR"
	// CodeInternalServerError comes with HTTP 500, for example with the message "Internal Server Error".
	CodeInternalServerError Code = "INTERNAL_SERVER_ERROR"
	// CodeInvalidData comes with HTTP 400, for example with the message "invalid data".
	CodeInvalidData Code = "INVALID_DATA"
	// CodeInvalidModule comes with HTTP 400, for example with the message "the module name given seems to be invalid".
	CodeInvalidModule Code = "INVALID_MODULE"
	// CodeInvalidOAuthToken comes with HTTP 401, for example with the message "invalid oauth token".
	CodeInvalidOAuthToken Code = "INVALID_OAUTHTOKEN"
	// CodeInvalidRequest comes with HTTP 400, for example with the message "invalid request".
	CodeInvalidRequest Code = "INVALID_REQUEST"
	// CodeInvalidRequestMethod comes with HTTP 400, for example with the message "The http request method type is not a valid one".
	CodeInvalidRequestMethod Code = "INVALID_REQUEST_METHOD"
	// CodeInvalidToken comes with HTTP 401, for example with the message "invalid oauth token".
	CodeInvalidToken Code = "INVALID_TOKEN"
	// CodeInvalidURLPattern comes with HTTP 404, for example with the message "Please check if the URL trying to access is a correct one".
	CodeInvalidURLPattern Code = "INVALID_URL_PATTERN"
	// CodeLimitExceeded comes with HTTP 400, for example with the message "limit exceeded".
	CodeLimitExceeded Code = "LIMIT_EXCEEDED"
	// CodeMandatoryNotFound comes with HTTP 400, for example with the message "required field not found".
	CodeMandatoryNotFound Code = "MANDATORY_NOT_FOUND"
	// CodeMinimumDataNotFound comes with HTTP 400, for example with the message "Minimum one profile is needed".
	CodeMinimumDataNotFound Code = "MINIMUM_DATA_NOT_FOUND"
	// CodeNotAllowed comes with HTTP 400, for example with the message "API name cannot be updated for module".
	CodeNotAllowed Code = "NOT_ALLOWED"
	// CodeNotSupported comes with HTTP 400, for example with the message "not supported".
	CodeNotSupported Code = "NOT_SUPPORTED"
	// CodeNoPermission comes with HTTP 403, for example with the message "permission denied".
	CodeNoPermission Code = "NO_PERMISSION"
	// CodeOAuthScopeMismatch comes with HTTP 401, for example with the message "Unauthorized".
	CodeOAuthScopeMismatch Code = "OAUTH_SCOPE_MISMATCH"
	// CodeRequiredParamMissing comes with HTTP 400, for example with the message "One of the expected parameter is missing".
	CodeRequiredParamMissing Code = "REQUIRED_PARAM_MISSING"
	// CodeTooManyRequests comes with HTTP 429, for example with the message "too many requests. please try again after some time".
	CodeTooManyRequests Code = "TOO_MANY_REQUESTS"
	// CodeUnableToParseDataType comes with HTTP 400, for example with the message "either the request body or parameters is in wrong format".
	CodeUnableToParseDataType Code = "UNABLE_TO_PARSE_DATA_TYPE"
	// CodeVersionNotSupported comes with HTTP 400, for example with the message "API not supported in this version".
	CodeVersionNotSupported Code = "VERSION_NOT_SUPPORTED"
)

// Code generated from spec/openapi.yaml by gen. DO NOT EDIT.

package generated

// Explain returns the documented meaning of an error code in an operation, and how to resolve the error.
// Both are empty if the spec does not have the code.
func Explain(operationID, code string) (meaning, resolution string) {
	switch operationID {
	case "updateContactRole":
		switch code {
		case "INVALID_URL_PATTERN":
			return "Please check if the URL trying to access is a correct one", "Check the API URL of the data centre and what a proxy makes of it."
		case "OAUTH_SCOPE_MISMATCH":
			return "Unauthorized", "Make a new refresh token or access token with one of the scopes of this operation."
		case "NO_PERMISSION":
			return "Permission denied to update records", "Ask the administrator of the org for the permission to edit contacts and for API access."
		case "INTERNAL_ERROR":
			return "Internal Server Error", "Try again later; write to Zoho's support if it stays."
		case "INVALID_REQUEST_METHOD":
			return "The http request method type is not a valid one", "Send the request as PUT, and look for a proxy that changes the method."
		case "AUTHORIZATION_FAILED":
			return "User does not have sufficient privilege to update records", "Ask the administrator of the org for the privilege to update contact roles."
		case "DUPLICATE_DATA":
			return "duplicate data", "Choose a name that no other contact role has; details.id is the role that has it."
		case "INVALID_DATA":
			return "invalid data", "Correct the key that details names, sequence_number or name; where details has only an id, no role has that id."
		case "MANDATORY_NOT_FOUND":
			return "required field not found", "Send the id of each contact role; the Get Contact Roles API lists them."
		}
	case "updateContactRoles":
		switch code {
		case "INVALID_URL_PATTERN":
			return "Please check if the URL trying to access is a correct one", "Check the API URL of the data centre and what a proxy makes of it."
		case "OAUTH_SCOPE_MISMATCH":
			return "Unauthorized", "Make a new refresh token or access token with one of the scopes of this operation."
		case "NO_PERMISSION":
			return "Permission denied to update records", "Ask the administrator of the org for the permission to edit contacts and for API access."
		case "INTERNAL_ERROR":
			return "Internal Server Error", "Try again later; write to Zoho's support if it stays."
		case "INVALID_REQUEST_METHOD":
			return "The http request method type is not a valid one", "Send the request as PUT, and look for a proxy that changes the method."
		case "AUTHORIZATION_FAILED":
			return "User does not have sufficient privilege to update records", "Ask the administrator of the org for the privilege to update contact roles."
		case "DUPLICATE_DATA":
			return "duplicate data", "Choose a name that no other contact role has; details.id is the role that has it."
		case "INVALID_DATA":
			return "invalid data", "Correct the key that details names, sequence_number or name; where details has only an id, no role has that id."
		case "MANDATORY_NOT_FOUND":
			return "required field not found", "Send the id of each contact role; the Get Contact Roles API lists them."
		}
	case "updateCustomModule":
		switch code {
		case "INVALID_MODULE":
			return "The URL contains invalid module data", "Name the module by its id or by its API name; the Get Modules API lists both."
		case "NOT_ALLOWED":
			return "API name cannot be updated for module", "Leave api_name out; the API name of a module can be changed only in the Zoho CRM user interface."
		case "MINIMUM_DATA_NOT_FOUND":
			return "Minimum one profile is needed", "Send profiles, neither empty nor null, and leave at least one profile on the module; grant another one before you remove the last."
		case "INVALID_REQUEST_METHOD":
			return "The http request method type is not a valid one", "Send the request as PUT, and look for a proxy that changes the method."
		case "OAUTH_SCOPE_MISMATCH":
			return "Unauthorized", "Make a new refresh token or access token with one of the scopes of this operation."
		case "MANDATORY_NOT_FOUND":
			return "Mandatory fields are missing", "Send plural_label, singular_label and profiles."
		case "AUTHENTICATION_FAILURE":
			return "Authentication failed", "Send an access token in the Authorization header, and look for a proxy that removes it."
		case "INVALID_URL_PATTERN":
			return "Please check if the URL trying to access is a correct one", "Check the API URL of the data centre and what a proxy makes of it."
		case "INTERNAL_ERROR":
			return "Internal Server Error", "Try again later; write to Zoho's support if it stays."
		}
	}
	switch code {
	case "API_NOT_SUPPORTED":
		return "API not supported in this version", "Use the version of the API that details.supported_version names."
	case "AUTHENTICATION_FAILURE":
		return "Authentication failed", "Send an access token in the Authorization header, and look for a proxy that removes it."
	case "DUPLICATE_DATA":
		return "duplicate data", "Choose a value that nothing else in the org has; details.id is what has it."
	case "INTERNAL_SERVER_ERROR":
		return "Internal Server Error", "Try again later; write to Zoho's support if it stays."
	case "INVALID_DATA":
		return "invalid data", "Correct the value that details names."
	case "INVALID_REQUEST":
		return "invalid request", "Compare the request with the documentation of the operation."
	case "INVALID_TOKEN":
		return "invalid oauth token", "Get a new access token, from the accounts host of the org's own data centre."
	case "LIMIT_EXCEEDED":
		return "limit exceeded", "Send fewer items in one call."
	case "NO_PERMISSION":
		return "Permission denied to update records", "Ask the administrator of the org for the permission and for API access, and check that the edition has the feature."
	case "NOT_SUPPORTED":
		return "not supported", "Check that the module and the edition of the org support the request."
	case "REQUIRED_PARAM_MISSING":
		return "One of the expected parameter is missing", "Send the parameter that details names."
	case "TOO_MANY_REQUESTS":
		return "too many requests. please try again after some time", "Send fewer calls at once, and check the API credits of the org."
	case "UNABLE_TO_PARSE_DATA_TYPE":
		return "either the request body or parameters is in wrong format", "Look for a proxy that changes the body, and compare it with the documentation of the operation."
	case "VERSION_NOT_SUPPORTED":
		return "API not supported in this version", "Use the version of the API that details.supported_version names."
	}
	return "", ""
}

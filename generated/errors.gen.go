// Code generated from spec/openapi.yaml by gen. DO NOT EDIT.

package generated

// Resolution returns what to do about an error code of an operation, empty if the spec does not have the code.
func Resolution(operationID, code string) string {
	switch operationID {
	case "getContactRoles":
		switch code {
		case "INVALID_URL_PATTERN":
			return "Check the API URL of the data centre, and whether a proxy changes the path."
		case "OAUTH_SCOPE_MISMATCH":
			return "Create a new refresh token or access token with one of the scopes of this operation."
		case "NO_PERMISSION":
			return "Ask the org's administrator for the permission to view contacts and for API access."
		case "INTERNAL_ERROR":
			return "Try again later. If the error persists, contact Zoho's support."
		case "INVALID_REQUEST_METHOD":
			return "Send the request as GET, and check whether a proxy changes the method."
		case "AUTHORIZATION_FAILED":
			return "Ask the org's administrator for the privilege to read contact roles."
		}
	case "getModule":
		switch code {
		case "INVALID_MODULE":
			return "Use the id or the API name of a module, which Get Modules returns."
		case "INVALID_URL_PATTERN":
			return "Check the API URL of the data centre, and whether a proxy changes the path."
		case "OAUTH_SCOPE_MISMATCH":
			return "Create a new refresh token or access token with one of the scopes of this operation."
		case "NO_PERMISSION":
			return "Ask the org's administrator for the permission to read modules and for API access."
		case "INTERNAL_ERROR":
			return "Try again later. If the error persists, contact Zoho's support."
		case "INVALID_REQUEST_METHOD":
			return "Send the request as GET, and check whether a proxy changes the method."
		case "AUTHORIZATION_FAILED":
			return "Ask the org's administrator for the privilege to read module details."
		}
	case "getModules":
		switch code {
		case "INVALID_URL_PATTERN":
			return "Check the API URL of the data centre, and whether a proxy changes the path."
		case "OAUTH_SCOPE_MISMATCH":
			return "Create a new refresh token or access token with one of the scopes of this operation."
		case "NO_PERMISSION":
			return "Ask the org's administrator for the permission to read modules and for API access."
		case "INTERNAL_ERROR":
			return "Try again later. If the error persists, contact Zoho's support."
		case "INVALID_REQUEST_METHOD":
			return "Send the request as GET, and check whether a proxy changes the method."
		case "AUTHORIZATION_FAILED":
			return "Ask the org's administrator for the privilege to read module details."
		}
	case "getProfiles":
		switch code {
		case "INVALID_URL_PATTERN":
			return "Check the API URL of the data centre, and whether a proxy changes the path."
		case "OAUTH_SCOPE_MISMATCH":
			return "Create a new refresh token or access token with one of the scopes of this operation."
		case "NO_PERMISSION":
			return "Ask the org's administrator for the permission to manage profiles and for API access."
		case "INTERNAL_ERROR":
			return "Try again later. If the error persists, contact Zoho's support."
		case "INVALID_REQUEST_METHOD":
			return "Send the request as GET, and check whether a proxy changes the method."
		}
	case "updateContactRole":
		switch code {
		case "INVALID_URL_PATTERN":
			return "Check the API URL of the data centre, and whether a proxy changes the path."
		case "OAUTH_SCOPE_MISMATCH":
			return "Create a new refresh token or access token with one of the scopes of this operation."
		case "NO_PERMISSION":
			return "Ask the org's administrator for the permission to edit contacts and for API access."
		case "INTERNAL_ERROR":
			return "Try again later. If the error persists, contact Zoho's support."
		case "INVALID_REQUEST_METHOD":
			return "Send the request as PUT, and check whether a proxy changes the method."
		case "AUTHORIZATION_FAILED":
			return "Ask the org's administrator for the privilege to update contact roles."
		case "DUPLICATE_DATA":
			return "Choose a name that no other contact role has; details.id is the role that has it."
		case "INVALID_DATA":
			return "Correct the key that details.api_name names. If details has only an id, no contact role has that id."
		case "MANDATORY_NOT_FOUND":
			return "Send the id of the contact role, which Get Contact Roles returns."
		}
	case "updateContactRoles":
		switch code {
		case "INVALID_URL_PATTERN":
			return "Check the API URL of the data centre, and whether a proxy changes the path."
		case "OAUTH_SCOPE_MISMATCH":
			return "Create a new refresh token or access token with one of the scopes of this operation."
		case "NO_PERMISSION":
			return "Ask the org's administrator for the permission to edit contacts and for API access."
		case "INTERNAL_ERROR":
			return "Try again later. If the error persists, contact Zoho's support."
		case "INVALID_REQUEST_METHOD":
			return "Send the request as PUT, and check whether a proxy changes the method."
		case "AUTHORIZATION_FAILED":
			return "Ask the org's administrator for the privilege to update contact roles."
		case "DUPLICATE_DATA":
			return "Choose a name that no other contact role has; details.id is the role that has it."
		case "INVALID_DATA":
			return "Correct the key that details.api_name names. If details has only an id, no contact role has that id."
		case "MANDATORY_NOT_FOUND":
			return "Send the id of each contact role, which Get Contact Roles returns."
		}
	case "updateCustomModule":
		switch code {
		case "INVALID_MODULE":
			return "Use the id or the API name of a module, which Get Modules returns."
		case "NOT_ALLOWED":
			return "Leave api_name out. The API name of a module can be changed only in the Zoho CRM user interface."
		case "MINIMUM_DATA_NOT_FOUND":
			return "Send profiles, neither empty nor null, and leave at least one profile on the module. Grant access to another profile before you remove the last one."
		case "INVALID_REQUEST_METHOD":
			return "Send the request as PUT, and check whether a proxy changes the method."
		case "OAUTH_SCOPE_MISMATCH":
			return "Create a new refresh token or access token with one of the scopes of this operation."
		case "MANDATORY_NOT_FOUND":
			return "Send plural_label, singular_label and profiles."
		case "AUTHENTICATION_FAILURE":
			return "Send an access token in the Authorization header, and check whether a proxy removes it."
		case "INVALID_URL_PATTERN":
			return "Check the API URL of the data centre, and whether a proxy changes the path."
		case "INTERNAL_ERROR":
			return "Try again later. If the error persists, contact Zoho's support."
		}
	}
	switch code {
	case "API_NOT_SUPPORTED":
		return "Use the version of the API that details.supported_version names."
	case "AUTHENTICATION_FAILURE":
		return "Send an access token in the Authorization header, and check whether a proxy removes it."
	case "DUPLICATE_DATA":
		return "Choose a value that nothing else in the org has; details.id is what has it."
	case "INTERNAL_SERVER_ERROR":
		return "Try again later. If the error persists, contact Zoho's support."
	case "INVALID_DATA":
		return "Correct the value that details names."
	case "INVALID_OAUTHTOKEN":
		return "Get a new access token from the accounts host of the org's data centre."
	case "INVALID_REQUEST":
		return "Compare the request with the documentation of the operation."
	case "INVALID_TOKEN":
		return "Get a new access token from the accounts host of the org's data centre."
	case "LIMIT_EXCEEDED":
		return "Send fewer items in one request."
	case "NO_PERMISSION":
		return "Ask the org's administrator for the permission and for API access, and check that the edition has the feature."
	case "NOT_SUPPORTED":
		return "Check that the module and the edition of the org support the request."
	case "REQUIRED_PARAM_MISSING":
		return "Send the parameter that details names."
	case "TOO_MANY_REQUESTS":
		return "Send fewer requests at the same time, and check the API credits of the org."
	case "UNABLE_TO_PARSE_DATA_TYPE":
		return "Check whether a proxy changes the body, and compare it with the documentation of the operation."
	case "VERSION_NOT_SUPPORTED":
		return "Use the version of the API that details.supported_version names."
	}
	return ""
}

// Message returns the message of an error code in an operation, empty if the spec does not have the code.
func Message(operationID, code string) string {
	switch operationID {
	case "getContactRoles":
		switch code {
		case "INVALID_URL_PATTERN":
			return "Please check if the URL trying to access is a correct one"
		case "OAUTH_SCOPE_MISMATCH":
			return "Unauthorized"
		case "NO_PERMISSION":
			return "Permission denied to read records"
		case "INTERNAL_ERROR":
			return "Internal Server Error"
		case "INVALID_REQUEST_METHOD":
			return "The http request method type is not a valid one"
		case "AUTHORIZATION_FAILED":
			return "User does not have sufficient privilege to read records"
		}
	case "getModule":
		switch code {
		case "INVALID_MODULE":
			return "the module name given seems to be invalid"
		case "INVALID_URL_PATTERN":
			return "Please check if the URL trying to access is a correct one"
		case "OAUTH_SCOPE_MISMATCH":
			return "Unauthorized"
		case "NO_PERMISSION":
			return "Permission denied to read"
		case "INTERNAL_ERROR":
			return "Internal Server Error"
		case "INVALID_REQUEST_METHOD":
			return "The http request method type is not a valid one"
		case "AUTHORIZATION_FAILED":
			return "User does not have sufficient privilege to read module details."
		}
	case "getModules":
		switch code {
		case "INVALID_URL_PATTERN":
			return "Please check if the URL trying to access is a correct one"
		case "OAUTH_SCOPE_MISMATCH":
			return "Unauthorized"
		case "NO_PERMISSION":
			return "Permission denied to read"
		case "INTERNAL_ERROR":
			return "Internal Server Error"
		case "INVALID_REQUEST_METHOD":
			return "The http request method type is not a valid one"
		case "AUTHORIZATION_FAILED":
			return "User does not have sufficient privilege to read module details."
		}
	case "getProfiles":
		switch code {
		case "INVALID_URL_PATTERN":
			return "Please check if the URL trying to access is a correct one"
		case "OAUTH_SCOPE_MISMATCH":
			return "Unauthorized"
		case "NO_PERMISSION":
			return "permission denied"
		case "INTERNAL_ERROR":
			return "Internal Server Error"
		case "INVALID_REQUEST_METHOD":
			return "The http request method type is not a valid one"
		}
	case "updateContactRole":
		switch code {
		case "INVALID_URL_PATTERN":
			return "Please check if the URL trying to access is a correct one"
		case "OAUTH_SCOPE_MISMATCH":
			return "Unauthorized"
		case "NO_PERMISSION":
			return "Permission denied to update records"
		case "INTERNAL_ERROR":
			return "Internal Server Error"
		case "INVALID_REQUEST_METHOD":
			return "The http request method type is not a valid one"
		case "AUTHORIZATION_FAILED":
			return "User does not have sufficient privilege to update records"
		case "DUPLICATE_DATA":
			return "duplicate data"
		case "INVALID_DATA":
			return "invalid data"
		case "MANDATORY_NOT_FOUND":
			return "required field not found"
		}
	case "updateContactRoles":
		switch code {
		case "INVALID_URL_PATTERN":
			return "Please check if the URL trying to access is a correct one"
		case "OAUTH_SCOPE_MISMATCH":
			return "Unauthorized"
		case "NO_PERMISSION":
			return "Permission denied to update records"
		case "INTERNAL_ERROR":
			return "Internal Server Error"
		case "INVALID_REQUEST_METHOD":
			return "The http request method type is not a valid one"
		case "AUTHORIZATION_FAILED":
			return "User does not have sufficient privilege to update records"
		case "DUPLICATE_DATA":
			return "duplicate data"
		case "INVALID_DATA":
			return "invalid data"
		case "MANDATORY_NOT_FOUND":
			return "required field not found"
		}
	case "updateCustomModule":
		switch code {
		case "INVALID_MODULE":
			return "The URL contains invalid module data"
		case "NOT_ALLOWED":
			return "API name cannot be updated for module"
		case "MINIMUM_DATA_NOT_FOUND":
			return "Minimum one profile is needed"
		case "INVALID_REQUEST_METHOD":
			return "The http request method type is not a valid one"
		case "OAUTH_SCOPE_MISMATCH":
			return "Unauthorized"
		case "MANDATORY_NOT_FOUND":
			return "Mandatory fields are missing"
		case "AUTHENTICATION_FAILURE":
			return "Authentication failed"
		case "INVALID_URL_PATTERN":
			return "Please check if the URL trying to access is a correct one"
		case "INTERNAL_ERROR":
			return "Internal Server Error"
		}
	}
	switch code {
	case "API_NOT_SUPPORTED":
		return "API not supported in this version"
	case "AUTHENTICATION_FAILURE":
		return "Authentication failed"
	case "DUPLICATE_DATA":
		return "duplicate data"
	case "INTERNAL_SERVER_ERROR":
		return "Internal Server Error"
	case "INVALID_DATA":
		return "invalid data"
	case "INVALID_OAUTHTOKEN":
		return "invalid oauth token"
	case "INVALID_REQUEST":
		return "invalid request"
	case "INVALID_TOKEN":
		return "invalid oauth token"
	case "LIMIT_EXCEEDED":
		return "limit exceeded"
	case "NO_PERMISSION":
		return "permission denied"
	case "NOT_SUPPORTED":
		return "not supported"
	case "REQUIRED_PARAM_MISSING":
		return "One of the expected parameter is missing"
	case "TOO_MANY_REQUESTS":
		return "too many requests. please try again after some time"
	case "UNABLE_TO_PARSE_DATA_TYPE":
		return "either the request body or parameters is in wrong format"
	case "VERSION_NOT_SUPPORTED":
		return "API not supported in this version"
	}
	return ""
}

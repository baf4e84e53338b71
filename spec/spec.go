// Package spec embeds the OpenAPI 3.0.3 spec of this module: contact roles, modules and profiles of the
// Zoho CRM v7 API, as documented at
// https://www.zoho.com/crm/developer/docs/api/v7/update-custom-module-api.html,
// https://www.zoho.com/crm/developer/docs/api/v7/update-contact-roles.html and the pages of the reads that
// they refer to.
package spec

import _ "embed"

// YAML is openapi.yaml, to be passed to an OpenAPI library or served. Do not change its bytes.
//
//go:embed openapi.yaml
var YAML []byte

// Package spec embeds the OpenAPI 3.0.3 document of this module: Update Custom Module and Update
// Contact Roles of the Zoho CRM v7 API, as described at
// https://www.zoho.com/crm/developer/docs/api/v7/update-custom-module-api.html and
// https://www.zoho.com/crm/developer/docs/api/v7/update-contact-roles.html.
package spec

import _ "embed"

// YAML is the document, openapi.yaml, as it stands in this directory. It is for reading: pass it to an
// OpenAPI library or serve it. Do not change its bytes.
//
//go:embed openapi.yaml
var YAML []byte

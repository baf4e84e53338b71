package client

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/generated"
	"github.com/seed-87e331f0/zohocrm-go/internal/sanitize"
)

// DataCenter names the API host and the accounts host of an org. A token belongs to one org, one data centre and one
// environment. Tokens and credentials are sent only to these hosts.
//
// Use one of Zoho's, such as [EU], or one of your own for a proxy or a test server. Both URLs are https, or http on a
// loopback address.
type DataCenter struct {
	// Name is used in error messages. It may be empty.
	Name string
	// APIURL is the URL of the API host, such as https://www.zohoapis.eu, without /crm/v7.
	APIURL string
	// AccountsURL is the URL of the accounts host, such as https://accounts.zoho.eu, without /oauth/v2/token. It may be
	// empty with StaticToken and TokenSource.
	AccountsURL string

	// err is why a method could not derive a host.
	err error
}

// Zoho's data centres, production environment. Zoho's documentation does not confirm UK and AE. See
// https://www.zoho.com/crm/developer/docs/api/v7/multi-dc.html.
var (
	US = DataCenter{Name: "US", APIURL: "https://www.zohoapis.com", AccountsURL: "https://accounts.zoho.com"}
	EU = DataCenter{Name: "EU", APIURL: "https://www.zohoapis.eu", AccountsURL: "https://accounts.zoho.eu"}
	IN = DataCenter{Name: "IN", APIURL: "https://www.zohoapis.in", AccountsURL: "https://accounts.zoho.in"}
	AU = DataCenter{Name: "AU", APIURL: "https://www.zohoapis.com.au", AccountsURL: "https://accounts.zoho.com.au"}
	JP = DataCenter{Name: "JP", APIURL: "https://www.zohoapis.jp", AccountsURL: "https://accounts.zoho.jp"}
	CN = DataCenter{Name: "CN", APIURL: "https://www.zohoapis.com.cn", AccountsURL: "https://accounts.zoho.com.cn"}
	CA = DataCenter{Name: "CA", APIURL: "https://www.zohoapis.ca", AccountsURL: "https://accounts.zohocloud.ca"}
	SA = DataCenter{Name: "SA", APIURL: "https://www.zohoapis.sa", AccountsURL: "https://accounts.zoho.sa"}
	UK = DataCenter{Name: "UK", APIURL: "https://www.zohoapis.uk", AccountsURL: "https://accounts.zoho.uk"}
	AE = DataCenter{Name: "AE", APIURL: "https://www.zohoapis.ae", AccountsURL: "https://accounts.zoho.ae"}
)

// DataCenters returns Zoho's data centres, for choosing one by its Name.
func DataCenters() []DataCenter { return []DataCenter{US, EU, IN, AU, JP, CN, CA, SA, UK, AE} }

// Sandbox returns the sandbox environment of one of Zoho's production data centres: sandbox. instead of www. in the API
// host, the same accounts host. For any other data centre it returns one that [New] rejects, so that an update for a sandbox
// never reaches production.
func (d DataCenter) Sandbox() DataCenter { return d.environment("sandbox") }

// Developer returns the developer environment of one of Zoho's production data centres, as [DataCenter.Sandbox] does for the
// sandbox.
func (d DataCenter) Developer() DataCenter { return d.environment("developer") }

func (d DataCenter) environment(name string) DataCenter {
	host, isProduction := strings.CutPrefix(strings.TrimRight(d.APIURL, "/"), "https://www.")
	if !isProduction || !isZoho(host) {
		d.err = fmt.Errorf("zohocrm: DataCenter: the %s host of %s is not known: start from one of Zoho's production data centres, or set APIURL", name, normalizedHost(d.APIURL))
		return d
	}
	d.Name = strings.TrimSpace(d.Name + " " + name)
	d.APIURL = "https://" + name + "." + host
	return d
}

// checkAPIDomain returns an error if a token's api_domain is that of another of Zoho's data centres.
func (d DataCenter) checkAPIDomain(domain string) error {
	configured, other := apiDomain(d.APIURL), apiDomain(strings.TrimSpace(domain))
	if other == configured || !isZoho(configured) || !isZoho(other) {
		return nil
	}
	return fmt.Errorf("the token is for the API at %s, but the client is configured for %s (%s): use the DataCenter of the org",
		sanitize.Text(domain, maxSnippet), d.APIURL, d.Name)
}

// isZoho reports whether domain is the API domain of one of Zoho's data centres, without its prefix.
func isZoho(domain string) bool {
	return slices.ContainsFunc(DataCenters(), func(d DataCenter) bool { return d.APIURL == "https://www."+domain })
}

// apiDomain returns the host of an API URL without the prefix that names the environment.
func apiDomain(apiURL string) string {
	host := normalizedHost(apiURL)
	for _, prefix := range []string{"www.", "sandbox.", "developer."} {
		if domain, found := strings.CutPrefix(host, prefix); found {
			return domain
		}
	}
	return host
}

const tokenPath = "/oauth/v2/token" //nolint:gosec // a path

// checkURL returns an error for a URL that a token must not be sent to, or that already has the path of the API.
func checkURL(field, value string) error {
	u, err := url.Parse(value)
	rule := ""
	switch {
	case value == "":
		rule = "is empty: set it to an https URL"
	case err != nil || u.Hostname() == "":
		rule = "is not a URL with a host: write it like https://www.zohoapis.com"
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(value, "#"):
		rule = "must have no user, query or fragment"
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		rule = "must be https: http is allowed only on a loopback address"
	case strings.TrimSpace(value) != value:
		rule = "has white space around it: remove it"
	default:
		// A proxy may have a path of its own, Zoho's hosts have none.
		below := strings.ToLower(strings.ReplaceAll(u.Path, "//", "/"))
		ofZoho := strings.Trim(below, "/") != "" && (isZoho(apiDomain(value)) || strings.HasPrefix(normalizedHost(value), "accounts.zoho"))
		switch {
		case strings.Contains(below, "/crm/v"), ofZoho && field == "APIURL":
			rule = "must be given without " + generated.BasePath + ", which this package adds"
		case strings.Contains(below, "/oauth/"), ofZoho:
			rule = "must be given without " + tokenPath + ", which this package adds"
		}
	}
	if rule == "" {
		return nil
	}
	return fmt.Errorf("zohocrm: DataCenter.%s %s", field, rule)
}

// normalizedHost returns the host of a URL, or of a bare host, in lower case, without a port and the dot of a fully qualified
// name.
func normalizedHost(address string) string {
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

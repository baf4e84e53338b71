package client

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-87e331f0/zohocrm-go/internal/safetext"
)

// DataCenter is where an org lives: the host of its API and the host that issues its tokens. A token
// belongs to one org, one data centre and one environment.
//
// Use one of the values below, or one of your own for a proxy or a test server. Both URLs are https,
// or http on a loopback address.
type DataCenter struct {
	// Name is for people: it stands in error messages.
	Name string
	// APIURL is the API host, such as https://www.zohoapis.eu. A path before /crm/v7 is kept.
	APIURL string
	// AccountsURL is the host of the token endpoint, such as https://accounts.zoho.eu.
	AccountsURL string

	// problem says why a method could not derive a host.
	problem string
}

// The data centres of Zoho, production environment. UK and AE are not confirmed by Zoho's own
// documentation. See https://www.zoho.com/crm/developer/docs/api/v7/multi-dc.html.
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

// DataCenters returns the data centres of Zoho, to choose one by its Name.
func DataCenters() []DataCenter { return []DataCenter{US, EU, IN, AU, JP, CN, CA, SA, UK, AE} }

// Sandbox returns the sandbox environment of a production data centre of Zoho's: sandbox. in place of
// www. in the API host, the same accounts host. Of any other data centre it returns one that [New]
// refuses, so that a write for a sandbox never lands in production.
func (d DataCenter) Sandbox() DataCenter { return d.environment("sandbox") }

// Developer returns the developer environment of a production data centre of Zoho's, as
// [DataCenter.Sandbox] does for the sandbox.
func (d DataCenter) Developer() DataCenter { return d.environment("developer") }

func (d DataCenter) environment(name string) DataCenter {
	host, isProduction := strings.CutPrefix(d.APIURL, "https://www.")
	if !isProduction || !isZoho(host) {
		d.problem = fmt.Sprintf("the %s host of %s cannot be derived: set APIURL to it in a DataCenter of your own", name, apiDomain(d.APIURL))
		return d
	}
	d.Name += " " + name
	d.APIURL = "https://" + name + "." + host
	return d
}

// checkAPIDomain refuses the api_domain of a token where it is of another data centre than d, if that is
// one of Zoho's own.
func (d DataCenter) checkAPIDomain(domain string) error {
	configured := apiDomain(d.APIURL)
	if domain == "" || !isZoho(configured) || apiDomain(domain) == configured {
		return nil
	}
	return fmt.Errorf("the token is for the API at %s, the client is configured for %s (%s): use the DataCenter of the org",
		safetext.Shorten(domain, maxSnippet), d.APIURL, d.Name)
}

// isZoho reports whether domain is the API domain of one of Zoho's data centres, without its prefix.
func isZoho(domain string) bool {
	return slices.ContainsFunc(DataCenters(), func(d DataCenter) bool { return d.APIURL == "https://www."+domain })
}

// apiDomain returns the host of an API URL without the prefix that names the environment.
func apiDomain(apiURL string) string {
	u, err := url.Parse(apiURL)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	for _, prefix := range []string{"www.", "sandbox.", "developer."} {
		if domain, found := strings.CutPrefix(host, prefix); found {
			return domain
		}
	}
	return host
}

// check refuses what no request of the API can be sent to.
func (d DataCenter) check() error {
	if d.problem != "" {
		return fmt.Errorf("zohocrm: DataCenter: %s", d.problem)
	}
	return checkURL("APIURL", d.APIURL)
}

// checkURL refuses a URL that a token must not be sent to.
func checkURL(field, value string) error {
	u, err := url.Parse(value)
	switch {
	case value == "":
		return fmt.Errorf("zohocrm: DataCenter.%s is empty: set it to an https URL", field)
	case err != nil || u.Hostname() == "":
		return fmt.Errorf("zohocrm: DataCenter.%s is not a URL with a host: write it like https://www.zohoapis.com", field)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(value, "#"):
		return fmt.Errorf("zohocrm: DataCenter.%s must have no user, query or fragment", field)
	case u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	default:
		return fmt.Errorf("zohocrm: DataCenter.%s must be https: http is allowed only on a loopback address", field)
	}
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

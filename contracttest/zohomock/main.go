// Command zohomock is a mock server of Zoho CRM v7, to be tried by hand or called from any language: the test
// server of package zohotest as a program. Nothing is sent to Zoho.
//
//	go run github.com/seed-87e331f0/zohocrm-go/contracttest/zohomock -addr 127.0.0.1:8080 -seed org.json
//
// The first line that it prints has its address. Credentials that it accepts follow. Besides the API it serves
//
//	/              the API as a page, where requests can be sent
//	/openapi.yaml  the spec, with this server as the only one
//	/openapi.json  the same as JSON
//	/org           the org as it is now, in the form of a seed file
//	/health        ok
//
// A header such as "Prefer: code=400, example=duplicate_data" selects a named example of the spec as the response.
//
// Tests in any language control the server: they reset it, expire its tokens, queue responses and read the requests.
// GET /control and zohomock -help say how. zohomock -help also lists the flags, and the environment variables that set
// their defaults.
//
// The seed is a JSON object with the lists modules, profiles and contact_roles. A profile is an id or an object of
// id and name. Lists that are left out are those of the samples in Zoho's documentation.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/zohotest"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		log.Fatalf("zohomock: %v", err)
	}
}

// version is set by make dist.
var version string

type config struct {
	address       string
	allowRemote   bool
	hosts         string
	origins       string
	seed          string
	strict        bool
	latency       time.Duration
	maxConcurrent int
	auth          client.RefreshToken
	accessToken   string
	tokenLifetime time.Duration
	version       bool
}

func run(ctx context.Context, args []string, out io.Writer) error {
	c, err := parse(args, out)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return fmt.Errorf("%w: see -help", err)
	case c.version:
		info, _ := debug.ReadBuildInfo()
		fmt.Fprintln(out, "zohomock", cmp.Or(version, info.Main.Version))
		return nil
	}
	options, err := readSeed(c.seed)
	if err != nil {
		return err
	}
	origins, err := parseOrigins(c.origins)
	if err != nil {
		return err
	}
	listener, err := listen(c)
	if err != nil {
		return err
	}
	options = append(options,
		zohotest.WithListener(listener), zohotest.WithHosts(split(c.hosts)...),
		zohotest.WithCredentials(c.auth), zohotest.WithTokenLifetime(c.tokenLifetime),
		zohotest.WithLatency(c.latency), zohotest.WithMaxConcurrent(c.maxConcurrent),
		zohotest.WithHandler(func(s *zohotest.Server) http.Handler { return front(s, log.New(out, "", log.Ltime), origins) }),
	)
	if c.accessToken != "" {
		options = append(options, zohotest.WithAccessToken(c.accessToken))
	}
	if c.strict {
		options = append(options, zohotest.WithStrict())
	}
	server, err := zohotest.Start(options...)
	if err != nil {
		return err
	}
	defer server.Close()
	if err := checkOrg(server); err != nil {
		return fmt.Errorf("seed %s: %w", c.seed, err)
	}
	introduce(out, server, c.allowRemote)
	<-ctx.Done()
	return nil
}

func parse(args []string, out io.Writer) (c config, err error) {
	flags := flag.NewFlagSet("zohomock", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.address, "addr", "127.0.0.1:8080", "`address` to listen on, port 0 for a free one")
	flags.BoolVar(&c.allowRemote, "allow-remote", false, "accept an -addr that other machines can reach, such as 0.0.0.0:8080")
	flags.StringVar(&c.hosts, "allow-hosts", "", "host `names`, separated by commas, of URLs of this server, besides localhost and IP addresses")
	flags.StringVar(&c.origins, "cors-origins", "", "`origins`, separated by commas, whose web pages may call the API, such as http://localhost:3000")
	flags.StringVar(&c.seed, "seed", "", "JSON `file` with the org: modules, profiles, contact_roles, in the format that GET /org shows; a list that is left out is that of Zoho's samples")
	flags.BoolVar(&c.strict, "strict", false, "reject requests that Zoho accepts although the spec does not allow them, such as ids as numbers, and credentials in the URL of a token request")
	flags.DurationVar(&c.latency, "latency", 0, "`duration` by which each response is delayed, such as 200ms")
	flags.IntVar(&c.maxConcurrent, "max-concurrent", 0, "`number` of requests in flight beyond which the API responds 429, 0 for no limit")
	flags.StringVar(&c.auth.ClientID, "client-id", "", "client `id`, random if empty")
	flags.StringVar(&c.auth.ClientSecret, "client-secret", "", "client `secret`, random if empty")
	flags.StringVar(&c.auth.RefreshToken, "refresh-token", "", "refresh `token`, random if empty")
	flags.StringVar(&c.accessToken, "access-token", "", "access `token` that is valid for any time, except between /control/expire-tokens and /control/reset; random if empty")
	flags.DurationVar(&c.tokenLifetime, "token-lifetime", time.Hour, "`duration` for which tokens of the token endpoint are valid")
	flags.BoolVar(&c.version, "version", false, "print the version")
	flags.VisitAll(func(f *flag.Flag) {
		name := "ZOHOMOCK_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		f.Usage += " [$" + name + "]"
		if value, isSet := os.LookupEnv(name); isSet {
			if setErr := f.Value.Set(value); setErr != nil {
				err = fmt.Errorf("%s is %q: %w", name, value, setErr)
			}
		}
	})
	if err != nil {
		return c, err
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(out, "Usage: zohomock [flags]\n\nA mock server of Zoho CRM v7. Nothing is sent to Zoho.\n\nFlags, and the environment variables that set their defaults:\n\n")
		flags.SetOutput(out)
		flags.PrintDefaults()
		fmt.Fprintf(out, "\nTests control the server with these requests:\n\n%s", controlText)
		return c, err
	} else if err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return c, nil
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

func parseOrigins(list string) ([]string, error) {
	origins := split(list)
	for _, origin := range origins {
		if u, err := url.Parse(origin); err != nil || u.Host == "" || origin != u.Scheme+"://"+u.Host {
			return nil, fmt.Errorf("-cors-origins has %q: write origins like http://localhost:3000", origin)
		}
	}
	return origins, nil
}

func listen(c config) (net.Listener, error) {
	host, _, err := net.SplitHostPort(c.address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %q: use an address with a port, such as 127.0.0.1:8080", c.address)
	}
	if !c.allowRemote && host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return nil, fmt.Errorf("cannot listen on %q, which other machines can reach: use a loopback address, or add -allow-remote", c.address)
	}
	listener, err := net.Listen("tcp", c.address)
	if err != nil {
		return nil, fmt.Errorf("%w: choose another address with -addr", err)
	}
	return listener, nil
}

func introduce(out io.Writer, server *zohotest.Server, remote bool) {
	auth, token := server.Auth(), server.AccessToken()
	fmt.Fprintf(out, "Mock server of Zoho CRM v7 at %s with a page to try it. Nothing is sent to Zoho. Stop it with Ctrl-C.\n", server.URL)
	if remote {
		fmt.Fprintln(out, "Warning: other machines can reach this server, its tokens and /control/.")
	}
	fmt.Fprintf(out, "\n  base URL       %[1]s%[2]s\n  token URL      %[1]s/oauth/v2/token\n  for tests      %[1]s/control lists the requests that control this server\n", server.URL, generated.BasePath)
	fmt.Fprintf(out, "\n  client id      %s\n  client secret  %s\n  refresh token  %s\n  access token   %s\n", auth.ClientID, auth.ClientSecret, auth.RefreshToken, token)
	if roles := server.ContactRoles(); len(roles) > 0 {
		fmt.Fprintf(out, "\n  curl -X PUT %s%s%s -H 'Authorization: Zoho-oauthtoken %s' -H 'Content-Type: application/json' -d '{\"contact_roles\":[{\"id\":%q,\"sequence_number\":5}]}'\n\n",
			server.URL, generated.BasePath, generated.OperationUpdateContactRoles.Path, token, roles[0].ID)
	}
}

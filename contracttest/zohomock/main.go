// Command zohomock serves the Zoho stand-in of package zohotest on a loopback port, to be tried by
// hand or called from any language: the token endpoint, Update Custom Module and Update Contact Roles,
// with a small org behind them. Nothing goes to Zoho.
//
//	go run github.com/seed-87e331f0/zohocrm-go/contracttest/zohomock -addr 127.0.0.1:8080 -seed org.json
//
// It prints credentials that it accepts. Besides the API there are
//
//	/              the API as a page, where requests can be sent
//	/openapi.yaml  the OpenAPI document, with this server as its only one
//	/openapi.json  the same as JSON
//	/org           the org as it is now, in the form of a seed file
//
// A header such as "Prefer: code=400, example=duplicate_data" selects a named answer of the document.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

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

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("zohomock", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	address := flags.String("addr", "127.0.0.1:8080", "loopback `address` to serve, port 0 for a free one")
	seedFile := flags.String("seed", "", "JSON `file` with the org: modules, profiles, contact_roles; what it leaves out is as in Zoho's samples")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(out)
		flags.PrintDefaults()
		return nil
	} else if err != nil {
		return fmt.Errorf("%w: see -help", err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: see -help", flags.Arg(0))
	}
	options, err := readSeed(*seedFile)
	if err != nil {
		return err
	}
	listener, err := listen(*address)
	if err != nil {
		return err
	}
	requests := log.New(out, "", log.Ltime)
	server, err := zohotest.Start(append(options, zohotest.WithListener(listener),
		zohotest.WithHandler(func(s *zohotest.Server) http.Handler { return front(s, requests) }))...)
	if err != nil {
		return err
	}
	defer server.Close()
	introduce(out, server)
	<-ctx.Done()
	return nil
}

func listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return nil, fmt.Errorf("cannot listen on %q: use a loopback address with a port, such as 127.0.0.1:8080", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w: choose another address with -addr", err)
	}
	return listener, nil
}

func introduce(out io.Writer, server *zohotest.Server) {
	auth, token := server.Auth(), server.IssueToken()
	fmt.Fprintf(out, "Zoho stand-in at %s, a page to try it. Nothing goes to Zoho. Stop it with Ctrl-C.\n\n", server.URL)
	fmt.Fprintf(out, "  client id      %s\n  client secret  %s\n  refresh token  %s\n  access token   %s\n", auth.ClientID, auth.ClientSecret, auth.RefreshToken, token)
	if roles := server.ContactRoles(); len(roles) > 0 {
		fmt.Fprintf(out, "\n  curl -X PUT %s%s%s -H 'Authorization: Zoho-oauthtoken %s' -H 'Content-Type: application/json' -d '{\"contact_roles\":[{\"id\":%q,\"sequence_number\":5}]}'\n\n",
			server.URL, generated.BasePath, generated.OperationUpdateContactRoles.Path, token, roles[0].ID)
	}
}

// Command sync brings the contact roles and a custom module of an org in line with a YAML file. It prints the differences; with
// -apply it makes the changes, and a second run continues where one was interrupted.
//
//	contact_roles:             # in the order of the picklist
//	  - name: Decision Maker
//	  - name: Sales Lead
//	    was: Lead              # the name before
//	  - name: Quality Control
//	    id: "4150868000003611012"
//	module:
//	  name: Digital_Marketing  # its API name or id
//	  singular_label: Digital Marketing
//	  plural_label: Digital Marketings
//	  profiles: [Administrator, Standard]
//
// The credentials are in the environment: ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET and ZOHO_REFRESH_TOKEN.
//
// The exit code is 0 if there was nothing to do or all was done, 1 after an error, 2 for wrong usage, 3 if there are
// differences and -apply was not given.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/filecache"
)

const (
	exitDone        = 0
	exitError       = 1
	exitUsage       = 2
	exitDifferences = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sync", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("file", "sync.yaml", "YAML `file` with the wanted state")
	apply := flags.Bool("apply", false, "make the changes")
	flags.Bool("plan", true, "print the differences only; the default, -apply overrides it")
	dc := flags.String("dc", "US", "data centre of the org: "+strings.Join(dataCenterNames(), ", "))
	sandbox := flags.Bool("sandbox", false, "use the sandbox of the org")
	address := flags.String("url", "", "`URL` of a mock server, in place of a data centre")
	cache := flags.String("cache", "", "`folder` to store access tokens in, for schedulers that run this often")
	if err := flags.Parse(args); err != nil {
		return exitUsage
	} else if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "sync: unexpected argument %q\n", flags.Arg(0))
		return exitUsage
	}
	dataCenter, err := findDataCenter(*dc, *sandbox, *address)
	if err != nil {
		fmt.Fprintln(stderr, "sync:", err)
		return exitUsage
	}
	auth := client.RefreshToken{
		ClientID: getenv("ZOHO_CLIENT_ID"), ClientSecret: getenv("ZOHO_CLIENT_SECRET"), RefreshToken: getenv("ZOHO_REFRESH_TOKEN"),
	}
	if *cache != "" {
		auth.Cache = filecache.New(*cache)
	}
	crm, err := client.New(dataCenter, auth, client.WithUserAgent("sync"))
	if err != nil {
		fmt.Fprintf(stderr, "sync: set ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET and ZOHO_REFRESH_TOKEN: %v\n", err)
		return exitUsage
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = crm.Wait(ctx) // for a token request that an interrupt would lose
	}()
	wanted, err := readWanted(*file)
	if err != nil {
		fmt.Fprintln(stderr, "sync:", err)
		return exitUsage
	}
	differences, err := syncOrg(ctx, crm, wanted, *apply, stdout)
	switch {
	case err != nil:
		for _, line := range strings.Split(err.Error(), "\n") {
			fmt.Fprintln(stderr, "sync:", line)
		}
		return exitError
	case differences == 0:
		fmt.Fprintln(stdout, "nothing to do")
		return exitDone
	case !*apply:
		fmt.Fprintf(stdout, "%d differences; run with -apply to make the changes\n", differences)
		return exitDifferences
	}
	fmt.Fprintln(stdout, "done")
	return exitDone
}

func dataCenterNames() (names []string) {
	for _, dc := range client.DataCenters() {
		names = append(names, dc.Name)
	}
	return names
}

func findDataCenter(name string, sandbox bool, address string) (client.DataCenter, error) {
	if address != "" {
		return client.DataCenter{Name: "mock server", APIURL: address, AccountsURL: address}, nil
	}
	for _, dc := range client.DataCenters() {
		if dc.Name == name && sandbox {
			return dc.Sandbox(), nil
		} else if dc.Name == name {
			return dc, nil
		}
	}
	return client.DataCenter{}, fmt.Errorf("unknown data centre %q: use one of %s", name, strings.Join(dataCenterNames(), ", "))
}

func readWanted(file string) (Wanted, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Wanted{}, err
	}
	var wanted Wanted
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&wanted); err != nil {
		return Wanted{}, fmt.Errorf("%s: %w", file, err)
	}
	return wanted, nil
}

// syncOrg prints what differs and, with apply, changes it. Everything is planned before anything is changed.
func syncOrg(ctx context.Context, crm *client.Client, wanted Wanted, apply bool, stdout io.Writer) (differences int, err error) {
	var errs []error
	var org []client.ContactRole
	var roles []roleChange
	if len(wanted.ContactRoles) > 0 {
		if org, err = crm.ListContactRoles(ctx); err != nil {
			return 0, err
		}
		roles, err = planRoles(wanted.ContactRoles, org)
		errs = append(errs, err)
	}
	var update client.CustomModuleUpdate
	var module []string
	if wanted.Module != nil {
		current, err := crm.GetModule(ctx, wanted.Module.Name)
		if err != nil {
			return 0, err
		}
		profiles, err := crm.ListProfiles(ctx)
		if err != nil {
			return 0, err
		}
		update, module, err = planModule(*wanted.Module, current, profiles)
		errs = append(errs, err, update.Validate())
	}
	if err := errors.Join(errs...); err != nil {
		return 0, err
	}
	for _, change := range roles {
		fmt.Fprintln(stdout, change)
	}
	for _, change := range module {
		fmt.Fprintln(stdout, change)
	}
	if !apply {
		return len(roles) + len(module), nil
	}
	errs = []error{applyRoles(ctx, crm, roles, org)}
	if len(module) > 0 {
		if _, err := crm.UpdateCustomModule(ctx, wanted.Module.Name, update); err != nil {
			errs = append(errs, fmt.Errorf("module %s: %w", wanted.Module.Name, err))
		}
	}
	return len(roles) + len(module), errors.Join(errs...)
}

// Command livecheck compares the spec, the client and the mock server with a live org of Zoho CRM. It sends the requests of a
// plan, one at a time, restores what they change, and writes an anonymised report.
//
//	go run github.com/seed-87e331f0/zohocrm-go/contracttest/livecheck -dc EU -module Live_Check        # the plan
//	go run github.com/seed-87e331f0/zohocrm-go/contracttest/livecheck -dc EU -module Live_Check -run   # the check
//
// Credentials are in the environment: ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET and ZOHO_REFRESH_TOKEN, or ZOHO_ACCESS_TOKEN. They
// need the scopes that the README lists. Use a sandbox or a developer org; a production org also needs -production.
//
// Before each update the state of the contact roles and the module is written to a journal, from which the program restores
// them: after the probe, after an interrupt, or at the start of the next run. The journal is not anonymised and is deleted
// when everything is restored. The folder of -dir gets
//
//	report.md        the report for a reader
//	report.json      the same for a program
//	recording.jsonl  the exchanges, for TestReplay, if it is copied to testdata
//
// A run that finds differences succeeds. It fails if it ended early or could not restore the org.
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
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/seed-87e331f0/zohocrm-go/client"
	"github.com/seed-87e331f0/zohocrm-go/contracttest/internal/contract"
	"github.com/seed-87e331f0/zohocrm-go/generated"
)

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := run(ctx, os.Args[1:], os.Getenv, http.DefaultTransport, os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		log.Fatalf("livecheck: %v", err)
	}
}

type config struct {
	dc, environment, url string
	module, dir          string
	credits              int
	production           bool
	run, onlyRestore     bool
}

// run is the program without its process.
func run(ctx context.Context, args []string, getenv func(string) string, transport http.RoundTripper, out io.Writer) error {
	c, err := parse(args, out)
	if err != nil {
		return err
	}
	dc, err := c.dataCenter()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	j := journal{filepath.Join(c.dir, "journal.json")}
	left, err := j.read()
	if err != nil {
		return err
	}
	c.plan(out, dc, left)
	if !c.run && !c.onlyRestore {
		fmt.Fprintln(out, "\nNothing was sent. Add -run to send these requests.")
		return nil
	}
	lock := flock.New(j.file + ".lock")
	if locked, err := lock.TryLock(); err != nil || !locked {
		return errors.Join(fmt.Errorf("another run uses the folder %s: wait for it, or use another -dir", c.dir), err)
	}
	defer lock.Unlock() //nolint:errcheck // the process ends
	checker, err := contract.New()
	if err != nil {
		return err
	}
	anon := &anonymiser{aliases: map[string]string{}}
	r := &runner{
		apiURL: dc.APIURL, transport: &countingTransport{base: transport}, journal: j, checks: &checks{checker, anon}, anon: anon, out: out, credits: c.credits,
		report: newReport(c.environment, c.credits),
	}
	if r.crm, err = authorize(dc, auth(getenv), r.transport); err != nil {
		return err
	}
	if left != nil {
		if err := r.restoreJournal(ctx, *left); err != nil {
			return err
		}
	}
	if !c.run {
		return nil
	}
	r.org = org{unusable: map[string]string{}}
	err = r.runAll(ctx, c.module)
	if errors.Is(err, errStopped) {
		r.report.Stopped = err.Error()
	} else if err != nil {
		r.report.Stopped = "The run ended early with an error, which the program printed."
	}
	r.report.Requests, r.report.Versions["client"] = r.transport.requests, r.transport.userAgent
	fmt.Fprintf(out, "\n%d requests. The report is in %s.\n", r.report.Requests, filepath.Join(c.dir, "report.md"))
	return errors.Join(err, r.write(c.dir))
}

func parse(args []string, out io.Writer) (c config, err error) {
	flags := flag.NewFlagSet("livecheck", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&c.dc, "dc", "US", "data `centre`: US, EU, IN, AU, JP, CN, CA, SA, UK or AE")
	flags.StringVar(&c.environment, "env", "sandbox", "`environment`: sandbox, developer or production")
	flags.BoolVar(&c.production, "production", false, "allow the environment production, whose users see each change until it is restored")
	flags.StringVar(&c.url, "url", "", "`URL` of a server on this machine to check instead of Zoho, such as zohomock at http://127.0.0.1:8080")
	flags.StringVar(&c.module, "module", "", "id or API `name` of a custom module whose labels and profiles may change for a moment; none is changed without it")
	flags.StringVar(&c.dir, "dir", "bin/live-check", "`folder` of the report, the recording and the journal")
	flags.IntVar(&c.credits, "credits", 150, "`number` of API credits that probes may use; a request costs one, and restoring may cost a few more")
	flags.BoolVar(&c.run, "run", false, "send the requests of the plan")
	flags.BoolVar(&c.onlyRestore, "restore", false, "only restore what the journal of an interrupted run has")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return c, nil
}

// dataCenter returns the hosts. Production needs a flag of its own.
func (c *config) dataCenter() (client.DataCenter, error) {
	if c.url != "" {
		u, err := url.Parse(c.url)
		if err != nil || u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback() {
			return client.DataCenter{}, fmt.Errorf("-url is %q: use a server on this machine, or -dc and -env for Zoho", c.url)
		}
		c.environment = "a server on this machine (a rehearsal: no evidence about Zoho)"
		return client.DataCenter{APIURL: c.url, AccountsURL: c.url}, nil
	}
	all := client.DataCenters()
	i := slices.IndexFunc(all, func(d client.DataCenter) bool { return d.Name == c.dc })
	if i < 0 {
		return client.DataCenter{}, fmt.Errorf("-dc is %q: use US, EU, IN, AU, JP, CN, CA, SA, UK or AE", c.dc)
	}
	dc := all[i]
	switch {
	case c.environment == "sandbox":
		dc = dc.Sandbox()
	case c.environment == "developer":
		dc = dc.Developer()
	case c.environment != "production":
		return dc, fmt.Errorf("-env is %q: use sandbox, developer or production", c.environment)
	case !c.production:
		return dc, errors.New("-env production changes names that users see: use a sandbox, or add -production")
	}
	c.environment = fmt.Sprintf("an org of Zoho CRM v7 (%s %s)", c.dc, c.environment)
	return dc, nil
}

func auth(getenv func(string) string) client.Auth {
	if token := getenv("ZOHO_ACCESS_TOKEN"); token != "" {
		return client.StaticToken(token)
	}
	return client.RefreshToken{ClientID: getenv("ZOHO_CLIENT_ID"), ClientSecret: getenv("ZOHO_CLIENT_SECRET"), RefreshToken: getenv("ZOHO_REFRESH_TOKEN")}
}

// plan prints what a run would send.
func (c config) plan(out io.Writer, dc client.DataCenter, left *entry) {
	fmt.Fprintf(out, "Plan for %s, %s. One request at a time. What an update changes is restored at once.\n", dc.APIURL, c.environment)
	fmt.Fprintln(out, "Ids, names and labels stand for those of the org. Each update is followed by a read.")
	if left != nil {
		fmt.Fprintf(out, "First, what the probe %q of %s changed is restored. Delete the journal to leave the org as it is.\n", left.Probe, left.Time.Format(time.RFC3339))
	}
	name := "MODULE"
	if c.module == "" {
		name = ""
	}
	total, group := 0, ""
	for _, p := range append(readProbes(name), writeProbes(newTarget(planned, name))...) {
		if p.group != group {
			group = p.group
			fmt.Fprintf(out, "\n%s\n", strings.ToUpper(group[:1])+group[1:])
		}
		if p.skip != "" {
			fmt.Fprintf(out, "- %s: not tried, %s\n", p.name, p.skip)
			continue
		}
		fmt.Fprintf(out, "- %s: changes %s\n", p.name, p.changes)
		for _, s := range p.steps {
			fmt.Fprintf(out, "    %s %s%s %.160s\n", s.method, generated.BasePath, s.path, s.body)
		}
		total += p.cost()
	}
	fmt.Fprintf(out, "\nAt most %d requests, which cost a credit each. No probe starts that could exceed the budget of %d credits.\n", total, c.credits)
}

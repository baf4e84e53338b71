package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// runner runs the probes, one request at a time.
type runner struct {
	crm       *http.Client // that of the client
	apiURL    string
	transport *countingTransport
	journal   journal
	checks    *checks
	anon      *anonymiser
	out       io.Writer
	credits   int

	org           org    // as it was last read
	module, spare string // ids of the target
	report        report
	recording     recording
}

// errStopped is why no further probe is run.
var errStopped = errors.New("the run ended early")

func (r *runner) logf(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }

func (r *runner) send(ctx context.Context, q request) exchange {
	x := q.send(ctx, r.crm, r.apiURL)
	r.anon.json(x.response) // registers its values
	return x
}

// cost is the largest number of requests of a probe: each update is followed by a read, and restored.
func (p probe) cost() int {
	if p.steps[0].isRead() {
		return 1
	}
	return 2*len(p.steps) + 3
}

// runAll runs the reads and then the other probes.
func (r *runner) runAll(ctx context.Context, moduleName string) error {
	if err := r.readAll(ctx, moduleName); err != nil {
		return err
	}
	t := newTarget(r.org, moduleName)
	if r.module, r.spare = "", t.spare; t.noModule == "" {
		r.module = t.module.ID
	}
	failed := map[bool]bool{} // whether updates that change nothing fail, by ofModule
	for _, p := range writeProbes(t) {
		ofModule := p.steps[0].isOfModule()
		switch {
		case p.skip == "" && failed[ofModule]:
			p.skip = "an update that changes nothing failed, so that nothing could be restored"
		case p.skip == "" && r.transport.requests+p.cost() > r.credits:
			p.skip = fmt.Sprintf("the credit budget is used: raise -credits above %d", r.credits)
		}
		if p.skip != "" {
			skipped := result{Group: p.group, Probe: p.name, Request: r.anon.request(p.steps[0]), Operation: operationID(p.steps[0]), Verdict: notTried}
			skipped.add("reason", "", "%s", p.skip)
			r.add(skipped)
			continue
		}
		succeeded, err := r.run(ctx, p)
		if err != nil {
			return err
		}
		failed[ofModule] = failed[ofModule] || p.group == unchanged && !succeeded
	}
	return nil
}

// readAll reads the org first and compares afterwards, because the mock server needs the whole org.
func (r *runner) readAll(ctx context.Context, moduleName string) error {
	probes := readProbes(moduleName)
	var exchanges []exchange
	for _, p := range probes {
		x := r.send(ctx, p.steps[0])
		if err := r.stopped(ctx, x); err != nil {
			return err
		}
		read, err := r.org.merge(x.response)
		if x.err != nil || x.status != http.StatusOK {
			read, err = r.org, fmt.Errorf("the response was %s", r.anon.exchange(x).summary())
		}
		if r.org = read; err != nil {
			r.org.unusable[p.name] = fmt.Sprintf("the %s could not be read: %v", strings.TrimPrefix(p.name, "the "), err)
		}
		exchanges = append(exchanges, x)
	}
	if m := r.org.module(moduleName); m != nil {
		r.module = m.ID
	}
	for i, p := range probes {
		if err := r.judge(ctx, p, exchanges[i], r.org); err != nil {
			return err
		}
	}
	return nil
}

// run runs a probe and restores the org. It reports whether all updates succeeded and changed nothing.
func (r *runner) run(ctx context.Context, p probe) (succeeded bool, err error) {
	before, ofModule := r.org, p.steps[0].isOfModule()
	// What follows a request also happens after an interrupt.
	cleanUp, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTimeout)
	defer cancel()
	var stopped error
	succeeded = true
	for _, s := range p.steps {
		state := r.org
		if err := r.journal.write(r.entry(p, before)); err != nil {
			return false, err
		}
		x := r.send(ctx, s)
		if err := r.readBack(cleanUp, ofModule); err != nil {
			return false, r.notRestored(nil, err)
		}
		succeeded = succeeded && x.status < http.StatusMultipleChoices && strings.HasSuffix(x.summary(), " wrapped SUCCESS")
		if err := r.judge(cleanUp, p, x, state); err != nil {
			r.logf("%s: cannot compare: %v", p.name, err)
		}
		if stopped = r.stopped(ctx, x); stopped != nil {
			break
		}
	}
	if len(r.org.changes(before)) > 0 {
		succeeded = false
		if err := r.restore(cleanUp, before, ofModule); err != nil {
			return false, r.notRestored(nil, err)
		}
		if left := r.org.changes(before); len(left) > 0 {
			return false, r.notRestored(left, nil)
		}
	}
	return succeeded, errors.Join(r.journal.remove(), stopped)
}

// entry returns what restores the org as it was before a probe.
func (r *runner) entry(p probe, before org) entry {
	e := entry{API: r.apiURL, Time: time.Now(), Probe: p.name, Module: r.module, Spare: r.spare, Before: before}
	e.Before.Modules = nil
	if m := before.module(r.module); m != nil {
		e.Before.Modules = []module{*m}
	}
	return e
}

// stopped returns why an exchange is the last one of the run.
func (r *runner) stopped(ctx context.Context, x exchange) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: it was interrupted", errStopped)
	case x.status == http.StatusTooManyRequests:
		return fmt.Errorf("%w: Zoho throttles, run again later", errStopped)
	default:
		return nil
	}
}

// judge compares an exchange with the spec, the client and the mock server, and records it. The state is that before the request.
func (r *runner) judge(ctx context.Context, p probe, x exchange, state org) error {
	result, err := r.checks.judge(ctx, x, state, r.org.changes(state))
	result.Group, result.Probe = p.group, cmp.Or(x.step, p.name)
	r.add(result)
	r.report.addHeaders(x.header, result.Request)
	r.recording.add(r.anon, result, x, r.entry(p, state).Before)
	return err
}

func (r *runner) add(result result) {
	r.report.Results = append(r.report.Results, result)
	r.logf("%-12s %s", result.Verdict, result.Probe)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"
)

// runner runs the probes, one request at a time.
type runner struct {
	crm     *http.Client // of the client that is checked
	apiURL  string
	wire    *wire
	journal journal
	checks  *checks
	anon    *anonymiser
	out     io.Writer
	credits int
	only    *regexp.Regexp

	org           org // as it was last read
	module, spare id  // of the target
	report        report
	recording     recording
}

// errStopped is why no further probe is run.
var errStopped = errors.New("stopped")

func (r *runner) logf(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }

func (r *runner) send(ctx context.Context, q request) exchange {
	x := q.send(ctx, r.crm, r.apiURL, "")
	r.anon.learn(x.answer)
	return x
}

// runAll runs the reads and then the other probes. The report says why it ended early.
func (r *runner) runAll(ctx context.Context, moduleName string) error {
	if err := r.readAll(ctx, moduleName); err != nil {
		return err
	}
	t := newTarget(r.org, moduleName)
	r.spare = t.spare.ID
	if t.module != nil {
		r.module = t.module.ID
	}
	passed := map[bool]bool{false: true, true: true} // whether updates that change nothing succeed, by ofModule
	for _, p := range writeProbes(t) {
		ofModule := p.steps[0].isOfModule()
		switch {
		case p.group != unchanged && !r.only.MatchString(p.name):
			continue
		case p.skip == "" && !passed[ofModule]:
			p.skip = "an update that changes nothing failed, so that nothing could be restored"
		case p.skip == "" && r.wire.requests+p.cost() > r.credits:
			p.skip = fmt.Sprintf("the credit budget is used: raise -credits above %d", r.credits)
		}
		if p.skip != "" {
			r.add(result{Probe: p.name, Group: p.group, Request: r.anon.request(p.steps[0].request), Expected: p.steps[0].want, Verdict: notTried, Reason: p.skip})
			continue
		}
		succeeded, err := r.run(ctx, p)
		if err != nil {
			return err
		}
		if p.group == unchanged && !succeeded {
			passed[ofModule] = false
		}
	}
	return nil
}

// cost is the largest number of requests of a probe: each update is followed by a read, and restored.
func (p probe) cost() int {
	if p.steps[0].isRead() {
		return len(p.steps)
	}
	return 2*len(p.steps) + 3
}

// readAll reads the org first and compares afterwards, because the mock server needs the whole org.
func (r *runner) readAll(ctx context.Context, moduleName string) error {
	probes := readProbes(moduleName)
	var exchanges []exchange
	for _, p := range probes {
		x := r.send(ctx, p.steps[0].request)
		exchanges = append(exchanges, x)
		if x.status == http.StatusOK {
			read, err := r.org.merge(x.answer)
			if err != nil {
				r.logf("%s: %v", p.name, err)
			}
			r.org = read
		}
	}
	if m := r.org.module(moduleName); m != nil {
		r.module = m.ID
	}
	r.anon.learn(encode(r.org))
	for i, p := range probes {
		if err := r.judge(ctx, p, p.steps[0], exchanges[i], r.org); err != nil {
			return err
		}
	}
	return r.stopped(ctx, exchanges[len(exchanges)-1])
}

// run runs a probe and restores the org. It reports whether all updates succeeded and changed nothing.
func (r *runner) run(ctx context.Context, p probe) (succeeded bool, err error) {
	before := r.org
	succeeded = true
	ofModule := p.steps[0].isOfModule()
	var last exchange
	for _, s := range p.steps {
		state := r.org
		if err := r.journal.write(r.entry(p, before)); err != nil {
			return false, err
		}
		last = r.send(ctx, s.request)
		// What follows also happens after an interrupt.
		cleanUp, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTimeout)
		defer cancel()
		if _, err := r.readBack(cleanUp, ofModule); err != nil {
			return false, r.notRestored(nil, err)
		}
		if err := r.judge(cleanUp, p, s, last, state); err != nil {
			r.logf("%s: cannot compare: %v", p.name, err)
		}
		succeeded = succeeded && last.succeeded()
		if r.stopped(ctx, last) != nil {
			break
		}
	}
	if r.org.changes(before) != nil {
		succeeded = false
		cleanUp, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTimeout)
		defer cancel()
		if err := r.restore(cleanUp, before, ofModule); err != nil {
			return false, r.notRestored(nil, err)
		}
		if left := r.org.changes(before); left != nil {
			return false, r.notRestored(left, nil)
		}
	}
	if err := r.journal.remove(); err != nil {
		return false, err
	}
	return succeeded, r.stopped(ctx, last)
}

// entry returns what restores the org as it was before a probe.
func (r *runner) entry(p probe, before org) entry {
	e := entry{API: r.apiURL, Time: time.Now(), Probe: p.name, Module: r.module, Spare: r.spare, Before: before}
	e.Before.Modules = nil
	if m := before.module(string(r.module)); m != nil {
		e.Before.Modules = []module{*m}
	}
	return e
}

// stopped returns why the exchange is the last one of the run.
func (r *runner) stopped(ctx context.Context, x exchange) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: interrupted", errStopped)
	case x.status == http.StatusTooManyRequests:
		return fmt.Errorf("%w: Zoho throttles: run again later", errStopped)
	default:
		return nil
	}
}

// judge compares an exchange with what is expected, the spec, the client and the mock server, and records it. The state is
// that before the request.
func (r *runner) judge(ctx context.Context, p probe, s step, x exchange, state org) error {
	var changed []string
	if !s.isRead() {
		changed = r.org.changes(state)
	}
	result, err := r.checks.judge(ctx, s, x, state, changed)
	result.Probe, result.Group = p.name, p.group
	r.add(result)
	r.recording.add(r.anon, p, x, r.entry(p, state).Before, result.Changes)
	r.report.addHeaders(x.header)
	return err
}

func (r *runner) add(result result) {
	r.report.Results = append(r.report.Results, result)
	r.logf("%-12s %s", result.Verdict, result.Probe)
}

package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	cleanUpTimeout = 5 * time.Minute
	maxWait        = time.Minute
	maxAttempts    = 5
	maxRounds      = 3
)

// persist sends a request until a response says neither that Zoho throttles nor that it failed.
func (r *runner) persist(ctx context.Context, q request) (x exchange) {
	for attempt := range maxAttempts {
		x = r.send(ctx, q)
		if x.err == nil && x.status != http.StatusTooManyRequests && x.status < http.StatusInternalServerError {
			return x
		}
		wait := time.Second << attempt
		if x.err == nil {
			if seconds, err := strconv.Atoi(x.header.Get("Retry-After")); err == nil {
				wait = time.Duration(seconds) * time.Second
			}
		}
		select {
		case <-time.After(min(max(wait, 0), maxWait)):
		case <-ctx.Done():
			return x
		}
	}
	return x
}

// readBack reads what the updates of a path can change: the contact roles or the module.
func (r *runner) readBack(ctx context.Context, ofModule bool) (x exchange, err error) {
	q := get(rolesPath)
	if ofModule {
		q = get(modulePath(string(r.module)))
	}
	if x = r.persist(ctx, q); x.err != nil {
		return x, fmt.Errorf("cannot read the state of the org: %w", x.err)
	}
	if x.status != http.StatusOK {
		return x, fmt.Errorf("cannot read the state of the org: HTTP %d", x.status)
	}
	r.org, err = r.org.merge(x.answer)
	return x, err
}

// restore sends updates of the contact roles or the module until they are as before, or several rounds did not help.
func (r *runner) restore(ctx context.Context, before org, ofModule bool) error {
	for range maxRounds {
		requests := slices.DeleteFunc(restoring(r.org, before, r.spare), func(q request) bool { return q.isOfModule() != ofModule })
		if len(requests) == 0 {
			return nil
		}
		for _, q := range requests {
			r.persist(ctx, q) // whatever the response is, the state that is read back decides
		}
		if _, err := r.readBack(ctx, ofModule); err != nil {
			return err
		}
	}
	return nil
}

// restoring returns the updates that turn one state into another. An entry for each role, in the order of the positions,
// leads to the same positions whether Zoho moves the other roles or not. No other profile than spare loses its access.
func restoring(now, before org, spare id) (requests []request) {
	var names, all, aside []object
	moved := false
	for _, want := range before.Roles {
		is := now.role(want.ID)
		if is == nil {
			continue // nothing can create it with its id
		}
		renamed := is.Name != want.Name
		all = append(all, want.update(renamed))
		moved = moved || is.SequenceNumber != want.SequenceNumber
		if !renamed {
			continue
		}
		names = append(names, object{"id": want.ID, "name": want.Name})
		isTaken := func(other role) bool { return other.Name == want.Name && before.role(other.ID) != nil }
		if i := slices.IndexFunc(now.Roles, isTaken); i >= 0 {
			aside = append(aside, object{"id": now.Roles[i].ID, "name": fmt.Sprint(temporaryName, " ", i)})
		}
	}
	if aside != nil {
		requests = append(requests, putRoles(aside...))
	}
	if moved {
		requests = append(requests, putRoles(all...))
	} else if names != nil {
		requests = append(requests, putRoles(names...))
	}
	for _, want := range before.Modules {
		is := now.module(string(want.ID))
		if is == nil || now.changes(org{Modules: []module{want}}) == nil || len(want.Profiles) == 0 {
			continue
		}
		profiles := []object{{"id": want.Profiles[0].ID}}
		for _, p := range want.Profiles[1:] {
			if !is.has(p.ID) {
				profiles = append(profiles, object{"id": p.ID})
			}
		}
		for _, p := range is.Profiles {
			if p.ID == spare && !want.has(p.ID) {
				profiles = append(profiles, object{"id": p.ID, "_delete": nil})
			}
		}
		requests = append(requests, putModule(want, nil, profiles...))
	}
	return requests
}

// restoreJournal restores what an earlier run changed and did not restore.
func (r *runner) restoreJournal(ctx context.Context, e entry) error {
	if e.API != r.apiURL {
		return fmt.Errorf("the journal %s is of the org at %s: run with that org, or delete the journal to leave its org as it is", r.journal.file, e.API)
	}
	r.logf("Restoring what the probe %q of %s may have changed.", e.Probe, e.Time.Format(time.RFC3339))
	r.module, r.spare = e.Module, e.Spare
	for _, ofModule := range []bool{false, true} {
		if ofModule && e.Module == "" || !ofModule && len(e.Before.Roles) == 0 {
			continue
		}
		if _, err := r.readBack(ctx, ofModule); err != nil {
			return err
		}
	}
	known := slices.ContainsFunc(e.Before.Roles, func(was role) bool { return r.org.role(was.ID) != nil }) || r.org.module(string(e.Module)) != nil
	if !known {
		return fmt.Errorf("the journal %s is of another org: run with the credentials of that org, or delete the journal to leave its org as it is", r.journal.file)
	}
	for _, ofModule := range []bool{false, true} {
		if err := r.restore(ctx, e.Before, ofModule); err != nil {
			return r.notRestored(nil, err)
		}
	}
	if left := r.org.changes(e.Before); left != nil {
		return r.notRestored(left, nil)
	}
	return r.journal.remove()
}

// notRestored reports what is left. The journal stays for the next run.
func (r *runner) notRestored(left []string, err error) error {
	for _, line := range left {
		r.logf("NOT RESTORED (now → before): %s", line)
		r.report.NotRestored = append(r.report.NotRestored, r.anon.text(line))
	}
	if err != nil {
		return fmt.Errorf("cannot restore the org: %w; run again with -restore, or restore by hand what is in %s", err, r.journal.file)
	}
	return fmt.Errorf("%d changes are not restored, the lines above name them; run again with -restore, or restore by hand what is in %s", len(left), r.journal.file)
}

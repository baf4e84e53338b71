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

// persist sends a request until it gets a response that is neither a throttle nor a failure of the server.
func (r *runner) persist(ctx context.Context, q request) (x exchange) {
	for attempt := range maxAttempts {
		x = r.send(ctx, q)
		if x.err == nil && x.status != http.StatusTooManyRequests && x.status < http.StatusInternalServerError {
			return x
		}
		wait := time.Second << attempt
		if seconds, err := strconv.Atoi(x.header.Get("Retry-After")); err == nil && seconds > 0 {
			wait = time.Duration(seconds) * time.Second
		}
		select {
		case <-time.After(min(wait, maxWait)):
		case <-ctx.Done():
			return x
		}
	}
	return x
}

// readBack reads what updates can change: the contact roles or the module.
func (r *runner) readBack(ctx context.Context, ofModule bool) (err error) {
	q := get(rolesPath)
	if ofModule {
		q = get(modulePath(r.module))
	}
	x := r.persist(ctx, q)
	switch {
	case x.err != nil:
		return fmt.Errorf("cannot read the state of the org: %w", x.err)
	case x.status != http.StatusOK:
		return fmt.Errorf("cannot read the state of the org: HTTP %d", x.status)
	}
	r.org, err = r.org.merge(x.response)
	return err
}

// restore sends updates of the contact roles or the module until they are as before, or several rounds did not help.
func (r *runner) restore(ctx context.Context, before org, ofModule bool) error {
	for range maxRounds {
		requests := restoreRoles(r.org, before)
		if ofModule {
			requests = restoreModules(r.org, before, r.spare)
		}
		if len(requests) == 0 {
			return nil
		}
		for _, q := range requests {
			r.persist(ctx, q) // whatever the response is, the state that is read back decides
		}
		if err := r.readBack(ctx, ofModule); err != nil {
			return err
		}
	}
	return nil
}

// restoreRoles returns the updates that make contact roles as before. Where positions differ there is an entry for each role,
// in the order of the positions: it leads to the same order whether Zoho moves the other roles or not.
func restoreRoles(now, before org) (requests []request) {
	var aside, updates []object
	moved := slices.ContainsFunc(before.Roles, func(was role) bool {
		is := now.role(was.ID)
		return is != nil && is.SequenceNumber != was.SequenceNumber
	})
	for _, was := range before.Roles {
		is := now.role(was.ID)
		if is == nil {
			continue // nothing can create it with its id
		}
		update := object{"id": was.ID}
		if moved {
			update["sequence_number"] = was.SequenceNumber
		}
		if is.Name != was.Name {
			update["name"] = was.Name
			isTaken := func(other role) bool { return other.Name == was.Name && before.role(other.ID) != nil }
			if i := slices.IndexFunc(now.Roles, isTaken); i >= 0 {
				aside = append(aside, object{"id": now.Roles[i].ID, "name": fmt.Sprint(temporaryName, " ", i)})
			}
		}
		if len(update) > 1 {
			updates = append(updates, update)
		}
	}
	for _, entries := range [][]object{aside, updates} {
		if len(entries) > 0 {
			requests = append(requests, putRoles(entries...))
		}
	}
	return requests
}

// restoreModules returns the updates that make modules as before. Only the profile spare loses its access.
func restoreModules(now, before org, spare string) (requests []request) {
	for _, was := range before.Modules {
		is := now.module(was.ID)
		if is == nil || len(was.Profiles) == 0 || len(org{Modules: []module{*is}}.changes(org{Modules: []module{was}})) == 0 {
			continue
		}
		var profiles []object
		for _, id := range was.Profiles {
			if len(profiles) == 0 || !slices.Contains(is.Profiles, id) {
				profiles = append(profiles, object{"id": id})
			}
		}
		if slices.Contains(is.Profiles, spare) && !slices.Contains(was.Profiles, spare) {
			profiles = append(profiles, object{"id": spare, "_delete": nil})
		}
		requests = append(requests, putModule(was, nil, profiles...))
	}
	return requests
}

// restoreJournal restores what an earlier run changed and did not restore.
func (r *runner) restoreJournal(ctx context.Context, e entry) error {
	r.logf("Restoring what the probe %q of %s may have changed.", e.Probe, e.Time.Format(time.RFC3339))
	r.module, r.spare = e.Module, e.Spare
	known := false
	for _, ofModule := range []bool{false, true} {
		if ofModule && e.Module == "" || !ofModule && len(e.Before.Roles) == 0 {
			continue
		}
		if err := r.readBack(ctx, ofModule); err != nil {
			return r.notRestored(nil, err)
		}
		isKnown := func(was role) bool { return r.org.role(was.ID) != nil }
		if known = known || slices.ContainsFunc(e.Before.Roles, isKnown) || r.org.module(e.Module) != nil; !known || e.API != r.apiURL {
			return fmt.Errorf("the journal %s is of another org, at %s: run with that org, or delete the journal to leave it as it is", r.journal.file, e.API)
		}
		if err := r.restore(ctx, e.Before, ofModule); err != nil {
			return r.notRestored(nil, err)
		}
	}
	if left := r.org.changes(e.Before); len(left) > 0 {
		return r.notRestored(left, nil)
	}
	return r.journal.remove()
}

// notRestored reports what is left. The journal stays for the next run.
func (r *runner) notRestored(left []string, err error) error {
	r.report.NotRestored = []string{"what the last probe changed: the state of the org could not be read"}
	if err == nil {
		r.report.NotRestored = r.anon.texts(left)
		err = fmt.Errorf("%d changes are left, which the lines above name", len(left))
	}
	for _, line := range left {
		r.logf("NOT RESTORED (before → now): %s", line)
	}
	return fmt.Errorf("cannot restore the org: %w; run again with -restore, or restore by hand what is in %s", err, r.journal.file)
}

package setup

import (
	"maps"
	"slices"
	"strings"

	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/program"
	"ecrlogin/registry"
)

// serve configures this helper for the targets.
func (r *Request) serve(f *dockerconfig.File, targets []target) {
	helpers := f.CredHelpers()
	for _, t := range targets {
		other, named := helpers[t.host]
		switch {
		case named && other != program.Helper && t.where != "":
			r.say("%s: skipped: %s already configures the helper %q; to change that, add: --registry %[1]s", t.host, f, other)
		case !named && f.CredsStore() == program.Helper: // already in use via credsStore
		default:
			f.SetCredHelper(t.host, program.Helper)
		}
	}
}

// replaceURLs replaces keys of credHelpers that are URLs of a target. They never match, because clients look up the
// host name.
func (r *Request) replaceURLs(f *dockerconfig.File, own *ownFile, covers func(target) bool) {
	helpers := f.CredHelpers()
	for _, key := range slices.Sorted(maps.Keys(helpers)) {
		if !strings.Contains(key, "://") && !strings.HasSuffix(key, "/") {
			continue
		}
		t, ok := own.target(key)
		if !ok || !covers(t) && helpers[key] != program.Helper {
			continue
		}
		r.say(`%s: removed from "credHelpers": a key must be a host without a scheme or path`, key)
		f.RemoveCredHelper(key)
		if _, named := helpers[t.host]; !named && f.CredsStore() != program.Helper {
			f.SetCredHelper(t.host, program.Helper)
		}
	}
}

// dropLogins removes the stored passwords of targets. They expire, and some clients use them instead of the helper.
func (r *Request) dropLogins(f *dockerconfig.File, own *ownFile, covers func(target) bool) {
	for _, e := range f.Entries() {
		if t, ok := own.target(e.Host); ok && e.Secret && covers(t) {
			r.say("%s: stored password removed from %s; %s fetches a new one when needed", registry.Shown(e.Key), f, program.Helper)
			f.RemoveEntry(e.Key)
		}
	}
}

// covers returns a function that reports whether the run includes a target.
func (r *Request) covers(targets []target) func(target) bool {
	return func(t target) bool {
		return r.All || slices.ContainsFunc(targets, func(u target) bool { return u.host == t.host })
	}
}

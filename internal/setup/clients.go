package setup

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ecrlogin/internal/configpath"
	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/program"
	"ecrlogin/registry"
)

// A client contains what differs between Docker and Podman.
type client struct {
	name  string               // subcommand of configure
	path  string               // file in which helpers are configured
	files []*dockerconfig.File // files with logins; helpers are added to the first
	store string               // credential store that the client uses by default; "" for none
	// all configures the helper for all hosts, and returns the changes of other files than those of the client.
	all func(own *ownFile) ([]*change, error)
}

// configure adds this helper to the files of a client. If it returns an error, no file was changed.
func (r *Request) configure(c client) error {
	if err := r.checkProfile(); err != nil {
		return err
	}
	own, err := openOwn(configpath.Places(r.Env))
	if err != nil {
		return err
	}
	targets, err := r.targets(own, c.files)
	switch {
	case err != nil:
		return err
	case len(targets) == 0 && !r.All:
		return fmt.Errorf("no registry found in the cache, the configuration, the AWS profiles or existing logins; specify one: docker-credential-ecr-login configure %s --registry 123456789012.dkr.ecr.us-west-2.amazonaws.com, or all: --all", c.name)
	}
	r.noteSudo(c.path)
	var changes []*change
	if r.All {
		if changes, err = c.all(own); err != nil {
			return err
		}
	} else {
		r.announce(targets, own)
		if c.store != "" {
			r.printf(`"credsStore" set to %q, so that Docker continues to store passwords of other registries there`, c.store)
			c.files[0].SetCredsStore(c.store)
		}
		r.addHelper(c.files[0], targets)
	}
	if err := own.setProfiles(targets, r.Profile); err != nil {
		return err
	}
	covers := func(t target) bool {
		return r.All || slices.ContainsFunc(targets, func(u target) bool { return u.host == t.host })
	}
	for _, f := range c.files {
		r.replaceURLs(f, own, covers)
		r.dropLogins(f, own, covers)
	}
	changes = append(changes, r.ownChange(own))
	for _, f := range c.files {
		changes = append(changes, &change{f.Text(), f.Bytes(), f.Diff()})
	}
	return r.apply("configure "+c.name, changes...)
}

// addHelper configures this helper for the targets.
func (r *Request) addHelper(f *dockerconfig.File, targets []target) {
	helpers := f.CredHelpers()
	for _, t := range targets {
		other, named := helpers[t.host]
		switch {
		case named && other != program.Helper && t.where != "":
			r.printf("%s: skipped: %s already configures the helper %q; to change that, add: --registry %[1]s", t.host, f, other)
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
		r.printf(`%s: removed from "credHelpers": a key must be a host without a scheme or path`, key)
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
			r.printf("%s: stored password removed from %s; %s fetches a new one when needed", registry.Shown(e.Key), f, program.Helper)
			f.RemoveEntry(e.Key)
		}
	}
}

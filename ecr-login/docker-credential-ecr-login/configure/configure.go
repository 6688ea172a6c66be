// Package configure names this helper in the configuration of Docker and Podman, and takes it out again: the logic of
// "configure docker", "configure podman" and "configure undo".
//
// Each run shows the difference of every file before it writes any, writes all or none, loses nothing that it does not
// understand, and leaves what is needed to undo it.
package configure

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"ecrlogin/credentials/docker/configfile"
	"ecrlogin/registry"
)

// self is this helper in the clients' files: the NAME of docker-credential-NAME.
const self = "ecr-login"

// A Request is what a user wants of one run.
type Request struct {
	Registries []string // hosts to serve, as typed; none means those that are found
	All        bool     // ask this helper for every host, with what was asked before as its fallback
	Profile    string   // of the AWS files, to ask as for Registries; "" leaves our configuration as it is
	DryRun     bool     // show what would be written, and write nothing

	Cached []string // hosts in the cache, which are likely to be wanted
	// Account asks AWS, in the registry's region, for the account of a profile with keys, or of the identity in the environment
	// for "". It is called concurrently. Its error contains no secret. nil asks nobody.
	Account func(ctx context.Context, profile string, r registry.Registry) (string, error)
	Timeout time.Duration // limits all calls of Account together

	Out      io.Writer        // for people
	Progress io.Writer        // gets lines while AWS is asked, for a terminal; nil discards them
	Now      func() time.Time // nil means time.Now
}

// A target is a host that is to be served.
type target struct {
	host    string // as clients write it, in lower case and with a port if it has one
	ecr     string // the host of the ECR registry whose token it gets: the same, but for an alias
	where   string // where it was found; "" if it was typed
	profile string // the AWS profile through which it was found, if the AWS SDK does not choose that by itself; "" otherwise
	choices int    // how many AWS identities it was found through
}

// targets returns the hosts to serve: those that were typed or, if there are none, all that can be found.
func (r *Request) targets(own *ownFile, files ...*configfile.File) ([]target, error) {
	switch {
	case len(r.Registries) == 0 && r.All:
		return nil, nil
	case len(r.Registries) == 0:
		return r.find(own, files), nil
	}
	var all []target
	for _, typed := range r.Registries {
		t, ok := own.target(typed)
		if !ok {
			return nil, fmt.Errorf("%s: neither an Amazon ECR registry nor an alias of one in %s; correct it, or add an alias there; no files were written", registry.Shown(typed), own.path())
		}
		if !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	return all, nil
}

// find looks for hosts where they are likely to be.
func (r *Request) find(own *ownFile, files []*configfile.File) []target {
	var all []target
	add := func(host, where string) {
		t, ok := own.target(host)
		if !ok {
			return
		}
		if i := slices.IndexFunc(all, func(u target) bool { return u.host == t.host }); i >= 0 {
			if !strings.Contains(all[i].where, where) {
				all[i].where += ", " + where
			}
			return
		}
		t.where = where
		all = append(all, t)
	}
	for _, host := range r.Cached {
		add(host, "the cache")
	}
	for _, host := range own.config.Hosts() {
		add(host, own.path())
	}
	n := len(all) // their identity is known, or what the user configured
	identities := r.fromAWS()
	for _, k := range identities {
		if k.err != nil {
			r.say("%s: no registry found: %v", k, k.err)
			continue
		}
		add(k.host, k.String())
	}
	for i := range all[n:] {
		all[n+i].choose(identities)
	}
	for _, f := range files {
		for _, e := range f.Entries() {
			add(e.Host, f.String())
		}
	}
	return all
}

// choose sets the profile of a host: none if one of the identities through which it was found is the AWS SDK's own choice, or
// else the first in the order of the AWS files.
func (t *target) choose(identities []known) {
	var profiles []string
	for _, k := range identities {
		if k.host == t.host {
			profiles = append(profiles, k.name)
		}
	}
	t.choices = len(profiles)
	if !slices.ContainsFunc(profiles, isDefault) {
		t.profile = profiles[0]
	}
}

// nothingFound is the error when there is no host to serve.
func nothingFound(command string) error {
	return fmt.Errorf("no registry found in the cache, the configuration, the AWS profiles or existing logins; specify one: docker-credential-%s configure %s --registry 123456789012.dkr.ecr.us-west-2.amazonaws.com, or all: --all", self, command)
}

// announce says which hosts were found and where, and adds a rule for each that was found through a profile and has none.
func (r *Request) announce(targets []target, own *ownFile) {
	added := make([]string, len(targets))        // what is said of each target's rule
	for i, t := range slices.Backward(targets) { // each rule is put in front of the one before
		if _, ruled := own.config.Rule(t.ecr); !ruled {
			added[i] = own.useProfile(t)
		}
	}
	for i, t := range targets {
		if t.where != "" {
			r.say("%s: found in %s%s", t.host, t.where, added[i])
		}
	}
}

// useProfile adds a rule for a target that was found through a profile, and returns what is to be said of it.
func (o *ownFile) useProfile(t target) string {
	other := fmt.Sprintf("; to use another: --registry %s --profile NAME", t.host)
	if t.choices < 2 {
		other = ""
	}
	switch {
	case t.profile == "" && other != "":
		return "\n    uses the default AWS identity" + other
	case t.profile == "":
		return ""
	}
	if err := o.setProfile(t.ecr, t.profile); err != nil {
		return fmt.Sprintf("\n    profile %q is not used: %v", t.profile, err)
	}
	return fmt.Sprintf("\n    uses profile %q (rule added to %s)%s", t.profile, o.file.Path, other)
}

// check returns what is wrong with --profile.
func (r *Request) check() error {
	switch {
	case r.Profile == "":
		return nil
	case len(r.Registries) == 0:
		return fmt.Errorf("profile %q: no registry specified; add one: --registry 123456789012.dkr.ecr.us-west-2.amazonaws.com", r.Profile)
	}
	return checkProfile(r.Profile)
}

// sudo says so when it is root's file that is edited, and the user's was perhaps meant.
func (r *Request) sudo(path string) {
	who := os.Getenv("SUDO_USER")
	if who == "" || who == "root" {
		return
	}
	u, err := user.Lookup(who)
	if home, homeErr := os.UserHomeDir(); err != nil || homeErr != nil || u.HomeDir == home {
		return
	}
	r.say("note: this applies to %s, not to a file of user %s; to configure that user, run the command without sudo", path, who)
}

func (r *Request) say(format string, args ...any) {
	fmt.Fprintf(r.Out, format+"\n", args...)
}

func (r *Request) now() time.Time {
	if r.Now == nil {
		return time.Now().UTC()
	}
	return r.Now().UTC()
}

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
	// Account asks AWS, in the registry's region, for the account of a profile with keys of its own; nil asks nobody.
	Account func(ctx context.Context, profile string, r registry.Registry) (string, error)

	Out io.Writer        // for people
	Now func() time.Time // nil means time.Now
}

// A target is a host that is to be served.
type target struct {
	host    string // as clients write it, in lower case and with a port if it has one
	ecr     string // the host of the ECR registry whose token it gets: the same, but for an alias
	where   string // where it was found; "" if it was typed
	profile string // the AWS profile that told of it, if one did
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
			return nil, fmt.Errorf("%s: neither an Amazon ECR registry nor an alias of one in %s; correct it, or add it there; nothing was written", shown(typed), own.path())
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
	add := func(host, where, profile string) {
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
		t.where, t.profile = where, profile
		all = append(all, t)
	}
	for _, host := range r.Cached {
		add(host, "the cache", "")
	}
	for _, host := range own.config.Hosts() {
		add(host, own.path(), "")
	}
	for _, k := range r.fromProfiles() {
		add(k.host, fmt.Sprintf("AWS profile %q", k.profile), k.profile)
	}
	for _, f := range files {
		for _, e := range f.Entries() {
			add(e.Host, f.String(), "")
		}
	}
	return all
}

// nothingFound is the error when there is no host to serve.
func nothingFound(command string) error {
	return fmt.Errorf("no registry was found in the cache, the configuration, the AWS profiles or a login; name one: docker-credential-%s configure %s --registry 123456789012.dkr.ecr.us-west-2.amazonaws.com, or take all: --all", self, command)
}

// announce says which hosts were found, and where. That a profile tells of a host does not make it the one that asks.
func (r *Request) announce(targets []target, own *ownFile) {
	for _, t := range targets {
		if t.where == "" {
			continue
		}
		r.say("%s: found in %s", t.host, t.where)
		_, ruled := own.config.Rule(t.ecr)
		if t.profile != "" && t.profile != "default" && t.profile != os.Getenv("AWS_PROFILE") && !ruled {
			r.say("    to ask as this profile and not as the AWS SDK's own choice: --registry %s --profile %s", t.host, t.profile)
		}
	}
}

// checkProfile says what --profile needs.
func (r *Request) checkProfile() error {
	if r.Profile != "" && len(r.Registries) == 0 {
		return fmt.Errorf("profile %q: it is not said for which registries; name them: --registry 123456789012.dkr.ecr.us-west-2.amazonaws.com", r.Profile)
	}
	return nil
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
	r.say("note: this is about %s, not about a file of %s, who ran sudo; for that, run it without sudo", path, who)
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

// shown makes what was typed fit for an error: without what may be a password in a URL.
func shown(typed string) string {
	if _, rest, ok := strings.Cut(typed, "@"); ok {
		return "…@" + rest
	}
	return typed
}

// Package setup adds this helper to the configuration of Docker, Podman and the kubelet, and reverts such changes. It
// implements "configure docker", "configure podman", "configure kubelet", "configure containerd" and "configure undo".
//
// Each run shows the changes before it writes a file, writes all files or none, preserves content that it does not
// understand, and saves a record for undo.
package setup

import (
	"context"
	"fmt"
	"io"
	"os/user"
	"slices"
	"strings"
	"time"

	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/environ"
	"ecrlogin/registry"
)

// A Request contains the options of one run.
type Request struct {
	Registries []string // hosts to configure, as typed; if empty, hosts are searched for
	All        bool     // use this helper for every host, with the previous credential store as fallback
	Profile    string   // AWS profile for Registries; "" does not change our configuration
	DryRun     bool     // show the changes without writing them

	Env    environ.Env
	Cached []string // hosts in the cache, candidates if Registries is empty
	// Account returns the account of a profile with keys, from AWS in the registry's region. The profile "" is the
	// identity in the environment. It is called concurrently. Its error contains no secret. If nil, AWS is not called.
	Account func(ctx context.Context, profile string, r registry.Registry) (string, error)
	Timeout time.Duration // limit for all calls of Account together

	Out      io.Writer // output for the user
	Progress io.Writer // progress of AWS calls, for a terminal; nil discards it
	Time     time.Time // time of the run; the zero Time means now
}

// A target is a host to configure.
type target struct {
	host    string // as in client files: lower case, with the port if there is one
	ecr     string // the ECR registry whose token it gets; differs from host for an alias
	where   string // source of the host; "" if it was typed
	profile string // AWS profile of the registry; "" if unknown or the AWS SDK's default
	choices int    // number of AWS identities with this registry
}

// targets returns the hosts to configure: the typed hosts or, if there are none, all hosts that find returns.
func (r *Request) targets(own *ownFile, files []*dockerconfig.File) ([]target, error) {
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

// find returns the hosts in the cache, our configuration, the AWS files and the files of clients.
func (r *Request) find(own *ownFile, files []*dockerconfig.File) []target {
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
	n := len(all) // hosts before n have a known or configured identity
	identities := r.identities()
	for _, i := range identities {
		if i.err != nil {
			r.printf("%s: no registry found: %v", i, i.err)
			continue
		}
		add(i.registry.Host, i.String())
	}
	for i := range all[n:] {
		r.choose(&all[n+i], identities)
	}
	for _, f := range files {
		for _, e := range f.Entries() {
			add(e.Host, f.String())
		}
	}
	return all
}

// choose sets the profile of a host to the first one with this registry, in the order of the AWS files. It sets none
// if the AWS SDK uses one of these identities by default.
func (r *Request) choose(t *target, identities []*identity) {
	var profiles []string
	for _, i := range identities {
		if i.registry.Host == t.host {
			profiles = append(profiles, i.profile)
		}
	}
	t.choices = len(profiles)
	if !slices.ContainsFunc(profiles, r.isDefault) {
		t.profile = profiles[0]
	}
}

// announce prints the hosts that were found, and adds a rule for each host of a profile that has no rule.
func (r *Request) announce(targets []target, own *ownFile) {
	added := make([]string, len(targets))        // message about each target's rule
	for i, t := range slices.Backward(targets) { // reversed, because each rule is added at the front
		if _, ruled := own.config.Rule(t.ecr); !ruled {
			added[i] = own.useProfile(t)
		}
	}
	for i, t := range targets {
		if t.where != "" {
			r.printf("%s: found in %s%s", t.host, t.where, added[i])
		}
	}
}

// useProfile adds a rule for a target with a profile, and returns the message about it.
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

// noteSudo prints a note if the run under sudo edits root's file, since the user's file may be intended.
func (r *Request) noteSudo(path string) {
	who := r.Env.Get("SUDO_USER")
	if who == "" || who == "root" {
		return
	}
	u, err := user.Lookup(who)
	if home, homeErr := r.Env.Home(); err != nil || homeErr != nil || u.HomeDir == home {
		return
	}
	r.printf("note: this applies to %s, not to a file of user %s; to configure that user, run the command without sudo", path, who)
}

func (r *Request) printf(format string, args ...any) {
	fmt.Fprintf(r.Out, format+"\n", args...)
}

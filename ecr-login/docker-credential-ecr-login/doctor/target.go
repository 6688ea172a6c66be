package doctor

import (
	"context"
	"maps"
	"net"
	"slices"
	"strings"

	"ecrlogin/config"
	"ecrlogin/credentials/docker/configfile"
	"ecrlogin/registry"
)

// An exam is the checks of one registry, with what the earlier ones have found for the later.
type exam struct {
	*Doctor
	target
	unknown error // why nobody here knows the registry
	findings
}

// A target is what was typed, taken apart.
type target struct {
	address  string            // as a client would write it: the host in the letter case that was typed, with its port
	name     string            // of the repository, "" if none was typed
	ref      string            // tag or digest
	registry registry.Registry // whose token it gets
}

// aim takes apart what was typed and finds the registry.
func (e *exam) aim(typed string) error {
	typed = strings.TrimSpace(typed)
	if len(typed) > len(https) && strings.EqualFold(typed[:len(https)], https) {
		typed = typed[len(https):]
	}
	address, image, _ := strings.Cut(typed, "/")
	if _, _, err := registry.SplitHost(address); err != nil {
		return err
	}
	e.address = address
	e.name, e.ref = splitReference(strings.Trim(image, "/"))
	r, err := e.Config.Resolve(address)
	e.registry = r
	return err
}

const https = "https://"

// splitReference takes NAME[:TAG][@DIGEST] apart. The digest comes before the tag, and "latest" is what clients take for
// neither.
func splitReference(image string) (name, ref string) {
	if image == "v2" { // of a URL
		return "", ""
	}
	name, digest, hasDigest := strings.Cut(image, "@")
	ref = "latest"
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name, ref = name[:i], name[i+1:]
	}
	if hasDigest {
		ref = digest
	}
	return name, ref
}

// isAlias reports whether the host is not ECR by its own name.
func (t target) isAlias() bool {
	r, err := registry.Parse(t.address)
	return err != nil || r != t.registry
}

func (e *exam) host(context.Context) result {
	what := "Amazon ECR Public"
	if r := e.registry; !r.Public {
		what = "Amazon ECR, account " + r.Account + ", region " + r.Region
	}
	if !e.isAlias() {
		return ok("%s is %s", e.address, what)
	}
	rule, _ := e.Config.Rule(normal(e.address))
	return ok("%s is an alias of %s, %s, on line %d of %s", e.address, e.registry, what, rule.Line, e.Config.Path)
}

// stranger is for a host that is not ours.
func (e *exam) stranger(context.Context) result {
	switch {
	case e.address == "":
		return failed("invalid host: %v", e.unknown).then("%s doctor %s", binary, example)
	case e.ConfigErr != nil:
		return skipped("%s is not an Amazon ECR host; aliases are unknown, because the configuration is invalid", e.address)
	}
	who := "clients continue without a password"
	switch name := e.Config.Fallback; name {
	case "":
	case config.FallbackFile:
		who = "the fallback reads its password from files"
	default:
		who = "the fallback, docker-credential-" + name + ", is used"
	}
	return failed("%s is neither an Amazon ECR host (%v) nor an alias of one; %s",
		e.address, e.unknown, who).
		then("correct the host or, if it leads to Amazon ECR, add an alias to %s: a rule with match and registry", e.configPath())
}

// normal is a host as rules are matched with it.
func normal(address string) string {
	host, port, err := registry.SplitHost(address)
	if err != nil || port == "" {
		return host
	}
	return net.JoinHostPort(host, port)
}

// hosts returns the registries that the clients' files, the configuration and the cache name, sorted.
func (d *Doctor) hosts() []string {
	found := map[string]bool{}
	add := func(key string) {
		e := &exam{Doctor: d}
		if e.aim(key) == nil {
			found[normal(e.address)] = true
		}
	}
	for _, host := range d.Config.Hosts() {
		add(host)
	}
	if path, err := configfile.Path(); err == nil {
		if f, err := configfile.Open(path); err == nil {
			for key := range f.CredHelpers() {
				add(key)
			}
		}
	}
	if kept, err := d.Cache.Entries(); err == nil {
		for _, k := range kept {
			add(k.Host)
		}
	}
	return slices.Sorted(maps.Keys(found))
}

package doctor

import (
	"context"
	"maps"
	"slices"
	"strings"

	"ecrlogin/config"
	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/environ"
	"ecrlogin/registry"
)

// An exam is the state of the checks of one registry. Earlier checks store findings for later ones.
type exam struct {
	*Doctor
	target
	unknown error // why the host is not a known registry
	findings
}

// A target is the parsed argument.
type target struct {
	address  string            // as in a client's file: the host as the user typed it, with its port
	name     string            // repository, "" for none
	ref      string            // tag or digest
	registry registry.Registry // the registry whose token is used
}

// aim parses the argument and resolves the registry.
func (e *exam) aim(typed string) error {
	typed = strings.TrimSpace(typed)
	if len(typed) > len(https) && strings.EqualFold(typed[:len(https)], https) {
		typed = typed[len(https):]
	}
	address, image, _ := strings.Cut(typed, "/")
	if _, err := registry.Address(address); err != nil {
		return err
	}
	e.address = address
	e.name, e.ref = splitReference(strings.Trim(image, "/"))
	r, err := e.Config.Resolve(address)
	e.registry = r
	return err
}

const https = "https://"

// splitReference splits NAME[:TAG][@DIGEST]. The digest takes precedence over the tag. The default is "latest", as in
// clients.
func splitReference(image string) (name, ref string) {
	if image == "v2" { // path of a registry URL
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

// isAlias reports whether the host is an alias rather than an Amazon ECR host.
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

// stranger returns the result for a host that is neither an Amazon ECR host nor an alias.
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

// normal returns a host in the form that rules match.
func normal(address string) string {
	address, _ = registry.Address(address) // empty if it is invalid
	return address
}

// hosts returns the registries in the client files, the configuration and the cache, sorted.
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
	if path, err := dockerconfig.Path(environ.Process()); err == nil {
		if f, err := dockerconfig.Open(path); err == nil {
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

package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"

	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/environ"
	"ecrlogin/registry"
)

// docker checks which helper Docker runs for the host. BuildKit, Compose, crane, ORAS and Helm follow the same rules.
func (e *exam) docker(context.Context) result {
	file, err := dockerconfig.Path(environ.Process())
	if err != nil {
		return failure(err)
	}
	f, err := dockerconfig.Open(file)
	if err != nil {
		return failure(err)
	}
	r := e.helperOf(f)
	if who := sudoUser(file); who != "" {
		r.found += fmt.Sprintf("; this is the file of sudo docker, not of %s, who ran sudo", who)
	}
	return r
}

// helperOf evaluates the file in the same order as Docker.
// Source: getConfiguredCredentialStore in cli/config/configfile/file.go of github.com/docker/cli.
func (e *exam) helperOf(f *dockerconfig.File) result {
	named, exact := f.CredHelpers()[e.address]
	miss := e.nearMiss(f.CredHelpers())
	var r result
	switch store := f.CredsStore(); {
	case inAuthConfig(e.address):
		return failed("DOCKER_AUTH_CONFIG contains a password for this host, which Docker 28.3 and later uses instead of a helper").then("unset DOCKER_AUTH_CONFIG")
	case exact && named == self:
		return ok(`%s configures %s for this host ("credHelpers")%s`, f, self, e.leftover(f))
	case exact && named == "":
		r = failed(`%s sets "" for this host ("credHelpers"), which disables helpers`, f)
	case exact:
		r = failed(`%s configures %q for this host ("credHelpers"), so Docker runs docker-credential-%s`, f, named, named)
	case store == self:
		return ok(`%s configures %s for all hosts ("credsStore")%s`, f, self, e.leftover(f))
	case miss != "":
		r = failed("%s %s", f, miss)
	case !f.Text().Exists() && !onPath("docker") && podmanProgram() != "":
		return skipped("docker is not on PATH, and %s does not exist", f)
	case !f.Text().Exists():
		r = failed("%s does not exist, so Docker runs no helper for this host", f)
	case store != "":
		r = failed(`%s configures no helper for this host, so Docker runs docker-credential-%s ("credsStore")`, f, store)
	case e.stale(f) != "":
		r = failed("%s configures no helper for this host, and Docker uses the password from an earlier login, which expires within 12 hours", f)
	default:
		r = failed("%s configures no helper for this host", f)
	}
	return r.then("%s", e.configure("docker"))
}

// configure returns the command that configures a client to run the helper for this host.
func (e *exam) configure(client string) string {
	if e.address == "" {
		return fmt.Sprintf("%s configure %s", binary, client)
	}
	return fmt.Sprintf("%s configure %s --registry %s", binary, client, e.address)
}

// nearMiss describes a key of credHelpers that is probably meant for this host but does not match it, "" if there is
// none.
func (e *exam) nearMiss(helpers map[string]string) string {
	typo, neighbour := "", ""
	for _, key := range slices.Sorted(maps.Keys(helpers)) {
		fault := misspelt(key, e.address)
		switch {
		case e.address == "":
		case fault != "":
			return fmt.Sprintf(`has the key %q under "credHelpers", which never matches, because %s; the key must be exactly %q`, registry.Shown(key), fault, e.address)
		case helpers[key] != self:
		case e.mistyped(key):
			typo = cmp.Or(typo, fmt.Sprintf(`has the key %q under "credHelpers", which is not a registry host; if %q is meant, correct the key`, registry.Shown(key), e.address))
		default:
			neighbour = cmp.Or(neighbour, e.neighbour(key))
		}
	}
	return cmp.Or(typo, neighbour)
}

// misspelt returns why a key that is meant for the host does not match, "" if it is not meant for it.
func misspelt(key, address string) string {
	rest := key
	var fault string
	if _, after, ok := strings.Cut(rest, "://"); ok {
		rest, fault = after, "it has a scheme"
	}
	host, _, ok := strings.Cut(rest, "/")
	if ok && fault == "" {
		fault = "it has a path"
	}
	name, port, _ := strings.Cut(host, ":")
	own, ownPort, _ := strings.Cut(address, ":")
	matches, _ := path.Match(strings.ToLower(host), strings.ToLower(address)) // an invalid pattern matches nothing
	switch {
	case !strings.EqualFold(name, own) && !matches:
		return ""
	case fault != "":
		return fault
	case strings.Contains(host, "*"):
		return "Docker does not support wildcards"
	case port != ownPort:
		return "its port differs"
	}
	return "its letter case differs"
}

// neighbour describes a key for the same account in another region, or for another account in the same region, "" if
// it is neither.
func (e *exam) neighbour(key string) string {
	r, err := registry.Parse(key)
	switch {
	case err != nil, r.Public, e.registry.Public, e.isAlias():
		return ""
	case r.Account == e.registry.Account && r.Region != e.registry.Region:
		return fmt.Sprintf("configures %s for %s, which is another region of the same account, but no helper for this host", self, key)
	case r.Account != e.registry.Account && r.Region == e.registry.Region:
		return fmt.Sprintf("configures %s for %s, which is another account in the same region, but no helper for this host", self, key)
	}
	return ""
}

// leftover describes a password that Docker 28 and older silently uses if the helper fails.
func (e *exam) leftover(f *dockerconfig.File) string {
	if e.stale(f) == "" {
		return ""
	}
	return fmt.Sprintf(`; the password from an earlier login ("auths") is used only if the helper fails; to remove it: docker logout %s`, e.address)
}

// stale returns the key of the entry that contains a password for this host from a login, "" if there is none.
func (e *exam) stale(f *dockerconfig.File) string {
	for _, entry := range f.Entries() {
		if entry.Secret && entry.Host == e.address {
			return entry.Key
		}
	}
	return ""
}

// inAuthConfig reports whether DOCKER_AUTH_CONFIG contains an entry for the host.
func inAuthConfig(address string) bool {
	var given struct {
		Auths map[string]json.RawMessage `json:"auths"`
	}
	if json.Unmarshal([]byte(os.Getenv("DOCKER_AUTH_CONFIG")), &given) != nil {
		return false
	}
	_, ok := given.Auths[address]
	return ok
}

func onPath(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// failure returns the result for an error of the form "WHAT: CAUSE; NEXT STEP".
func failure(err error) result {
	cause, next, _ := strings.Cut(err.Error(), "; ")
	return failed("%s", cause).then("%s", next)
}

package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"

	"ecrlogin/internal/check"
	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/program"
)

// docker checks which helper Docker runs for the host. BuildKit, Compose, crane, ORAS and Helm follow the same rules.
func (c *checker) docker(context.Context) check.Result {
	f, err := c.dockerFile()
	if err != nil {
		return check.Error(err)
	}
	r := c.helper(f)
	if who := c.sudoUser(f.String()); who != "" {
		r.Found += fmt.Sprintf("; this is the file of sudo docker, not of %s, who ran sudo", who)
	}
	return r
}

// helper evaluates the file in the same order as Docker.
// Source: getConfiguredCredentialStore in cli/config/configfile/file.go of github.com/docker/cli.
func (c *checker) helper(f *dockerconfig.File) check.Result {
	named, exact := f.CredHelpers()[c.Address]
	miss := c.nearMiss(f.CredHelpers())
	var r check.Result
	switch store := f.CredsStore(); {
	case c.inAuthConfig():
		return check.Failed("DOCKER_AUTH_CONFIG contains a password for this host, which Docker 28.3 and later uses instead of a helper").
			Then("unset DOCKER_AUTH_CONFIG")
	case exact && named == program.Helper:
		return check.OK(`%s configures %s for this host ("credHelpers")%s%s`, f, program.Helper, c.leftover(f), absent(store))
	case exact && named == "":
		r = check.Failed(`%s sets "" for this host ("credHelpers"), which disables helpers`, f)
	case exact:
		r = check.Failed(`%s configures %q for this host ("credHelpers"), so Docker runs docker-credential-%s`, f, named, named)
	case store == program.Helper:
		return check.OK(`%s configures %s for all hosts ("credsStore")%s`, f, program.Helper, c.leftover(f))
	case miss != "":
		r = check.Failed("%s %s", f, miss)
	case !f.Text().Exists() && onPath("docker") == "" && onPath(podmanPrograms...) != "":
		return check.Skipped("docker is not on PATH, and %s does not exist", f)
	case !f.Text().Exists():
		r = check.Failed("%s does not exist, so Docker runs no helper for this host", f)
	case store != "":
		r = check.Failed(`%s configures no helper for this host, so Docker runs docker-credential-%s ("credsStore")`, f, store)
	case c.passwordKey(f) != "":
		r = check.Failed("%s configures no helper for this host, and Docker uses the password from an earlier login, "+
			"which expires within 12 hours", f)
	default:
		r = check.Failed("%s configures no helper for this host", f)
	}
	return r.Then("%s", c.configure("docker"))
}

// absent describes a credential store that is not installed, as in a file that was copied from another machine. It is ""
// for an installed one, and for none.
func absent(store string) string {
	if store == "" || onPath("docker-credential-"+store) != "" {
		return ""
	}
	return fmt.Sprintf(`; pulls from other registries fail, because docker-credential-%s ("credsStore") is not on PATH`, store)
}

// leftover describes a password that Docker 28 and older silently uses if the helper fails.
func (c *checker) leftover(f *dockerconfig.File) string {
	if c.passwordKey(f) == "" {
		return ""
	}
	return `; the password from an earlier login ("auths") is used only if the helper fails; to remove it: docker logout ` + c.Address
}

// passwordKey returns the key of the entry that contains a password for this host from a login, "" if there is none.
func (c *checker) passwordKey(f *dockerconfig.File) string {
	for _, entry := range f.Entries() {
		if entry.Secret && entry.Host == c.Address {
			return entry.Key
		}
	}
	return ""
}

// overrides returns the result for a file with a password for this host, which takes precedence over the helper.
func overrides(f *dockerconfig.File) check.Result {
	return check.Failed("%s contains a password from an earlier login, which overrides the helper and expires within 12 hours", f)
}

// inAuthConfig reports whether DOCKER_AUTH_CONFIG contains an entry for the host.
func (c *checker) inAuthConfig() bool {
	var given struct {
		Auths map[string]json.RawMessage `json:"auths"`
	}
	err := json.Unmarshal([]byte(c.Env.Get("DOCKER_AUTH_CONFIG")), &given)
	_, ok := given.Auths[c.Address]
	return err == nil && ok
}

// onPath returns the first of the programs that is on PATH, "" if none is.
func onPath(programs ...string) string {
	for _, name := range programs {
		if _, err := exec.LookPath(name); err == nil {
			return name
		}
	}
	return ""
}

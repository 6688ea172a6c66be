package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"ecrlogin/internal/check"
	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/program"
	"ecrlogin/internal/registriesconf"
	"ecrlogin/internal/setup"
)

// podmanPrograms are the programs that share Podman's files.
var podmanPrograms = []string{"podman", "buildah", "skopeo"}

// podman checks whether Podman, Buildah and Skopeo run the helper for the host. They run the helpers in
// registries.conf in order. One of these entries stands for the files that contain logins.
func (c *checker) podman(context.Context) check.Result {
	installed := onPath(podmanPrograms...)
	if installed == "" {
		return check.Skipped("podman, buildah and skopeo are not on PATH")
	}
	files, err := setup.FindPodman(c.Env)
	if err != nil {
		return check.Error(err)
	}
	list, conf, err := registriesconf.Helpers(files.Conf)
	if err != nil {
		return check.Error(err)
	}
	for _, name := range list {
		if name == program.Helper {
			return check.OK("%s configures %s for all hosts", conf, program.Helper)
		}
		if name != registriesconf.AuthFiles {
			continue
		}
		if r := c.authFile(files); r.Found != "" {
			return r
		}
	}
	r := check.Failed("%s has no helper configured for this host", installed)
	if f, err := c.dockerFile(); err == nil && f.CredsStore() != "" {
		r.Found += fmt.Sprintf(`; only Docker reads "credsStore" of %s`, f)
	}
	return r.Then("%s", c.configure("podman"))
}

// authFile returns the result for the first file that configures this host, an empty one if there is none.
func (c *checker) authFile(p setup.PodmanFiles) check.Result {
	docker, _ := dockerconfig.Path(c.Env) // fails only without a home directory, as FindPodman does
	for _, path := range []string{p.Before, p.Auth, docker} {
		if path == "" {
			continue
		}
		f, err := dockerconfig.Open(path)
		switch {
		case errors.Is(err, fs.ErrPermission): // Podman cannot read it either
			continue
		case err != nil:
			return check.Error(err)
		}
		switch helper := f.CredHelpers()[c.Address]; {
		case helper == program.Helper:
			return check.OK("%s configures %s for this host", f, program.Helper)
		case helper != "":
			return check.Failed("%s configures %q for this host", f, helper).Then("%s", c.configure("podman"))
		case c.passwordKey(f) != "" && path == docker:
			return check.Failed("%s configures no helper for this host, and podman uses the password from an earlier login, "+
				"which expires within 12 hours", f).Then("%s", c.configure("docker"))
		case c.passwordKey(f) != "":
			return overrides(f).Then("%s", c.logout(f))
		}
	}
	return check.Result{}
}

// logout returns the command that removes the password for this host from one of Podman's files. Podman uses a
// password whose key is a URL, but podman logout does not find it (tested with Podman 4.3).
func (c *checker) logout(f *dockerconfig.File) string {
	key := c.passwordKey(f)
	if strings.Contains(key, "://") || strings.HasSuffix(key, "/") {
		return c.configure("podman")
	}
	return fmt.Sprintf("podman logout --authfile %s %s", f, key)
}

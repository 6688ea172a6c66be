package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/registriesconf"
	"ecrlogin/internal/setup"
)

// podmanProgram returns which of podman, buildah and skopeo is on PATH, "" for none.
func podmanProgram() string {
	for _, name := range []string{"podman", "buildah", "skopeo"} {
		if onPath(name) {
			return name
		}
	}
	return ""
}

// podman checks whether Podman, Buildah and Skopeo run the helper for the host. They run the helpers in
// registries.conf in order. One of these entries stands for the files that contain logins.
func (e *exam) podman(context.Context) result {
	program := podmanProgram()
	if program == "" {
		return skipped("podman, buildah and skopeo are not on PATH")
	}
	files, err := setup.FindPodman(environ.Process())
	if err != nil {
		return failure(err)
	}
	list, conf, err := registriesconf.Helpers(files.Conf)
	if err != nil {
		return failure(err)
	}
	for _, name := range list {
		if name == self {
			return ok("%s configures %s for all hosts", conf, self)
		}
		if name != registriesconf.AuthFiles {
			continue
		}
		if r, found := e.authFile(files); found {
			return r
		}
	}
	r := failed("%s has no helper configured for this host", program)
	if docker, err := dockerconfig.Path(environ.Process()); err == nil {
		if f, err := dockerconfig.Open(docker); err == nil && f.CredsStore() != "" {
			r.found += `; only Docker reads "credsStore" of ` + docker
		}
	}
	return r.then("%s", e.configure("podman"))
}

// authFile returns the result for the first file that configures this host.
func (e *exam) authFile(p setup.PodmanFiles) (r result, found bool) {
	docker, err := dockerconfig.Path(environ.Process())
	if err != nil {
		return failure(err), true
	}
	for _, path := range []string{p.Before, p.Auth, docker} {
		if path == "" {
			continue
		}
		f, err := dockerconfig.Open(path)
		switch {
		case errors.Is(err, fs.ErrPermission): // Podman cannot read it either
			continue
		case err != nil:
			return failure(err), true
		}
		helper, named := f.CredHelpers()[e.address]
		switch {
		case named && helper == self:
			return ok("%s configures %s for this host", f, self), true
		case named && helper != "":
			return failed("%s configures %q for this host", f, helper).then("%s", e.configure("podman")), true
		case e.stale(f) != "" && path == docker:
			return failed("%s configures no helper for this host, and podman uses the password from an earlier login, which expires within 12 hours", f).then("%s", e.configure("docker")), true
		case e.stale(f) != "":
			return failed("%s contains a password from an earlier login, which overrides the helper and expires within 12 hours", f).then("%s", e.logOut(f)), true
		}
	}
	return result{}, false
}

// logOut returns the command that removes the password for this host from one of Podman's files. Podman uses a
// password whose key is a URL, but podman logout does not find it (tested with Podman 4.3).
func (e *exam) logOut(f *dockerconfig.File) string {
	key := e.stale(f)
	if strings.Contains(key, "://") || strings.HasSuffix(key, "/") {
		return e.configure("podman")
	}
	return fmt.Sprintf("podman logout --authfile %s %s", f, key)
}

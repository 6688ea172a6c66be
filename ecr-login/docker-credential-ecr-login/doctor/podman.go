package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"ecrlogin/credentials/docker/configfile"
	"ecrlogin/ecr-login/docker-credential-ecr-login/configure"
)

// podmanProgram returns which of Podman and its kin is here, "" for none.
func podmanProgram() string {
	for _, name := range []string{"podman", "buildah", "skopeo"} {
		if onPath(name) {
			return name
		}
	}
	return ""
}

// podman looks whether Podman and its kin run the helper for the host. They ask the helpers in registries.conf in turn; one of
// these is the files that have logins.
func (e *exam) podman(context.Context) result {
	program := podmanProgram()
	if program == "" {
		return skipped("podman, buildah and skopeo are not on PATH")
	}
	files, err := configure.FindPodman()
	if err != nil {
		return failure(err)
	}
	list, conf := listed(files.Conf)
	for _, name := range list {
		if name == self {
			return ok("%s configures %s for all hosts", conf, self)
		}
		if name != authFiles {
			continue
		}
		if r, found := e.authFile(files); found {
			return r
		}
	}
	r := failed("%s has no helper configured for this host", program)
	if docker, err := configfile.Path(); err == nil {
		if f, err := configfile.Open(docker); err == nil && f.CredsStore() != "" {
			r.found += `; only Docker reads "credsStore" of ` + docker
		}
	}
	return r.then("%s", e.configure("podman"))
}

// authFile returns what the first file says that says anything about this host.
func (e *exam) authFile(p configure.PodmanFiles) (r result, found bool) {
	docker, err := configfile.Path()
	if err != nil {
		return failure(err), true
	}
	for _, path := range []string{p.Before, p.Auth, docker} {
		if path == "" {
			continue
		}
		f, err := configfile.Open(path)
		switch {
		case errors.Is(err, fs.ErrPermission): // nor can Podman read it
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

// logOut is the command that removes the password for this host from a file of Podman's. Podman uses that of a key which is a
// URL, and its logout does not find it (measured with Podman 4.3).
func (e *exam) logOut(f *configfile.File) string {
	key := e.stale(f)
	if strings.Contains(key, "://") || strings.HasSuffix(key, "/") {
		return e.configure("podman")
	}
	return fmt.Sprintf("podman logout --authfile %s %s", f, key)
}

// authFiles stands for auth.json and its like in a list of helpers.
const authFiles = "containers-auth.json"

var (
	helpersKey = regexp.MustCompile(`(?m)^[ \t]*["']?credential-helpers["']?[ \t]*=[ \t]*\[([^\]]*)\]`)
	comments   = regexp.MustCompile(`#.*`)
	texts      = regexp.MustCompile(`"([^"]*)"|'([^']*)'`)
)

// listed returns the list of helpers that is in force, and the file that it is from.
func listed(conf []string) (list []string, from string) {
	for _, path := range slices.Backward(conf) { // a later one overrides those before it
		content, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if m := helpersKey.FindSubmatch(content); m != nil {
			for _, text := range texts.FindAllSubmatch(comments.ReplaceAll(m[1], nil), -1) {
				list = append(list, string(text[1])+string(text[2]))
			}
			return list, path
		}
	}
	return []string{authFiles}, ""
}

package setup

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/dockerconfig"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/program"
	"ecrlogin/internal/registriesconf"
	"ecrlogin/internal/userfile"
)

// PodmanFiles contains the paths of the credential settings of Podman, Buildah and Skopeo.
type PodmanFiles struct {
	Auth   string   // auth.json, which lists helpers
	Before string   // auth.json that is read first and is lost at shutdown; "" for none
	Conf   []string // registries.conf and its drop-ins; later files override earlier ones
	DropIn string   // our own drop-in, one of Conf
}

// dropInName is the name of our drop-in. It sorts after most others, so that few override it.
const dropInName = "50-ecr-login.conf"

// FindPodman returns the files of the current user. The drop-in of root applies to all users. XDG_CONFIG_HOME applies
// to auth.json but not to drop-ins (measured with Podman 4.3).
func FindPodman(env environ.Env) (PodmanFiles, error) {
	home, err := env.Home()
	if err != nil {
		return PodmanFiles{}, advice.Errorf("cannot find Podman's auth.json: %w", err).Then("set HOME")
	}
	userDir := filepath.Join(home, ".config")
	p := PodmanFiles{Auth: env.Get("REGISTRY_AUTH_FILE")}
	if p.Auth == "" {
		p.Auth = filepath.Join(cmp.Or(env.Get("XDG_CONFIG_HOME"), userDir), "containers", "auth.json")
		p.Before = filepath.Join("/run/containers", strconv.Itoa(os.Getuid()), "auth.json")
		if dir := env.Get("XDG_RUNTIME_DIR"); dir != "" {
			p.Before = filepath.Join(dir, "containers", "auth.json")
		}
	}
	p.findConf(env, "/etc/containers", filepath.Join(userDir, "containers"), os.Getuid() == 0)
	return p, nil
}

// findConf sets Conf and DropIn, given the configuration directories of the system and of the user.
func (p *PodmanFiles) findConf(env environ.Env, system, user string, root bool) {
	main := env.Get("CONTAINERS_REGISTRIES_CONF")
	if main == "" {
		main = filepath.Join(user, "registries.conf")
		if _, err := os.Stat(main); err != nil {
			main = filepath.Join(system, "registries.conf")
		}
	}
	const dropIns = "registries.conf.d"
	p.DropIn = filepath.Join(user, dropIns, dropInName)
	if root {
		p.DropIn = filepath.Join(system, dropIns, dropInName)
	}
	var added []string
	for _, dir := range []string{system, user} {
		found, _ := filepath.Glob(filepath.Join(dir, dropIns, "*.conf")) // fails only for an invalid pattern
		added = append(added, found...)
	}
	if !slices.Contains(added, p.DropIn) {
		added = append(added, p.DropIn)
	}
	slices.SortStableFunc(added, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	p.Conf = append([]string{main}, added...)
}

// Podman adds this helper to auth.json or, for all hosts, to a drop-in in registries.conf.d. If it returns an error,
// no file was changed.
func (r *Request) Podman(p PodmanFiles) error {
	auth, err := dockerconfig.Open(p.Auth)
	if err != nil {
		return err
	}
	c := client{name: "podman", path: p.Auth, files: []*dockerconfig.File{auth}}
	if p.Before != "" {
		switch before, err := dockerconfig.Open(p.Before); {
		case errors.Is(err, fs.ErrPermission): // Podman cannot read it either
		case err != nil:
			return err
		default:
			c.files = append(c.files, before)
		}
	}
	if r.All {
		c.path = p.DropIn
		c.all = func(*ownFile) ([]*change, error) { return p.dropIn() }
	}
	return r.configure(c)
}

// dropIn adds this helper at the start of the list of helpers. If it returns "not found", the next helper is used.
func (p PodmanFiles) dropIn() ([]*change, error) {
	list, path, err := registriesconf.Helpers(p.Conf)
	if err != nil {
		return nil, err
	}
	f, err := userfile.Read(p.DropIn)
	if err != nil {
		return nil, err
	}
	f.Public = true // other users must be able to read root's drop-in
	switch {
	case slices.Contains(list, program.Helper):
		return nil, nil
	case slices.Index(p.Conf, path) > slices.Index(p.Conf, p.DropIn):
		return nil, fmt.Errorf(`%s: "credential-helpers" in this file overrides all others; add "%s" at the start of that list; no files were written`, path, program.Helper)
	}
	if len(list) == 0 {
		list = []string{registriesconf.AuthFiles}
	}
	after := registriesconf.DropIn(append([]string{program.Helper}, list...))
	return []*change{{f, after, userfile.Diff(p.DropIn, f.Content, after)}}, nil
}

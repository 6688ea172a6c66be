package setup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ecrlogin/internal/configpath"
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
func FindPodman() (PodmanFiles, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return PodmanFiles{}, fmt.Errorf("cannot find Podman's auth.json: %w; set HOME", err)
	}
	configHome := os.Getenv("XDG_CONFIG_HOME")
	if configHome == "" {
		configHome = filepath.Join(home, ".config")
	}
	p := PodmanFiles{Auth: os.Getenv("REGISTRY_AUTH_FILE")}
	if p.Auth == "" {
		p.Auth = filepath.Join(configHome, "containers", "auth.json")
		p.Before = filepath.Join("/run/containers", strconv.Itoa(os.Getuid()), "auth.json")
		if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
			p.Before = filepath.Join(dir, "containers", "auth.json")
		}
	}
	p.findConf("/etc/containers", filepath.Join(home, ".config", "containers"), os.Getuid() == 0)
	return p, nil
}

// findConf sets Conf and DropIn, given the configuration directories of the system and of the user.
func (p *PodmanFiles) findConf(machine, users string, root bool) {
	main := os.Getenv("CONTAINERS_REGISTRIES_CONF")
	if main == "" {
		main = filepath.Join(users, "registries.conf")
		if _, err := os.Stat(main); err != nil {
			main = filepath.Join(machine, "registries.conf")
		}
	}
	const dropIns = "registries.conf.d"
	p.DropIn = filepath.Join(users, dropIns, dropInName)
	if root {
		p.DropIn = filepath.Join(machine, dropIns, dropInName)
	}
	added := []string{p.DropIn}
	for _, dir := range []string{machine, users} {
		found, _ := filepath.Glob(filepath.Join(dir, dropIns, "*.conf")) // fails only for an invalid pattern
		added = append(added, found...)
	}
	slices.SortStableFunc(added, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	p.Conf = append([]string{main}, slices.Compact(added)...)
}

// Podman adds this helper to auth.json or, for all hosts, to a drop-in in registries.conf.d. If it returns an error,
// no file was changed.
func (r *Request) Podman(p PodmanFiles) error {
	if err := r.check(); err != nil {
		return err
	}
	auth, err := dockerconfig.Open(p.Auth)
	if err != nil {
		return err
	}
	own, err := openOwn(configpath.Places(environ.Process()))
	if err != nil {
		return err
	}
	files := []*dockerconfig.File{auth}
	if p.Before != "" {
		switch before, err := dockerconfig.Open(p.Before); {
		case errors.Is(err, fs.ErrPermission): // Podman cannot read it either
		case err != nil:
			return err
		default:
			files = append(files, before)
		}
	}
	targets, err := r.targets(own, files...)
	switch {
	case err != nil:
		return err
	case len(targets) == 0 && !r.All:
		return nothingFound("podman")
	}
	changes, err := r.podman(p, own, files, targets)
	if err != nil {
		return err
	}
	return r.apply("configure podman", changes...)
}

// podman returns the changes of all files. The first of files is auth.json.
func (r *Request) podman(p PodmanFiles, own *ownFile, files []*dockerconfig.File, targets []target) ([]*change, error) {
	var changes []*change
	if r.All {
		r.sudo(p.DropIn)
		dropIn, err := r.dropIn(p)
		if err != nil {
			return nil, err
		}
		changes = append(changes, dropIn)
	} else {
		r.sudo(p.Auth)
		r.announce(targets, own)
		r.serve(files[0], targets)
	}
	if err := own.setProfiles(targets, r.Profile); err != nil {
		return nil, err
	}
	changes = append(changes, r.ownChange(own))
	for _, f := range files {
		r.replaceURLs(f, own, r.covers(targets))
		r.dropLogins(f, own, r.covers(targets))
		changes = append(changes, clientChange(f))
	}
	return changes, nil
}

// dropIn adds this helper at the start of the list of helpers. If it returns "not found", the next helper is used.
func (r *Request) dropIn(p PodmanFiles) (*change, error) {
	list, path, err := registriesconf.Helpers(p.Conf)
	if err != nil {
		return nil, err
	}
	f, err := userfile.Read(p.DropIn)
	if err != nil {
		return nil, err
	}
	f.Public = true // other users must be able to read root's drop-in
	c := &change{file: f, after: f.Content}
	switch {
	case slices.Contains(list, program.Helper):
		return c, nil
	case slices.Index(p.Conf, path) > slices.Index(p.Conf, p.DropIn):
		return nil, fmt.Errorf(`%s: "credential-helpers" in this file overrides all others; add "%s" at the start of that list; no files were written`, path, program.Helper)
	}
	if len(list) == 0 {
		list = []string{registriesconf.AuthFiles}
	}
	c.after = registriesconf.DropIn(append([]string{program.Helper}, list...))
	c.diff = userfile.Diff(p.DropIn, f.Content, c.after)
	return c, nil
}

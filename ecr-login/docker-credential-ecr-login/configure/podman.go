package configure

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ecrlogin/config/file"
	"ecrlogin/credentials/docker/configfile"
	"ecrlogin/credentials/docker/configfile/textfile"
)

// PodmanFiles are the files of Podman, Buildah and Skopeo that are about passwords.
type PodmanFiles struct {
	Auth   string   // auth.json, where helpers are named
	Before string   // one that is read before it, and lost when the machine stops; "" for none
	Conf   []string // registries.conf and what adds to it, in the order in which one overrides another
	DropIn string   // the one of Conf that is ours
}

// dropInName comes late among its like, so that little overrides it.
const dropInName = "50-ecr-login.conf"

// FindPodman returns the files of this user, with the folder of root's drop-in, which is everybody's. XDG_CONFIG_HOME counts for
// auth.json and not for drop-ins (measured with Podman 4.3).
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

// findConf fills Conf and DropIn from the folders of the machine and of the user.
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
		found, _ := filepath.Glob(filepath.Join(dir, dropIns, "*.conf")) // the pattern is right
		added = append(added, found...)
	}
	slices.SortStableFunc(added, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	p.Conf = append([]string{main}, slices.Compact(added)...)
}

// Podman names this helper in auth.json or, for all hosts, in a file below registries.conf.d. An error says why nothing was
// written.
func (r *Request) Podman(p PodmanFiles) error {
	if err := r.check(); err != nil {
		return err
	}
	auth, err := configfile.Open(p.Auth)
	if err != nil {
		return err
	}
	own, err := openOwn(file.Places())
	if err != nil {
		return err
	}
	files := []*configfile.File{auth}
	if p.Before != "" {
		switch before, err := configfile.Open(p.Before); {
		case errors.Is(err, fs.ErrPermission): // nor can Podman read it
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

// podman changes the files in memory, of which the first is auth.json.
func (r *Request) podman(p PodmanFiles, own *ownFile, files []*configfile.File, targets []target) ([]*change, error) {
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

// authFiles stands for auth.json and its like in a list of helpers.
const authFiles = "containers-auth.json"

// dropIn puts the helper in front of the list of helpers that are asked. Its answer "not found" leads to the next.
func (r *Request) dropIn(p PodmanFiles) (*change, error) {
	var list []string
	ours := false // whether our file has been passed
	for _, path := range p.Conf {
		f, err := textfile.Read(path)
		if err != nil {
			return nil, err
		}
		ours = ours || path == p.DropIn
		found, ok := listed(f.Content)
		switch {
		case !ok:
			continue
		case ours && path != p.DropIn && !slices.Contains(found, self):
			return nil, fmt.Errorf(`%s: "credential-helpers" in this file overrides all others; add "%s" at the start of that list; no files were written`, path, self)
		}
		list = found
	}
	f, err := textfile.Read(p.DropIn)
	if err != nil {
		return nil, err
	}
	f.Public = true // or nobody but root could run Podman
	c := &change{file: f, after: f.Content}
	if slices.Contains(list, self) {
		return c, nil
	}
	if len(list) == 0 {
		list = []string{authFiles}
	}
	c.after = dropInText(append([]string{self}, list...))
	c.diff = textfile.Diff(p.DropIn, f.Content, c.after)
	return c, nil
}

func dropInText(list []string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Written by docker-credential-%s configure podman --all.\n", self)
	fmt.Fprintf(&b, "# Podman, Buildah and Skopeo ask these helpers in order for every registry; %q stands for auth.json and similar files.\n", authFiles)
	for i := range list {
		list[i] = strconv.Quote(list[i])
	}
	fmt.Fprintf(&b, "credential-helpers = [%s]\n", strings.Join(list, ", "))
	return b.Bytes()
}

var (
	helpersKey = regexp.MustCompile(`(?m)^[ \t]*["']?credential-helpers["']?[ \t]*=[ \t]*\[([^\]]*)\]`)
	comments   = regexp.MustCompile(`#.*`)
	texts      = regexp.MustCompile(`"([^"]*)"|'([^']*)'`)
)

// listed reads the list of helpers in a registries.conf; ok is false if there is none.
func listed(conf []byte) (list []string, ok bool) {
	m := helpersKey.FindSubmatch(conf)
	if m == nil {
		return nil, false
	}
	for _, text := range texts.FindAllSubmatch(comments.ReplaceAll(m[1], nil), -1) {
		list = append(list, string(text[1])+string(text[2]))
	}
	return list, true
}

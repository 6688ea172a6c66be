package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// A config is the configuration of nfpm for one package. https://nfpm.goreleaser.com/docs/configuration describes it.
type config struct {
	Name          string            `yaml:"name"`
	Arch          string            `yaml:"arch"`
	Version       string            `yaml:"version"`
	VersionSchema string            `yaml:"version_schema"`
	Release       string            `yaml:"release"`
	MTime         time.Time         `yaml:"mtime"`
	Section       string            `yaml:"section"`
	Priority      string            `yaml:"priority"`
	Maintainer    string            `yaml:"maintainer"`
	Description   string            `yaml:"description"`
	Homepage      string            `yaml:"homepage"`
	License       string            `yaml:"license"`
	Recommends    []string          `yaml:"recommends,omitempty"`
	Replaces      []string          `yaml:"replaces,omitempty"`
	Depends       []string          `yaml:"depends,omitempty"`
	Conflicts     []string          `yaml:"conflicts,omitempty"`
	Scripts       map[string]string `yaml:"scripts,omitempty"`
	RPM           map[string]string `yaml:"rpm,omitempty"`
	Contents      []content         `yaml:"contents"`
}

// A content is a file, a directory or a symbolic link in a package.
type content struct {
	Source      string   `yaml:"src,omitempty"`
	Destination string   `yaml:"dst"`
	Type        string   `yaml:"type,omitempty"`
	Info        fileInfo `yaml:"file_info"`
}

type fileInfo struct {
	Mode  int       `yaml:"mode,omitempty"`
	MTime time.Time `yaml:"mtime"`
}

// A kind is a package of a program.
type kind struct {
	name, program, description string
}

var kinds = []kind{
	{"ecr-login", helper, "Docker credential helper for Amazon ECR\n" +
		"Supplies passwords for Amazon ECR to Docker, Podman and other clients, and to the\n" +
		"kubelet. No login step is needed."},
	{refresh, refresh, "Writes passwords for Amazon ECR to files and Kubernetes Secrets\n" +
		"Replaces the passwords before they expire."},
}

// packages writes deb, rpm and apk packages of each program for each Linux platform.
func (r release) packages() error {
	platforms, err := r.platforms()
	if err != nil {
		return err
	}
	for _, p := range platforms {
		if p.os != "linux" {
			continue
		}
		for _, k := range kinds {
			if _, err := os.Stat(r.program(p, k.program)); err != nil {
				continue // ecr-token-refresh is not built for all platforms
			}
			for _, format := range []string{"deb", "rpm", "apk"} {
				if err := r.pack(p, k, format); err != nil {
					return fmt.Errorf("%s of %s for %s: %w", format, k.name, p, err)
				}
			}
		}
	}
	return r.renamePackages()
}

// renamePackages replaces the tilde of a pre-release in the file names of packages with a dot. GitHub does the same with
// the files of a release, and checksum files must contain the names of the downloads.
func (r release) renamePackages() error {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := strings.ReplaceAll(e.Name(), "~", ".")
		if name == e.Name() {
			continue
		}
		if err := os.Rename(filepath.Join(r.dir, e.Name()), filepath.Join(r.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// pack runs nfpm for one package.
func (r release) pack(p platform, k kind, format string) error {
	stage, err := os.MkdirTemp("", "dist")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	c, err := r.config(p, k, format, stage)
	if err != nil {
		return err
	}
	text, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	name := filepath.Join(stage, "nfpm.yaml")
	if err := os.WriteFile(name, text, 0o644); err != nil {
		return err
	}
	cmd := exec.Command(r.nfpm, "package", "--config", name, "--packager", format, "--target", r.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// config returns the configuration for a package. It writes generated files to the directory stage.
func (r release) config(p platform, k kind, format, stage string) (*config, error) {
	version, err := packageVersion(r.version, format)
	if err != nil {
		return nil, err
	}
	c := &config{
		Name: k.name, Arch: strings.Replace(p.arch, "armv", "arm", 1), Version: version, VersionSchema: "none",
		MTime: r.time, Section: "admin", Priority: "optional", Maintainer: "The ecr-login authors",
		Description: k.description, Homepage: r.homepage(), License: "Apache-2.0",
	}
	switch format {
	case "deb":
		c.Recommends = []string{"ca-certificates"}
		c.Release = "1"
	case "rpm":
		c.Recommends = []string{"ca-certificates"}
		c.Release = "1"
		c.RPM = map[string]string{"buildhost": "reproducible", "packager": c.Maintainer}
	case "apk":
		c.Release = "0"
	}
	if k.name == "ecr-login" {
		r.besideOther(c, format)
	}
	return c, r.fill(c, p, k, format, stage)
}

// besideOther sets how the package is installed with amazon-ecr-credential-helper, which has a file of the same name. A
// deb diverts it, so that both can be installed. rpm and apk have no diversions.
func (r release) besideOther(c *config, format string) {
	scripts := filepath.Join(r.root, "deploy", "packages")
	switch format {
	case "deb":
		c.Scripts = map[string]string{
			"preinstall": filepath.Join(scripts, "preinst"),
			"postremove": filepath.Join(scripts, "postrm"),
		}
	case "rpm":
		c.Conflicts = []string{"amazon-ecr-credential-helper"}
	case "apk":
		// A conflict is a negated dependency. Alpine Linux calls the package docker-credential-ecr-login.
		c.Depends = []string{"!docker-credential-ecr-login"}
	}
}

// fill adds the files of a package to c. Generated files are written to the directory stage.
func (r release) fill(c *config, p platform, k kind, format, stage string) error {
	var files []file
	program, err := os.ReadFile(r.program(p, k.program))
	if err != nil {
		return err
	}
	files = append(files, file{name: "/usr/bin/" + k.program, data: program, exec: true})
	if k.program == helper {
		// The directory contains only this program, because the kubelet runs what it finds in it.
		files = append(files, file{name: "/usr/libexec/ecr-login/ecr-credential-provider", link: "/usr/bin/" + helper})
	}
	extras, err := r.extras(k.program)
	if err != nil {
		return err
	}
	for _, f := range extras {
		if path, data := installed(f, format); path != "" {
			files = append(files, file{name: path, data: data})
		}
	}
	docs, err := r.packageDocuments(k, format)
	if err != nil {
		return err
	}
	files = append(files, docs...)
	if format == "rpm" { // rpm removes only directories that a package lists
		for _, dir := range ownDirs(files, k.name) {
			c.Contents = append(c.Contents, content{Destination: dir, Type: "dir", Info: fileInfo{Mode: 0o755, MTime: r.time}})
		}
	}
	for i, f := range files {
		entry := content{Source: f.link, Destination: f.name, Type: "symlink", Info: fileInfo{MTime: r.time}}
		if f.link == "" {
			entry.Source, entry.Type, entry.Info.Mode = filepath.Join(stage, fmt.Sprint(i)), "", int(f.mode())
			if err := os.WriteFile(entry.Source, f.data, 0o644); err != nil {
				return err
			}
		}
		c.Contents = append(c.Contents, entry)
	}
	return nil
}

// ownDirs returns the directories of files that have the name of the package, sorted.
func ownDirs(files []file, name string) []string {
	var dirs []string
	for _, f := range files {
		if dir := path.Dir(f.name); path.Base(dir) == name {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// installed returns where a manual page or a completion script is installed, and its content. The path is empty if it
// is not part of packages.
func installed(f file, format string) (path string, data []byte) {
	dir, name := filepath.Split(f.name)
	switch {
	case dir == "man/":
		return "/usr/share/man/man1/" + name + ".gz", compress(f.data)
	case strings.HasSuffix(name, ".bash"):
		return "/usr/share/bash-completion/completions/" + strings.TrimSuffix(name, ".bash"), f.data
	case strings.HasSuffix(name, ".fish"):
		return "/usr/share/fish/vendor_completions.d/" + name, f.data
	case strings.HasPrefix(name, "_") && format == "deb":
		return "/usr/share/zsh/vendor-completions/" + name, f.data
	case strings.HasPrefix(name, "_"):
		return "/usr/share/zsh/site-functions/" + name, f.data
	}
	return "", nil
}

// compress returns data in gzip format, without a name and a time.
func compress(data []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is valid
	_, _ = z.Write(data)                                    // a Buffer returns no error
	_ = z.Close()
	return out.Bytes()
}

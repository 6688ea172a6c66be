package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// main module of the programs. Its packages are not third-party.
const mainModule = "ecrlogin"

// A program is an executable of the release.
type program struct {
	name      string
	platforms []string // GOOS/GOARCH. One architecture suffices: the modules of the programs do not depend on it.
	tags      string
}

// programs are the programs of a release. The platforms and tags are those of the Makefile.
var programs = []program{
	{"docker-credential-ecr-login", []string{"linux/amd64", "darwin/arm64", "windows/amd64", "freebsd/amd64"}, "nethttpomithttp2"},
	{"ecr-token-refresh", []string{"linux/amd64"}, ""},
}

// A module is a module that is linked into a program, or the Go standard library.
type module struct {
	path, version string
	dir           string
	packages      []string // the directories of the linked packages
	licenses      []license
}

// standard is the path of the Go standard library, as the purl type "golang" and vulnerability databases write it.
const standard = "stdlib"

// collect returns the modules that are linked into p on any of its platforms, with their licenses, sorted by path.
func (p program) collect() ([]*module, error) {
	found := map[string]*module{}
	for _, platform := range p.platforms {
		goos, goarch, _ := strings.Cut(platform, "/")
		cmd := exec.Command("go", "list", "-deps", "-tags", p.tags, "-json=Dir,Standard,Module", "./ecr-login/"+p.name)
		cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
		cmd.Stderr = os.Stderr
		list, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list for %s: %w", platform, err)
		}
		if err := add(found, list); err != nil {
			return nil, err
		}
	}
	goStandard, err := standardLibrary()
	if err != nil {
		return nil, err
	}
	found[standard] = goStandard
	modules := slices.SortedFunc(maps.Values(found), func(a, b *module) int { return strings.Compare(a.path, b.path) })
	for _, m := range modules {
		if m.licenses, err = findLicenses(m); err != nil {
			return nil, err
		}
	}
	return modules, nil
}

// add adds the modules of the packages in list, the output of go list, to found.
func add(found map[string]*module, list []byte) error {
	for decoder := json.NewDecoder(bytes.NewReader(list)); ; {
		var pkg struct {
			Dir      string
			Standard bool
			Module   *struct{ Path, Version, Dir string }
		}
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("output of go list: %w", err)
		}
		if pkg.Standard || pkg.Module == nil || pkg.Module.Path == mainModule {
			continue
		}
		m := found[pkg.Module.Path]
		if m == nil {
			m = &module{path: pkg.Module.Path, version: pkg.Module.Version, dir: pkg.Module.Dir}
			found[m.path] = m
		}
		if !slices.Contains(m.packages, pkg.Dir) {
			m.packages = append(m.packages, pkg.Dir)
		}
	}
}

// standardLibrary returns the Go standard library as a module. Its version has no prefix "go", as in a purl.
func standardLibrary() (*module, error) {
	out, err := exec.Command("go", "env", "GOROOT", "GOVERSION").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 2 {
		return nil, fmt.Errorf("go env returned %d lines", len(lines))
	}
	dir := strings.TrimSpace(lines[0])
	version, _, _ := strings.Cut(strings.TrimSpace(lines[1]), " ") // "go1.26.8 X:EXPERIMENT"
	return &module{path: standard, version: strings.TrimPrefix(version, "go"), dir: dir, packages: []string{dir}}, nil
}

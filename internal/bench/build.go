package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// installPrograms installs the programs to measure, the helper also under the name that the kubelet runs.
func (b *bench) installPrograms() (err error) {
	if b.pagedHelper, err = b.install(b.helper, "paged", paged); err != nil {
		return err
	}
	if b.helper, err = b.install(b.helper, "helper", installed); err != nil {
		return err
	}
	if b.refresher, err = b.install(b.refresher, "refresher", installed); err != nil {
		return err
	}
	if b.debianVersion = installedVersion(); b.debianVersion != "" {
		if b.debian, err = b.install("/usr/bin/docker-credential-ecr-login", "debian", installed); err != nil {
			return err
		}
	}
	b.provider = filepath.Join(b.dir, "ecr-credential-provider")
	return os.Symlink(b.helper, b.provider)
}

// The number of bytes that cp writes at once, and the size of a page. The kernel caches a file in parts of the size in
// which it was written. Larger parts make a program start faster. However, the kernel counts a whole part as memory of
// the program if one of its pages is used, so memory is measured with a copy that was written in pages.
const (
	installed = 128 << 10
	paged     = 4 << 10
)

// install copies a program to the directory of the measurements in writes of the given size. It returns the path of the
// copy.
func (b *bench) install(file, name string, size int) (path string, err error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	path = filepath.Join(b.dir, name)
	copied, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return "", err
	}
	for part := range slices.Chunk(content, size) {
		if _, err := copied.Write(part); err != nil {
			copied.Close()
			return "", err
		}
	}
	return path, copied.Close()
}

// buildEcho builds the baseline program.
func (b *bench) buildEcho() (err error) {
	b.echo, err = b.goBuild("echo", "ecrlogin/internal/bench/echo")
	return err
}

// buildBare builds the helper from the source code, with an init function that exits with 0 before the fast path does
// anything. Its run time is the minimum of every hit: it includes the load of the binary, the start of Go's runtime,
// and the initialization of the packages that the fast path imports.
func (b *bench) buildBare() error {
	const fastpath = "ecrlogin/internal/fastpath"
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", fastpath).Output()
	if err != nil {
		return fmt.Errorf("finding package %s: %w", fastpath, err)
	}
	source, overlay := filepath.Join(b.dir, "bare.go"), filepath.Join(b.dir, "overlay.json")
	code := "package fastpath\n\nimport \"os\"\n\nfunc init() { os.Exit(0) }\n"
	if err := os.WriteFile(source, []byte(code), 0o600); err != nil {
		return err
	}
	// Go runs the init functions of a package in the order of the names of its files.
	first := filepath.Join(strings.TrimSpace(string(dir)), "a.go")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {first: source}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(overlay, replace, 0o600); err != nil {
		return err
	}
	b.bare, err = b.goBuild("bare", "ecrlogin/ecr-login/docker-credential-ecr-login",
		"-tags", "nethttpomithttp2", "-overlay", overlay)
	return err
}

// goBuild builds a program with the flags that make build uses for all programs, and installs it under a name.
func (b *bench) goBuild(name, pkg string, flags ...string) (path string, err error) {
	linked := filepath.Join(b.dir, "linked", name)
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", linked}
	build := exec.Command("go", slices.Concat(args, flags, []string{pkg})...)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", pkg, err, text)
	}
	return b.install(linked, name, installed)
}

// Package packages tests the deb and rpm packages with dpkg and rpm, in a copy of the machine's file system that is
// stored in memory, and the contents of the apk packages.
package packages

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"ecrlogin/e2e/sandbox"
)

const (
	root   = "../.."
	helper = "docker-credential-ecr-login"

	oldVersion = "0.1.0"
	newVersion = "0.2.0-rc.1"

	// debian is Debian's package of amazon-ecr-credential-helper.
	debian = "amazon-ecr-credential-helper"
)

func TestMain(m *testing.M) {
	os.Exit(sandbox.Main(m, sandbox.Sandbox{Build: build}))
}

// build writes the packages of two versions and gets Debian's package, in directories of bin.
func build(bin string) error {
	// The manual pages, the programs and the licenses in bin of the repository are part of the packages.
	if out, err := exec.Command("make", "-C", root, "build", "notices").CombinedOutput(); err != nil {
		return fmt.Errorf("make build notices: %w\n%s", err, out)
	}
	nfpm := filepath.Join(bin, "nfpm")
	err := sandbox.GoBuild(filepath.Join(root, "tools", "nfpm"), nfpm, "github.com/goreleaser/nfpm/v2/cmd/nfpm")
	if err != nil {
		return err
	}
	dist := filepath.Join(bin, "dist")
	if err := sandbox.GoBuild(root, dist, "./internal/release/dist"); err != nil {
		return err
	}
	var errs []error
	for _, version := range []string{oldVersion, newVersion} {
		errs = append(errs, buildVersion(bin, dist, nfpm, version))
	}
	return errors.Join(append(errs, debianPackage(filepath.Join(bin, "debian")))...)
}

// buildVersion writes the packages of a version to bin/VERSION.
func buildVersion(bin, dist, nfpm, version string) error {
	dir := filepath.Join(bin, version)
	program := filepath.Join(dir, "linux-"+runtime.GOARCH, helper)
	linked := "ecrlogin/internal/version.linked=" + version
	if err := sandbox.GoBuild(root, program, "./ecr-login/"+helper, "-X", linked); err != nil {
		return err
	}
	cmd := exec.Command(dist, "packages", "-version", version, "-dir", dir, "-root", root, "-nfpm", nfpm)
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1767323045")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("writing packages: %w\n%s", err, out)
	}
	return nil
}

// debianPackage downloads Debian's package to dir. Without a network, it creates the package again from the installed
// files.
func debianPackage(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	// A machine on which nothing had to be installed may have no package lists.
	script := "apt-get $options download " + debian + " || { apt-get $options update && apt-get $options download " + debian + "; }"
	cmd := exec.Command("sh", "-c", "options='-qq -o APT::Sandbox::User=root -o Acquire::Retries=0'; "+script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if rerr := repack(dir); rerr != nil {
		return fmt.Errorf("getting %s: %w\n%s\n%w", debian, err, out, rerr)
	}
	return nil
}

// repack writes a package with the files of Debian's installed package.
func repack(dir string) error {
	list, err := exec.Command("dpkg", "-L", debian).Output()
	if err != nil {
		return fmt.Errorf("dpkg -L: %w", err)
	}
	tree := filepath.Join(dir, "tree")
	defer os.RemoveAll(tree)
	for name := range strings.Lines(string(list)) {
		name = strings.TrimSpace(name)
		if info, err := os.Stat(name); err != nil || info.IsDir() {
			continue
		}
		target := filepath.Join(tree, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if out, err := exec.Command("cp", "-p", name, target).CombinedOutput(); err != nil {
			return fmt.Errorf("cp: %w\n%s", err, out)
		}
	}
	control, err := exec.Command("dpkg-query", "--show", "--showformat",
		"Package: ${Package}\nVersion: ${Version}\nArchitecture: ${Architecture}\nMaintainer: ${Maintainer}\n"+
			"Description: test\n", debian).Output()
	if err != nil {
		return fmt.Errorf("dpkg-query: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(tree, "DEBIAN"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tree, "DEBIAN", "control"), control, 0o644); err != nil {
		return err
	}
	if out, err := exec.Command("dpkg-deb", "--build", tree, dir).CombinedOutput(); err != nil {
		return fmt.Errorf("dpkg-deb: %w\n%s", err, out)
	}
	return nil
}

// find returns the only file in bin that matches a pattern such as 0.1.0/ecr-login_*.deb.
func find(t *testing.T, pattern string) string {
	t.Helper()
	bin, _, _ := strings.Cut(os.Getenv("PATH"), ":")
	found, err := filepath.Glob(filepath.Join(bin, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s matches %q, %v, want one file", pattern, found, err)
	}
	return found[0]
}

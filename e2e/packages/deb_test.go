package packages

import (
	"path/filepath"
	"strings"
	"testing"
)

const (
	program = "/usr/bin/" + helper
	page    = "/usr/share/man/man1/" + helper + ".1.gz"
	link    = "/usr/libexec/ecr-login/ecr-credential-provider"
)

// debs returns the packages of both versions and Debian's.
func debs(t *testing.T) (before, after, debianDeb string) {
	return find(t, oldVersion+"/ecr-login_*.deb"), find(t, newVersion+"/ecr-login_*.deb"), find(t, "debian/*.deb")
}

// TestDeb installs, upgrades, removes and purges the package on a machine without Debian's package.
func TestDeb(t *testing.T) {
	m := newMachine(t)
	before, after, _ := debs(t)
	m.run("dpkg", "--install", before)
	m.version(helper, helper+" "+oldVersion)
	m.version(link, helper+" "+oldVersion)
	m.run("dpkg", "--verify", "ecr-login")
	m.run("bash", "-n", "/usr/share/bash-completion/completions/"+helper)
	files := strings.Fields(m.run("dpkg", "--listfiles", "ecr-login"))
	for _, name := range []string{
		page, "/usr/share/doc/ecr-login/copyright", "/usr/share/doc/ecr-login/changelog.gz",
		"/usr/share/doc/ecr-login/THIRD_PARTY_NOTICES.txt", "/usr/share/zsh/vendor-completions/_" + helper,
		"/usr/share/fish/vendor_completions.d/" + helper + ".fish",
	} {
		if !m.exists(name) {
			t.Errorf("%s is missing", name)
		}
	}
	// The kubelet accepts only credential providers in its directory.
	if names := m.run("ls", filepath.Dir(link)); names != filepath.Base(link) {
		t.Errorf("%s contains %q", filepath.Dir(link), names)
	}

	m.run("dpkg", "--install", after)
	m.version(helper, helper+" "+newVersion)
	m.version(link, helper+" "+newVersion)
	if got, want := m.run("dpkg-query", "--show", "--showformat", "${Version}", "ecr-login"), "0.2.0~rc.1-1"; got != want {
		t.Errorf("the version is %s, want %s", got, want)
	}

	m.run("dpkg", "--remove", "ecr-login")
	for _, name := range files {
		if strings.Contains(name, "ecr-") && m.exists(name) {
			t.Errorf("%s exists after the removal", name)
		}
	}
	m.noDiversions()
	m.run("dpkg", "--install", after)
	m.run("dpkg", "--purge", "ecr-login")
	if out, err := m.try("dpkg-query", "--show", "ecr-login"); err == nil {
		t.Errorf("after purge: %s", out)
	}
	m.noDiversions()
}

// TestDebOverDebian installs the package over Debian's, upgrades both, and removes the package. Debian's files are then
// those that were installed.
func TestDebOverDebian(t *testing.T) {
	m := newMachine(t)
	before, after, other := debs(t)
	m.run("dpkg", "--install", "--force-depends", other)
	theirs, theirPage := m.read(program), m.read(page)

	m.run("dpkg", "--install", before)
	m.version(helper, helper+" "+oldVersion)
	if m.read(program+".distrib") != theirs || m.read("/usr/share/man/man1/"+helper+".distrib.1.gz") != theirPage {
		t.Error("Debian's files were not moved aside")
	}
	m.run("dpkg", "--install", "--force-depends", other) // an upgrade of Debian's package
	m.version(helper, helper+" "+oldVersion)
	m.run("dpkg", "--install", after)
	m.version(helper, helper+" "+newVersion)
	m.run("dpkg", "--verify", "ecr-login", debian)

	m.run("dpkg", "--remove", "ecr-login")
	if m.read(program) != theirs || m.read(page) != theirPage {
		t.Error("Debian's files were not moved back")
	}
	if m.exists(program+".distrib") || m.exists(link) {
		t.Error("files are left after the removal")
	}
	m.run("dpkg", "--verify", debian)
	m.noDiversions()
}

// TestDebBesideDebian installs Debian's package after this one, and removes it first.
func TestDebBesideDebian(t *testing.T) {
	m := newMachine(t)
	_, after, other := debs(t)
	m.run("dpkg", "--install", after)
	m.run("dpkg", "--install", "--force-depends", other)
	m.version(helper, helper+" "+newVersion)
	if !m.exists(program + ".distrib") {
		t.Error("Debian's program is missing")
	}
	m.run("dpkg", "--remove", debian)
	m.version(helper, helper+" "+newVersion)
	if m.exists(program + ".distrib") {
		t.Error("Debian's program is left after the removal")
	}
	m.run("dpkg", "--remove", "ecr-login")
	if m.exists(program) {
		t.Error("the program is left after the removal")
	}
	m.noDiversions()
}

// TestDebOverCopy installs the package over a program that no package owns. The removal restores it.
func TestDebOverCopy(t *testing.T) {
	m := newMachine(t)
	before, _, _ := debs(t)
	m.run("sh", "-c", "printf '#!/bin/sh\necho copied\n' >"+program+" && chmod 755 "+program)
	m.run("dpkg", "--install", before)
	m.version(helper, helper+" "+oldVersion)
	m.run("dpkg", "--remove", "ecr-login")
	m.version(helper, "copied")
	m.noDiversions()
}

// TestDebAfterLocalDiversion fails, because an administrator has diverted the program, and changes nothing.
func TestDebAfterLocalDiversion(t *testing.T) {
	m := newMachine(t)
	before, _, other := debs(t)
	m.run("dpkg", "--install", "--force-depends", other)
	m.run("dpkg-divert", "--local", "--rename", "--add", program)
	if out, err := m.try("dpkg", "--install", before); err == nil || !strings.Contains(out, "clashes with") {
		t.Errorf("dpkg --install: %v\n%s\nwant a clash", err, out)
	}
	if m.exists(program) {
		t.Error("the program was installed")
	}
	if out, _ := m.try("dpkg", "--audit"); strings.Contains(out, "ecr-login") {
		t.Errorf("the package is partly installed:\n%s", out)
	}
	m.run("dpkg-divert", "--local", "--rename", "--remove", program)
	m.run("dpkg", "--verify", debian)
}

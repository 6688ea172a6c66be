package packages

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// installed are some of the files of the rpm and apk packages.
var installed = []string{
	program, page, link,
	"/usr/share/bash-completion/completions/" + helper,
	"/usr/share/fish/vendor_completions.d/" + helper + ".fish",
	"/usr/share/zsh/site-functions/_" + helper,
	"/usr/share/licenses/ecr-login/LICENSE",
	"/usr/share/licenses/ecr-login/THIRD_PARTY_NOTICES.txt",
	"/usr/share/doc/ecr-login/changelog.gz",
}

// TestRPM installs, upgrades and removes the package with Debian's rpm, in an empty directory.
func TestRPM(t *testing.T) {
	dir := t.TempDir()
	rpm := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("rpm", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("rpm %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	before, after := find(t, oldVersion+"/ecr-login-*.rpm"), find(t, newVersion+"/ecr-login-*.rpm")
	list := strings.Fields(rpm("-qlp", after))
	for _, name := range installed {
		if !slices.Contains(list, name) {
			t.Errorf("the rpm does not contain %s", name)
		}
	}
	if out := rpm("-qp", "--conflicts", after); !strings.Contains(out, debian) {
		t.Errorf("conflicts: %q, want %s", out, debian)
	}
	if out := rpm("-qp", "--queryformat", "%{VERSION} %{BUILDHOST}", after); out != "0.2.0~rc.1 reproducible" {
		t.Errorf("version and build host: %q", out)
	}
	rpm("--root", dir, "--force-debian", "--nodeps", "-i", before)
	rpm("--root", dir, "--force-debian", "--nodeps", "-U", after)
	rpm("--root", dir, "--nodeps", "-V", "ecr-login")
	out, err := exec.Command(filepath.Join(dir, program), "version").Output()
	if want := helper + " " + newVersion + "\n"; err != nil || string(out) != want {
		t.Errorf("version: %q, %v, want %q", out, err, want)
	}
	rpm("--root", dir, "--force-debian", "-e", "ecr-login")
	for _, name := range []string{program, filepath.Dir(link), "/usr/share/doc/ecr-login", "/usr/share/licenses/ecr-login"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s after the removal: %v", name, err)
		}
	}
}

// TestAPK checks the contents of the apk package, which is a sequence of compressed tar archives.
func TestAPK(t *testing.T) {
	f, err := os.Open(find(t, oldVersion+"/ecr-login_*.apk"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var info string
	for archive := tar.NewReader(z); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, "/"+strings.TrimPrefix(h.Name, "/"))
		if h.Name == ".PKGINFO" {
			data, err := io.ReadAll(archive)
			if err != nil {
				t.Fatal(err)
			}
			info = string(data)
		}
	}
	for _, name := range installed {
		if !slices.Contains(names, name) {
			t.Errorf("the apk does not contain %s", name)
		}
	}
	for _, line := range []string{"pkgname = ecr-login", "pkgver = 0.1.0-r0", "depend = !docker-credential-ecr-login"} {
		if !strings.Contains(info, line+"\n") {
			t.Errorf(".PKGINFO does not contain %q:\n%s", line, info)
		}
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// newRelease returns a release with small programs in place of those for a few platforms.
func newRelease(t *testing.T) release {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("requires a POSIX shell, tar and sha256sum")
	}
	root, dir := t.TempDir(), t.TempDir()
	script := "#!/bin/sh\necho \"# $2 completion of ${0##*/}\"\n"
	for name, text := range map[string]string{
		"LICENSE": "license", "README.md": "readme", "CHANGELOG.md": "changes", "docs/cache.md": "cache",
		"CONTRIBUTING.md": "contributing", "SECURITY.md": "security", "docs/recipes/ko.md": "ko",
		"docs/images/demo.svg": "demo", "docs/docs_test.go": "not a document",
		"bin/" + notices: "notices", "bin/" + helper: script, "bin/" + refresh: script,
		"bin/man/" + helper + ".1": "page", "bin/man/" + helper + "-get.1": "page", "bin/man/" + refresh + ".1": "page",
	} {
		write(t, filepath.Join(root, name), text, 0o755)
	}
	for _, name := range []string{
		"linux-amd64/" + helper, "linux-amd64/" + refresh, "linux-armv7/" + helper, "darwin-arm64/" + helper,
		"darwin-amd64/" + helper, "windows-amd64/" + helper + ".exe", "freebsd-arm64/" + helper,
	} {
		write(t, filepath.Join(dir, name), name, 0o755)
	}
	return release{
		version: "0.1.0", dir: dir, root: root, time: time.Unix(1767323045, 0).UTC(),
		url: "https://github.com/OWNER/ecr-login/releases/download",
	}
}

func write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestArchives checks the archives with tar and unzip, and the files of amazon-ecr-credential-helper's layout.
func TestArchives(t *testing.T) {
	r := newRelease(t)
	if err := r.archives(); err != nil {
		t.Fatal(err)
	}
	const top = helper + "-0.1.0-linux-amd64/"
	want := []string{
		"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md", notices, "completions/_" + helper,
		"completions/" + helper + ".bash", "completions/" + helper + ".fish", "completions/" + helper + ".ps1", helper,
		"docs/cache.md", "docs/images/demo.svg", "docs/recipes/ko.md", "ecr-credential-provider",
		"man/" + helper + "-get.1", "man/" + helper + ".1",
	}
	got := output(t, "tar", "-tzf", filepath.Join(r.dir, top[:len(top)-1]+".tar.gz"))
	if want := top + strings.Join(want, "\n"+top) + "\n"; got != want {
		t.Errorf("the archive contains\n%swant\n%s", got, want)
	}
	out := t.TempDir()
	output(t, "tar", "-xzf", filepath.Join(r.dir, top[:len(top)-1]+".tar.gz"), "-C", out)
	info, err := os.Stat(filepath.Join(out, top, "ecr-credential-provider"))
	if err != nil || info.Mode() != 0o755 || !info.ModTime().Equal(r.time) {
		t.Errorf("ecr-credential-provider: %v, %v", info, err)
	}
	script := "# zsh completion of " + helper + "\n"
	if got := read(t, filepath.Join(out, top, "completions", "_"+helper)); got != script {
		t.Errorf("the completion for zsh is %q, want %q", got, script)
	}
	cmd := exec.Command("sha256sum", "-c", helper+".exe.sha256")
	cmd.Dir = filepath.Join(r.dir, "windows-amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("sha256sum -c: %v\n%s", err, out)
	}
	for _, name := range []string{helper + "-0.1.0-windows-amd64.zip", refresh + "-0.1.0-linux-amd64.tar.gz"} {
		if _, err := os.Stat(filepath.Join(r.dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// TestLicensesAreRequired checks that a release without the licenses of other modules is an error.
func TestLicensesAreRequired(t *testing.T) {
	r := newRelease(t)
	if err := os.Remove(filepath.Join(r.root, "bin", notices)); err != nil {
		t.Fatal(err)
	}
	if err := r.archives(); err == nil || !strings.Contains(err.Error(), notices) {
		t.Errorf("archives: %v", err)
	}
	if _, err := r.config(platform{"linux", "amd64"}, kinds[0], "deb", t.TempDir()); err == nil ||
		!strings.Contains(err.Error(), notices) {
		t.Errorf("config: %v", err)
	}
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestReproducible checks that two releases of the same programs have the same bytes, and that a changed program is
// found.
func TestReproducible(t *testing.T) {
	first, second := newRelease(t), newRelease(t)
	for _, r := range []release{first, second} {
		if err := r.archives(); err != nil {
			t.Fatal(err)
		}
		if err := r.sums(); err != nil {
			t.Fatal(err)
		}
	}
	sums := filepath.Join(first.dir, "SHA256SUMS")
	if a, b := read(t, sums), read(t, filepath.Join(second.dir, "SHA256SUMS")); a != b {
		t.Errorf("the releases differ:\n%s\n%s", a, b)
	}
	for _, check := range [][]string{{"sha256sum", "SHA256SUMS"}, {"sha512sum", "SHA512SUMS"}} {
		cmd := exec.Command(check[0], "--strict", "--quiet", "-c", check[1])
		cmd.Dir = first.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", check[0], err, out)
		}
	}
	var report bytes.Buffer
	if err := verify(&report, sums, second.dir); err != nil ||
		!strings.Contains(report.String(), ", 0 different, 0 not built") {
		t.Errorf("verify: %v\n%s", err, report.String())
	}
	if err := os.RemoveAll(filepath.Join(second.dir, "darwin-amd64")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(second.dir, "linux-amd64", helper), "changed", 0o755)
	report.Reset()
	err := verify(&report, sums, second.dir)
	if err == nil || !strings.Contains(report.String(), "DIFFERENT  linux-amd64/"+helper+"\n") ||
		!strings.HasSuffix(report.String(), "1 different, 1 not built\n") {
		t.Errorf("verify after a change: %v\n%s", err, report.String())
	}
	if err := verify(&report, sums, t.TempDir()); err == nil || !strings.Contains(err.Error(), "check VERSION and PLATFORMS") {
		t.Errorf("verify of a directory without files: %v", err)
	}
	long := filepath.Join(t.TempDir(), "SHA256SUMS")
	write(t, long, read(t, sums)+strings.Repeat("0", 100_000)+"  changed\n", 0o600)
	if err := verify(&report, long, first.dir); err == nil {
		t.Error("verify accepts a file of which it read only a part")
	}
}

// TestPackageNames checks that a stand-in for nfpm writes all packages, whose names GitHub does not change.
func TestPackageNames(t *testing.T) {
	r := newRelease(t)
	r.version, r.nfpm = "0.2.0-rc.1", filepath.Join(r.root, "nfpm")
	write(t, r.nfpm, "#!/bin/sh\ntouch \"$7/ecr-login_0.2.0~rc.1-$$.$5\"\n", 0o755)
	if err := r.packages(); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(r.dir, "ecr-login_0.2.0.rc.1-*"))
	if err != nil || len(names) != 9 { // three formats for each program in linux-*
		t.Errorf("the packages are %v (%v)", names, err)
	}
}

// TestRPMDirectories checks that an rpm lists its own directories, which otherwise stay after the removal.
func TestRPMDirectories(t *testing.T) {
	r := newRelease(t)
	for _, test := range []struct {
		kind kind
		want string
	}{
		{kinds[0], "/usr/libexec/ecr-login /usr/share/doc/ecr-login /usr/share/licenses/ecr-login"},
		{kinds[1], "/usr/share/doc/ecr-token-refresh /usr/share/licenses/ecr-token-refresh"},
	} {
		c, err := r.config(platform{"linux", "amd64"}, test.kind, "rpm", t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		var dirs []string
		for _, entry := range c.Contents {
			if entry.Type == "dir" {
				dirs = append(dirs, entry.Destination)
			}
		}
		if got := strings.Join(dirs, " "); got != test.want {
			t.Errorf("the directories are %s, want %s", got, test.want)
		}
	}
}

// TestFormula checks the URLs and checksums of the Homebrew formula and the Scoop manifest.
func TestFormula(t *testing.T) {
	r := newRelease(t)
	if err := r.archives(); err != nil {
		t.Fatal(err)
	}
	text := read(t, filepath.Join(r.dir, "ecr-login.rb"))
	for _, p := range []platform{{"darwin", "arm64"}, {"darwin", "amd64"}, {"linux", "amd64"}} {
		d, err := r.download(p)
		if err != nil {
			t.Fatal(err)
		}
		want := "url \"" + r.url + "/0.1.0/" + helper + "-0.1.0-" + p.String() + ".tar.gz\"\n      sha256 \"" + d.Sum + "\"\n"
		if !strings.Contains(text, want) {
			t.Errorf("the formula does not contain %s:\n%s", want, text)
		}
	}
	if ruby, err := exec.LookPath("ruby"); err == nil {
		output(t, ruby, "-c", filepath.Join(r.dir, "ecr-login.rb"))
	} else {
		checkBlocks(t, text)
	}

	var m manifest
	d := json.NewDecoder(strings.NewReader(read(t, filepath.Join(r.dir, "ecr-login.json"))))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	archive := m.Architecture["64bit"]
	if archive == nil || len(m.Architecture) != 1 || len(archive.Sum) != 64 ||
		archive.Dir != helper+"-0.1.0-windows-amd64" || archive.URL != r.url+"/0.1.0/"+archive.Dir+".zip" || m.Homepage != "https://github.com/OWNER/ecr-login" {
		t.Errorf("the manifest is %+v, %+v", m, archive)
	}
}

// checkBlocks checks that each block of a formula has an end, for machines without Ruby.
func checkBlocks(t *testing.T, text string) {
	t.Helper()
	depth := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasSuffix(line, " do"), strings.HasPrefix(line, "class "), strings.HasPrefix(line, "def "):
			depth++
		case line == "end":
			depth--
		}
		if strings.Count(line, `"`)%2 != 0 {
			t.Errorf("unbalanced quotes: %s", line)
		}
	}
	if depth != 0 {
		t.Errorf("%d blocks have no end:\n%s", depth, text)
	}
}

// TestPackageVersion checks the versions of packages.
func TestPackageVersion(t *testing.T) {
	for _, test := range []struct{ version, deb, apk string }{
		{"0.1.0", "0.1.0", "0.1.0"},
		{"v0.1.0", "0.1.0", "0.1.0"},
		{"0.1.0-rc.1", "0.1.0~rc.1", "0.1.0_rc1"},
		{"0.1.0-3-g1a2b3c4", "0.1.0+3.g1a2b3c4", "0.1.0_p3"},
		{"0.1.0-3-g1a2b3c4-dirty", "0.1.0+3.g1a2b3c4+dirty", "0.1.0_p3"},
		{"0.1.0-rc.1-3-g1a2b3c4", "0.1.0~rc.1+3.g1a2b3c4", "0.1.0_rc1_p3"},
		{"1a2b3c4", "0.0.0+0.g1a2b3c4", "0.0.0_p0"},
		{"unknown", "0.0.0+0.gunknown", "0.0.0_p0"},
	} {
		deb, err := packageVersion(test.version, "deb")
		apk, aerr := packageVersion(test.version, "apk")
		if err != nil || aerr != nil || deb != test.deb || apk != test.apk {
			t.Errorf("%s: %s and %s, %v, %v, want %s and %s", test.version, deb, apk, err, aerr, test.deb, test.apk)
		}
	}
	if v, err := packageVersion("0.1.0; rm", "deb"); err == nil {
		t.Errorf("an invalid version is %s", v)
	}
}

// TestEpoch checks that a missing SOURCE_DATE_EPOCH is an error.
func TestEpoch(t *testing.T) {
	if _, err := epoch(""); err == nil {
		t.Error("a missing SOURCE_DATE_EPOCH is accepted")
	}
}

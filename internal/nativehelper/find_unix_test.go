//go:build unix

package nativehelper_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/internal/nativehelper"
)

// checkRefused fails the test unless each action refuses the helper for that reason. For a missing helper, get returns
// "not found".
func checkRefused(t *testing.T, name, reason string, missing bool) {
	t.Helper()
	h := nativehelper.Helper{Name: name, Named: named}
	if err := h.Check(); err == nil || err.Error() != reason {
		t.Errorf("Check() = %v\nwant      %s", err, reason)
	}
	get := both(1, host+": no password found: "+reason)
	if missing {
		get.out = notFound + "\n"
	}
	expect(t, relay(h, "get", host), get)
	expect(t, relay(h, "store", stored), both(1, host+": password not stored: "+reason))
	expect(t, relay(h, "erase", host), outcome{err: host + ": password not erased: " + reason + "\n"})
}

func TestMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	checkRefused(t, "foo", "docker-credential-foo is not on PATH; install it, or change "+named, true)
}

// A file that is not executable counts as missing.
func TestNotExecutable(t *testing.T) {
	dir := install(t, "foo", "echo '{}'")
	if err := os.Chmod(filepath.Join(dir, "docker-credential-foo"), 0o600); err != nil {
		t.Fatal(err)
	}
	checkRefused(t, "foo", "docker-credential-foo is not on PATH; install it, or change "+named, true)
}

// A user who can write to the working directory of a client must not get its passwords.
func TestInCurrentDirectory(t *testing.T) {
	t.Chdir(install(t, "foo", "echo '{}'"))
	t.Setenv("PATH", ".:/usr/bin:/bin")
	checkRefused(t, "foo", "docker-credential-foo is not on PATH except in the current directory, which is not searched; install it in another directory on PATH, or change "+named, true)
}

func TestNames(t *testing.T) {
	for _, name := range []string{"", "../foo", "/bin/foo", `a\foo`, "a b", "a\nb", "a;b", "c:foo"} {
		h := nativehelper.Helper{Name: name}
		if err := h.Check(); err == nil || !strings.HasPrefix(err.Error(), "invalid helper name") {
			t.Errorf("%q: got %v, want an error about the name", name, err)
		}
	}
	checkRefused(t, "a/b", `invalid helper name "a/b", expected a name such as pass for docker-credential-pass; correct `+named, false)
	for _, name := range []string{"osxkeychain", "secretservice", "gcr_v2", "a.b-c+d"} {
		install(t, name, "")
		h := nativehelper.Helper{Name: name}
		if err := h.Check(); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// The program never runs itself, under any name.
func TestRunningItself(t *testing.T) {
	install(t, "ecr-login", `touch "$DIR/ran"`)
	checkRefused(t, "ecr-login", "docker-credential-ecr-login would run itself; change "+named, false)
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	if err := os.Symlink(own, filepath.Join(dir, "docker-credential-other")); err != nil {
		t.Fatal(err)
	}
	checkRefused(t, "other", "docker-credential-other is ecr-login under another name and would run itself; change "+named, false)
}

// A helper that runs this program again gets an error, and a loop of two helpers ends.
func TestLoop(t *testing.T) {
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	install(t, "a", relayed+"=b exec '"+own+`' "$@"`)
	install(t, "b", `touch "$DIR/ran"`)
	const loop = "fallback loop: docker-credential-a falls back to ecr-login, which falls back to b; change " + named + ", or the fallback of docker-credential-a"
	get := host + ": no password found: " + loop
	expect(t, run(t, daemon(t, "a", "get", host)), both(1, get))
	expect(t, run(t, daemon(t, "a", "store", stored)), both(1, host+": password not stored: "+loop))
	expect(t, run(t, daemon(t, "a", "erase", host)), outcome{err: host + ": password not erased: " + loop + "\n"})
}

package configpath_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"ecrlogin/config"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/environ"
)

// TestRead reads the file in each place, parses it, and checks the errors for files that cannot be used.
func TestRead(t *testing.T) {
	home := t.TempDir()
	read := func(flag, named string) (fallback string, err error) {
		return read(environ.Env{"HOME=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, "xdg"), "ECR_LOGIN_CONFIG=" + named}, flag)
	}
	succeeds := func(named, want string) {
		t.Helper()
		if got, err := read("", named); err != nil || got != want {
			t.Errorf("got fallback %q, %v, want %q", got, err, want)
		}
	}
	fails := func(named, want string) {
		t.Helper()
		if got, err := read("", named); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got fallback %q, %v, want %q", got, err, want)
		}
	}
	named, flag := filepath.Join(home, "named.yaml"), filepath.Join(home, "flag.yaml")
	fails(named, named+" does not exist, but ECR_LOGIN_CONFIG names it; create it, or unset the variable")
	if _, err := read(flag, named); err == nil || err.Error() != flag+" does not exist, but --config names it; create it, or omit --config" {
		t.Errorf("got %v", err)
	}
	succeeds(write(t, named, "fallback: named\n"), "named")
	succeeds(os.DevNull, "")
	fails(home, home+" is a directory; specify a file in it")
	fails("/dev/zero", "/dev/zero is not a regular file")
	large := write(t, filepath.Join(home, "large.yaml"), strings.Repeat("# a comment\n", 10<<20/12))
	fails(large, "has 10485756 bytes, more than the limit of 1048576; shorten it")

	if runtime.GOOS == "linux" {
		user := write(t, filepath.Join(home, "xdg/ecr-login/config.yaml"), "fallback: user\n")
		succeeds("", "user")
		write(t, user, "fallback: [\n")
		fails("", user+":")
	}
}

// read reads and parses the file, and returns its fallback.
func read(env environ.Env, flag string) (fallback string, err error) {
	f, err := configpath.Read(env, flag)
	if err != nil {
		return "", err
	}
	c, err := config.Parse(f.Path, f.Content)
	if err != nil {
		return "", err
	}
	return c.Fallback, nil
}

// write writes a file in a new directory, and returns its path.
func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

package file_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/refresh"
	"ecrlogin/refresh/file"
	"ecrlogin/registry"
)

const host = "123456789012.dkr.ecr.us-west-2.amazonaws.com"

func login(t testing.TB, host string) refresh.Login {
	t.Helper()
	r, err := registry.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	return refresh.Login{Registry: r}
}

// credential returns a credential with a password.
func credential(l refresh.Login, password string) refresh.Credential {
	now := time.Now()
	return refresh.Credential{Login: l, Token: credentials.Token{
		Username: "AWS", Password: password, Issued: now, Expiry: now.Add(12 * time.Hour),
	}}
}

// apply writes a password to a target of one login.
func apply(t testing.TB, target refresh.Target, password string) error {
	t.Helper()
	return target.Apply(t.Context(), []refresh.Credential{credential(target.Logins()[0], password)})
}

func mustApply(t testing.TB, target refresh.Target, password string) {
	t.Helper()
	if err := apply(t, target, password); err != nil {
		t.Fatal(err)
	}
}

// wantError checks the error of Apply and of Check, in which DIR stands for a directory.
func wantError(t *testing.T, target refresh.Target, dir, want string) {
	t.Helper()
	want = strings.ReplaceAll(want, "DIR", dir)
	if err := apply(t, target, "password"); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	checker := target.(interface{ Check() error })
	if err := checker.Check(); err == nil || err.Error() != want {
		t.Errorf("check:\ngot  %v\nwant %s", err, want)
	}
}

// contains checks the content of a file.
func contains(t testing.TB, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s contains %q, %v; want %q", path, got, err, want)
	}
}

func write(t testing.TB, path, content string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	must(t, os.Chmod(path, mode))
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func stat(t testing.TB, path string) fs.FileInfo {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// only checks the names in a directory, to find temporary files that are left.
func only(t testing.TB, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s contains %q, want %q", dir, got, want)
	}
}

// logger returns a logger and what it has written, without the time.
func logger() (*slog.Logger, *bytes.Buffer) {
	var out bytes.Buffer
	return slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})), &out
}

func TestPassword(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "my-registry.pass")
	target := file.NewPassword(file.Options{Path: path, Login: login(t, host)})
	if target.Kind() != "file" || target.Name() != path {
		t.Errorf("kind %q, name %q", target.Kind(), target.Name())
	}
	if err := target.Check(); err != nil {
		t.Error(err)
	}
	only(t, dir)
	for _, password := range []string{"first", "second", "third with \n\t\x00 unusual bytes"} {
		mustApply(t, target, password)
		contains(t, path, password)
		only(t, dir, "my-registry.pass")
	}
}

//go:build unix

package cache_test

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// If the cache is unusable, each get returns a token. It prints a notice if the user can correct the cause. The log
// always contains the cause.
func TestUnusable(t *testing.T) {
	t.Parallel()
	const denied = "permission denied; check its owner and mode, or set AWS_ECR_CACHE_DIR to another directory"
	const file = "not a directory; move the file away, or set AWS_ECR_CACHE_DIR to another directory"
	for name, tt := range map[string]struct {
		dir    string // below the home directory
		put    func(m *machine, dir string) error
		env    map[string]string
		cause  string // of the notice; "" if there is none
		doctor string // the cause that doctor prints if there is no notice
	}{
		"read-only":                {"cache", func(_ *machine, dir string) error { return mkdir(dir, 0o555) }, nil, denied, ""},
		"inaccessible":             {"cache", func(_ *machine, dir string) error { return mkdir(dir, 0) }, nil, denied, ""},
		"a file":                   {"cache", func(_ *machine, dir string) error { return os.WriteFile(dir, nil, 0o600) }, nil, file, ""},
		"below a file":             {"file/cache", func(_ *machine, dir string) error { return os.WriteFile(filepath.Dir(dir), nil, 0o600) }, nil, file, ""},
		"in a read-only directory": {"sub/cache", func(_ *machine, dir string) error { return mkdir(filepath.Dir(dir), 0o555) }, nil, denied, ""},
		"~/.cache":                 {".cache/ecr-login", func(_ *machine, dir string) error { return mkdir(filepath.Dir(dir), 0o555) }, map[string]string{"AWS_ECR_CACHE_DIR": ""}, denied, ""},
		"read-only home":           {".cache/ecr-login", func(m *machine, _ string) error { return os.Chmod(m.home, 0o555) }, map[string]string{"AWS_ECR_CACHE_DIR": ""}, "", "permission denied"},
		"home is a file":           {"home/.cache/ecr-login", func(m *machine, _ string) error { return os.WriteFile(filepath.Join(m.home, "home"), nil, 0o600) }, map[string]string{"AWS_ECR_CACHE_DIR": "", "HOME": "HOME/home"}, "", "not a directory"},
		"nonexistent home":         {"/nonexistent/.cache/ecr-login", func(*machine, string) error { return nil }, map[string]string{"AWS_ECR_CACHE_DIR": "", "HOME": "/nonexistent"}, "", "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.env != nil && runtime.GOOS != "linux" {
				t.Skip("the default cache directory differs on this system")
			}
			m := ofNobody(t)
			dir := tt.dir
			if !filepath.IsAbs(dir) {
				dir = filepath.Join(m.home, dir)
			}
			env := map[string]string{"AWS_ECR_CACHE_DIR": dir}
			for name, value := range tt.env {
				env[name] = strings.Replace(value, "HOME", m.home, 1)
			}
			m = m.with(env)
			if err := tt.put(m, dir); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Lstat(dir); err == nil && m.uid != 0 {
				if err := os.Chown(dir, nobody, nobody); err != nil {
					t.Fatal(err)
				}
			}
			t.Cleanup(func() { os.Chmod(m.home, 0o700); os.Chmod(filepath.Dir(dir), 0o700); os.Chmod(dir, 0o700) })
			for range 2 {
				r := m.get(host)
				r.password()
				if tt.cause == "" {
					r.quiet()
				} else {
					r.said("the cache directory " + dir + " cannot be used: " + tt.cause + "\n")
				}
			}
			m.called(2)
			reason := cmp.Or(tt.doctor, strings.Split(tt.cause, ";")[0])
			if r := m.run("doctor", ""); r.exit != 1 || !strings.Contains(r.stdout, "✗ cache: the cache directory "+dir+" cannot be used: "+reason+"; every get calls AWS ") {
				t.Errorf("doctor: exit code %d, %s", r.exit, r.stdout)
			}
			r := m.with(map[string]string{"ECR_LOGIN_LOG": "debug"}).get(host)
			r.password()
			if lines := strings.Split(r.stderr, "\n"); !slices.ContainsFunc(lines, func(l string) bool {
				return strings.Contains(l, "level=DEBUG") && strings.Contains(l, "not cached") && strings.Contains(l, reason)
			}) {
				t.Errorf("the log does not contain the cause: %s", r.stderr)
			}
		})
	}
}

func mkdir(dir string, mode os.FileMode) error {
	return errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, mode))
}

// A relative path is not used, because it depends on the client's working directory. A get prints a notice for ECR
// hosts only.
func TestRelativeDirectory(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"cache", "./cache", "../cache", "~", "~root/cache", "~ /cache"} {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			m := withKeys(t).with(map[string]string{"AWS_ECR_CACHE_DIR": dir})
			line := "the cache directory " + dir + " is not used, because it is a relative path; set AWS_ECR_CACHE_DIR to an absolute path or to one that begins with ~/\n"
			for range 2 {
				m.get(host).said(line).password()
			}
			m.called(2)
			if r := m.run("get", "ghcr.io").quiet(); r.exit != 1 {
				t.Errorf("get of another registry: exit code %d", r.exit)
			}
			if r := m.run("cache", "", "path"); r.exit != 1 || r.stdout != "" || !strings.Contains(line, strings.TrimSpace(r.stderr)) {
				t.Errorf("cache path: exit code %d, %q, %q", r.exit, r.stdout, r.stderr)
			}
			if files, err := os.ReadDir(m.home); err != nil || len(files) != 0 {
				t.Errorf("%v were created (%v)", files, err)
			}
			if _, err := os.Lstat(filepath.Join(filepath.Dir(m.home), "cache")); err == nil {
				t.Error("a directory was created in the parent directory")
			}
		})
	}
}

// A leading ~/ is the home directory, because a unit file or a Dockerfile does not expand it.
func TestDirectoryWithTilde(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	first := m.with(map[string]string{"AWS_ECR_CACHE_DIR": "~/cache"}).password(host) // m.cache
	if m.password(host) != first {
		t.Error("the cache is not in the home directory")
	}
	m.called(1)
	m.checkEntry(first)
	if files, err := os.ReadDir(m.home); err != nil || len(files) != 1 {
		t.Errorf("%v were created (%v)", files, err)
	}
}

// A link is detected if its path ends with a slash, although the system follows such links.
func TestLinkWithSlash(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{"/", "//", "/.", "/./"} {
		t.Run(suffix, func(t *testing.T) {
			t.Parallel()
			m := withKeys(t)
			elsewhere := filepath.Join(m.home, "elsewhere")
			if err := errors.Join(os.Mkdir(elsewhere, 0o700), os.Symlink("elsewhere", m.cache)); err != nil {
				t.Fatal(err)
			}
			with := m.with(map[string]string{"AWS_ECR_CACHE_DIR": m.cache + suffix})
			with.get(host).said("the cache directory " + m.cache + " is not used, because it is a link; ").password()
			if files, err := os.ReadDir(elsewhere); err != nil || len(files) != 0 {
				t.Errorf("%v were created (%v)", files, err)
			}
			if err := os.Remove(m.cache); err != nil {
				t.Fatal(err)
			}
			if first := with.password(host); m.password(host) != first {
				t.Error("the directory differs with a slash")
			}
		})
	}
}

// Root creates no files in another user's home directory, and prints a notice.
func TestRootInHomeOfAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root works in other users' directories")
	}
	for _, dir := range []string{".cache/ecr-login", "cache"} {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			m := ofNobody(t)
			m.uid = 0
			path := filepath.Join(m.home, filepath.FromSlash(dir))
			m = m.with(map[string]string{"AWS_ECR_CACHE_DIR": path})
			for range 2 {
				m.get(host).said("the cache directory " + path + " is not used, because " + m.home + " belongs to another user; set AWS_ECR_CACHE_DIR to another directory\n").password()
			}
			m.called(2)
			if files, err := os.ReadDir(m.home); err != nil || len(files) != 0 {
				t.Errorf("%v were created (%v)", files, err)
			}
			// An existing directory is not used either, because the user can replace it at any time.
			if err := os.MkdirAll(path, 0o700); err != nil {
				t.Fatal(err)
			}
			m.get(host).said(m.home + " belongs to another user").password()
			if files, err := os.ReadDir(path); err != nil || len(files) != 0 {
				t.Errorf("%v were created (%v)", files, err)
			}
		})
	}
}

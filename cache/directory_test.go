package cache_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// kept returns the names of the files in the cache that end with suffix.
func (m *machine) kept(suffix string) []string {
	m.t.Helper()
	files, err := os.ReadDir(m.cache)
	if err != nil {
		m.t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		if strings.HasSuffix(f.Name(), suffix) {
			names = append(names, f.Name())
		}
	}
	return names
}

// touch sets the modification time of files in the cache.
func (m *machine) touch(modified time.Time, names ...string) {
	m.t.Helper()
	for _, name := range names {
		if err := os.Chtimes(filepath.Join(m.cache, name), modified, modified); err != nil {
			m.t.Fatal(err)
		}
	}
}

// old sets the modification time of files in the cache to more than a day ago.
func (m *machine) old(names ...string) {
	m.t.Helper()
	m.touch(time.Now().Add(-25*time.Hour), names...)
}

// entry returns the path of the only entry of a registry in the cache.
func (m *machine) entry() string { return m.entries()[0] }

// entries returns the paths of the only entries in the cache: that of a registry, and that of its API.
func (m *machine) entries() []string {
	m.t.Helper()
	names := m.kept(".token") // sorted
	if len(names) != 2 || strings.HasPrefix(names[0], "ecr.") || !strings.HasPrefix(names[1], "ecr.") {
		m.t.Fatalf("the cache contains %q, want an entry of a registry and one of an API", names)
	}
	return []string{filepath.Join(m.cache, names[0]), filepath.Join(m.cache, names[1])}
}

// Only the owner can access the directory and its files.
func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not use mode bits")
	}
	m := withKeys(t)
	m.password(host)
	m.fail()
	m.get(otherHost).failed()
	err := filepath.WalkDir(m.cache, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// With AWS_ECR_DISABLE_CACHE, no action reads or writes the cache.
func TestDisabled(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	off := m.with(map[string]string{"AWS_ECR_DISABLE_CACHE": "0"}) // any value
	off.password(host)
	if _, err := os.Stat(m.cache); !os.IsNotExist(err) {
		t.Errorf("the directory was created: %v", err)
	}
	first := m.password(host)
	if off.password(host) == first {
		t.Error("the cache was read")
	}
	m.called(3)
	if r := off.run("list", ""); r.stdout != "{}\n" {
		t.Errorf("list printed %q", r.stdout)
	}
	if r := off.run("erase", host); r.exit != 0 {
		t.Errorf("erase: exit code %d", r.exit)
	}
	if m.password(host) != first {
		t.Error("the entry was overwritten or removed")
	}
}

// The helper works without a cache directory. It prints a notice if the user selected the directory.
func TestNoDirectory(t *testing.T) {
	t.Parallel()
	file := func(m *machine) string { return m.file("file", "not a directory") }
	for name, env := range map[string]func(m *machine) map[string]string{
		"below a file": func(m *machine) map[string]string {
			return map[string]string{"AWS_ECR_CACHE_DIR": filepath.Join(file(m), "cache")}
		},
		"a file": func(m *machine) map[string]string {
			return map[string]string{"AWS_ECR_CACHE_DIR": file(m)}
		},
		"HOME below a file": func(m *machine) map[string]string {
			return map[string]string{"AWS_ECR_CACHE_DIR": "", "HOME": filepath.Join(file(m), "home")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := withKeys(t)
			m = m.with(env(m))
			dir := m.env["AWS_ECR_CACHE_DIR"]
			for range 2 {
				r := m.get(host)
				r.password()
				if dir == "" {
					r.quiet()
				} else {
					r.said("the cache directory " + dir + " cannot be used: not a directory; ")
				}
			}
			m.called(2)
			r := m.run("list", "")
			if name == "a file" {
				r.said("the cache directory " + dir + " cannot be used: not a directory; ")
			} else {
				r.quiet()
			}
			if r.stdout != "{}\n" {
				t.Errorf("list printed %q", r.stdout)
			}
		})
	}
}

// The default directory is in the user's cache directory.
func TestDefaultDirectory(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the directory differs on this system")
	}
	m := withKeys(t).with(map[string]string{"AWS_ECR_CACHE_DIR": ""})
	m.cache = filepath.Join(m.home, ".cache", "ecr-login")
	m.password(host)
	m.entry()
	m = m.with(map[string]string{"XDG_CACHE_HOME": filepath.Join(m.home, "xdg")})
	m.cache = filepath.Join(m.home, "xdg", "ecr-login")
	m.password(host)
	m.entry()
	m.called(2)
}

// An AWS file that is too large disables the cache, with a notice. The AWS SDK takes seconds to parse such a file with the
// race detector, and longer on a busy machine.
func TestLargeFile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{".aws/config", ".aws/credentials"} {
		m := withKeys(t).with(map[string]string{"ECR_LOGIN_TIMEOUT": "2m"})
		path := m.file(name, "[default]\n"+strings.Repeat("# a comment\n", 16<<20/12))
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("tokens are not cached: %s is too large: it has %d bytes, and the limit is 16777216; remove unused profiles from it", path, info.Size())
		m.opens(host, m.get(host).said(line).password())
		m.get(host).said(line).password()
		m.called(2)
	}
}

package cache_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// kept lists the names of the cache's files that end with suffix.
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

// entry returns the path of the one entry that the cache has.
func (m *machine) entry() string {
	m.t.Helper()
	names := m.kept(".token")
	if len(names) != 1 {
		m.t.Fatalf("the cache has the entries %q, want one", names)
	}
	return filepath.Join(m.cache, names[0])
}

// The folder, its entries and its locks are for their owner alone.
func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("mode bits tell nothing on Windows")
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

// AWS_ECR_DISABLE_CACHE means neither read nor write, for every action.
func TestDisabled(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	off := m.with(map[string]string{"AWS_ECR_DISABLE_CACHE": "0"}) // any value
	off.password(host)
	if _, err := os.Stat(m.cache); !os.IsNotExist(err) {
		t.Errorf("the folder was made: %v", err)
	}
	first := m.password(host)
	if off.password(host) == first {
		t.Error("the cache was read")
	}
	m.called(3)
	if r := off.run("list", ""); r.stdout != "{}\n" {
		t.Errorf("list answered %q", r.stdout)
	}
	if r := off.run("erase", host); r.exit != 0 {
		t.Errorf("erase: exit code %d", r.exit)
	}
	if m.password(host) != first {
		t.Error("the entry was written over or erased")
	}
}

// Nothing needs the directory: wherever it cannot be, the helper works. It says so where the user has chosen the
// place.
func TestNoFolder(t *testing.T) {
	t.Parallel()
	file := func(m *machine) string { return m.file("file", "no directory") }
	for name, env := range map[string]func(m *machine) map[string]string{
		"below a file": func(m *machine) map[string]string {
			return map[string]string{"AWS_ECR_CACHE_DIR": filepath.Join(file(m), "cache")}
		},
		"a file": func(m *machine) map[string]string {
			return map[string]string{"AWS_ECR_CACHE_DIR": file(m)}
		},
		"HOME that cannot be": func(m *machine) map[string]string {
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
				t.Errorf("list answered %q", r.stdout)
			}
		})
	}
}

// The folder is where the user's cache folder is.
func TestFolderBelowHome(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the folder has another name here")
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

// An AWS file that is too large to be read for each get switches the cache off, and a line says so.
func TestLargeFile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{".aws/config", ".aws/credentials"} {
		m := withKeys(t)
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

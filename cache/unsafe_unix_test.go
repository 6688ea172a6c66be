//go:build unix

package cache_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Unsafe files are not used as entries, not even opened. Each get prints one notice.
func TestUnsafeEntry(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		put  func(m *machine, path string) error
		line string
	}{
		"link to a device": {func(_ *machine, path string) error { return os.Symlink("/dev/zero", path) }, "it is a link"},
		"link to an entry": {func(m *machine, path string) error {
			content, err := os.ReadFile(path + ".old")
			if err != nil {
				return err
			}
			return os.Symlink(m.file("entry", string(content)), path)
		}, "it is a link"},
		"pipe":      {func(_ *machine, path string) error { return syscall.Mkfifo(path, 0o600) }, "it is not a regular file"},
		"directory": {func(_ *machine, path string) error { return os.Mkdir(path, 0o700) }, "it is not a regular file"},
		"writable": {func(_ *machine, path string) error {
			if err := os.Rename(path+".old", path); err != nil {
				return err
			}
			return os.Chmod(path, 0o620)
		}, "it can be written to by others"},
	} {
		for i, level := range []string{"registry", "API"} {
			t.Run(name+"/"+level, func(t *testing.T) {
				t.Parallel()
				m := withKeys(t)
				first := m.password(host)
				path, other := m.entries()[i], m.entries()[1-i]
				if err := os.Rename(path, path+".old"); err != nil {
					t.Fatal(err)
				}
				if err := tt.put(m, path); err != nil {
					t.Fatal(err)
				}
				before, err := os.Lstat(path)
				if err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if err := os.Remove(other); err != nil {
						t.Fatal(err)
					}
					if m.get(host).said("the cache entry "+path+" is not used, because "+tt.line).password() == first {
						t.Error("the unsafe entry was used")
					}
				}
				m.called(3)
				if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) || after.ModTime() != before.ModTime() {
					t.Errorf("the unsafe entry was changed or replaced (%v)", err)
				}
				if r := m.run("erase", host).quiet(); r.exit != 0 {
					t.Errorf("erase: exit code %d", r.exit)
				}
				if _, err := os.Lstat(path); !os.IsNotExist(err) {
					t.Errorf("erase did not remove it (%v)", err)
				}
			})
		}
	}
}

// A sparse file of a gigabyte is an invalid entry, and is not read.
func TestHugeEntry(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	m.password(host)
	for _, path := range m.entries() {
		if err := os.Truncate(path, 1<<30); err != nil {
			t.Fatal(err)
		}
	}
	m.checkEntry(m.password(host))
	m.called(2)
}

// A directory that other users can write to is not used. Each get prints one notice.
func TestUnsafeDirectory(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		make func(m *machine, elsewhere string) error
		line string
	}{
		"link": {func(m *machine, elsewhere string) error { return os.Symlink(elsewhere, m.cache) }, "it is a link"},
		"writable": {func(m *machine, _ string) error {
			if err := os.Mkdir(m.cache, 0o700); err != nil {
				return err
			}
			return os.Chmod(m.cache, 0o770)
		}, "it can be written to by others"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := withKeys(t)
			elsewhere := filepath.Join(m.home, "elsewhere")
			if err := os.Mkdir(elsewhere, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := tt.make(m, elsewhere); err != nil {
				t.Fatal(err)
			}
			line := "the cache directory " + m.cache + " is not used, because " + tt.line
			for range 2 {
				m.get(host).said(line).password()
			}
			m.called(2)
			if r := m.run("list", "").said(line); r.stdout != "{}\n" {
				t.Errorf("list printed %q", r.stdout)
			}
			if r := m.run("erase", host).said(line); r.exit != 0 {
				t.Errorf("erase: exit code %d", r.exit)
			}
			if names := m.kept(""); len(names) != 0 {
				t.Errorf("%q were created", names)
			}
		})
	}
}

// If the directory is removed or replaced while a process calls AWS, the token is not cached, and the replacement is
// not changed.
func TestDirectoryIsRemoved(t *testing.T) {
	t.Parallel()
	for name, replace := range map[string]func(m *machine, elsewhere string) error{
		"removed": func(m *machine, _ string) error { return os.RemoveAll(m.cache) },
		"replaced by a link": func(m *machine, elsewhere string) error {
			if err := os.Rename(m.cache, m.cache+".old"); err != nil {
				return err
			}
			return os.Symlink(elsewhere, m.cache)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := withKeys(t)
			elsewhere := filepath.Join(m.home, "elsewhere")
			if err := os.Mkdir(elsewhere, 0o700); err != nil {
				t.Fatal(err)
			}
			g := m.gate()
			leader := m.start("get", host)
			g.wait()
			if err := replace(m, elsewhere); err != nil {
				t.Fatal(err)
			}
			g.open()
			m.opens(host, leader.wait().quiet().password())
			if files, err := os.ReadDir(elsewhere); err != nil || len(files) != 0 {
				t.Errorf("the other directory contains %v (%v)", files, err)
			}
			if err := os.RemoveAll(m.cache); err != nil {
				t.Fatal(err)
			}
			m.checkEntry(m.password(host))
		})
	}
}

//go:build unix

package cache_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ecrlogin/internal/awstest"
)

// If locks are unavailable, each process calls AWS, and the last one that writes the entry wins.
func TestNoLocks(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	g := m.gate()
	g.open()
	m.password(host)
	for name, spoil := range map[string]func(lock string) error{
		"directory": func(lock string) error { return os.Mkdir(lock, 0o700) },
		"link":      func(lock string) error { return os.Symlink(filepath.Join(m.home, "elsewhere"), lock) },
	} {
		t.Run(name, func(t *testing.T) {
			m := *m
			m.t, g.t = t, t
			for _, path := range m.entries() {
				lock := strings.TrimSuffix(path, ".token") + ".lock"
				if err := errors.Join(os.RemoveAll(lock), os.Remove(path), spoil(lock)); err != nil {
					t.Fatal(err)
				}
			}
			m.cloud.ResetCalls()
			g.shut()
			processes := m.starts(slices.Repeat([]string{host}, 16)...)
			for range processes {
				g.wait() // all are at the gate at the same time
			}
			g.open()
			passwords := map[string]bool{}
			for _, p := range processes {
				passwords[p.wait().quiet().password()] = true
			}
			if n := m.cloud.Count(awstest.GetAuthorizationToken); n != len(passwords) || n != len(processes) {
				t.Errorf("%d calls to AWS, for %d passwords", n, len(passwords))
			}
			if !passwords[m.password(host)] {
				t.Error("the cached token is none of those that were returned")
			}
			if _, err := os.Lstat(filepath.Join(m.home, "elsewhere")); !os.IsNotExist(err) {
				t.Errorf("a link was followed: %v", err)
			}
		})
	}
}

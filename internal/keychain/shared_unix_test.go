//go:build unix

package keychain_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ecrlogin/registry"
)

// A sharing Source has a CacheKey, so that the registries of a region share its tokens.
type sharing struct{ *user }

func (sharing) CacheKey(registry.Registry) string { return "" }

// The registries of a region share a token in the keychain. An erase removes that of the host and that of the region.
func TestSharedToken(t *testing.T) {
	const sameRegion = "444455556666.dkr.ecr.us-west-2.amazonaws.com"
	u := newUser(t)
	u.cache.Source = sharing{u}
	u.gets(host, 1)
	runs := u.ran()
	u.gets(sameRegion, 1)
	expect := func(hosts ...string) {
		t.Helper()
		var got []string
		for _, name := range u.names() {
			got = append(got, strings.Split(name, "/")[3])
		}
		if slices.Sort(hosts); !slices.Equal(got, hosts) {
			t.Errorf("the keychain contains entries of %q, want %q", got, hosts)
		}
	}
	expect(host, sameRegion, "ecr.us-west-2")
	if n := len(strings.Fields(runs)); n > 12 {
		t.Errorf("the first get ran the helper %d times: %s", n, runs)
	}
	if hosts := u.cache.Hosts(); len(hosts) != 2 {
		t.Errorf("Hosts() = %v", hosts)
	}
	if err := u.cache.Drop(host); err != nil {
		t.Fatal(err)
	}
	expect(sameRegion)
	u.gets(host, 2)
	u.gets(sameRegion, 1)
	u.said("")

	// Without the keychain, there is one notice for each get.
	u.now = u.now.Add(13 * time.Hour)
	u.install("exit 1")
	u.gets(host, 3)
	if n := strings.Count(u.notices.String(), "\n"); n != 1 {
		t.Errorf("%d notices: %q", n, u.notices)
	}
	t.Log(runs)
}

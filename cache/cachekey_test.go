package cache_test

import (
	"os"
	"path/filepath"
	"testing"

	"ecrlogin/cache"
	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/internal/cachekey"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/environ"
	"ecrlogin/registry"
)

// An identifiedSource is a source with the CacheKey of an aws.Source.
type identifiedSource struct {
	*source
	aws aws.Source
}

func (s *identifiedSource) CacheKey(r registry.Registry) string { return s.aws.CacheKey(r) }

// Go programs with different identities, and docker-credential-ecr-login, can share a cache directory.
func TestIdentitiesOfSourcesNeverShare(t *testing.T) {
	u := newUser(t)
	caches := map[string]*cache.Cache{}
	add := func(name string, s aws.Source) {
		c := *u.cache
		c.Source = &identifiedSource{u.source, s}
		caches[name] = &c
	}
	identity := func(id credentials.Identity) aws.Source {
		return aws.Source{Identity: func(r registry.Registry) credentials.Identity {
			if r.Host != host {
				return credentials.Identity{}
			}
			return id
		}}
	}
	add("profile", identity(credentials.Identity{Profile: "dev"}))
	add("another profile", identity(credentials.Identity{Profile: "prod"}))
	add("role", identity(credentials.Identity{RoleARN: "arn:aws:iam::123456789012:role/pull"}))
	add("role with external ID", identity(credentials.Identity{RoleARN: "arn:aws:iam::123456789012:role/pull", ExternalID: "1"}))
	add("web identity", aws.Source{WebIdentity: &credentials.WebIdentity{RoleARN: "arn:aws:iam::123456789012:role/pull", Token: "a"}})
	add("another web identity", aws.Source{WebIdentity: &credentials.WebIdentity{RoleARN: "arn:aws:iam::123456789012:role/pull", Token: "b"}})
	add("default", aws.Source{})
	t.Setenv("XDG_CONFIG_HOME", "")
	config := configpath.User(environ.Process())
	if err := os.MkdirAll(filepath.Dir(config), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte("registries: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	program := *u.cache
	program.Inputs = func() (cachekey.Inputs, error) { return cachekey.Take(environ.Process(), "") }
	caches["docker-credential-ecr-login"] = &program

	seen := map[string]string{}
	for name, c := range caches {
		first, err := c.Token(t.Context(), parse(t, host))
		if err != nil {
			t.Fatal(err)
		}
		if other := seen[first.Password]; other != "" {
			t.Errorf("%s got the token of %s", name, other)
		}
		seen[first.Password] = name
		if again, err := c.Token(t.Context(), parse(t, host)); err != nil || again.Password != first.Password {
			t.Errorf("%s: the token was not cached: %v", name, err)
		}
		if hosts := c.Hosts(); len(hosts) != 1 {
			t.Errorf("%s: Hosts() = %v", name, hosts)
		}
	}

	// The identity of another host is the default, and without a configuration file it is that of the program too.
	if err := os.Remove(config); err != nil {
		t.Fatal(err)
	}
	calls := u.source.calls
	for _, name := range []string{"profile", "role", "default", "docker-credential-ecr-login"} {
		if _, err := caches[name].Token(t.Context(), parse(t, otherHost)); err != nil {
			t.Fatal(err)
		}
	}
	if u.source.calls != calls+1 {
		t.Errorf("%d calls for one identity, want 1", u.source.calls-calls)
	}
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/internal/store"
)

// A route that is not that of the slow path has no effect: its request takes the slow path, with the right result.
func TestRouteIsChecked(t *testing.T) {
	t.Parallel()
	cloud := startCloud(t)
	replace := func(route, old, new string) string { return strings.Replace(route, old, new, 1) }
	for what, tt := range map[string]struct {
		configuration string
		host          string
		change        func(route string) string
	}{
		"corrupt": {aliasRule, alias, func(string) string { return "corrupt" }},
		"empty":   {aliasRule, alias, func(string) string { return "" }},
		"later version": {aliasRule, alias,
			func(r string) string { return replace(r, "route ", "route 9") }},
		"not an ECR registry": {aliasRule, alias,
			func(r string) string { return replace(r, ecrHost, "registry.example.com") }},
		"another form of the registry": {aliasRule, alias,
			func(r string) string { return replace(r, ecrHost, ecrHost+"/app") }},
		"of another host": {aliasRule, alias,
			func(r string) string { return replace(r, alias, "other.example.com") }},
		"an ECR registry as an alias": {"timeout: 20s", ecrHost,
			func(r string) string { return replace(r, "\n"+ecrHost+"\n\n", "\n"+otherHost+"\n\n") }},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			u := newUser(t, cloud, tt.configuration)
			password := u.warm(tt.host)
			u.addTokens(otherHost, "registry.example.com")
			var changed string
			for _, path := range u.routes() {
				if !strings.HasPrefix(filepath.Base(path), strings.ReplaceAll(tt.host, ":", "_")+"@") {
					continue
				}
				before, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if changed = tt.change(string(before)); changed == string(before) {
					t.Fatalf("not changed: %q", before)
				}
				if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if a := u.get(tt.host); a.fast || a.password(t) != password || a.stderr != "" {
				t.Errorf("with the route %q: %+v", changed, a)
			}
			if a := u.get(tt.host); a.fast != (what != "later version") || a.password(t) != password {
				t.Errorf("after the route %q: %+v", changed, a)
			}
		})
	}
}

// A planted route gives no token to a host of a domain that the configuration does not mention, and no token of another
// registry.
func TestPlantedRoute(t *testing.T) {
	t.Parallel()
	u := newUser(t, startCloud(t), aliasRule)
	u.warm(alias)
	u.addTokens(otherHost)
	path := u.routes()[0]
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, hash, _ := strings.Cut(filepath.Base(path), "@")
	for what, tt := range map[string]struct{ host, old, new string }{
		"another host":     {"registry.example.org", alias, "registry.example.org"},
		"a longer domain":  {"docker.example.com.example.org", alias, "docker.example.com.example.org"},
		"another registry": {"a.example.com", ecrHost, otherHost},
	} {
		planted := strings.ReplaceAll(strings.ReplaceAll(string(content), alias, tt.host), tt.old, tt.new)
		if err := os.WriteFile(u.path("cache/ecr-login/"+tt.host+"@"+hash), []byte(planted), 0o600); err != nil {
			t.Fatal(err)
		}
		if a := u.get(tt.host); a.fast || a.exit != 1 || a.stdout != "credentials not found in native keychain\n" {
			t.Errorf("%s: %+v", what, a)
		}
	}
}

// addTokens adds a token for each host to the cache, with the key of the existing one.
func (u *user) addTokens(hosts ...string) {
	u.t.Helper()
	s, err := store.Open(u.path("cache/ecr-login"), nil)
	if err != nil {
		u.t.Fatal(err)
	}
	defer s.Close()
	kept, err := s.Entries()
	if err != nil {
		u.t.Fatal(err)
	}
	for _, k := range kept {
		for _, host := range hosts {
			added := k.Entry
			added.Host, added.Password = host, "eyJwrong"
			if err := s.Save(added, k.For); err != nil {
				u.t.Fatal(err)
			}
		}
	}
}

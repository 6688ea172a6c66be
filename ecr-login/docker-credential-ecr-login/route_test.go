package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/store"
)

const alias = "docker.example.com:5000"

// routes returns the paths of the files with routes.
func (u *user) routes() []string {
	u.t.Helper()
	paths, err := filepath.Glob(u.path("cache/ecr-login/*.route"))
	if err != nil {
		u.t.Fatal(err)
	}
	return paths
}

// warm requests a password twice, and fails unless the second request takes the fast path.
func (u *user) warm(host string, env ...string) (password string) {
	u.t.Helper()
	password = u.get(host, env...).password(u.t)
	if a := u.get(host, env...); !a.fast || a.password(u.t) != password {
		u.t.Fatalf("the second request is not a hit on the fast path: %+v", a)
	}
	return password
}

// A host that is no longer an alias gets no token, and one that is an alias of another registry gets that one's token,
// even if the file has the same size and times. The previous configuration applies again once it is restored.
func TestRouteOfPreviousConfiguration(t *testing.T) {
	t.Parallel()
	u := newUser(t, startCloud(t), aliasRule)
	info, err := os.Stat(u.path("config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	replace := func(configuration string) {
		t.Helper()
		u.configure(configuration)
		if err := os.Chtimes(u.path("config.yaml"), info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
	}
	password := u.warm(alias)
	removed := strings.Replace(aliasRule, "docker.", "dicker.", 1)
	replace(removed)
	for range 2 {
		if a := u.get(alias); a.exit != 1 || a.stdout != "credentials not found in native keychain\n" {
			t.Errorf("a removed alias: %+v", a)
		}
	}
	replace(strings.Replace(aliasRule, "us-west-2", "us-west-1", 1))
	other := u.warm(alias)
	if other == password {
		t.Error("an alias of another registry gets the token of the previous one")
	}
	if got := u.warm(strings.Replace(ecrHost, "us-west-2", "us-west-1", 1)); got != other {
		t.Error("the alias and its registry have different tokens")
	}
	if err := os.Remove(u.path("config.yaml")); err != nil {
		t.Fatal(err)
	}
	if a := u.get(alias); a.exit != 1 || strings.Contains(a.stdout, "eyJ") { // ECR_LOGIN_CONFIG names the file
		t.Errorf("without the configuration: %+v", a)
	}
	if a := u.get(alias, "ECR_LOGIN_CONFIG="); a.exit != 1 || !a.fast || a.stdout != "credentials not found in native keychain\n" {
		t.Errorf("without any configuration: %+v", a)
	}
	replace(aliasRule)
	if a := u.get(alias); !a.fast || a.password(t) != password {
		t.Errorf("with the previous configuration: %+v", a)
	}
}

// Routes contain no secret, and "cache clear --all" removes them, also if the tokens are in another directory.
func TestRouteContents(t *testing.T) {
	t.Parallel()
	u := newUser(t, startCloud(t), aliasRule+"cache: {dir: HOME/elsewhere, variables: [TEAM_SECRET]}")
	env := []string{"TEAM_SECRET=topsecret"}
	password := u.warm(alias, env...)
	u.warm(ecrHost, env...)
	routes := u.routes()
	if len(routes) != 2 {
		t.Fatalf("routes: %q", routes)
	}
	for _, path := range routes {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{password, "topsecret", "wJalrXUtnFEMI"} {
			if strings.Contains(string(content)+path, secret) {
				t.Errorf("%s contains a secret: %q", path, content)
			}
		}
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	// The value of a variable is part of the key of the token, not of the route.
	if a := u.get(alias, "TEAM_SECRET=another"); a.password(t) == password {
		t.Error("another value of the variable has the same token")
	}
	if a := u.run([]string{dockerHelper, "cache", "clear", ecrHost}, ""); a.exit != 0 || len(u.routes()) != 2 {
		t.Errorf("cache clear: %+v, routes: %q", a, u.routes())
	}
	if a := u.run([]string{dockerHelper, "cache", "clear", "--all"}, ""); a.exit != 0 || a.stderr != "" || len(u.routes()) != 0 {
		t.Errorf("cache clear --all: %+v, routes: %q", a, u.routes())
	}
	u.warm(alias, env...)
}

// There is no route if tokens are not in files, or if the fast path does not need one.
func TestNoRoute(t *testing.T) {
	t.Parallel()
	cloud := startCloud(t)
	for what, tt := range map[string]struct{ configuration, host string }{
		"disabled":         {"cache: {disabled: true}", ecrHost},
		"disabled alias":   {aliasRule + "cache: {disabled: true}", alias},
		"credential store": {aliasRule + "cache: {store: none}", alias},
		"not needed":       {aliasRule, ecrHost},
		"unknown host":     {aliasRule + "timeout: 20s", "other.example.com"},
		"http":             {aliasRule + "timeout: 20s", "http://" + ecrHost},
	} {
		u := newUser(t, cloud, tt.configuration)
		for range 2 {
			if a := u.get(tt.host); a.fast && what != "not needed" {
				t.Errorf("%s: fast: %+v", what, a)
			}
		}
		if routes := u.routes(); len(routes) > 0 {
			t.Errorf("%s: routes %q", what, routes)
		}
	}
}

// Without a usable default directory, requests take longer, and nothing is printed about it.
func TestRouteWithoutDirectory(t *testing.T) {
	t.Parallel()
	cloud := startCloud(t)
	for what, tt := range map[string]struct {
		directory string // an existing one in HOME
		prepare   func(u *user) error
	}{
		"its parent is a file": {"", func(u *user) error { return os.WriteFile(u.path("cache"), nil, 0o600) }},
		"a file": {"cache",
			func(u *user) error { return os.WriteFile(u.path("cache/ecr-login"), nil, 0o600) }},
		"a link": {"cache", func(u *user) error { return os.Symlink(u.home, u.path("cache/ecr-login")) }},
		"others can write": {"cache/ecr-login",
			func(u *user) error { return os.Chmod(u.path("cache/ecr-login"), 0o777) }},
		"others can write the route": {"cache/ecr-login", func(u *user) error {
			u.get(alias)
			return os.Chmod(u.routes()[0], 0o666)
		}},
	} {
		if runtime.GOOS == "windows" && strings.HasPrefix(what, "others") {
			continue
		}
		u := newUser(t, cloud, aliasRule+"cache: {dir: HOME/elsewhere}")
		if err := os.MkdirAll(u.path(tt.directory), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := tt.prepare(u); err != nil {
			t.Logf("%s: skipped: %v", what, err)
			continue
		}
		password := u.get(alias, "HTTPS_PROXY="+cloud.Proxy).password(t)
		if a := u.get(alias); a.password(t) != password || a.stderr != "" || a.fast != (what == "others can write the route") {
			t.Errorf("%s: %+v", what, a)
		}
	}
}

// A request waits in the fast path for another one, for the time limit of its route, and returns its token.
func TestRouteLimitsWait(t *testing.T) {
	t.Parallel()
	u := newUser(t, startCloud(t), aliasRule+"timeout: 18s\ncache: {dir: HOME/elsewhere}")
	u.warm(alias)
	s, err := store.Open(u.path("elsewhere"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	kept, err := s.Entries()
	if err != nil {
		t.Fatal(err)
	}
	var token store.Kept
	for _, k := range kept {
		if k.Host == ecrHost {
			token = k
		}
	}
	if err := s.Erase(store.AllHosts); err != nil {
		t.Fatal(err)
	}
	unlock, ok := s.TryLock(s.LockPaths(ecrHost, token.For)[0])
	if !ok {
		t.Fatal("the lock is held")
	}
	defer unlock()
	began := time.Now()
	answered := make(chan answer)
	go func() { answered <- u.get(alias, "HTTPS_PROXY=http://127.0.0.1:1") }()
	if err := s.Save(token.Entry, token.For); err != nil {
		t.Fatal(err)
	}
	if a := <-answered; !a.fast || a.password(t) != token.Password || time.Since(began) >= 18*time.Second/3 {
		t.Errorf("after %s: %+v", time.Since(began), a)
	}
	// Another process keeps the first lock. The request is made with the second one, after a third of the time, which is
	// more than a third of the default.
	if err := s.Remove(ecrHost, token.For); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	a := u.get(alias)
	if took := time.Since(began); a.password(t) == token.Password || took < 5900*time.Millisecond || took > 18*time.Second {
		t.Errorf("after %s: %+v", took, a)
	}
}

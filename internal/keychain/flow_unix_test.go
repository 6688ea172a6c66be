//go:build unix

package keychain_test

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ecrlogin/cache"
	"ecrlogin/credentials"
	"ecrlogin/internal/lifetime"
)

// Tokens in a keychain are used, renewed and replaced like those in files.
func TestLifetime(t *testing.T) {
	u := newUser(t)
	u.gets(host, 1)
	u.gets(host, 1)
	u.gets(otherHost, 2)
	half := lifetime.Renewal(u.now, u.now.Add(12*time.Hour), "us-west-2").Sub(u.now)
	u.now = u.now.Add(half - time.Second)
	u.gets(host, 1)
	u.now = u.now.Add(time.Second) // half of its life, or a little less
	u.gets(host, 3)
	u.gets(host, 3)
	u.now = u.now.Add(7 * time.Hour)
	u.err = errors.New("no route")
	u.gets(host, 3)
	u.said("token could not be renewed, using the cached one (valid for 5h0m0s): no route\n")
	u.err = nil
	u.now = u.now.Add(5 * time.Hour)
	u.gets(host, 5)
	t.Setenv("AWS_PROFILE", "other")
	u.gets(host, 6)
	u.said("")
}

// A hit runs the helper twice: for the token of docker login, and for that of the identity.
func TestRuns(t *testing.T) {
	u := newUser(t)
	u.gets(host, 1)
	u.ran()
	u.gets(host, 1)
	if got := u.ran(); got != "get get" {
		t.Errorf("a hit ran %q", got)
	}
}

// An entry has its own name, and its secret is one line that is short enough for Windows.
func TestSecret(t *testing.T) {
	u := newUser(t)
	u.as = "role arn:aws:sts::123456789012:assumed-role/" + strings.Repeat("x", 64) + "/" + strings.Repeat("y", 64)
	u.gets(host, 1)
	if got, want := u.names(), []string{u.name(host)}; !slices.Equal(got, want) {
		t.Errorf("the keychain contains %q, want %q", got, want)
	}
	username, secret, err := u.keychain.Helper.Get(u.name(host))
	if err != nil || username != "AWS" || len(secret) > 2560 || strings.ContainsAny(secret, "\r\n") {
		t.Errorf("user name %q, a secret of %d bytes, %v", username, len(secret), err)
	}
}

// The token of docker login is used until it is removed, which also removes earlier tokens.
func TestLogin(t *testing.T) {
	u := newUser(t)
	u.gets(host, 1)
	r := parse(t, host)
	brought := credentials.Token{Username: "AWS", Password: password(77), IssuedTo: "docker login", Issued: u.now, Expiry: u.now.Add(time.Hour)}
	if err := u.cache.Keep(r, brought); err != nil {
		t.Fatal(err)
	}
	u.gets(host, 77)
	kept := credentials.Token{Username: "AWS", Password: password(1), IssuedTo: "docker login", Issued: u.now, Expiry: u.now.Add(time.Hour)}
	if err := u.cache.Keep(r, kept); err != nil {
		t.Fatal(err)
	}
	u.gets(host, 77)
	if err := u.cache.Drop(host); err != nil {
		t.Fatal(err)
	}
	u.gets(host, 2)
	u.said("")
}

// slow makes each run of the keychain take the given time by the user's clock.
func (u *user) slow(d time.Duration) {
	u.t.Helper()
	u.ran()
	u.cache.Now = func() time.Time {
		runs, _ := os.ReadFile(filepath.Join(u.dir, "runs")) // missing before the first run
		return u.now.Add(d * time.Duration(bytes.Count(runs, []byte("\n"))))
	}
}

// A token that expires while the keychain waits for the user is not returned.
func TestSlowKeychain(t *testing.T) {
	t.Run("own", func(t *testing.T) {
		u := newUser(t)
		u.life = 20 * time.Second
		u.gets(host, 1)
		u.slow(4 * time.Second)
		u.gets(host, 1) // after 8 s
		u.slow(9 * time.Second)
		u.gets(host, 2) // after 18 s, 2 s before its expiry
		u.said("")
	})
	t.Run("of a login", func(t *testing.T) {
		u := newUser(t)
		brought := credentials.Token{Username: "AWS", Password: password(77), Issued: u.now, Expiry: u.now.Add(20 * time.Second)}
		if err := u.cache.Keep(parse(t, host), brought); err != nil {
			t.Fatal(err)
		}
		u.slow(17 * time.Second)
		u.gets(host, 77)
		u.slow(21 * time.Second)
		u.gets(host, 1)
		u.said("")
	})
}

// A token is not stored after docker logout during a get, nor after one while the keychain stores the token.
func TestEraseDuringGet(t *testing.T) {
	erase := func(u *user) {
		other := *u.cache // like another process
		if err := other.Drop(host); err != nil {
			u.t.Error(err)
		}
	}
	t.Run("during the request to AWS", func(t *testing.T) {
		u := newUser(t)
		u.during = func() { erase(u) }
		u.gets(host, 1)
		if names := u.names(); len(names) != 0 {
			t.Errorf("the keychain contains %q", names)
		}
	})
	t.Run("while the keychain stores", func(t *testing.T) {
		u := newUser(t)
		u.install(`test "$1" = store && touch "$DIR/storing" && while test -e "$DIR/storing"; do sleep 0.01; done;` + script)
		go func() { // the host is erased before the entry exists
			defer os.Remove(filepath.Join(u.dir, "storing"))
			for range 1000 {
				if _, err := os.Stat(filepath.Join(u.dir, "storing")); err == nil {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			erase(u)
		}()
		u.gets(host, 1)
		if names := u.names(); len(names) != 0 {
			t.Errorf("the keychain contains %q", names)
		}
	})
	t.Run("before the next get", func(t *testing.T) {
		u := newUser(t)
		u.gets(host, 1)
		erase(u)
		u.gets(host, 2)
		u.gets(host, 2)
	})
}

func TestContents(t *testing.T) {
	u := newUser(t)
	expect := func(hosts ...string) {
		t.Helper()
		want := map[string]string{}
		for _, h := range hosts {
			want[h] = "AWS"
		}
		if got := u.cache.Hosts(); !maps.Equal(got, want) {
			t.Errorf("Hosts() = %v, want %v", got, want)
		}
	}
	entries := func(want int) {
		t.Helper()
		if kept, err := u.cache.Entries(); len(kept) != want || err != nil {
			t.Errorf("Entries() = %d, %v; want %d", len(kept), err, want)
		}
	}
	t.Setenv("AWS_PROFILE", "dev")
	expect()
	entries(0)
	u.gets(host, 1)
	u.gets(otherHost, 2)
	expect(host, otherHost)
	t.Setenv("AWS_PROFILE", "other")
	expect()
	u.gets(host, 3)
	expect(host)
	entries(3)
	t.Setenv("AWS_PROFILE", "dev")
	if err := u.cache.Drop(host); err != nil {
		t.Error(err)
	}
	expect(otherHost)
	entries(1)
	u.now = u.now.Add(13 * time.Hour)
	expect()
	entries(1)
	if err := u.cache.Clear(); err != nil {
		t.Error(err)
	}
	entries(0)
	if err := errors.Join(u.cache.Drop(host), u.cache.Clear()); err != nil {
		t.Errorf("of an empty cache: %v", err)
	}
	u.said("")
}

// Hosts reads only the tokens of the identity, because the keychain may prompt the user for each.
func TestListRuns(t *testing.T) {
	u := newUser(t)
	u.gets(host, 1)
	t.Setenv("AWS_PROFILE", "other")
	u.gets(host, 2)
	u.ran()
	u.cache.Hosts()
	if got := u.ran(); got != "list get" {
		t.Errorf("Hosts ran %q", got)
	}
}

// Other passwords in the keychain are not changed.
func TestOtherPasswords(t *testing.T) {
	u := newUser(t)
	others := []string{"https://" + host, "https://ecr-login.invalid/" + host, "https://index.docker.io/v1/", "https://registry.example.com/ecr-login.invalid/" + host}
	for _, name := range others {
		u.put(name, "hunter2")
	}
	u.gets(host, 1)
	if kept, err := u.cache.Entries(); len(kept) != 1 || err != nil {
		t.Errorf("Entries() = %d, %v", len(kept), err)
	}
	if err := errors.Join(u.cache.Drop(host), u.cache.Clear()); err != nil {
		t.Error(err)
	}
	slices.Sort(others)
	if got := u.names(); !slices.Equal(got, others) {
		t.Errorf("got %q, want %q", got, others)
	}
}

// The disk contains no part of a token, including tokens from before the keychain was configured.
func TestNothingOnDisk(t *testing.T) {
	u := newUser(t)
	clean := func() {
		t.Helper()
		err := filepath.WalkDir(u.home, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			if bytes.Contains(content, []byte("eyJ")) {
				t.Errorf("%s contains a token", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	files := &cache.Cache{Source: u, Dir: u.cache.Dir}
	fill := func() {
		t.Helper()
		for _, h := range []string{host, otherHost} {
			if _, err := files.Token(t.Context(), parse(t, h)); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill()
	u.gets(host, 3)
	clean()
	u.gets(host, 3)
	u.now = u.now.Add(7 * time.Hour)
	u.gets(host, 4)
	clean()
	fill()
	if err := u.cache.Keep(parse(t, host), credentials.Token{Username: "AWS", Password: password(7), Issued: u.now, Expiry: u.now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	clean()
	u.install("exit 1") // the keychain is locked
	u.gets(host, 7)
	clean()
	if locks, err := filepath.Glob(filepath.Join(u.cache.Dir, "*.lock")); len(locks) == 0 || err != nil {
		t.Errorf("the directory contains no locks: %v", err)
	}
}

// Several gets that miss at the same time send one request.
func TestOneRequest(t *testing.T) {
	u := newUser(t)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			c := *u.cache
			if token, err := c.Token(t.Context(), parse(t, host)); err != nil || token.Password != password(1) {
				t.Errorf("got %.12q, %v", token.Password, err)
			}
		})
	}
	all.Wait()
	if u.calls != 1 {
		t.Errorf("%d calls, want 1", u.calls)
	}
}

// Expired entries are removed, even if each has another key, as with the keys of a session.
func TestSweep(t *testing.T) {
	u := newUser(t)
	for i := range 40 {
		t.Setenv("AWS_SESSION_TOKEN", strings.Repeat("x", i))
		u.gets(host, i+1)
		u.now = u.now.Add(6 * time.Hour)
	}
	if n := len(u.names()); n > 15 {
		t.Errorf("%d entries, of which 2 are valid", n)
	}
	if _, err := u.keychain.Load(t.Context(), host, u.id()); err != nil {
		t.Errorf("the last entry: %v", err)
	}
	u.said("")
}

// If the cache is disabled, the keychain is not used.
func TestDisabled(t *testing.T) {
	u := newUser(t)
	u.cache.Dir = ""
	u.gets(host, 1)
	u.gets(host, 2)
	if hosts := u.cache.Hosts(); len(hosts) != 0 {
		t.Errorf("Hosts() = %v", hosts)
	}
	err := errors.Join(u.cache.Drop(host), u.cache.Clear())
	if got := u.ran(); err != nil || got != "" {
		t.Errorf("the helper ran %q, %v", got, err)
	}
	if err := u.cache.Keep(parse(t, host), credentials.Token{}); err == nil {
		t.Error("Keep succeeded")
	}
}

//go:build unix

package keychain_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/cache"
	"ecrlogin/credentials"
	"ecrlogin/internal/cachekey"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/keychain"
	"ecrlogin/internal/nativehelper"
	"ecrlogin/internal/store"
	"ecrlogin/registry"
)

const (
	host      = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	otherHost = "210987654321.dkr.ecr.eu-central-1.amazonaws.com"
	named     = `"store" of "cache" in /etc/ecr-login/config.yaml`
)

// A user requests tokens from one cache, at times that the test sets. All files except the keychain's are in home,
// including TMPDIR.
type user struct {
	t        *testing.T
	now      time.Time
	calls    int // to AWS
	err      error
	as       string // IssuedTo of new tokens
	life     time.Duration
	during   func() // called during each request to AWS; may be nil
	home     string
	dir      string // of the keychain
	keychain *keychain.Store
	cache    *cache.Cache
	notices  *strings.Builder
}

// Token implements credentials.Source. It returns a new password for each call.
func (u *user) Token(context.Context, registry.Registry) (credentials.Token, error) {
	u.calls++
	if u.during != nil {
		u.during()
	}
	if u.err != nil {
		return credentials.Token{}, u.err
	}
	return credentials.Token{Username: "AWS", Password: password(u.calls), IssuedTo: u.as, Issued: u.now.UTC(), Expiry: u.now.Add(u.life).UTC()}, nil
}

// password returns the password of a call to AWS, which is as long as a real one.
func password(call int) string {
	return strings.Repeat(fmt.Sprintf("eyJmYWtl%04d", call), 160)
}

func newUser(t *testing.T) *user {
	t.Helper()
	u := &user{t: t, now: time.Now().Truncate(time.Second), as: `profile "dev"`, life: 12 * time.Hour, home: t.TempDir(), dir: t.TempDir(), notices: new(strings.Builder)}
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("HOME", u.home)
	t.Setenv("TMPDIR", filepath.Join(u.home, "tmp"))
	for _, dir := range []string{filepath.Join(u.home, "tmp"), filepath.Join(u.dir, "kept")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", u.dir+":"+os.Getenv("PATH"))
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TEST_BINARY", own)
	u.keychain = &keychain.Store{Helper: &nativehelper.Helper{Name: "fake", Env: environ.Process(), Named: named}}
	u.cache = &cache.Cache{Source: u, Dir: filepath.Join(u.home, "cache"), Keychain: u.keychain, Notices: u.notices, Now: func() time.Time { return u.now }}
	u.install(script)
	return u
}

// install replaces the helper of the keychain.
func (u *user) install(script string) {
	u.t.Helper()
	if err := os.WriteFile(filepath.Join(u.dir, "docker-credential-fake"), []byte("#!/bin/sh\nDIR='"+u.dir+"'\n"+script+"\n"), 0o700); err != nil {
		u.t.Fatal(err)
	}
}

// ran returns the actions for which the helper ran since the last call.
func (u *user) ran() string {
	u.t.Helper()
	path := filepath.Join(u.dir, "runs")
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		u.t.Fatal(err)
	}
	_ = os.Remove(path)
	return strings.Join(strings.Fields(string(text)), " ")
}

func parse(t *testing.T, host string) registry.Registry {
	t.Helper()
	r, err := registry.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// timeLimit is the time limit of a request. It is longer than the default of the program, for busy machines.
const timeLimit = 45 * time.Second

// gets requests a token and fails the test unless the password is that of the given call to AWS.
func (u *user) gets(host string, call int) {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.t.Context(), timeLimit)
	defer cancel()
	token, err := u.cache.Token(ctx, parse(u.t, host))
	if err != nil || token.Password != password(call) {
		u.t.Errorf("got %.12q, %v after %d calls; want %.12q", token.Password, err, u.calls, password(call))
	}
}

// said fails the test unless the notices since the last call are exactly want.
func (u *user) said(want string) {
	u.t.Helper()
	if got := u.notices.String(); got != want {
		u.t.Errorf("notices %q\nwant %q", got, want)
	}
	u.notices.Reset()
}

// put stores a secret in the keychain.
func (u *user) put(serverURL, secret string) {
	u.t.Helper()
	if err := u.kept().Add(&helper.Credentials{ServerURL: serverURL, Secret: secret}); err != nil {
		u.t.Fatal(err)
	}
}

// kept returns the content of the keychain.
func (u *user) kept() directory { return directory(filepath.Join(u.dir, "kept")) }

// names returns the names in the keychain, sorted.
func (u *user) names() []string {
	u.t.Helper()
	servers, err := u.kept().List()
	if err != nil {
		u.t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(servers))
}

// id returns the key of the user's current identity.
func (u *user) id() store.Key {
	u.t.Helper()
	in, err := cachekey.Read(environ.Process(), "")
	if err != nil {
		u.t.Fatal(err)
	}
	return in.Key()
}

// name returns the name of the user's entry for a host.
func (u *user) name(host string) string {
	return "https://ecr-login.invalid/" + host + "/" + u.id().String()
}

package cache_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/cachekey"
	"ecrlogin/internal/environ"
	"ecrlogin/registry"
)

// A reader is a Source whose password is derived from the content of a file.
type reader struct {
	path  string
	then  func() // called after the file was read; may be nil
	err   error
	calls int
}

func (r *reader) Token(context.Context, registry.Registry) (credentials.Token, error) {
	r.calls++
	content, err := os.ReadFile(r.path)
	if err != nil {
		return credentials.Token{}, err
	}
	if r.then != nil {
		r.then()
	}
	if r.err != nil {
		time.Sleep(1100 * time.Millisecond) // only slow failures are cached
		return credentials.Token{}, r.err
	}
	now := time.Now().UTC()
	return credentials.Token{Username: "AWS", Password: passwordOf(string(content)), Issued: now, Expiry: now.Add(time.Hour)}, nil
}

// passwordOf returns the password for a content of the file, in one line.
func passwordOf(content string) string { return "for " + strings.Join(strings.Fields(content), " ") }

// replace replaces the file by a new one.
func (r *reader) replace(content string) {
	if os.WriteFile(r.path+".new", []byte(content), 0o600) == nil {
		_ = os.Rename(r.path+".new", r.path)
	}
}

const (
	alice = "[default]\nrole_arn = alice\n"
	bob   = "[default]\nrole_arn = bob\n"
)

// newReader returns a user, a reader of the user's AWS configuration, and a function that writes that file. Its
// content is that of alice.
func newReader(t *testing.T) (*user, *reader, func(content string)) {
	t.Helper()
	u := newUser(t)
	u.cache.Now = nil
	r := &reader{path: filepath.Join(os.Getenv("HOME"), "config")}
	u.cache.Source = r
	t.Setenv("AWS_CONFIG_FILE", r.path)
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(r.path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(alice)
	return u, r, write
}

// If the AWS files change while a token is fetched, the token is not cached, because its identity is unknown.
func TestChangeDuringGet(t *testing.T) {
	for name, change := range map[string]func(write func(string), r *reader){
		"other identity":                           func(write func(string), _ *reader) { write(bob) },
		"other identity and back":                  func(write func(string), _ *reader) { write(bob); write(alice) },
		"replaced by a file with the same content": func(_ func(string), r *reader) { r.replace(alice) },
		"credentials created and removed": func(func(string), *reader) {
			path := filepath.Join(os.Getenv("HOME"), ".aws", "credentials")
			_ = os.WriteFile(path, nil, 0o600)
			_ = os.Remove(path)
		},
		"removed": func(_ func(string), r *reader) { _ = os.Remove(r.path) },
	} {
		t.Run(name, func(t *testing.T) {
			u, r, write := newReader(t)
			if err := os.Mkdir(filepath.Join(os.Getenv("HOME"), ".aws"), 0o700); err != nil {
				t.Fatal(err)
			}
			r.then = func() { change(write, r) }
			if token, err := u.ask(); err != nil || token.Password != passwordOf(alice) {
				t.Fatalf("got %q, %v", token.Password, err)
			}
			if kept, err := u.cache.Entries(); err != nil || len(kept) != 0 {
				t.Errorf("%d tokens are cached, %v", len(kept), err)
			}
			r.then = nil
			write(bob)
			if token, err := u.ask(); err != nil || token.Password != passwordOf(bob) {
				t.Errorf("got %q, %v", token.Password, err)
			}
			write(alice)
			if token, err := u.ask(); err != nil || token.Password != passwordOf(alice) {
				t.Errorf("got %q, %v", token.Password, err)
			}
			if r.calls != 3 {
				t.Errorf("%d calls, want 3", r.calls)
			}
		})
	}
}

// A failure is not cached either.
func TestChangeDuringFailure(t *testing.T) {
	u, r, write := newReader(t)
	r.err = errors.New("no route")
	r.then = func() { write(bob) }
	if _, err := u.ask(); err == nil {
		t.Fatal("no failure")
	}
	write(alice)
	r.err, r.then = nil, nil
	if token, err := u.ask(); err != nil || token.Password != passwordOf(alice) {
		t.Errorf("got %q, %v", token.Password, err)
	}
}

// While the files change continuously, no identity gets the token of another one.
func TestContinuousChanges(t *testing.T) {
	u, r, write := newReader(t)
	stop := make(chan struct{})
	var toggling sync.WaitGroup
	toggling.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if content := []string{alice, bob}[i%2]; i%16 < 8 {
				r.replace(content)
			} else {
				write(content)
			}
		}
	})
	for range 100 {
		if _, err := u.ask(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	toggling.Wait()
	for _, content := range []string{alice, bob, ""} {
		write(content)
		if token, err := u.ask(); err != nil || token.Password != passwordOf(content) {
			t.Errorf("for %q: got %q, %v", content, token.Password, err)
		}
	}
}

// Processes that wait for a result get one for their own identity.
func TestChangeWhileProcessesWait(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	m.config("[default]\n")
	g := m.gate()
	leader, waiters := m.lead(g, 4)
	m.config("[default]\nregion = us-west-2\n")
	g.pass()
	first := leader.wait().quiet().password()
	g.wait()
	g.open()
	second := waiters[0].wait().quiet().password()
	for _, p := range waiters[1:] {
		if p.wait().quiet().password() != second {
			t.Error("the passwords differ")
		}
	}
	m.called(2)
	m.checkEntry(second)
	m.config("[default]\n")
	if third := m.password(host); third == first || third == second {
		t.Error("the token that was fetched during the change is cached")
	}
	m.called(1)
}

// A token is not cached if the configuration changes right after it was read.
func TestConfigurationChangesBeforeGet(t *testing.T) {
	u, r, _ := newReader(t)
	before, err := cachekey.Take(environ.Process(), "")
	if err != nil {
		t.Fatal(err)
	}
	u.cache.Inputs = func() (cachekey.Inputs, error) { return before, nil }
	path := filepath.Join(os.Getenv("HOME"), ".config/ecr-login/config.yaml")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("timeout: 5s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := u.ask(); err != nil {
		t.Fatal(err)
	}
	if kept, err := u.cache.Entries(); err != nil || len(kept) != 0 || r.calls != 1 {
		t.Errorf("%d tokens are cached, %v, after %d calls", len(kept), err, r.calls)
	}
}

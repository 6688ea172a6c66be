//go:build unix

package keychain_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/keychain"
	"ecrlogin/internal/store"
)

// If the keychain is unavailable, each get returns a token, prints one line with the cause, and does not run the helper
// again.
func TestUnavailable(t *testing.T) {
	tests := []struct{ name, script, reason, ran string }{
		{"locked", `echo "$1" >>"$DIR/runs"; echo keychain is locked; exit 1`, "docker-credential-fake failed with exit code 1: keychain is locked", "get"},
		{"garbage", `echo "$1" >>"$DIR/runs"; echo eyJ`, "docker-credential-fake returned invalid JSON for get, " +
			"which is not shown because it may contain a secret; run it manually, or change " + named, "get"},
		{"crash", `echo "$1" >>"$DIR/runs"; kill -SEGV $$`, "docker-credential-fake was terminated by a signal (segmentation fault) during get; run it manually", "get"},
		{"hanging", `echo "$1" >>"$DIR/runs"; sleep 600`, "docker-credential-fake did not respond to get within 200ms and was stopped; check whether its keychain is locked and waits for input, or increase timeout or ECR_LOGIN_TIMEOUT", "get"},
		{"not writable", `echo "$1" >>"$DIR/runs"; test "$1" = store || echo credentials not found in native keychain; exit 1`,
			"docker-credential-fake failed with exit code 1: no output", "get get get get store"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newUser(t)
			u.keychain.Helper.Timeout = 10 * time.Second
			if tt.name == "hanging" {
				u.keychain.Helper.Timeout = 200 * time.Millisecond
			}
			u.install(tt.script)
			for call := 1; call <= 2; call++ {
				u.gets(host, call)
				u.said(host + ": continuing without the token cache: " + tt.reason + "\n")
				if got := u.ran(); got != tt.ran {
					t.Errorf("the helper ran %q, want %q", got, tt.ran)
				}
			}
		})
	}
}

func TestMissing(t *testing.T) {
	u := newUser(t)
	u.keychain.Helper.Stderr = u.notices
	if err := os.Remove(filepath.Join(u.dir, "docker-credential-fake")); err != nil {
		t.Fatal(err)
	}
	const reason = "docker-credential-fake is not on PATH; install it, or change " + named
	u.gets(host, 1)
	u.said(host + ": continuing without the token cache: " + reason + "\n")
	if hosts := u.cache.Hosts(); hosts == nil || len(hosts) != 0 {
		t.Errorf("Hosts() = %v", hosts)
	}
	u.said("cached tokens are not listed: " + reason + "\n")
	_, entriesErr := u.cache.Entries()
	for _, err := range []error{entriesErr, u.cache.Drop(host), u.cache.Clear(), u.cache.Keep(parse(t, host), credentials.Token{Username: "AWS", Password: "p", Issued: u.now, Expiry: u.now.Add(time.Hour)})} {
		if err == nil || err.Error() != reason || !errors.Is(err, keychain.ErrUnavailable) {
			t.Errorf("%v\nwant %s", err, reason)
		}
	}
	u.said("")
}

// A keychain that does not respond leaves enough time for the request to AWS.
func TestNoResponseWithinDeadline(t *testing.T) {
	u := newUser(t)
	u.install("sleep 600")
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
	defer cancel()
	token, err := u.cache.Token(ctx, parse(t, host))
	if left := time.Until(deadline(ctx)); err != nil || token.Password != password(1) || left < 500*time.Millisecond {
		t.Errorf("got %.12q, %v with %s left", token.Password, err, left)
	}
}

func deadline(ctx context.Context) time.Time {
	d, _ := ctx.Deadline()
	return d
}

// A process that cannot read the result of another one does not wait for it.
func TestNoWaitWithoutKeychain(t *testing.T) {
	u := newUser(t)
	u.gets(host, 1)
	dir, err := store.Open(u.cache.Dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	unlock, err := dir.Lock(t.Context(), dir.LockPaths(host, u.id())[0])
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	u.install("exit 1")
	began := time.Now()
	u.gets(host, 2)
	if took := time.Since(began); took >= timeLimit/3 { // as long as it waits
		t.Errorf("the get took %s", took)
	}
}

// An invalid entry is a miss and is replaced.
func TestInvalidEntry(t *testing.T) {
	lines := func(values ...string) string { return strings.Join(values, "\t") }
	now := time.Now().Unix()
	valid := []string{"ecr-login token 2", host, "123456789012", "us-west-2", host, "dev", "AWS", "eyJold", strconv.FormatInt(now, 10), strconv.FormatInt(now+3600, 10)}
	with := func(i int, value string) string {
		changed := append([]string{}, valid...)
		changed[i] = value
		return lines(changed...)
	}
	for name, secret := range map[string]string{
		"empty": "", "a password": "hunter2", "truncated": lines(valid[:9]...), "additional value": lines(append(valid, "x")...), "other host": with(1, otherHost), "no password": with(7, ""),
		"invalid time": with(9, "tomorrow"), "other type": with(0, "ecr-login failure 1"), "version 0": with(0, "ecr-login token 0"),
	} {
		t.Run(name, func(t *testing.T) {
			u := newUser(t)
			u.put(u.name(host), secret)
			u.gets(host, 1)
			u.gets(host, 1)
			u.said("")
		})
	}
	t.Run("valid entry", func(t *testing.T) {
		u := newUser(t)
		u.put(u.name(host), lines(valid...))
		if token, err := u.cache.Token(t.Context(), parse(t, host)); err != nil || token.Password != "eyJold" || token.IssuedTo != "dev" {
			t.Errorf("got %v, %v", token, err)
		}
	})
	t.Run("later version", func(t *testing.T) {
		u := newUser(t)
		u.put(u.name(host), "ecr-login token 3\tand so on")
		u.gets(host, 1)
		u.gets(host, 2)
		u.said("")
		if _, secret, err := u.keychain.Helper.Get(u.name(host)); err != nil || !strings.HasPrefix(secret, "ecr-login token 3") {
			t.Errorf("the entry is %.20q, %v", secret, err)
		}
	})
}

// A token that cannot be encoded as one line is returned but not stored.
func TestNotEncodable(t *testing.T) {
	u := newUser(t)
	for i, as := range []string{"profile\tdev", "profile\ndev"} {
		u.as = as
		u.gets(host, i+1)
		if got := u.names(); len(got) != 0 {
			t.Errorf("%q are stored", got)
		}
	}
	u.said("")
}

// An invalid entry can be erased.
func TestEraseInvalidEntry(t *testing.T) {
	u := newUser(t)
	u.put(u.name(host), "hunter2")
	if kept, err := u.keychain.Entries(t.Context(), func(string, store.Key) bool { return true }); len(kept) != 0 || err != nil {
		t.Errorf("Entries() = %d, %v", len(kept), err)
	}
	if err := u.cache.Drop(host); err != nil {
		t.Error(err)
	}
	if got := u.names(); len(got) != 0 {
		t.Errorf("%q are left", got)
	}
}

// Drop, Clear and Entries return the errors of the keychain.
func TestContentsFail(t *testing.T) {
	u := newUser(t)
	u.gets(host, 1)
	u.install(`test "$1" = erase && { echo no; exit 3; };` + script)
	for _, err := range []error{u.cache.Drop(host), u.cache.Clear()} {
		if want := "docker-credential-fake failed with exit code 3: no"; err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	u.install(`test "$1" = get && { echo no; exit 3; };` + script) // not added to the runs
	if _, err := u.cache.Entries(); !errors.Is(err, keychain.ErrUnavailable) {
		t.Errorf("Entries: %v", err)
	}
	u.ran()
	entry := store.Entry{Host: host, Username: "AWS", Password: "eyJ", Issued: 1, Expiry: 2}
	if err := u.keychain.Save(t.Context(), entry, u.id()); !errors.Is(err, keychain.ErrUnavailable) || u.ran() != "" {
		t.Errorf("Save: %v; or it ran the helper more than once", err)
	}
	u.install(`test "$1" = list && { echo no; exit 3; };` + script)
	_, err := u.cache.Entries()
	if want := "docker-credential-fake failed with exit code 3: no"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

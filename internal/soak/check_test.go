package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// issued is an issuer with a fixed result for some passwords.
type issued map[string]awstest.IssuedToken

func (i issued) Issued(password string) (t awstest.IssuedToken, ok bool) {
	t, ok = i[password]
	return t, ok
}

const right = "right"

func newIssued(now time.Time) issued {
	own := arnOf(awstest.Account)
	return issued{
		right:           {Region: "us-west-2", ARN: own, Expires: now.Add(life)},
		"expired":       {Region: "us-west-2", ARN: own, Expires: now},
		"soon expired":  {Region: "us-west-2", ARN: own, Expires: now.Add(5 * time.Second)},
		"other region":  {Region: "eu-west-1", ARN: own, Expires: now.Add(life)},
		"public":        {Region: "us-west-2", ARN: own, Expires: now.Add(life), Public: true},
		"other account": {Region: "us-west-2", ARN: arnOf(otherAccount), Expires: now.Add(life)},
		"role":          {Region: "us-west-2", ARN: session + "ecr-login", Expires: now.Add(life)},
	}
}

// TestCheck passes each kind of fault to the check of a get.
func TestCheck(t *testing.T) {
	now := time.Now()
	g := &gets{soak: &soak{cloud: &awstest.Server{}}}
	docker, kubelet := g.docker("", west, arnOf(awstest.Account)), g.kubelet("", west, arnOf(awstest.Account))
	docker.want.Region, kubelet.want.Region = "us-west-2", "us-west-2"
	optional := docker.ofPublic()
	get := func(host, user, password string) string {
		b, _ := json.Marshal(map[string]string{"ServerURL": host, "Username": user, "Secret": password})
		return string(b)
	}
	cached := func(password, duration string) string {
		return `{"cacheDuration":"` + duration + `","auth":{"` + west + `":{"username":"AWS","password":"` + password + `"}}}`
	}
	const denied = "host: access denied; allow it\n"
	exit := errors.New("exit status 1")
	for _, tt := range []struct {
		name string
		c    client
		o    outcome
		want string // in the error; "" for none
	}{
		{"served", docker, outcome{out: get(west, "AWS", right)}, ""},
		{"not renewed", docker, outcome{out: get(west, "AWS", right), errOut: "using the cached one: " + denied}, ""},
		{"failed", docker, outcome{out: denied, errOut: denied, err: exit}, ""},
		{"kubelet", kubelet, outcome{out: cached(right, "9s")}, ""},
		{"no password", optional, outcome{out: "credentials not found in native keychain\n", errOut: denied, err: exit}, ""},

		{"late", docker, outcome{out: get(west, "AWS", right), took: docker.limit + grace + 1}, "its limit is 15s"},
		{"unknown", docker, outcome{out: get(west, "AWS", "unknown")}, "has not issued"},
		{"expired", docker, outcome{out: get(west, "AWS", "expired")}, "expired 0s before"},
		{"other region", docker, outcome{out: get(west, "AWS", "other region")}, "for eu-west-1"},
		{"public", docker, outcome{out: get(west, "AWS", "public")}, "public: true"},
		{"other account", docker, outcome{out: get(west, "AWS", "other account")}, "want of"},
		{"role", docker, outcome{out: get(west, "AWS", "role")}, "want of"},
		{"other host", docker, outcome{out: get(ireland, "AWS", right)}, "instead of"},
		{"user", docker, outcome{out: get(west, "user", right)}, "user name"},
		{"no JSON", docker, outcome{out: "x"}, "invalid character"},
		{"two responses", docker, outcome{out: get(west, "AWS", right) + get(west, "AWS", right)}, "after top-level value"},
		{"cached for too long", kubelet, outcome{out: cached("soon expired", "6s")}, "to be used for 6s"},
		{"secret", docker, outcome{out: get(west, "AWS", right), errOut: denied + awstest.SecretKey}, "contains a secret"},
		{"secret of a failure", docker, outcome{out: passwordStart, errOut: denied, err: exit}, "printed a secret"},
		{"several lines", docker, outcome{out: denied + denied, errOut: denied, err: exit}, "several lines"},
		{"not found", docker, outcome{out: "credentials not found in native keychain\n", err: exit}, "AWS did not cause"},
		{"cache", docker, outcome{out: get(west, "AWS", right), errOut: "the cache directory cannot be used\n"}, "unexpected message"},
		{"panic", docker, outcome{errOut: "panic: x\n", err: exit}, "crashed"},
	} {
		tt.o.printed = now
		_, err := tt.c.check(newIssued(now), tt.o)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestCheckTarget passes each kind of fault to the check of a file of ecr-token-refresh.
func TestCheckTarget(t *testing.T) {
	now := time.Now()
	want := awstest.IssuedToken{Region: "us-west-2", ARN: arnOf(awstest.Account)}
	for password, problem := range map[string]string{
		right: "", "expired": "had expired", "other region": "eu-west-1", "other account": otherAccount, right[:3]: "not issued", "": "not issued",
	} {
		file := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, now, now); err != nil {
			t.Fatal(err)
		}
		_, err := target{path: file, token: want}.check(newIssued(now))
		if (err == nil) != (problem == "") || err != nil && !strings.Contains(err.Error(), problem) {
			t.Errorf("%q: got %v, want %q", password, err, problem)
		}
	}
}

// TestGrowth checks that a measure that grows is a fault, and that others are not.
func TestGrowth(t *testing.T) {
	for _, tt := range []struct {
		values func(i int) int64
		grows  bool
	}{
		{func(int) int64 { return 12 }, false},
		{func(i int) int64 { return 12 + int64(i%3) }, false},
		{func(i int) int64 { return 12 + int64(i)/10 }, true},
	} {
		s, f := &samples{}, newFaults(t.Output())
		for i := range 90 {
			s.add([]measure{{"descriptors", 3, []int64{tt.values(i)}}})
		}
		if s.check(f); (f.err() != nil) != tt.grows {
			t.Errorf("got %v", f.err())
		}
	}
}

// TestCheckFiles checks which files in a cache directory are leftovers.
func TestCheckFiles(t *testing.T) {
	key := strings.Repeat("0a", 32)
	for name, ok := range map[string]bool{
		west + "@" + key + ".token": true, west + "@" + key + ".3.lock": true, "ecr.us-west-2@" + key + ".failure": true, sweepMark: true,
		west + "@" + key + ".0123456789abcdef.tmp": false, west + "@" + key + ".4.lock": false, "other": false,
	} {
		f := newFaults(t.Output())
		g := &gets{soak: &soak{dir: t.TempDir(), faults: f}}
		for _, dir := range []string{g.home(), g.temp(), g.cache(), g.steady()} {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(g.cache(), name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if g.checkFiles(); (f.err() == nil) != ok {
			t.Errorf("%s: %v", name, f.err())
		}
	}
}

package docker_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ecrlogin/cache"
	"ecrlogin/credentials/aws"
	"ecrlogin/credentials/docker"
	"ecrlogin/internal/awstest"
)

// login is what docker login writes to a helper's standard input.
func login(serverURL, user, password string) string {
	in, _ := json.Marshal(map[string]string{"ServerURL": serverURL, "Username": user, "Secret": password})
	return string(in) + "\n"
}

// issued returns a value in the format of an ECR password with that expiration time.
func issued(expiry time.Time) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"payload":"x","version":"2","type":"DATA_KEY","expiration":%d}`, expiry.Unix()))
}

// A user runs the helper with a separate cache.
type user struct {
	t     *testing.T
	dir   string
	cache *cache.Cache
	h     docker.Helper
}

func newUser(t *testing.T) *user {
	u := &user{t: t, dir: filepath.Join(t.TempDir(), "cache")}
	u.cache = &cache.Cache{Source: new(aws.Source), Dir: u.dir}
	u.h.Source, u.h.Tokens = u.cache, u.cache
	return u
}

func (u *user) run(action, in string) outcome {
	var out, errOut bytes.Buffer
	u.h.Notices = &errOut
	exit := u.h.Serve(action, strings.NewReader(in), &out, &errOut)
	return outcome{out.String(), errOut.String(), exit}
}

// password gets the password for a host, and fails without one.
func (u *user) password(host string) string {
	u.t.Helper()
	got := u.run("get", host)
	var answer struct{ Secret string }
	if err := json.Unmarshal([]byte(got.out), &answer); err != nil || got.exit != 0 {
		u.t.Fatalf("get %s: exit %d, stderr %q", host, got.exit, got.err)
	}
	return answer.Secret
}

// The password of docker login is used for its host until docker logout, for every AWS identity.
func TestLogin(t *testing.T) {
	cloud := newCloud(t, true)
	u := newUser(t)
	own := u.password(host)
	brought := cloud.IssueToken("us-west-2", false)
	if got := u.run("store", login("https://"+host, "AWS", brought)); got.exit != 0 || got.out != "" || !strings.Contains(got.err, host+": password stored until it expires at ") {
		t.Fatalf("store = %+v", got)
	}
	cloud.ResetCalls()
	if u.password(host) != brought {
		t.Error("the password of the login is not used")
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	if u.password(host) != brought {
		t.Error("the password of the login is not used without an AWS identity")
	}
	if got := u.run("list", ""); got.out != `{"`+host+`":"AWS"}`+"\n" {
		t.Errorf("list = %+v", got)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", awstest.KeyID)
	const second = "210987654321.dkr.ecr.us-west-2.amazonaws.com"
	if u.password(second) == brought {
		t.Error("the password of the login is used for another host")
	}
	for _, scheme := range []string{"", "http://", "https://"} { // the Kelvin sign, whose lower case is an ASCII k, makes another host
		u.run("erase", scheme+strings.Replace(host, "k", "\u212a", 1))
	}
	if u.password(host) != brought {
		t.Error("docker logout from another host deletes the password")
	}
	for _, in := range []string{host, "http://" + host, "https://" + host} { // as docker logout does
		if got := u.run("erase", in); got != (outcome{}) {
			t.Errorf("erase %s = %+v", in, got)
		}
	}
	if p := u.password(host); p == brought || p == own {
		t.Error("the password is returned after docker logout")
	}
}

// Any number of logins and logouts leaves the same number of files. Each logout changes the key of the API's tokens.
func TestLogoutLeavesNoFiles(t *testing.T) {
	cloud := newCloud(t, true)
	u := newUser(t)
	var before []os.DirEntry
	for i := range 10 {
		u.run("store", login(host, "AWS", cloud.IssueToken("us-west-2", false)))
		u.run("erase", host)
		u.password(host)
		files, err := os.ReadDir(u.dir)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && len(files) != len(before) {
			t.Fatalf("after %d logouts, %d files instead of %d: %v", i+1, len(files), len(before), files)
		}
		before = files
	}
}

// docker login without a user name stores the password that get returned. It remains an ordinary token.
func TestLoginWithoutPassword(t *testing.T) {
	newCloud(t, true)
	u := newUser(t)
	if got := u.run("store", login(host, "AWS", u.password(host))); got.exit != 0 {
		t.Fatalf("store = %+v", got)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	if got := u.run("get", host); got.exit != 1 {
		t.Error("the token of one identity is used for another identity")
	}
}

// A stored password is ignored after it expires.
func TestLoginExpires(t *testing.T) {
	cloud := newCloud(t, true)
	u := newUser(t)
	brought := issued(time.Now().Add(time.Hour))
	if got := u.run("store", login(host, "AWS", brought)); got.exit != 0 {
		t.Fatalf("store = %+v", got)
	}
	cloud.ResetCalls()
	u.cache.Now = func() time.Time { return time.Now().Add(58 * time.Minute) }
	if u.password(host) != brought || len(cloud.Calls()) != 0 {
		t.Error("the password is not used while it is valid")
	}
	u.cache.Now = func() time.Time { return time.Now().Add(61 * time.Minute) }
	if u.password(host) == brought {
		t.Error("the password is used after it expired")
	}
}

func TestLoginRefused(t *testing.T) {
	newCloud(t, true)
	valid := issued(time.Now().Add(time.Hour))
	for _, tt := range []struct{ name, user, password, want string }{
		{"user", "me", valid, host + ": invalid user name: Amazon ECR accepts only AWS; use the output of aws ecr get-login-password, or omit docker login"},
		{"expired", "AWS", issued(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), host + ": password expired at 2026-01-02T03:04:05Z; "},
		{"cut off", "AWS", valid[:30], host + ": not an Amazon ECR password: it has no expiration time; "},
		{"no expiration", "AWS", base64.StdEncoding.EncodeToString([]byte(`{"payload":"x"}`)), host + ": not an Amazon ECR password"},
		{"http", "AWS", valid, "http is not supported by Amazon ECR"},
	} {
		u := newUser(t)
		server := host
		if tt.name == "http" {
			server = "http://" + host
		}
		got := u.run("store", login(server, tt.user, tt.password))
		if got.exit != 1 || got.out != got.err || !strings.Contains(got.out, tt.want) || strings.Contains(got.out, tt.password) {
			t.Errorf("%s: %+v, want %s", tt.name, got, tt.want)
		}
		if got := u.run("list", ""); got.out != "{}\n" {
			t.Errorf("%s: list = %+v", tt.name, got)
		}
	}
}

// A password that cannot be stored does not fail docker login.
func TestLoginIsNotKept(t *testing.T) {
	newCloud(t, true)
	u := newUser(t)
	u.cache.Dir = ""
	got := u.run("store", login(host, "AWS", issued(time.Now().Add(time.Hour))))
	if want := host + ": password not stored: the cache is disabled or has no directory; docker login is optional, because this helper fetches passwords on demand\n"; got != (outcome{err: want}) {
		t.Errorf("store = %+v, want %s", got, want)
	}
}

// With AWS_ECR_IGNORE_CREDS_STORAGE, login and logout do nothing for any input.
func TestLoginWithIgnoreStorage(t *testing.T) {
	newCloud(t, true)
	u := newUser(t)
	own := u.password(host)
	u.h.IgnoreStorage = true
	for action, in := range map[string]string{"store": login(host, "me", "hunter2"), "erase": host} {
		if got := u.run(action, in); got != (outcome{}) {
			t.Errorf("%s = %+v", action, got)
		}
	}
	if u.password(host) != own {
		t.Error("logout deleted the token")
	}
}

// Every action returns an error of Resolve that is not about the host.
func TestResolveFails(t *testing.T) {
	u := newUser(t)
	u.h.Resolve = failing
	const line = "config.yaml:1:1: unknown key\n"
	for _, in := range []string{host, "ghcr.io"} {
		if got := u.run("get", in); got != (outcome{line, line, 1}) {
			t.Errorf("get %s = %+v", in, got)
		}
		if got := u.run("store", login(in, "me", "hunter2")); got != (outcome{line, line, 1}) {
			t.Errorf("store %s = %+v", in, got)
		}
		if got := u.run("erase", in); got != (outcome{err: "nothing erased: " + line}) {
			t.Errorf("erase %s = %+v", in, got)
		}
	}
	if got := u.run("list", ""); got != (outcome{out: "{}\n"}) {
		t.Errorf("list = %+v", got)
	}
}

var errConfig = errors.New("config.yaml:1:1: unknown key")

package dockerconfig_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/docker/cli/cli/config"
	dockerfile "github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	helper "github.com/docker/docker-credential-helpers/credentials"
	"github.com/google/go-cmp/cmp"

	"ecrlogin/internal/dockerconfig"
)

const notFound = "credentials not found in native keychain"

// dockerFile reads config.json in a directory with Docker's library.
func dockerFile(t *testing.T, dir string) *dockerfile.ConfigFile {
	t.Helper()
	f, err := config.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// asDocker returns a helper's response in Docker's format.
func asDocker(username, secret string) types.AuthConfig {
	if username == "<token>" {
		return types.AuthConfig{IdentityToken: secret}
	}
	return types.AuthConfig{Username: username, Password: secret}
}

var logins = []struct{ serverURL, username, secret string }{
	{"ghcr.io", "user", "pass"},
	{"registry.example.com:5000", "user", "with:colons and \"quotes\""},
	{"https://index.docker.io/v1/", "user", "dckr_pat_x"},
	{"quay.io", "<token>", "an identity token"},
	{"127.0.0.1:30500", "üser", "pässword"},
}

// TestAuthsReadsDockers checks that passwords written by Docker's own store are read as Docker reads them.
func TestAuthsReadsDockers(t *testing.T) {
	dir := t.TempDir()
	store := dockerFile(t, dir).GetCredentialsStore("")
	for _, l := range logins {
		auth := asDocker(l.username, l.secret)
		auth.ServerAddress = l.serverURL
		if err := store.Store(auth); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "config.json")
	a := &dockerconfig.Auths{Path: dockerconfig.AuthsPath(path), Docker: path}
	for _, l := range logins {
		username, secret, err := a.Get(l.serverURL)
		if err != nil || username != l.username || secret != l.secret {
			t.Errorf("get %s: user %q, %v", l.serverURL, username, err)
		}
	}
}

// TestDockerReadsAuths checks that Docker can read the passwords that Auths writes.
func TestDockerReadsAuths(t *testing.T) {
	dir := t.TempDir()
	a := &dockerconfig.Auths{Path: filepath.Join(dir, "config.json")}
	for _, l := range logins {
		if err := a.Add(&helper.Credentials{ServerURL: l.serverURL, Username: l.username, Secret: l.secret}); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range logins {
		got, err := dockerFile(t, dir).GetCredentialsStore("").Get(l.serverURL)
		got.ServerAddress = ""
		if err != nil || got != asDocker(l.username, l.secret) {
			t.Errorf("Docker reads of %s: user %q, %v", l.serverURL, got.Username, err)
		}
	}
}

func TestAuthsGet(t *testing.T) {
	auth := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	path := file(t, `{"auths": {
		"exact.example.com": {"auth": "`+auth("u:p")+`"},
		"https://legacy.example.com/v1/": {"auth": "`+auth("u:p")+`"},
		"http://legacy.example.com:5000": {"auth": "`+auth("u:p5000")+`"},
		"https://marked.example.com/v1/": {"auth": "`+auth("u:p")+`"},
		"marked.example.com": {},
		"padded.example.com": {"auth": "`+auth("u:p\x00\x00")+`"},
		"plain.example.com": {"username": "u", "password": "p"},
		"both.example.com": {"username": "no", "password": "no", "auth": "`+auth("u:p")+`"},
		"token.example.com": {"auth": "`+auth("u:p")+`", "identitytoken": "t"},
		"bearer.example.com": {"registrytoken": "t"},
		"nopassword.example.com": {"auth": "`+auth("u:")+`"},
		"broken.example.com": {"auth": "hunter2!"},
		"nocolon.example.com": {"auth": "`+auth("hunter2")+`"},
		"https://index.docker.io/v1/": {"auth": "`+auth("hub:p")+`"},
		"team.example.com/app": {"auth": "`+auth("u:p")+`"}
	}}`)
	a := &dockerconfig.Auths{Path: dockerconfig.AuthsPath(path), Docker: path}
	tests := []struct{ serverURL, username, secret, err string }{
		{"exact.example.com", "u", "p", ""},
		{"EXACT.example.com", "", "", notFound},
		{"exact.example.com/app", "", "", notFound},
		{"legacy.example.com", "u", "p", ""},
		{"legacy.example.com:5000", "u", "p5000", ""},
		{"marked.example.com", "", "", notFound},
		{"padded.example.com", "u", "p", ""},
		{"plain.example.com", "u", "p", ""},
		{"both.example.com", "u", "p", ""},
		{"token.example.com", "<token>", "t", ""},
		{"bearer.example.com", "", "", notFound},
		{"nopassword.example.com", "", "", notFound},
		{"broken.example.com", "", "", path + `: "auth" of broken.example.com is not base64; log in again to replace it`},
		{"nocolon.example.com", "", "", path + `: "auth" of nocolon.example.com is not base64 of USER:PASSWORD; log in again to replace it`},
		{"https://index.docker.io/v1/", "hub", "p", ""},
		{"docker.io", "hub", "p", ""},
		{"index.docker.io", "hub", "p", ""},
		{"team.example.com/app", "u", "p", ""},
		{"absent.example.com", "", "", notFound},
		{"", "", "", notFound},
	}
	for _, tt := range tests {
		username, secret, err := a.Get(tt.serverURL)
		if text := fmt.Sprint(err); username != tt.username || secret != tt.secret || text != tt.err && (err != nil || tt.err != "") {
			t.Errorf("get %q: %q, %q, %v; want %q, %q, %q", tt.serverURL, username, secret, err, tt.username, tt.secret, tt.err)
		}
		if tt.err == notFound && !helper.IsErrCredentialsNotFound(err) {
			t.Errorf("get %q: %v is not the protocol's", tt.serverURL, err)
		}
	}
	if _, err := os.Lstat(a.Path); err == nil {
		t.Error("reading created a file")
	}
}

// TestAuthsList checks that an invalid entry does not hide the other ones, as it does in Docker.
func TestAuthsList(t *testing.T) {
	var notices bytes.Buffer
	path := file(t, `{"auths": {"a": {"auth": "dTpw"}, "b": {}, "c": {"auth": "!"}, "d": {"identitytoken": "t"}}}`)
	a := &dockerconfig.Auths{Path: dockerconfig.AuthsPath(path), Docker: path, Notices: &notices}
	if err := a.Add(&helper.Credentials{ServerURL: "a", Username: "newer", Secret: "p"}); err != nil {
		t.Fatal(err)
	}
	notices.Reset()
	got, err := a.List()
	if diff := cmp.Diff(map[string]string{"a": "newer", "d": "<token>"}, got); err != nil || diff != "" {
		t.Errorf("%v, want -, got +:\n%s", err, diff)
	}
	if want := path + `: "auth" of c is not base64; log in again to replace it` + "\n"; notices.String() != want {
		t.Errorf("got notices %q, want %q", notices.String(), want)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := a.List(); err != nil || len(got) != 1 {
		t.Errorf("with a broken file of Docker's: %v, %v", got, err)
	}
}

// TestAuthsAdd checks that a password is stored in the separate file, because docker login overwrites Docker's file.
func TestAuthsAdd(t *testing.T) {
	var notices bytes.Buffer
	path := file(t, `{"auths": {"ghcr.io": {"auth": "dTpvbGQ="}}}`)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a := &dockerconfig.Auths{Path: dockerconfig.AuthsPath(path), Docker: path, Notices: &notices}
	if err := a.Add(&helper.Credentials{ServerURL: "ghcr.io", Username: "u", Secret: "new"}); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("Docker's file: %q, %v", after, err)
	}
	if _, secret, err := a.Get("ghcr.io"); err != nil || secret != "new" {
		t.Errorf("the new password is not the one that counts: %v", err)
	}
	want := "ghcr.io: password stored unencrypted in " + a.Path + `; set "fallback" to a keychain helper to encrypt it` + "\n"
	if notices.String() != want {
		t.Errorf("got notices %q, want %q", notices.String(), want)
	}
	notices.Reset()
	info, err := os.Stat(a.Path)
	if err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := a.Add(&helper.Credentials{ServerURL: "ghcr.io", Username: "u", Secret: "new"}); err != nil {
		t.Fatal(err)
	}
	if again, err := os.Stat(a.Path); err != nil || !os.SameFile(info, again) || notices.Len() > 0 {
		t.Errorf("the same password was written again, %v, %q", err, notices.String())
	}
}

// TestAuthsDelete checks that all entries that Get would find are deleted in both files, and that Delete succeeds if
// there are none.
func TestAuthsDelete(t *testing.T) {
	path := file(t, `{"auths": {"ghcr.io": {"auth": "dTpw"}, "https://ghcr.io/v1/": {"auth": "dTpw"}, "quay.io": {"auth": "dTpw"}}, "x": 1}`)
	a := &dockerconfig.Auths{Path: dockerconfig.AuthsPath(path), Docker: path}
	for _, serverURL := range []string{"absent.example.com", "http://ghcr.io"} {
		if err := a.Delete(serverURL); err != nil {
			t.Fatal(err)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("deleting nothing left %v, %v", entries, err)
	}
	if err := a.Add(&helper.Credentials{ServerURL: "ghcr.io", Username: "u", Secret: "new"}); err != nil {
		t.Fatal(err)
	}
	if err := a.Delete("ghcr.io"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Get("ghcr.io"); !helper.IsErrCredentialsNotFound(err) {
		t.Errorf("found after it was deleted: %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != `{"auths": {"quay.io": {"auth": "dTpw"}}, "x": 1}` {
		t.Errorf("Docker's file: %q, %v", got, err)
	}
}

// TestAuthsAtOnce checks that concurrent logins lose no password.
func TestAuthsAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auths.json")
	const n = 16
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			a := &dockerconfig.Auths{Path: path}
			if err := a.Add(&helper.Credentials{ServerURL: fmt.Sprintf("r%d.example.com", i), Username: "u", Secret: "p"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got, err := (&dockerconfig.Auths{Path: path}).List(); err != nil || len(got) != n {
		t.Errorf("%d of %d are kept, %v", len(got), n, err)
	}
}

// TestAuthsRelative checks relative paths, such as those of a relative DOCKER_CONFIG.
func TestAuthsRelative(t *testing.T) {
	t.Chdir(t.TempDir())
	a := &dockerconfig.Auths{Path: filepath.Join("docker", "auths.json")}
	if err := a.Add(&helper.Credentials{ServerURL: "ghcr.io", Username: "u", Secret: "p"}); err != nil {
		t.Fatal(err)
	}
	if _, secret, err := a.Get("ghcr.io"); err != nil || secret != "p" {
		t.Errorf("got %q, %v", secret, err)
	}
}

func TestAuthsInvalidFile(t *testing.T) {
	path := file(t, `{"auths": {"ghcr.io": {"auth": hunter2}}}`)
	a := &dockerconfig.Auths{Path: path}
	_, _, getErr := a.Get("ghcr.io")
	for what, err := range map[string]error{
		"get": getErr, "add": a.Add(&helper.Credentials{ServerURL: "ghcr.io", Username: "u", Secret: "hunter2"}), "delete": a.Delete("ghcr.io"),
	} {
		if err == nil || helper.IsErrCredentialsNotFound(err) || !strings.HasPrefix(err.Error(), path+":1:32: invalid JSON") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || !strings.Contains(string(got), "hunter2") {
		t.Errorf("the file contains %q, %v", got, err)
	}
}

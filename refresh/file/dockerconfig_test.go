package file_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/docker/cli/cli/config"

	"ecrlogin/internal/dockerconfig"
	"ecrlogin/refresh"
	"ecrlogin/refresh/file"
)

// auth returns the value of "auth" for a password.
func auth(password string) string {
	return base64.StdEncoding.EncodeToString([]byte("AWS:" + password))
}

func TestDockerConfig(t *testing.T) {
	const entry = "{\n\t\t\t\"auth\": \"NEW\"\n\t\t}"
	for name, tt := range map[string]struct{ before, server, want string }{
		"new":   {"", "", "{\n\t\"auths\": {\n\t\t\"HOST\": " + entry + "\n\t}\n}\n"},
		"empty": {"{}", "", "{\n\t\"auths\": {\n\t\t\"HOST\": " + entry + "\n\t}\n}"},
		"URL":   {"{}", "https://" + host, "{\n\t\"auths\": {\n\t\t\"https://HOST\": " + entry + "\n\t}\n}"},
		"others": {
			`{"auths":{"ghcr.io":{"auth":"dTpw"}}, "x": [ 1,2 ],"credsStore" : ""}` + "\r\n", "",
			`{"auths":{"ghcr.io":{"auth":"dTpw"},"HOST":{"auth":"NEW"}}, "x": [ 1,2 ],"credsStore" : ""}` + "\r\n",
		},
		"same entry": {
			`{"Auths": {"HOST": {"email": "a@example.com", "auth": "dTpw", "x": {} }}}`, "",
			`{"Auths": {"HOST": {"email": "a@example.com", "auth": "NEW", "x": {} }}}`,
		},
		"another credential": {
			`{"auths": {"HOST": {"identitytoken": "t", "x": 1, "Auth": "dTpw", "username": "u", "password": "p"}}}`, "",
			`{"auths": {"HOST": {"x": 1, "auth": "NEW"}}}`,
		},
		"null":       {`{"auths": {"HOST": null}}`, "", `{"auths": {"HOST": {"auth": "NEW"}}}`},
		"null auths": {`{"auths": null, "x": 1}`, "", `{"auths": {"HOST": {"auth": "NEW"}}, "x": 1}`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "config.json")
			replace := strings.NewReplacer("HOST", host, "NEW", auth("password")).Replace
			if tt.before != "" {
				write(t, path, replace(tt.before), 0o600)
			}
			l := login(t, host)
			l.Server = tt.server
			target := file.NewDockerConfig(file.Options{Path: path, Login: l})
			mustApply(t, target, "password")
			contains(t, path, replace(tt.want))
			before := stat(t, path)
			mustApply(t, target, "password")
			if !os.SameFile(before, stat(t, path)) {
				t.Error("an unchanged file was written again")
			}
			only(t, dir, "config.json")
			docker, err := config.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			got, err := docker.GetAuthConfig(host)
			if err != nil || got.Username != "AWS" || got.Password != "password" {
				t.Errorf("Docker reads user %q, password %q, %v", got.Username, got.Password, err)
			}
		})
	}
}

// TestRestoreEntry checks that an entry that others have removed or changed is restored.
func TestRestoreEntry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	target := file.NewDockerConfig(file.Options{Path: path, Login: login(t, host)})
	want := `{"auths": {"` + host + `": {"auth": "` + auth("password") + `"}}, "x": 1}`
	for _, content := range []string{
		`{"auths": {}, "x": 1}`, strings.ReplaceAll(want, auth("password"), auth("old")),
		`{"auths": {"` + host + `": {}}, "x": 1}`, // as docker logout and docker login write it
	} {
		write(t, path, content, 0o600)
		mustApply(t, target, "password")
		contains(t, path, want)
	}
}

// TestInvalidDockerConfig checks that an invalid file is neither changed nor quoted.
func TestInvalidDockerConfig(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.json")
	for content, want := range map[string]string{
		`{"auths": {"ghcr.io": {"auth": hunter2}}}`: ":1:32: invalid JSON: invalid character 'h' looking for beginning of value; correct this line",
		`{"auths": {"hunter2": {}`:                  ":1:25: invalid JSON: unexpected end of JSON input; correct this line",
		`{"auths": ["hunter2"]}`:                    `:1:11: "auths" must be an object, {"HOST": {"auth": …}}; correct this line`,
		`["hunter2"]`:                               ":1:1: must be a JSON object; correct the file",
		`{"auths": {}, "Auths": {}}`:                `:1:15: duplicate key "auths"; merge both into one`,
		strings.Repeat(" ", 1<<20) + "{}":           ": too large for a configuration (limit 1048576 bytes); check its contents",
	} {
		write(t, path, content, 0o600)
		wantError(t, file.NewDockerConfig(file.Options{Path: path, Login: login(t, host)}), dir, path+want)
		contains(t, path, content)
		only(t, dir, "config.json")
	}
}

// TestHelperWarning checks that a credential helper that takes precedence is reported once.
func TestHelperWarning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	for content, helper := range map[string]string{
		`{"credsStore": "desktop"}`:                                       `"credsStore\" configures the helper \"desktop"`,
		`{"credHelpers": {"` + host + `": "ecr-login"}}`:                  `"credHelpers\" configures the helper \"ecr-login"`,
		`{"credsStore": "desktop", "credHelpers": {"` + host + `": "x"}}`: `"credHelpers\" configures the helper \"x"`,
		`{"credsStore": "desktop", "credHelpers": {"` + host + `": ""}}`:  "",
		`{"credHelpers": {"ghcr.io": "x"}}`:                               "",
		`{}`:                                                              "",
	} {
		log, out := logger()
		target := file.NewDockerConfig(file.Options{Path: path, Login: login(t, host), Log: log})
		write(t, path, content, 0o600)
		for _, password := range []string{"first", "second"} {
			mustApply(t, target, password)
		}
		want := ""
		if helper != "" {
			want = `level=WARN msg="` + path + `: Docker ignores the password of ` + host + `, because \` +
				strings.TrimSuffix(helper, `"`) + `\"; remove it"` + "\n"
		}
		if out.String() != want {
			t.Errorf("%s:\ngot  %swant %s", content, out, want)
		}
	}
}

// TestSharedDockerConfig checks that targets that write different entries of a file at the same time lose none, also if
// they know the file by different paths.
func TestSharedDockerConfig(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "config.json"), filepath.Join(dir, "link.json")
	write(t, path, `{"x": 1}`, 0o600)
	if err := os.Symlink("config.json", link); err != nil {
		link = path
	}
	const registries, rotations = 8, 20
	targets := make([]refresh.Target, registries)
	names := map[string]bool{}
	for i := range targets {
		targets[i] = file.NewDockerConfig(file.Options{
			Path: []string{path, link}[i%2], Login: login(t, fmt.Sprintf("%012d.dkr.ecr.us-west-2.amazonaws.com", i)),
		})
		names[targets[i].Name()] = true
	}
	if len(names) != registries {
		t.Errorf("names are not unique: %v", names)
	}
	var all sync.WaitGroup
	for _, target := range targets {
		all.Go(func() {
			for n := range rotations {
				if err := apply(t, target, fmt.Sprintf("password %d of %s", n, target.Name())); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	f, err := dockerconfig.Open(path)
	if err != nil || len(f.Entries()) != registries {
		t.Errorf("%d entries, %v", len(f.Entries()), err)
	}
	for _, target := range targets {
		host := target.Logins()[0].Registry.Host
		a := dockerconfig.Auths{Path: path}
		if _, got, err := a.Get(host); err != nil || got != fmt.Sprintf("password %d of %s", rotations-1, target.Name()) {
			t.Errorf("%s: got %q, %v", host, got, err)
		}
	}
	if content, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(content), `{"x": 1, "auths": {"`) {
		t.Errorf("%s, %v", content, err)
	}
}

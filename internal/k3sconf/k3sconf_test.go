package k3sconf

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/internal/containerdconf"
)

func TestInstalled(t *testing.T) {
	root := t.TempDir()
	for i, want := range []string{"", "RKE2", "k3s RKE2"} {
		if i > 0 {
			dir := filepath.Join(root, "var/lib/rancher", []string{"", "rke2", "k3s"}[i], "agent/etc/containerd")
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		var names []string
		for _, n := range Installed(root) {
			names = append(names, n.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPaths(t *testing.T) {
	for n, want := range map[Node]string{
		K3s():  "k3s /etc/rancher/k3s/registries.yaml /etc/rancher/k3s/config.yaml",
		RKE2(): "RKE2 /etc/rancher/rke2/registries.yaml /etc/rancher/rke2/config.yaml",
	} {
		if got := strings.Join([]string{n.Name, n.Registries, n.Config}, " "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestOptions(t *testing.T) {
	dir := t.TempDir()
	n := At(filepath.Join(dir, "registries.yaml"))
	if o, err := n.Options(); err != nil || o != (Options{}) {
		t.Errorf("without files: %+v, %v", o, err)
	}
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(n.Config+".d", 0o700); err != nil {
		t.Fatal(err)
	}
	write("config.yaml", "disable-default-registry-endpoint: false\nprivate-registry: /a\nimage-credential-provider-config: /b\n")
	write("config.yaml.d/2.yml", "disable-default-registry-endpoint: \"true\"\n")
	write("config.yaml.d/1.yaml", "disable-default-registry-endpoint: false\n")
	write("config.yaml.d/3.txt", "disable-default-registry-endpoint: false\n")
	want := Options{NoDefault: true, NoDefaultFile: filepath.Join(dir, "config.yaml.d/2.yml"), ProviderConfig: "/b", Registries: "/a"}
	if o, err := n.Options(); err != nil || o != want {
		t.Errorf("got %+v, %v", o, err)
	}
	write("config.yaml", "token: \"hunter2\n")
	if _, err := n.Options(); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("an invalid file: %v", err)
	}
}

// TestMasked checks that values outside mirrors are hidden, in all notations.
func TestMasked(t *testing.T) {
	for before, want := range map[string]string{
		"# c\nmirrors: # d\n  a:\n    endpoint:\n      - https://me:hunter2@b\n      - https://c\n": "(hidden)\nmirrors: (hidden)\n  a:\n    endpoint:\n      (hidden)\n      - https://c\n",
		"mirrors:\n  a:\n# b\n  c:\nconfigs:\n  a:\n    auth: {password: hunter2}\n\n":              "mirrors:\n  a:\n(hidden)\n  c:\nconfigs:\n  (hidden)\n    (hidden)\n\n",
		"configs: {a: {auth: {password: hunter2}}}\r\nmirrors:\r\n  a:":                             "configs: (hidden)\r\nmirrors:\r\n  a:",
		"configs:\n  a:\n    auth:\n      password: |\n        hunter2:\nmirrors:\n  a:\n":          "configs:\n  (hidden)\n    (hidden)\n      (hidden)\n        (hidden)\nmirrors:\n  a:\n",
		"mirrors: {a: {endpoint: [hunter2]}}\n":                                                     "mirrors: (hidden)\n",
		"{configs: {a: hunter2}}\n":                                                                 "(hidden)\n",
	} {
		if got := string(Masked([]byte(before))); got != want {
			t.Errorf("%q:\ngot  %q\nwant %q", before, got, want)
		}
	}
	if got := string(MaskedConfig([]byte("token: hunter2\ndisable-default-registry-endpoint: false\n"))); got != "token: (hidden)\ndisable-default-registry-endpoint: false\n" {
		t.Errorf("got %q", got)
	}
	if Masked(nil) != nil {
		t.Error("a missing file is not nil")
	}
}

// FuzzWith checks that no registries.yaml makes the parser panic, and that after With all endpoints are the mirror.
func FuzzWith(f *testing.F) {
	m := containerdconf.Mirror{Upstream: "docker.io", Host: "123456789012.dkr.ecr.us-west-2.amazonaws.com", Prefix: "docker-hub"}
	for _, content := range []string{
		"", "# c", "mirrors:\n", "mirrors: {}\n", "mirrors:\n  docker.io:\n", "mirrors:\n  a:\n    endpoint: [b]\n", "{mirrors: {}}",
		"mirrors:\n  docker.io:\n    endpoint:\n    - " + m.Host + "/v2\n", "configs:\n  docker.io:\n", "mirrors: x", "mirrors:\n- a\n",
	} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		_, _ = DisableDefault("config.yaml", content)
		r, err := Parse("registries.yaml", content)
		if err != nil {
			return
		}
		after, err := r.With(m)
		if err != nil {
			return
		}
		r, err = Parse("registries.yaml", after)
		if err != nil || len(r.Mirrors) == 0 {
			t.Fatalf("%q: %v", after, err)
		}
		for _, u := range r.Mirrors {
			if u.Name == m.Upstream && !u.serves(m) {
				t.Errorf("%q: %+v", after, u)
			}
		}
		if again, err := r.With(m); err != nil || string(again) != string(after) {
			t.Errorf("a second edit changes %q to %q: %v", after, again, err)
		}
	})
}

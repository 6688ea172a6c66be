package doctor

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"ecrlogin/cache"
	"ecrlogin/config"
)

// A fakeProcess is one as /proc shows it.
type fakeProcess struct {
	pid  string
	args []string
	env  string
}

func proc(t *testing.T, processes ...fakeProcess) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("there is no /proc")
	}
	dir := t.TempDir()
	for _, p := range processes {
		at := filepath.Join(dir, p.pid)
		if err := os.MkdirAll(at, 0o700); err != nil {
			t.Fatal(err)
		}
		if p.args != nil {
			if err := os.WriteFile(filepath.Join(at, "cmdline"), []byte(strings.Join(p.args, "\x00")+"\x00"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if p.env != "" {
			if err := os.WriteFile(filepath.Join(at, "environ"), []byte(p.env), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink("/var/lib/kubelet", filepath.Join(at, "cwd")); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// examine makes the checks up to that of a name.
func examine(t *testing.T, k Kubelet, image, name string) Check {
	t.Helper()
	d := &Doctor{Config: new(config.Config), Cache: new(cache.Cache), Timeout: time.Minute}
	for c := range d.Kubelet(context.Background(), k, image) {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no check %s", name)
	return Check{}
}

// The kubelet that runs is found with what it was started with, however it was written.
func TestFindKubelet(t *testing.T) {
	flags := []string{"/usr/bin/kubelet", "--v=2", "--image-credential-provider-config=/etc/p.yaml", "--image-credential-provider-bin-dir", "bin"}
	const env = "HOME=/root\x00SECRET=hunter2\x00"
	for _, tt := range []struct {
		name      string
		processes []fakeProcess
		status    Status
		want      string
	}{
		{"kubelet", []fakeProcess{{"1", []string{"/sbin/init"}, ""}, {"self", flags, env}, {"2", nil, ""}, {"12", flags, env}}, OK, "process 12, with /etc/p.yaml and /var/lib/kubelet/bin"},
		{"another without", []fakeProcess{{"3", flags[:2], env}, {"4", flags, env}}, OK, "process 4, with"},
		{"without", []fakeProcess{{"3", flags[:3], env}}, Failed, "process 3 is kubelet, and was started without --image-credential-provider-config and --image-credential-provider-bin-dir, so it runs no provider"},
		{"not root", []fakeProcess{{"3", flags, ""}}, Failed, "process 3 is kubelet, but its environment cannot be read, which providers get: open: no such file or directory"},
		{"none", []fakeProcess{{"3", []string{"/usr/bin/kubelet-exporter"}, env}}, Failed, "no process is called kubelet"},
	} {
		c := examine(t, Kubelet{Proc: proc(t, tt.processes...)}, "", "kubelet")
		if c.Status != tt.status || !strings.HasPrefix(c.Found, tt.want) || strings.Contains(c.Found, "hunter") || (c.Next == "") != (c.Status == OK) {
			t.Errorf("%s: %+v", tt.name, c)
		}
	}
	elsewhere := proc(t, fakeProcess{"12", flags, env})
	if err := os.MkdirAll(filepath.Join(elsewhere, "12/root/etc/p.yaml"), 0o700); err != nil {
		t.Fatal(err)
	}
	if c := examine(t, Kubelet{Proc: elsewhere}, "", "kubelet"); c.Status != Failed || !strings.Contains(c.Found, "in a mount namespace of its own, in which /etc/p.yaml is") || !strings.HasPrefix(c.Next, "sudo nsenter --target 12 --mount ") {
		t.Errorf("%+v", c)
	}
	if c := examine(t, Kubelet{Proc: filepath.Join(t.TempDir(), "none")}, "", "kubelet"); c.Status != Failed || !strings.Contains(c.Found, "cannot be looked at: open: no such file") {
		t.Errorf("%+v", c)
	}
}

// The program gets kubelet's environment, and what its configuration adds comes before that.
func TestEnvironment(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"providers.yaml": `apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
- name: other
  apiVersion: credentialprovider.kubelet.k8s.io/v1
  matchImages: [registry.example.com]
  defaultCacheDuration: "0"
  args: [--flag, "a b"]
  env: [{name: AWS_PROFILE, value: pull}]
`,
		"other": "#!/bin/sh\n" +
			`env >"$(dirname "$0")/env"; echo "$*" >"$(dirname "$0")/args"; cat >"$(dirname "$0")/request"; cat "$(dirname "$0")/answer"`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	flags := []string{"kubelet", "--image-credential-provider-config=" + filepath.Join(dir, "providers.yaml"), "--image-credential-provider-bin-dir=" + dir}
	k := Kubelet{Proc: proc(t, fakeProcess{"12", flags, "PATH=" + os.Getenv("PATH") + "\x00HOME=/root\x00AWS_PROFILE=node\x00https_proxy=x:hunter@y\x00"})}
	t.Setenv("AWS_REGION", "of-this-process")
	const head = `{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1",`
	for _, tt := range []struct {
		name, answer string
		status       Status
		want         string
	}{
		{"good", head + `"cacheKeyType":"Registry","cacheDuration":"1h0m0s","auth":{"registry.example.com":{"username":"me","password":"hunter2"}}}`, OK,
			"it gives a password of user me for registry.example.com, which kubelet keeps for 1h0m; run with the variables: AWS_PROFILE, HOME, https_proxy"},
		{"not kept", head + `"auth":{"*.example.com/team":{"username":"me","password":"hunter2"}}}`, OK, "it gives a password of user me for *.example.com/team, which kubelet does not keep"},
		{"for another", head + `"auth":{"example.com":{"username":"me","password":"hunter2"}}}`, Failed, "it gives no password for this image; so kubelet pulls without one"},
		{"none", head + `"cacheDuration":"0s"}`, Failed, "it gives no password for this image"},
		{"another version", strings.ReplaceAll(head, "/v1", "/v1beta1") + `"auth":{}}`, Failed, "it answers in version credentialprovider.kubelet.k8s.io/v1beta1, and kubelet takes credentialprovider.kubelet.k8s.io/v1 alone"},
		{"no duration", head + `"cacheDuration":"soon"}`, Failed, "it answers with a cacheDuration that kubelet cannot read"},
		{"no JSON", "hunter2", Failed, "what it answers is no CredentialProviderResponse"},
	} {
		if err := os.WriteFile(filepath.Join(dir, "answer"), []byte(tt.answer), 0o600); err != nil {
			t.Fatal(err)
		}
		d := &Doctor{Config: new(config.Config), Cache: new(cache.Cache), Timeout: time.Minute}
		n := &node{exam: &exam{Doctor: d}, Kubelet: k, image: "registry.example.com/team/app"}
		for _, look := range []func(context.Context) result{n.kubelet, n.providers} {
			if r := look(context.Background()); r.status != OK {
				t.Fatalf("%+v", r)
			}
		}
		n.path = filepath.Join(dir, "other")
		r := n.answer(context.Background())
		if r.status != tt.status || !strings.HasPrefix(r.found, tt.want) || strings.Contains(r.found+r.next, "hunter") {
			t.Errorf("%s: %+v", tt.name, r)
		}
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	env := strings.Split(read("env"), "\n")
	if !slices.Contains(env, "HOME=/root") || !slices.Contains(env, "AWS_PROFILE=pull") || strings.Contains(read("env"), "of-this-process") {
		t.Error("it is not run in kubelet's environment with that of the configuration")
	}
	if got := read("args"); got != "--flag a b\n" {
		t.Errorf("it is run with %q", got)
	}
	if got := read("request"); got != `{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"registry.example.com/team/app","kind":"CredentialProviderRequest"}`+"\n" {
		t.Errorf("it is asked %s", got)
	}
}

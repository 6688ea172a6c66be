package nodedoctor

import (
	"cmp"
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
	"ecrlogin/internal/check"
	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/internal/program"
)

// A fakeProcess is a process in a directory like /proc. By default it runs as root in the namespaces of the test.
type fakeProcess struct {
	pid  string
	args []string
	env  string

	uids   string            // "" for root's
	ns     map[string]string // by kind: another namespace
	setuid bool              // the program is setuid
}

func proc(t *testing.T, processes ...fakeProcess) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no /proc")
	}
	dir := t.TempDir()
	for _, p := range append(processes, fakeProcess{pid: "self"}) {
		at := filepath.Join(dir, p.pid)
		if err := os.MkdirAll(filepath.Join(at, "ns"), 0o700); err != nil {
			t.Fatal(err)
		}
		write := func(name, text string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if p.args != nil {
			write("cmdline", strings.Join(p.args, "\x00")+"\x00")
		}
		if p.env != "" {
			write("environ", p.env)
		}
		write("status", "Name:\tkubelet\nUid:\t"+cmp.Or(p.uids, "0\t0\t0\t0")+"\nGid:\t0\t0\t0\t0\n")
		write("stat", p.pid+" (a) b) S"+strings.Repeat(" 1", 49)+"\n")
		write("exe", "")
		if p.setuid {
			if err := os.Chmod(filepath.Join(at, "exe"), 0o755|os.ModeSetuid); err != nil {
				t.Fatal(err)
			}
		}
		for _, kind := range []string{"mnt", "pid", "user"} {
			if err := os.Symlink(kind+":["+cmp.Or(p.ns[kind], "1")+"]", filepath.Join(at, "ns", kind)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink("/var/lib/kubelet", filepath.Join(at, "cwd")); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// examine runs the checks up to the named one, and returns that.
func examine(t *testing.T, k Kubelet, image, name string) check.Result {
	t.Helper()
	s := &check.Settings{Config: new(config.Config), Cache: new(cache.Cache), Timeout: time.Minute}
	for c := range Checks(context.Background(), s, k, image) {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %s", name)
	return check.Result{}
}

// TestFindKubelet checks that the running kubelet is found with its flags, in either form, and that processes which
// only imitate the kubelet are not trusted.
func TestFindKubelet(t *testing.T) {
	flags := []string{"/usr/bin/kubelet", "--v=2", "--image-credential-provider-config=/etc/p.yaml", "--image-credential-provider-bin-dir", "bin"}
	others := []string{"kubelet", "--image-credential-provider-config=/tmp/evil.yaml", "--image-credential-provider-bin-dir=/tmp/evil"}
	const env = "HOME=/root\x00SECRET=hunter2\x00"
	real := fakeProcess{pid: "12", args: flags, env: env}
	const found = "process 12, with /etc/p.yaml and /var/lib/kubelet/bin"
	for _, tt := range []struct {
		name      string
		processes []fakeProcess
		status    check.Status
		want      string
		next      string
	}{
		{"kubelet", []fakeProcess{{pid: "1", args: []string{"/sbin/init"}}, {pid: "2"}, real}, check.StatusOK, found, ""},
		{"another without", []fakeProcess{{pid: "3", args: flags[:2], env: env}, {pid: "4", args: flags, env: env}}, check.StatusOK, "process 4, with", ""},
		{"without", []fakeProcess{{pid: "3", args: flags[:3], env: env}}, check.StatusFailed, "process 3 is the kubelet, but was not started with both --image-credential-provider-config and --image-credential-provider-bin-dir, so it runs no provider", program.Command + " configure kubelet"},
		{"not root", []fakeProcess{{pid: "3", args: flags}}, check.StatusFailed, "process 3 is the kubelet, but its environment, which providers inherit, cannot be read: openat: no such file or directory", "sudo "},
		{"none", []fakeProcess{{pid: "3", args: []string{"/usr/bin/kubelet-exporter"}, env: env}}, check.StatusFailed, "no kubelet process found", nameFiles},
		{"two", []fakeProcess{real, {pid: "9", args: others, env: env}}, check.StatusFailed, "processes 9 and 12 are both kubelet, with different flags or environment variables", nameFiles},
		{"two environments", []fakeProcess{real, {pid: "13", args: flags, env: "HOME=/tmp\x00"}}, check.StatusFailed, "processes 12 and 13 are both kubelet", nameFiles},
		{"twice for a moment", []fakeProcess{real, {pid: "13", args: flags, env: env}}, check.StatusOK, found, ""},
		{"another user's beside it", []fakeProcess{real, {pid: "99", args: others, env: env, uids: "1000\t1000\t1000\t1000"}}, check.StatusOK, found + "; ignored: process 99, which runs as user 1000", ""},
		{"another user's alone", []fakeProcess{{pid: "99", args: others, env: env, uids: "1000\t1000\t1000\t1000"}}, check.StatusFailed, "no kubelet process found; ignored: process 99, which runs as user 1000", nameFiles},
		{"real user", []fakeProcess{{pid: "99", args: others, env: env, uids: "1000\t0\t0\t0"}}, check.StatusFailed, "no kubelet process found; ignored: process 99, which runs as user 1000", nameFiles},
		{"saved user", []fakeProcess{{pid: "99", args: others, env: env, uids: "0\t0\t1000\t0"}}, check.StatusFailed, "no kubelet process found; ignored: process 99, which runs as user 1000", nameFiles},
		{"no user", []fakeProcess{{pid: "99", args: others, env: env, uids: "x"}}, check.StatusFailed, "no kubelet process found; ignored: process 99, which cannot be checked", nameFiles},
		{"setuid", []fakeProcess{{pid: "99", args: others, env: env, setuid: true}}, check.StatusFailed, "no kubelet process found; ignored: process 99, which runs a setuid program", nameFiles},
		{"container", []fakeProcess{real, {pid: "99", args: others, env: env, ns: map[string]string{"mnt": "2", "pid": "2"}}}, check.StatusOK, found + "; ignored: process 99, which is in a container (PID, mount namespace)", ""},
		{"user namespace", []fakeProcess{real, {pid: "99", args: others, env: env, ns: map[string]string{"user": "2"}}}, check.StatusOK, found + "; ignored: process 99, which is in a container (user namespace)", ""},
		{"mount namespace beside it", []fakeProcess{real, {pid: "99", args: others, env: env, ns: map[string]string{"mnt": "2"}}}, check.StatusOK, found + "; ignored: process 99, which has its own mount namespace", ""},
		{"mount namespace alone", []fakeProcess{{pid: "12", args: flags, env: env, ns: map[string]string{"mnt": "2"}}}, check.StatusFailed, "process 12 is named kubelet and runs as root, but in its own mount namespace", "sudo nsenter --target 12 --mount "},
		{"many", []fakeProcess{real, {pid: "95", args: others, uids: "1\t1\t1\t1"}, {pid: "96", args: others, uids: "1\t1\t1\t1"}, {pid: "97", args: others, uids: "1\t1\t1\t1"}, {pid: "98", args: others, uids: "1\t1\t1\t1"}},
			check.StatusOK, found + "; ignored: process 95, which runs as user 1; ignored: process 96, which runs as user 1; ignored: process 97, which runs as user 1; and 1 more", ""},
	} {
		c := examine(t, Kubelet{Proc: proc(t, tt.processes...)}, "", "kubelet")
		if c.Status != tt.status || !strings.HasPrefix(c.Found, tt.want) || strings.Contains(c.Found+c.Next, "hunter") || strings.Contains(c.Found+c.Next, "evil") ||
			(c.Next == "") != (c.Status == check.StatusOK) || !strings.HasPrefix(c.Next, tt.next) {
			t.Errorf("%s: %+v", tt.name, c)
		}
	}
	if c := examine(t, Kubelet{Proc: filepath.Join(t.TempDir(), "none")}, "", "kubelet"); c.Status != check.StatusFailed || !strings.Contains(c.Found, "cannot list processes: readlink: no such file") {
		t.Errorf("%+v", c)
	}
}

// TestEnvironment checks that the program runs in the kubelet's environment, which its configuration can override.
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
	k := Kubelet{Proc: proc(t, fakeProcess{pid: "12", args: flags, env: "PATH=" + os.Getenv("PATH") + "\x00HOME=/root\x00AWS_PROFILE=node\x00https_proxy=x:hunter@y\x00"})}
	t.Setenv("AWS_REGION", "of-this-process")
	const head = `{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1",`
	for _, tt := range []struct {
		name, answer string
		status       check.Status
		want         string
	}{
		{"good", head + `"cacheKeyType":"Registry","cacheDuration":"1h0m0s","auth":{"registry.example.com":{"username":"me","password":"hunter2"}}}`, check.StatusOK,
			"the provider returned a password of user me for registry.example.com, which the kubelet caches for 1h0m; environment variables: AWS_PROFILE, HOME, https_proxy"},
		{"not kept", head + `"auth":{"*.example.com/team":{"username":"me","password":"hunter2"}}}`, check.StatusOK, "the provider returned a password of user me for *.example.com/team, which the kubelet does not cache"},
		{"for another", head + `"auth":{"example.com":{"username":"me","password":"hunter2"}}}`, check.StatusFailed, "the provider returned no password for this image, so the kubelet pulls without one"},
		{"none", head + `"cacheDuration":"0s"}`, check.StatusFailed, "the provider returned no password for this image"},
		{"another version", strings.ReplaceAll(head, "/v1", "/v1beta1") + `"auth":{}}`, check.StatusFailed, "the provider returned apiVersion credentialprovider.kubelet.k8s.io/v1beta1, but the kubelet accepts only credentialprovider.kubelet.k8s.io/v1"},
		{"no duration", head + `"cacheDuration":"soon"}`, check.StatusFailed, "the provider returned an invalid cacheDuration"},
		{"no JSON", "hunter2", check.StatusFailed, "the provider did not return a CredentialProviderResponse"},
	} {
		if err := os.WriteFile(filepath.Join(dir, "answer"), []byte(tt.answer), 0o600); err != nil {
			t.Fatal(err)
		}
		s := &check.Settings{Config: new(config.Config), Cache: new(cache.Cache), Timeout: time.Minute}
		n := &node{Pull: check.Pull{Settings: s}, Kubelet: k, image: "registry.example.com/team/app"}
		for _, look := range []func(context.Context) check.Result{n.kubelet, n.providers} {
			if r := look(context.Background()); r.Status != check.StatusOK {
				t.Fatalf("%+v", r)
			}
		}
		r := n.answer(context.Background())
		if r.Status != tt.status || !strings.HasPrefix(r.Found, tt.want) || strings.Contains(r.Found+r.Next, "hunter") {
			t.Errorf("%s: %+v", tt.name, r)
		}
	}
	public := &node{image: "public.ecr.aws/team/app", provider: kubeletconfig.Provider{APIVersion: kubeletconfig.ProtocolVersion, DefaultCacheDuration: "0"}}
	if r := public.read([]byte(head+`"auth":{}}`), ""); r.Status != check.StatusSkipped || r.Found == "" {
		t.Errorf("public image: %+v", r)
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
		t.Error("environment is not that of kubelet and the configuration")
	}
	if got := read("args"); got != "--flag a b\n" {
		t.Errorf("arguments %q", got)
	}
	if got := read("request"); got != `{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"registry.example.com/team/app","kind":"CredentialProviderRequest"}`+"\n" {
		t.Errorf("request %s", got)
	}
}

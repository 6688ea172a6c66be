package deploy_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// An action is the GitHub Action on a runner.
type action struct {
	*machine
	release string
	temp    string
	command []string
}

func newAction(t *testing.T) *action {
	t.Helper()
	script, err := filepath.Abs("action/install.sh")
	if err != nil {
		t.Fatal(err)
	}
	return &action{machine: newMachine(t), release: newRelease(t), temp: t.TempDir(), command: []string{"bash", script}}
}

// run runs the action with inputs, which replace these.
func (a *action) run(inputs ...string) (string, error) {
	return a.machine.run(a.command, append([]string{
		"VERSION=" + version, "REGISTRIES=" + host, "CLIENTS=docker", "RELEASE_URL=file://" + a.release,
		"RUNNER_TEMP=" + a.temp, "GITHUB_PATH=" + a.temp + "/path", "GITHUB_OUTPUT=" + a.temp + "/output", "GITHUB_ACTIONS=true",
	}, inputs...)...)
}

func (a *action) bin() string { return filepath.Join(a.temp, "ecr-login", "bin") }

// TestAction installs the helper and pulls with it, from a directory and from a server, with the shells of runners.
func TestAction(t *testing.T) {
	a := newAction(t)
	for _, test := range []struct {
		name   string
		shell  string
		inputs []string
	}{
		{"directory", "bash", nil},
		{"again", "bash", nil},
		{"POSIX shell", "sh", nil},
		{"server", "bash", []string{"RELEASE_URL=" + serve(t, a.release) + "/", "SHA256SUMS=" + sums(t, a.release)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a.command[0] = test.shell
			if out, err := a.run(append(test.inputs, "REGISTRIES="+host+"\n  "+other+"\n")...); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			a.pulls(t, a.bin(), host)
			a.pulls(t, a.bin(), other)
		})
	}
	if entries, _ := os.ReadDir(filepath.Join(a.temp, "ecr-login")); len(entries) != 1 {
		t.Errorf("temporary files are left: %v", entries)
	}
	for file, want := range map[string]string{"path": a.bin() + "\n", "output": "path=" + a.bin() + "/" + helper + "\n"} {
		if content, _ := os.ReadFile(filepath.Join(a.temp, file)); !strings.HasPrefix(string(content), want) {
			t.Errorf("GitHub's file %q contains %q, want %q", file, content, want)
		}
	}
}

// TestActionConfiguresPodman configures two clients. The other one is Podman, which has its own file.
func TestActionConfiguresPodman(t *testing.T) {
	a := newAction(t)
	if out, err := a.run("CLIENTS=docker podman"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	content, err := os.ReadFile(filepath.Join(a.home, ".config", "containers", "auth.json"))
	if err != nil || !strings.Contains(string(content), host) || strings.Contains(string(content), `"auths"`) {
		t.Errorf("Podman's configuration is wrong: %v\n%s", err, content)
	}
}

// TestActionFailures checks that each failure is one line for the job's summary, and installs nothing.
func TestActionFailures(t *testing.T) {
	a := newAction(t)
	archive := helper + "-" + version + "-" + runtime.GOOS + "-" + runtime.GOARCH + ".tar.gz"
	changed, incomplete := t.TempDir(), t.TempDir()
	for _, dir := range []string{changed, incomplete} {
		if err := os.CopyFS(dir, os.DirFS(a.release)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(changed, version, archive), "changed")
	write(t, filepath.Join(incomplete, version, "SHA256SUMS"), "")
	for _, test := range []struct{ name, input, want string }{
		{"changed archive", "RELEASE_URL=file://" + changed, "wrong SHA-256 of " + archive + "; nothing was installed"},
		{"changed checksums", "SHA256SUMS=" + strings.Repeat("0", 64), "wrong SHA-256 of SHA256SUMS; the release was replaced"},
		{"no version", "VERSION=", "the input version is missing"},
		{"unknown version", "VERSION=9.9.9", "cannot download file://" + a.release + "/9.9.9/SHA256SUMS; check the inputs version and url"},
		{"a path as version", "VERSION=../0.1.0", "invalid input version"},
		{"code as version", "VERSION=$(touch pwned)", "invalid input version"},
		{"no registries", "REGISTRIES= \n", "the input registries is missing"},
		{"code as registry", "REGISTRIES=$(touch pwned)", "touch"},
		{"pattern as registry", "REGISTRIES=*", "*: neither an Amazon ECR registry"},
		{"unknown client", "CLIENTS=nerdctl", "unknown client in the input clients; valid: docker, podman"},
		{"unknown architecture", "RUNNER_ARCH=X86", "unsupported architecture: X86; build the program from source"},
		{"unknown system", "RUNNER_OS=Plan9", "unsupported operating system: Plan9"},
		{"no checksum", "RELEASE_URL=file://" + incomplete, "SHA256SUMS does not contain " + archive},
		{"no encryption", "RELEASE_URL=" + serve(t, a.release), "the input url is not encrypted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := a.run(test.input)
			if err == nil || !strings.Contains(out, test.want) {
				t.Errorf("the result is %v, want %q:\n%s", err, test.want, out)
			}
			if _, err := os.Stat(filepath.Join(a.home, ".docker", "config.json")); err == nil {
				t.Error("the Docker configuration was written")
			}
			if _, err := os.Stat(filepath.Join(a.home, "pwned")); err == nil {
				t.Error("an input was run as a command")
			}
		})
	}
}

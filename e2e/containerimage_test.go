package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"ecrlogin/internal/awstest"
)

// imageUser is the user and the group of the container image.
const imageUser = 65532

// testContainerImage loads the image of ecr-token-refresh into Docker, and runs its programs without capabilities, with
// Docker's default seccomp profile, and on a read-only file system.
func testContainerImage(t *testing.T, aws *awstest.Server, dir string) {
	startDockerd(t)
	if got := dockerRun(t, nil, "", "info", "--format={{.SecurityOptions}}"); !strings.Contains(got, "name=seccomp") {
		t.Errorf("containers run without Docker's seccomp profile: %s", got)
	}
	dockerRun(t, nil, "", "load", "--input", filepath.Join(dir, "ecr-token-refresh-image-"+runtime.GOARCH+".tar"))
	runImage(t, "ecr-token-refresh:1.2.3", append(keys(), "HTTPS_PROXY="+aws.Proxy))
}

// runImage runs the programs of the image under their three names.
func runImage(t *testing.T, tag string, env []string) {
	if got := dockerRun(t, nil, "", "inspect", "--format={{.Config.User}}", tag); got != "65532:65532" {
		t.Errorf("user of the image: %q, want 65532:65532", got)
	}
	dir := runtimeDir(t)
	config, passwords := filepath.Join(dir, "config"), filepath.Join(dir, "passwords")
	for _, d := range []string{dir, config, passwords} {
		if err := errors.Join(os.MkdirAll(d, 0o755), os.Chmod(d, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	const yaml = "interval: 30m\nregistries:\n- registry: " + firstHost + "\n  passwordFile: /opt/passwords/my-registry.pass\n"
	err := errors.Join(os.Chown(passwords, imageUser, imageUser), os.WriteFile(filepath.Join(config, "config.yaml"), []byte(yaml), 0o644))
	if err != nil {
		t.Fatal(err)
	}
	flags := []string{"run", "--rm", "--interactive", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=host",
		"--volume=" + config + ":/opt/config/ecr-token-refresh:ro", "--volume=" + passwords + ":/opt/passwords"}
	for _, v := range env {
		flags = append(flags, "--env="+v)
	}
	run := func(stdin string, args ...string) string { return dockerRun(t, nil, stdin, append(flags, args...)...) }

	if got := run("", tag, "--version"); got != "ecr-token-refresh 1.2.3" {
		t.Errorf("--version printed %q", got)
	}
	if got := run("", tag, "--once"); !strings.HasPrefix(got, "file /opt/passwords/my-registry.pass: up to date") {
		t.Errorf("--once printed %q", got)
	}
	checkPasswordFile(t, filepath.Join(passwords, "my-registry.pass"))
	if got := run(firstHost, "--entrypoint=docker-credential-ecr-login", tag, "get"); !strings.Contains(got, `"Username":"AWS"`) {
		t.Errorf("docker-credential-ecr-login printed %d bytes without a user name", len(got))
	}
	request := `{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"` + firstHost + `/app"}`
	if got := run(request, "--entrypoint=ecr-credential-provider", tag); !strings.Contains(got, `"kind":"CredentialProviderResponse"`) {
		t.Errorf("ecr-credential-provider printed %d bytes, which are no response", len(got))
	}
}

// checkPasswordFile checks that a file has content, and that only the user of the image can read it.
func checkPasswordFile(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t).Uid
	if info.Size() < 100 || info.Mode() != 0o600 || owner != imageUser {
		t.Errorf("password file: %d bytes, mode %v, owner %d; want a password, mode 0600 and owner %d", info.Size(), info.Mode(), owner, imageUser)
	}
}

// dockerRun runs the docker of the Debian package and returns its output.
func dockerRun(t *testing.T, env []string, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), debianDocker, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", args[0], err, stderr.Bytes())
	}
	return strings.TrimSpace(string(out))
}

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ecrlogin/internal/awstest"
)

// An otherUser runs the program as a user who may not search HOME, as in a container that runs as another user with
// HOME=/root.
type otherUser struct {
	dir    string // searchable, unlike HOME in it
	home   string
	cloud  *awstest.Server
	binary string
}

func newOtherUser(t *testing.T) *otherUser {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "home") // other users cannot search t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	u := &otherUser{dir: dir, home: filepath.Join(dir, "home"), binary: filepath.Join(dir, "docker-credential-ecr-login")}
	t.Cleanup(func() {
		_ = os.Chmod(u.home, 0o700) // otherwise an ordinary user cannot remove its content
		os.RemoveAll(dir)
	})
	for _, path := range []string{".config/ecr-login/config.yaml", ".aws/config", "named.yaml", "named.aws"} {
		path = filepath.Join(u.home, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	cloudDir, cacheDir := filepath.Join(dir, "cloud"), filepath.Join(dir, "cache")
	program, err := os.ReadFile(os.Args[0])
	err = errors.Join(err, os.WriteFile(u.binary, program, 0o755), os.Mkdir(cloudDir, 0o755), os.Mkdir(cacheDir, 0o700),
		os.Chmod(dir, 0o755), os.Chmod(u.home, 0))
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(cacheDir, nobody, nobody); err != nil {
			t.Skipf("this test needs another user: %v", err)
		}
	}
	if u.cloud, err = awstest.Start(awstest.Options{Dir: cloudDir}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.cloud.Close)
	return u
}

// nobody is the ID of the user and the group that own no files.
const nobody = 65534

// get runs the action get with an input and additional variables.
func (u *otherUser) get(t *testing.T, input string, env ...string) (exit int, stdout, stderr string) {
	t.Helper()
	return u.run(t, "get", input, env...)
}

func (u *otherUser) run(t *testing.T, action, input string, env ...string) (exit int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(u.binary, action)
	cmd.Dir, cmd.Stdin = u.dir, strings.NewReader(input)
	cmd.Env = append([]string{
		"HOME=" + u.home, "GORACE=atexit_sleep_ms=0", "AWS_ECR_CACHE_DIR=" + filepath.Join(u.dir, "cache"),
		"AWS_ACCESS_KEY_ID=" + awstest.KeyID, "AWS_SECRET_ACCESS_KEY=" + awstest.SecretKey,
		"AWS_CA_BUNDLE=" + u.cloud.CAFile, "HTTPS_PROXY=" + u.cloud.Proxy,
	}, env...)
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	var exited *exec.ExitError
	switch err := cmd.Run(); {
	case errors.Is(err, syscall.EPERM):
		t.Skipf("this test needs another user: %v", err)
	case err != nil && !errors.As(err, &exited):
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errOut.String()
}

// TestHomeThatCannotBeSearched checks that files in a home directory that cannot be searched are treated as missing,
// and that only requests for ECR report that.
func TestHomeThatCannotBeSearched(t *testing.T) {
	u := newOtherUser(t)
	const ecr = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	want := u.home + "/.aws/config, " + u.home + "/.aws/credentials, " + u.home + "/.config/ecr-login/config.yaml: " +
		"skipped, because this user may not search the directory; set HOME to a directory of this user\n"
	for _, host := range []string{"ghcr.io", "https://index.docker.io/v1/"} {
		for _, env := range []string{"ECR_LOGIN_LOG=", "AWS_ECR_DISABLE_CACHE=1"} { // the fast path and the slow path
			if exit, stdout, stderr := u.get(t, host, env); exit != 1 || stdout != "credentials not found in native keychain\n" || stderr != "" {
				t.Errorf("%s with %s: exit code %d, stdout %q, stderr %q", host, env, exit, stdout, stderr)
			}
		}
	}
	for _, what := range []string{"a miss", "a hit"} {
		if exit, stdout, stderr := u.get(t, ecr); exit != 0 || !strings.HasPrefix(stdout, `{"ServerURL":"`+ecr+`","Username":"AWS",`) || stderr != want {
			t.Errorf("%s: exit code %d, %d characters on stdout, stderr\n%s, want\n%s", what, exit, len(stdout), stderr, want)
		}
	}
	if n := u.cloud.Count(awstest.GetAuthorizationToken); n != 1 {
		t.Errorf("AWS issued %d tokens, want 1", n)
	}
	want = "set HOME and XDG_CONFIG_HOME to a directory of this user\n"
	if exit, _, stderr := u.get(t, ecr, "XDG_CONFIG_HOME="+u.home+"/xdg"); exit != 0 || !strings.HasSuffix(stderr, want) {
		t.Errorf("exit code %d, stderr %s", exit, stderr)
	}
	want = "; " + u.home + "/.config/ecr-login/config.yaml is skipped, because this user may not search the directory"
	if _, stdout, _ := u.run(t, "doctor", ""); !strings.Contains(stdout, want) {
		t.Errorf("doctor printed %s", stdout)
	}
}

// TestNamedFileThatCannotBeSearched checks that a file that a variable names must be readable.
func TestNamedFileThatCannotBeSearched(t *testing.T) {
	u := newOtherUser(t)
	path := filepath.Join(u.home, "named.yaml")
	if exit, stdout, _ := u.get(t, "ghcr.io", "ECR_LOGIN_CONFIG="+path); exit != 1 || stdout != "the configuration cannot be read: stat "+path+": permission denied\n" {
		t.Errorf("exit code %d, stdout %q", exit, stdout)
	}
	// The token is not cached, because its identity is unknown without the AWS files.
	for range 2 {
		if exit, _, stderr := u.get(t, "123456789012.dkr.ecr.us-west-2.amazonaws.com", "AWS_CONFIG_FILE="+filepath.Join(u.home, "named.aws")); exit != 0 || stderr != "" {
			t.Errorf("exit code %d, stderr %s", exit, stderr)
		}
	}
	if n := u.cloud.Count(awstest.GetAuthorizationToken); n != 2 {
		t.Errorf("AWS issued %d tokens, want 2", n)
	}
}

package e2e

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ecrlogin/internal/awstest"
)

// A user runs the helper with a user ID and only the variables env.
type user struct {
	uid int
	env []string
	aws *awstest.Server
}

// newUser creates a user with AWS keys, and a stand-in for AWS that accepts them.
func newUser(t *testing.T, uid int) user {
	t.Helper()
	aws := awstest.New(t)
	return user{uid: uid, env: append(keys(), "AWS_ENDPOINT_URL="+aws.URL), aws: aws}
}

func (u user) with(env ...string) user {
	u.env = append(u.env[:len(u.env):len(u.env)], env...)
	return u
}

// as returns another user with the same environment.
func (u user) as(uid int) user {
	u.uid = uid
	return u
}

// newDir creates a directory that belongs to the user.
func (u user) newDir(t *testing.T) string {
	t.Helper()
	dir := runtimeDir(t)
	if err := os.Chown(dir, u.uid, u.uid); err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs an action of the helper as the user.
func (u user) run(t *testing.T, action, input string) run {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), publicHelper(t), action)
	cmd.Env, cmd.Dir = u.env, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(u.uid), Gid: uint32(u.uid)}}
	return finish(t, cmd, input)
}

// mustGet fails the test unless a get prints a password, and standard error is empty, or one line that contains line if
// that is not empty. It returns the output.
func (u user) mustGet(t *testing.T, line string) (answer string) {
	t.Helper()
	r := u.run(t, "get", firstHost)
	if r.exit != 0 || !strings.Contains(r.stdout, `"Username":"AWS","Secret":"`) {
		t.Errorf("exit code %d, %d characters on stdout", r.exit, len(r.stdout))
	}
	lines := 0
	if line != "" {
		lines = 1
	}
	if strings.Count(r.stderr, "\n") != lines || !strings.Contains(r.stderr, line) {
		t.Errorf("stderr %q, want %d lines with %q", r.stderr, lines, line)
	}
	return r.stdout
}

// wantTokenRequests fails the test unless AWS received want token requests since the last check.
func (u user) wantTokenRequests(t *testing.T, want int) {
	t.Helper()
	if n := u.aws.Count(awstest.GetAuthorizationToken); n != want {
		t.Errorf("AWS received %d token requests, want %d", n, want)
	}
	u.aws.ResetCalls()
}

// publicHelper returns the path of a copy of the helper that all users can execute. The helper on PATH is in a
// directory that only root can read.
func publicHelper(t *testing.T) string {
	t.Helper()
	const public = "/run/docker-credential-ecr-login" // removed with the sandbox
	if _, err := os.Stat(public); err == nil {
		return public
	}
	helper, err := os.Open(lookPath(t, filepath.Base(public)))
	if err != nil {
		t.Fatal(err)
	}
	defer helper.Close()
	file, err := os.OpenFile(public, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(file, helper)
	if closeErr := file.Close(); err != nil || closeErr != nil {
		t.Fatal(err, closeErr)
	}
	return public
}

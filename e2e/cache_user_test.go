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

// A user runs the helper as somebody, with nothing in the environment but env.
type user struct {
	uid int
	env []string
	aws *awstest.Server
}

// newUser makes a user with AWS keys and an AWS that knows them.
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

// folder makes a folder of the user's.
func (u user) folder(t *testing.T) string {
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

// gets fails the test unless a get answers with a password and stderr is empty or, where
// line is not, one line that holds it. It returns the answer.
func (u user) gets(t *testing.T, line string) (answer string) {
	t.Helper()
	r := u.run(t, "get", firstHost)
	if r.exit != 0 || !strings.Contains(r.stdout, `"Username":"AWS","Secret":"`) {
		t.Errorf("exit code %d with %d characters on stdout", r.exit, len(r.stdout))
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

// asked fails the test unless AWS was asked for so many tokens since the last time.
func (u user) asked(t *testing.T, want int) {
	t.Helper()
	if n := u.aws.Count(awstest.GetAuthorizationToken); n != want {
		t.Errorf("AWS was asked for %d tokens, want %d", n, want)
	}
	u.aws.ResetCalls()
}

// publicHelper returns a copy of the helper that every user can run; the one on PATH is in
// a folder of root's.
func publicHelper(t *testing.T) string {
	t.Helper()
	const public = "/run/docker-credential-ecr-login" // gone with the sandbox
	if _, err := os.Stat(public); err == nil {
		return public
	}
	helper, err := os.Open(look(t, filepath.Base(public)))
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

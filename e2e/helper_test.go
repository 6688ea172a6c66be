package e2e

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A run is the result of one run of the helper.
type run struct {
	stdout, stderr string
	exit           int
	took           time.Duration
}

// get runs the helper as clients do, with an empty home directory and only the variables env.
func get(t *testing.T, host string, env ...string) run {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), lookPath(t, "docker-credential-ecr-login"), "get")
	cmd.Env = append([]string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}, env...)
	return finish(t, cmd, host)
}

// finish runs a command of the helper with input on standard input.
func finish(t *testing.T, cmd *exec.Cmd, input string) run {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return run{stdout: stdout.String(), stderr: stderr.String(), exit: cmd.ProcessState.ExitCode(), took: took}
}

// mustFail fails the test unless the run failed within limit, with the same line about firstHost on both streams.
func (r run) mustFail(t *testing.T, limit time.Duration) {
	t.Helper()
	if r.exit != 1 {
		t.Errorf("exit code %d, want 1", r.exit)
	}
	if r.took > limit {
		t.Errorf("took %v, want at most %v", r.took, limit)
	}
	line := strings.TrimSpace(r.stdout)
	if !strings.HasPrefix(line, firstHost+": ") || line != strings.TrimSpace(r.stderr) || strings.Contains(line, "\n") {
		t.Errorf("stdout %q and stderr %q, want the same line with the host", r.stdout, r.stderr)
	}
}

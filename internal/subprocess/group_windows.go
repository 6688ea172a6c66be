package subprocess

import (
	"context"
	"os"
	"os/exec"
)

// command returns a command. Its descendants are not killed with it, but Run does not wait for them either.
func command(ctx context.Context, path string) (cmd *exec.Cmd, group context.Context, stop func()) {
	return exec.CommandContext(ctx, path), ctx, func() {}
}

// killGroup does nothing: Windows has no process groups.
func killGroup(*exec.Cmd) {}

// killed reports whether a process may have been killed: on Windows its exit code is then like that of any failure.
func killed(state *os.ProcessState) bool { return !state.Success() }

// signalName returns the state: Windows has no signals.
func signalName(state *os.ProcessState) string { return state.String() }

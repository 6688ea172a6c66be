package subprocess

import (
	"context"
	"os"
	"os/exec"
)

// command returns a command. What it started is not ended with it, but is not waited for either.
func command(ctx context.Context, path string) (cmd *exec.Cmd, group context.Context, stop func()) {
	return exec.CommandContext(ctx, path), ctx, func() {}
}

// killGroup does nothing where there are no process groups.
func killGroup(*exec.Cmd) {}

// killed reports whether a process may have been ended by another: here it then has an exit code like any that fails.
func killed(state *os.ProcessState) bool { return !state.Success() }

// signalName is not needed where there are no signals.
func signalName(state *os.ProcessState) string { return state.String() }

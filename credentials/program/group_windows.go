package program

import (
	"context"
	"os"
	"os/exec"
)

// command prepares a command. What it has started is not ended with it, but is not waited for either.
func command(ctx context.Context, path, action string) (cmd *exec.Cmd, group context.Context, stop func()) {
	return exec.CommandContext(ctx, path, action), ctx, func() {}
}

// killed reports whether a process may have been ended by another: here it then has an exit code like any that fails.
func killed(state *os.ProcessState) bool { return !state.Success() }

// signalOf is not needed where there are no signals.
func signalOf(state *os.ProcessState) string { return state.String() }

package subprocess

import (
	"context"
	"os/exec"
)

// command returns a command. Its descendants are not killed with it, but Run does not wait for them either.
func command(ctx context.Context, path string) (cmd *exec.Cmd, group context.Context, stop func()) {
	return exec.CommandContext(ctx, path), ctx, func() {}
}

// killGroup does nothing: Windows has no process groups.
func killGroup(*exec.Cmd) {}

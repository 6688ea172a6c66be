//go:build unix

package program

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// command prepares a command that is ended together with all that it has started: it gets a process group of its own.
// Since signals to this process's group do not reach that one, they end it by way of the context, until stop.
//
// At a terminal it stays in this process's group. In another one it would be in the background, where it cannot read a
// pass phrase from the terminal and Ctrl-C does not reach it. Then only the command itself is ended.
func command(ctx context.Context, path, action string) (cmd *exec.Cmd, group context.Context, stop func()) {
	if atTerminal() {
		return exec.CommandContext(ctx, path, action), ctx, func() {}
	}
	var ending []os.Signal
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM} {
		if !signal.Ignored(s) { // by nohup, for example
			ending = append(ending, s)
		}
	}
	stop = func() {}
	if len(ending) > 0 { // none would mean all
		ctx, stop = signal.NotifyContext(ctx, ending...)
	}
	cmd = exec.CommandContext(ctx, path, action)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd, ctx, stop
}

// atTerminal reports whether this process has a controlling terminal.
func atTerminal() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	tty.Close()
	return true
}

// killed reports whether a signal ended a process.
func killed(state *os.ProcessState) bool { return !state.Exited() }

// signalOf returns the name of the signal that ended a process.
func signalOf(state *os.ProcessState) string {
	return state.Sys().(syscall.WaitStatus).Signal().String()
}

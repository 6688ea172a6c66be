//go:build unix

package subprocess

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"

	"ecrlogin/internal/proctable"
)

// terminationSignals cancel a child that runs in its own process group.
var terminationSignals = []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM}

// command returns a command that runs in its own process group. The group and all descendants are killed when the
// returned context ends. Signals to this process do not reach that group, so they cancel the context, until stop is
// called.
//
// With a controlling terminal the command stays in this process's group. In another group it would be a background
// process, which can neither read a passphrase from the terminal nor be interrupted with Ctrl-C.
func command(ctx context.Context, path string) (cmd *exec.Cmd, group context.Context, stop func()) {
	own, stop := !atTerminal(), func() {}
	if own {
		signals := slices.DeleteFunc(slices.Clone(terminationSignals), signal.Ignored) // nohup ignores SIGHUP
		if len(signals) > 0 {                                                          // without signals, NotifyContext uses all
			ctx, stop = signal.NotifyContext(ctx, signals...)
		}
	}
	cmd = exec.CommandContext(ctx, path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: own}
	cmd.Cancel = func() error {
		killTree(cmd.Process.Pid)
		if own {
			return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
		return cmd.Process.Kill()
	}
	return cmd, ctx, stop
}

// killGroup kills the processes that an exited command left in its process group, if it had its own.
func killGroup(cmd *exec.Cmd) {
	if cmd.SysProcAttr.Setpgid {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails if the group is empty
	}
}

// killTree stops a process and kills its descendants, including those in other process groups, as far as the system
// reports them. It first stops all of them, one generation after the other, so that none can start another process.
func killTree(pid int) {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		_ = syscall.Kill(all[i], syscall.SIGSTOP)
		all = append(all, proctable.Children(all[i])...)
	}
	for _, descendant := range all[1:] {
		_ = syscall.Kill(descendant, syscall.SIGKILL)
	}
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

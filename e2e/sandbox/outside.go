package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

const namespaces = syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC

// runOutside builds the programs, runs the tests in new namespaces, and returns an error if they left anything on the
// machine.
func (s Sandbox) runOutside() (code int, err error) {
	if os.Geteuid() != 0 {
		return 1, errors.New("these tests must run as root, because they create namespaces and mounts")
	}
	ctx, stop := signal.NotifyContext(context.Background(),
		syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer stop()

	dir, err := os.MkdirTemp("", "ecr-login-e2e-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for _, d := range []string{binDir(dir), memoryDir(dir)} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return 1, err
		}
	}
	if err := s.Build(binDir(dir)); err != nil {
		return 1, err
	}

	before, err := mounts()
	if err != nil {
		return 1, err
	}
	code, inside, err := enter(ctx, dir)
	return code, errors.Join(context.Cause(ctx), err, leftovers(inside, before, dir))
}

// enter runs this program again as the first process of new namespaces and waits for it. It returns its exit code and
// the namespaces. The kernel ends the namespaces with that process, which is killed if ctx is canceled or this process
// dies.
func enter(ctx context.Context, dir string) (code int, inside []namespace, err error) {
	self, err := os.Executable()
	if err != nil {
		return 1, nil, err
	}
	cmd := exec.CommandContext(ctx, self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), stageVariable+"="+stageInit, dirVariable+"="+dir)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Pdeathsig: syscall.SIGKILL}

	// The kernel sends Pdeathsig when the thread that started the process ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return 1, nil, fmt.Errorf("creating namespaces: %w", err)
	}
	inside, err = namespacesOf(cmd.Process.Pid)
	if waitErr := cmd.Wait(); cmd.ProcessState.ExitCode() < 0 { // killed by a signal
		return 1, inside, errors.Join(err, waitErr)
	}
	return cmd.ProcessState.ExitCode(), inside, err
}

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

// outside builds, runs the tests in their namespaces, and fails if they left
// anything behind.
func (s Sandbox) outside() (code int, err error) {
	if os.Geteuid() != 0 {
		return 1, errors.New("these tests make namespaces and mounts of their own and must run as root")
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

// enter runs this program again as the first process of new namespaces, waits for it,
// and returns its exit code and which namespaces those were. It is killed, and the
// namespaces with it, when ctx is done or this process dies.
func enter(ctx context.Context, dir string) (code int, inside []namespace, err error) {
	self, err := os.Executable()
	if err != nil {
		return 1, nil, err
	}
	cmd := exec.CommandContext(ctx, self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), stageVariable+"="+stageInit, dirVariable+"="+dir)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Pdeathsig: syscall.SIGKILL}

	// The death signal is sent when the thread that started the process ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return 1, nil, fmt.Errorf("making namespaces: %w", err)
	}
	inside, err = namespacesOf(cmd.Process.Pid)
	if waitErr := cmd.Wait(); cmd.ProcessState.ExitCode() < 0 { // ended by a signal
		return 1, inside, errors.Join(err, waitErr)
	}
	return cmd.ProcessState.ExitCode(), inside, err
}

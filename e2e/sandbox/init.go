package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// runInit is the first process of the namespaces. It mounts the file systems and starts the tests. As the parent of all
// orphans, it waits for them until the tests have ended. It must not start other processes, because reap takes the exit
// codes of all children.
func (s Sandbox) runInit(dir string) (code int, err error) {
	if err := s.setUp(dir); err != nil {
		return 1, fmt.Errorf("setting up the namespaces: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(),
		stageVariable+"="+stageTests,
		"PATH="+binDir(dir)+":"+os.Getenv("PATH"),
		"TMPDIR="+memoryDir(dir)+"/tmp")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	return reap(cmd.Process.Pid)
}

// reap waits for all children, including orphans, until pid has ended. It returns the exit code of pid.
func reap(pid int) (code int, err error) {
	for {
		var status syscall.WaitStatus
		ended, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR), err == nil && ended != pid:
			continue
		case err != nil:
			return 1, fmt.Errorf("waiting for the tests: %w", err)
		case status.Signaled():
			return 1, fmt.Errorf("the tests were killed by signal: %v", status.Signal())
		}
		return status.ExitStatus(), nil
	}
}

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// first is the first process of the namespaces: it furnishes them, starts the tests
// and, as the parent of every orphan, reaps until the tests have ended. It does nothing
// else because reaping would take the exit codes from whoever else waits.
func (s Sandbox) first(dir string) (code int, err error) {
	if err := s.furnish(dir); err != nil {
		return 1, fmt.Errorf("furnishing the namespaces: %w", err)
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

// reap waits for children, and for processes that their parents have left to the first
// process, until pid has ended; it returns pid's exit code.
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
			return 1, fmt.Errorf("the tests were ended by signal: %v", status.Signal())
		}
		return status.ExitStatus(), nil
	}
}

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"ecrlogin/internal/proctable"
)

// measurable reports whether statusWhenPrinting is supported.
const measurable = true

// statusWhenPrinting runs the program with a full pipe as standard output, and returns /proc/PID/status when the
// program is blocked because it prints. Unlike the kernel's figures about a process that has exited, these do not
// include the memory of this process at the time of the fork.
func (p *program) statusWhenPrinting() (status map[string]int64, err error) {
	reader, full, err := fullPipe()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	defer full.Close()
	cmd := exec.Command(p.path, p.args...)
	cmd.Env, cmd.Stdin, cmd.Stdout = p.env, strings.NewReader(p.stdin), full
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(10 * time.Second); !printing(cmd.Process.Pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			err = fmt.Errorf("%s %s: it has not printed within 10 seconds", p.path, strings.Join(p.args, " "))
			break
		}
	}
	if err == nil {
		status, err = proctable.Status(cmd.Process.Pid)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // an error, because it was killed
	return status, err
}

// printing reports whether a thread of the process is blocked in write(1, …).
func printing(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", pid))
	for _, file := range threads {
		call, _ := os.ReadFile(file)
		if strings.HasPrefix(string(call), fmt.Sprintf("%d 0x1 ", syscall.SYS_WRITE)) {
			return true
		}
	}
	return false
}

// fullPipe returns a pipe with no space left.
func fullPipe() (reader, full *os.File, err error) {
	reader, full, err = os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	raw, err := full.SyscallConn()
	if err == nil {
		page := make([]byte, os.Getpagesize())
		err = raw.Write(func(fd uintptr) bool {
			for {
				// os.Pipe returns files that do not block.
				if _, err := syscall.Write(int(fd), page); err != nil && err != syscall.EINTR {
					return true
				}
			}
		})
	}
	if err != nil {
		reader.Close()
		full.Close()
		return nil, nil, err
	}
	return reader, full, nil
}

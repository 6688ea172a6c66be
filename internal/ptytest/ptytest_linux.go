package ptytest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// Open opens a new terminal. It returns screen, which the test reads and writes, and tty, for the program. It skips the
// test on systems without terminals.
func Open(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, tty, err := open()
	if err != nil {
		t.Skip("pseudo-terminals are not available: ", err)
	}
	t.Cleanup(func() { screen.Close(); tty.Close() })
	return screen, tty
}

func open() (screen, tty *os.File, err error) {
	if screen, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		return nil, nil, err
	}
	raw, err := screen.SyscallConn()
	if err != nil {
		return nil, nil, err
	}
	var number, unlocked uint32
	var failed error
	err = raw.Control(func(fd uintptr) {
		for request, value := range map[uintptr]*uint32{syscall.TIOCSPTLCK: &unlocked, syscall.TIOCGPTN: &number} {
			if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(value))); errno != 0 {
				failed = errno
			}
		}
	})
	if err := errors.Join(err, failed); err != nil {
		return nil, nil, err
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	return screen, tty, err
}

// Show runs a command with a terminal as its standard output, and writes everything that the terminal shows.
func Show(cmd *exec.Cmd, w io.Writer) error {
	screen, tty, err := open()
	if err != nil {
		return err
	}
	defer screen.Close()
	cmd.Stdout = tty
	err = cmd.Start()
	tty.Close()
	if err != nil {
		return err
	}
	_, _ = io.Copy(w, screen) // fails with EIO when all processes have closed the terminal
	return cmd.Wait()
}

// Control makes tty the controlling terminal of cmd, which must not be started yet.
func Control(cmd *exec.Cmd, tty *os.File) {
	cmd.ExtraFiles = append(cmd.ExtraFiles, tty)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 2 + len(cmd.ExtraFiles)}
}

// WaitFor reads screen until text appears, and returns what it has read.
func WaitFor(t *testing.T, screen *os.File, text string, patience time.Duration) string {
	t.Helper()
	if err := screen.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	for buffer := make([]byte, 256); !strings.Contains(seen.String(), text); {
		n, err := screen.Read(buffer)
		if err != nil {
			t.Fatalf("the terminal shows %q, %v", seen.String(), err)
		}
		seen.Write(buffer[:n])
	}
	return seen.String()
}

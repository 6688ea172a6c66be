package ptytest

import (
	"fmt"
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
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("pseudo-terminals are not available: ", err)
	}
	t.Cleanup(func() { screen.Close() })
	raw, err := screen.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number, unlocked uint32
	err = raw.Control(func(fd uintptr) {
		for request, value := range map[uintptr]*uint32{syscall.TIOCSPTLCK: &unlocked, syscall.TIOCGPTN: &number} {
			if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(value))); errno != 0 {
				t.Error(errno)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	return screen, tty
}

// Control makes tty the controlling terminal of cmd, which must not be started yet.
func Control(cmd *exec.Cmd, tty *os.File) {
	cmd.ExtraFiles = append(cmd.ExtraFiles, tty)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 2 + len(cmd.ExtraFiles)}
}

// WaitFor reads screen until text appears, and returns what it has read. It fails the test after the timeout.
func WaitFor(t *testing.T, screen *os.File, text string, timeout time.Duration) string {
	t.Helper()
	if err := screen.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	for buffer := make([]byte, 256); !strings.Contains(seen.String(), text); {
		n, err := screen.Read(buffer)
		if err != nil {
			t.Fatalf("waiting for %q: the terminal shows %q: %v", text, seen.String(), err)
		}
		seen.Write(buffer[:n])
	}
	return seen.String()
}

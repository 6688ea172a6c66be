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

// Open returns the two ends of a new terminal: the screen, on which a test types and reads, and the tty, which is for the
// program. It skips the test where there are no terminals.
func Open(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no terminals here: ", err)
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

// Control makes a tty the controlling terminal of a command that has not started.
func Control(cmd *exec.Cmd, tty *os.File) {
	cmd.ExtraFiles = append(cmd.ExtraFiles, tty)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 2 + len(cmd.ExtraFiles)}
}

// WaitFor reads a screen until there is that text, and returns what it read.
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

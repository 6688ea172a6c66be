package program_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// At a terminal a helper can ask its user for a pass phrase, and Ctrl-C ends it as well.
func TestAtATerminal(t *testing.T) {
	for name, tt := range map[string]struct{ typed, out string }{
		"a pass phrase": {"open sesame\n", `{"Username":"ann","Secret":"open sesame"}` + "\n"},
		"Ctrl-C":        {"\x03", ""},
	} {
		t.Run(name, func(t *testing.T) {
			install(t, "foo", `echo 'pass phrase?' >/dev/tty; read -r typed </dev/tty; echo "{\"Username\":\"ann\",\"Secret\":\"$typed\"}"`)
			screen, tty := terminal(t)
			cmd := daemon(t, "foo", "get", host)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
			cmd.ExtraFiles = []*os.File{tty}
			errOut := hold(t)
			var out strings.Builder
			cmd.Stdout, cmd.Stderr = &out, errOut.hold
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			waitFor(t, screen, "pass phrase?")
			if _, err := screen.WriteString(tt.typed); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // Ctrl-C makes it fail
			if text := errOut.text(); text != "" || out.String() != tt.out {
				t.Errorf("stdout %q, stderr %q", out.String(), text)
			}
		})
	}
}

// terminal returns the two ends of a new one.
func terminal(t *testing.T) (screen, tty *os.File) {
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

// waitFor reads a terminal until there is that text.
func waitFor(t *testing.T, screen *os.File, text string) {
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
}

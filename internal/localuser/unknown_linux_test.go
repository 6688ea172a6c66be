package localuser_test

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"ecrlogin/internal/localuser"
)

// TestMain prints the name if the test runs itself as another user.
func TestMain(m *testing.M) {
	if os.Getenv("PRINT_NAME") != "" {
		fmt.Print(localuser.Name())
		return
	}
	os.Exit(m.Run())
}

// In a container, the user is often one without a line in /etc/passwd.
func TestNameOfUnknownUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("requires root")
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{"PRINT_NAME=1", "USER=intruder", "HOME=/"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 54321, Gid: 54321}}
	got, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != "uid-54321" {
		t.Errorf("got %q", got)
	}
}

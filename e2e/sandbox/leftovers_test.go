package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestProcessesIn starts a process in new namespaces, which is found until it has ended.
func TestProcessesIn(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("creating namespaces, which requires root: %v", err)
	}
	inside, err := namespacesOf(cmd.Process.Pid)
	if err != nil || len(inside) != 4 {
		t.Errorf("namespacesOf = %q, %v, want four", inside, err)
	}
	want := []string{strconv.Itoa(cmd.Process.Pid) + " sleep"}
	if got, err := processesIn(inside); err != nil || !slices.Equal(got, want) {
		t.Errorf("processesIn = %q, %v, want %q", got, err, want)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	if got, err := processesIn(inside); err != nil || len(got) != 0 {
		t.Errorf("processesIn = %q, %v, want none", got, err)
	}
}

// TestLeftoversNamesMounts reports an existing mount as a new one, because it is missing in the earlier list.
func TestLeftoversNamesMounts(t *testing.T) {
	before, err := mounts()
	if err != nil {
		t.Fatal(err)
	}
	if err := leftovers(nil, before, t.TempDir()); err != nil {
		t.Errorf("leftovers = %v, want none", err)
	}
	other := slices.DeleteFunc(slices.Clone(before), func(m string) bool { return m == "/proc" })
	if err := leftovers(nil, other, t.TempDir()); err == nil || !strings.Contains(err.Error(), "mount on /proc") {
		t.Errorf("leftovers = %v, want the mount on /proc", err)
	}
}

func TestRemoveTree(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	if err := os.MkdirAll(filepath.Join(root, "a/b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := removeTree(root); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(root); !os.IsNotExist(err) {
		t.Errorf("%s still exists: %v", root, err)
	}
}

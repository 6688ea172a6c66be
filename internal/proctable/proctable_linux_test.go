package proctable

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
)

func TestParse(t *testing.T) {
	for stat, want := range map[string]Process{
		"7 (sh) S 3 7 7 0 -1": {Parent: 3, Name: "sh"},
		"7 (sh) S 3 7 7 0 -1 4194560 99 0 0 0 0 0 0 0 20 0 1 0 12345 4096": {Parent: 3, Name: "sh", Start: "12345"},
		"8 (a) b (c) R 9 8":           {Parent: 9, Name: "a) b (c"},
		"1 (tab\tnew\nline) S 0 1 1 ": {Parent: 0, Name: "tab\tnew\nline"},
	} {
		if got, err := parse(stat); got != want || err != nil {
			t.Errorf("%q: %+v, %v", stat, got, err)
		}
	}
	for _, stat := range []string{"", "7", "7 (sh", "7 (sh)", "7 (sh) S", "7 (sh) S x", ")7("} {
		if got, err := parse(stat); err == nil {
			t.Errorf("%q: %+v", stat, got)
		}
	}
}

func TestRename(t *testing.T) {
	before, err := Find(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a (new) name", before.Name} {
		if err := Rename(name); err != nil {
			t.Fatal(err)
		}
		if p, err := Find(os.Getpid()); err != nil || p.Name != name {
			t.Errorf("Find = %+v, %v, want the name %q", p, err, name)
		}
	}
}

func TestStatus(t *testing.T) {
	status, err := Status(os.Getpid())
	if err != nil || status["Pid"] != int64(os.Getpid()) || status["Threads"] < 1 || status["VmRSS"] < 100 {
		t.Errorf("Status = %v, %v", status, err)
	}
	if _, err := Status(1 << 30); !os.IsNotExist(err) {
		t.Errorf("without a process: %v", err)
	}
}

// TestIdentity checks that processes with equal PIDs, which only different containers have, differ by their start times.
func TestIdentity(t *testing.T) {
	p, err := Find(os.Getpid())
	if want := fmt.Sprintf("%d@%s", os.Getpid(), p.Start); err != nil || p.Start == "" || Identity(os.Getpid()) != want {
		t.Errorf("Identity = %q, want %q; %v", Identity(os.Getpid()), want, err)
	}
	if got := Identity(1 << 30); got != "1073741824" {
		t.Errorf("without a process: %q", got)
	}
	if got := Identity(0); got != "" {
		t.Errorf("without a parent: %q", got)
	}
}

func TestFindAndChildren(t *testing.T) {
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	child := cmd.Process.Pid
	if p, err := Find(child); err != nil || p.Parent != os.Getpid() {
		t.Errorf("Find = %+v, %v", p, err)
	}
	if !slices.Contains(Children(os.Getpid()), child) {
		t.Error("the child is not among the children")
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if p, err := Find(child); !os.IsNotExist(err) {
		t.Errorf("Find of a process that ended = %+v, %v", p, err)
	}
}

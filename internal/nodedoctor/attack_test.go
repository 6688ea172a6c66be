//go:build linux

package nodedoctor

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ecrlogin/internal/check"
)

// TestImitations checks that a process of another user or in a container is not trusted, alone or next to a real
// kubelet, and that the program in its flags is not run.
func TestImitations(t *testing.T) {
	needRoot(t)
	container := uintptr(syscall.CLONE_NEWNS | syscall.CLONE_NEWPID)
	asRoot := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}}
	setuid := filepath.Join(t.TempDir(), "sh")
	if b, err := os.ReadFile("/bin/sh"); err != nil || os.WriteFile(setuid, b, 0o755) != nil || os.Chmod(setuid, 0o755|os.ModeSetuid) != nil {
		t.Fatal("copying /bin/sh", err)
	}
	for _, tt := range []struct {
		name, program string
		attr          *syscall.SysProcAttr
		why           string // why it is ignored
		alone         string // the finding if it is the only one; "" for the same as why
	}{
		{"nobody", "/bin/sh", &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}, "runs as user 65534", ""},
		{"container", "/bin/sh", &syscall.SysProcAttr{Cloneflags: container}, "is in a container (PID, mount namespace)", ""},
		{"PID namespace", "/bin/sh", &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}, "is in a container (PID namespace)", ""},
		{"mount namespace", "/bin/sh", &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}, "has its own mount namespace", "runs as root, but in its own mount namespace, as containers do"},
		{"user namespace", "/bin/sh", &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: asRoot, GidMappings: asRoot}, "is in a container (user namespace)", ""},
		{"setuid program", setuid, nil, "runs a setuid program", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			evil := newSetUp(t, nobody)
			pid := start(t, tt.program, "evil", evil.flags(), tt.attr)
			want := cmp.Or(tt.alone, fmt.Sprintf("no kubelet process found; ignored: process %d, which %s", pid, tt.why))
			all := checks(Kubelet{Proc: procOf(t, pid)})
			if c := all["kubelet"]; c.Status != check.StatusFailed || !strings.Contains(c.Found, want) {
				t.Errorf("alone: %+v", c)
			}

			good := newSetUp(t, 0)
			real := start(t, "/bin/sh", "good", good.flags(), nil)
			all = checks(Kubelet{Proc: procOf(t, pid, real)})
			if c := all["kubelet"]; c.Status != check.StatusOK || !strings.HasPrefix(c.Found, fmt.Sprintf("process %d, with %s", real, good.dir)) ||
				!strings.HasSuffix(c.Found, fmt.Sprintf("; ignored: process %d, which %s", pid, tt.why)) {
				t.Errorf("beside the real one: %+v", c)
			}
			if got := good.ran(t); got != "version by 0 with \n by 0 with good\ncache by 0 with good\n" {
				t.Errorf("the program of the real kubelet recorded %q", got)
			}
			if got := evil.ran(t); got != "" {
				t.Errorf("the program recorded %q", got)
			}
		})
	}
}

// TestTwoKubelets checks that two possible kubelets are an error.
func TestTwoKubelets(t *testing.T) {
	needRoot(t)
	one, two := newSetUp(t, 0), newSetUp(t, 0)
	first, second := start(t, "/bin/sh", "good", one.flags(), nil), start(t, "/bin/sh", "good", two.flags(), nil)
	c := checks(Kubelet{Proc: procOf(t, first, second)})["kubelet"]
	if c.Status != check.StatusFailed || !strings.Contains(c.Found, "are both kubelet") || c.Next != nameFiles {
		t.Errorf("%+v", c)
	}
	if got := one.ran(t) + two.ran(t); got != "" {
		t.Errorf("the programs recorded %q", got)
	}
}

// TestUnsafe checks that a program which another user could change is not run, whether it is from a kubelet of root or
// from a flag.
func TestUnsafe(t *testing.T) {
	needRoot(t)
	chmod := func(name string, mode os.FileMode) func(*testing.T, setUp) {
		return func(t *testing.T, s setUp) {
			if err := os.Chmod(filepath.Join(s.dir, name), mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	give := func(name string) func(*testing.T, setUp) {
		return func(t *testing.T, s setUp) { s.give(t, name, nobody) }
	}
	// behind moves a file to a world-writable directory and replaces it with a link.
	behind := func(name string) func(*testing.T, setUp) {
		return func(t *testing.T, s setUp) {
			open := filepath.Join(s.dir, "open")
			if os.Mkdir(open, 0o700) != nil || os.Chmod(open, 0o777) != nil ||
				os.Rename(filepath.Join(s.dir, name), filepath.Join(open, "file")) != nil || os.Symlink("../open/file", filepath.Join(s.dir, name)) != nil {
				t.Fatal("setup failed")
			}
		}
	}
	addEnv := func(name, path string) func(*testing.T, setUp) {
		return func(t *testing.T, s setUp) {
			config := filepath.Join(s.dir, "providers.yaml")
			b, err := os.ReadFile(config)
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, "  env: [{name: "+name+", value: \""+filepath.Join(s.dir, path)+"\"}]\n"...)
			if os.WriteFile(config, b, 0o600) != nil || os.WriteFile(filepath.Join(s.dir, "aws"), nil, 0o600) != nil {
				t.Fatal("write failed")
			}
			s.give(t, "aws", nobody)
		}
	}
	for _, tt := range []struct {
		name  string
		spoil func(*testing.T, setUp)
		fault string // "" for none
	}{
		{"nothing", func(*testing.T, setUp) {}, ""},
		{"program for its group", chmod("bin/ecr-credential-provider", 0o775), "bin/ecr-credential-provider is writable by others"},
		{"program for all", chmod("bin/ecr-credential-provider", 0o757), "bin/ecr-credential-provider is writable by others"},
		{"program of another", give("bin/ecr-credential-provider"), "bin/ecr-credential-provider belongs to user 65534"},
		{"directory for all", chmod("bin", 0o777), "bin is writable by others"},
		{"directory of another", give("bin"), "bin belongs to user 65534"},
		{"directory above of another", give("."), " belongs to user 65534"},
		{"directory above for all", chmod(".", 0o777), " is writable by others"},
		{"configuration for all", chmod("providers.yaml", 0o666), "providers.yaml is writable by others"},
		{"configuration of another", give("providers.yaml"), "providers.yaml belongs to user 65534"},
		{"sticky directory", chmod("bin", 0o777|os.ModeSticky), ""},
		{"of another in a sticky directory", func(t *testing.T, s setUp) {
			chmod("bin", 0o777|os.ModeSticky)(t, s)
			give("bin/ecr-credential-provider")(t, s)
		}, "bin/ecr-credential-provider belongs to user 65534"},
		{"AWS configuration of another", addEnv("AWS_CONFIG_FILE", "aws"), "aws belongs to user 65534"},
		{"AWS credentials of another", addEnv("AWS_SHARED_CREDENTIALS_FILE", "aws"), "aws belongs to user 65534"},
		{"own configuration of another", addEnv("ECR_LOGIN_CONFIG", "aws"), "aws belongs to user 65534"},
		{"home of another", func(t *testing.T, s setUp) { addEnv("HOME", ".")(t, s); give(".")(t, s) }, " belongs to user 65534"},
	} {
		for _, flags := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, flags=%t", tt.name, flags), func(t *testing.T) {
				s := newSetUp(t, 0)
				tt.spoil(t, s)
				k := Kubelet{ConfigFile: filepath.Join(s.dir, "providers.yaml"), BinDir: filepath.Join(s.dir, "bin")}
				if !flags {
					k = Kubelet{Proc: procOf(t, start(t, "/bin/sh", "good", s.flags(), nil))}
				}
				expectSafety(t, s, checks(k), tt.fault)
			})
		}
	}
	for _, name := range []string{"bin/ecr-credential-provider", "providers.yaml"} {
		t.Run("link to "+name, func(t *testing.T) {
			s := newSetUp(t, 0)
			if name == "providers.yaml" {
				if err := os.Mkdir(filepath.Join(s.dir, "etc"), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Rename(filepath.Join(s.dir, name), filepath.Join(s.dir, "etc", name)); err != nil {
					t.Fatal(err)
				}
				name = "etc/providers.yaml"
			}
			behind(name)(t, s)
			k := Kubelet{ConfigFile: filepath.Join(s.dir, "providers.yaml"), BinDir: filepath.Join(s.dir, "bin")}
			if strings.HasPrefix(name, "etc") {
				k.ConfigFile = filepath.Join(s.dir, name)
			}
			expectSafety(t, s, checks(k), "open is writable by others")
		})
	}
}

// expectSafety checks that safety failed with the fault, or passed if the fault is "", and that the program ran only
// if it passed.
func expectSafety(t *testing.T, s setUp, all map[string]check.Result, fault string) {
	t.Helper()
	c, ran := all["safety"], s.ran(t)
	switch {
	case fault == "":
		if c.Status != check.StatusOK || all["program"].Status != check.StatusOK || ran == "" {
			t.Errorf("%+v; recorded %q", all, ran)
		}
	case c.Status != check.StatusFailed || !strings.Contains(c.Found, s.dir) || !strings.Contains(c.Found, fault) || !strings.Contains(c.Next, s.dir):
		t.Errorf("%+v", c)
	case ran != "" || all["program"].Status != check.StatusSkipped || all["answer"].Status != check.StatusSkipped || all["cache"].Status != check.StatusSkipped:
		t.Errorf("%+v; recorded %q", all, ran)
	}
}

// TestChangingProcess checks that a process which starts another program during the check is not trusted, and that the
// environment of a process of another user is not read: reading its pipe would block.
func TestChangingProcess(t *testing.T) {
	for _, change := range []struct{ name, text string }{
		{"stat", "12 (kubelet) S" + strings.Repeat(" 2", 49)},
		{"cmdline", "kubelet\x00--v=2\x00"},
		{"status", "Uid:\t1000\t0\t0\t0\n"},
	} {
		dir := proc(t, fakeProcess{pid: "12", args: []string{"kubelet"}}, fakeProcess{pid: "13", args: []string{"kubelet"}, uids: "1\t1\t1\t1"})
		for _, pid := range []string{"12", "13"} {
			if err := syscall.Mkfifo(filepath.Join(dir, pid, "environ"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		done := make(chan check.Result)
		go func() { done <- examine(t, Kubelet{Proc: dir}, "", "kubelet") }()
		pipe, err := os.OpenFile(filepath.Join(dir, "12", "environ"), os.O_WRONLY, 0) // blocks until it is read
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "12", change.name), []byte(change.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := pipe.Close(); err != nil {
			t.Fatal(err)
		}
		if c := <-done; c.Status != check.StatusFailed || c.Found != "no kubelet process found; ignored: process 12, which changed while it was checked; ignored: process 13, which runs as user 1" {
			t.Errorf("%s: %+v", change.name, c)
		}
	}
}

//go:build linux

package nodedoctor

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"ecrlogin/cache"
	"ecrlogin/config"
	"ecrlogin/internal/check"
)

// nobody is an unprivileged user ID.
const nobody = 65534

// A setUp is a provider configuration and its program, which records each run and prints the version of this program.
type setUp struct {
	dir string
}

const testImage = "registry.example.com/team/app"

// newSetUp creates a setUp that is owned by a user.
func newSetUp(t *testing.T, uid int) setUp {
	t.Helper()
	s := setUp{t.TempDir()}
	for name, text := range map[string]string{
		"providers.yaml": "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n- name: ecr-credential-provider\n" +
			"  apiVersion: credentialprovider.kubelet.k8s.io/v1\n  matchImages: [registry.example.com]\n  defaultCacheDuration: \"0\"\n",
		"bin/ecr-credential-provider": "#!/bin/sh\necho \"$1 by $(id -u) with $MARK\" >>" + s.dir + "/ran\necho docker-credential-ecr-login 1.2.3\n",
	} {
		path := filepath.Join(s.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		s.give(t, name, uid)
	}
	s.give(t, "bin", uid)
	s.give(t, ".", uid)
	return s
}

// give changes the owner of a file, directory or link.
func (s setUp) give(t *testing.T, name string, uid int) {
	t.Helper()
	if err := os.Lchown(filepath.Join(s.dir, name), uid, uid); err != nil {
		t.Fatal(err)
	}
}

// ran returns what the program recorded.
func (s setUp) ran(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, "ran"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(b)
}

func (s setUp) flags() []string {
	return []string{configFlag + "=" + filepath.Join(s.dir, "providers.yaml"), binFlag, filepath.Join(s.dir, "bin")}
}

// start starts a process that is named kubelet, with these flags and with MARK in its environment. The process runs
// until the test ends. Without permission to create namespaces, the test is skipped.
func start(t *testing.T, program, mark string, flags []string, attr *syscall.SysProcAttr) (pid int) {
	t.Helper()
	cmd := &exec.Cmd{
		Path: program, Args: append([]string{"kubelet", "-c", "echo; read x"}, flags...), SysProcAttr: attr,
		Env: []string{"PATH=" + os.Getenv("PATH"), "MARK=" + mark},
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		if attr != nil && attr.Cloneflags != 0 {
			t.Skipf("no permission to create namespaces: %v", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	// The kernel shows the arguments in /proc only some time after Start has returned.
	if _, err := stdout.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

// procOf returns a directory like /proc that contains only these processes.
func procOf(t *testing.T, pids ...int) string {
	t.Helper()
	dir := t.TempDir()
	names := []string{"self"}
	for _, pid := range pids {
		names = append(names, strconv.Itoa(pid))
	}
	for _, name := range names {
		if err := os.Symlink(filepath.Join("/proc", name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// checks runs all checks for an image.
func checks(k Kubelet) map[string]check.Result {
	s := &check.Settings{Version: "1.2.3", Config: new(config.Config), Cache: new(cache.Cache), Timeout: time.Minute}
	all := map[string]check.Result{}
	for c := range Checks(context.Background(), s, k, testImage) {
		all[c.Name] = c
	}
	return all
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("requires root, to start processes as other users and change owners")
	}
}

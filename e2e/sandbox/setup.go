package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// setUp mounts the file systems of the sandbox and enables the loopback interface.
func (s Sandbox) setUp(dir string) error {
	// This must be first, so that later mounts do not propagate to the machine.
	if err := mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	memory := memoryDir(dir)
	if err := errors.Join(
		mount("proc", "/proc", "proc", 0, ""),
		mount("tmpfs", "/run", "tmpfs", 0, "mode=0755"),
		mount("tmpfs", memory, "tmpfs", 0, "mode=0755"),
	); err != nil {
		return err
	}
	for _, path := range []string{"/etc", "/opt", "/var"} {
		if err := overlay(path, memory); err != nil {
			return err
		}
	}
	if err := errors.Join(
		// This changes only the overlay, not the tokens and the configuration of a helper on the machine.
		os.RemoveAll("/var/cache/ecr-login"),
		os.RemoveAll("/etc/ecr-login"),
		os.Mkdir(filepath.Join(memory, "tmp"), 0o777),
		hideHybridCgroup(),
	); err != nil {
		return err
	}
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		return fmt.Errorf("enabling the loopback interface: %w: %s", err, out)
	}
	return os.WriteFile("/etc/hosts", s.hosts(), 0o644)
}

func (s Sandbox) hosts() []byte {
	return fmt.Appendf(nil, "127.0.0.1 localhost\n%s %s\n", Loopback(), strings.Join(s.Hosts, " "))
}

// overlay makes path writable. Changes are stored in memory.
func overlay(path, memory string) error {
	upper := filepath.Join(memory, path)
	work := upper + ".work"
	for _, d := range []string{upper, work} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return err
		}
	}
	return mount("overlay", path, "overlay", 0, "lowerdir="+path+",upperdir="+upper+",workdir="+work)
}

// hideHybridCgroup unmounts the empty cgroup v2 tree of machines with cgroup v1. crun does not support both.
func hideHybridCgroup() error {
	err := syscall.Unmount("/sys/fs/cgroup/unified", syscall.MNT_DETACH)
	if err == nil || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOENT) {
		return nil // unmounted, or not mounted
	}
	return &os.PathError{Op: "unmount", Path: "/sys/fs/cgroup/unified", Err: err}
}

func mount(source, target, fstype string, flags uintptr, data string) error {
	if err := syscall.Mount(source, target, fstype, flags, data); err != nil {
		return &os.PathError{Op: "mount " + source + " on", Path: target, Err: err}
	}
	return nil
}

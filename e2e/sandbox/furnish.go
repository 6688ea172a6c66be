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

// furnish mounts what the tests need into the namespaces and brings loopback up.
func (s Sandbox) furnish(dir string) error {
	// First of all: no mount made from here on may reach the machine.
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
	for _, path := range []string{"/etc", "/var"} {
		if err := overlay(path, memory); err != nil {
			return err
		}
	}
	if err := errors.Join(
		// In the overlay: the tokens and the configuration of a helper that is installed on the machine stay there.
		os.RemoveAll("/var/cache/ecr-login"),
		os.RemoveAll("/etc/ecr-login"),
		os.Mkdir(filepath.Join(memory, "tmp"), 0o777),
		leaveHybrid(),
	); err != nil {
		return err
	}
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		return fmt.Errorf("bringing loopback up: %w: %s", err, out)
	}
	return os.WriteFile("/etc/hosts", s.hosts(), 0o644)
}

func (s Sandbox) hosts() []byte {
	return fmt.Appendf(nil, "127.0.0.1 localhost\n%s %s\n", Loopback(), strings.Join(s.Hosts, " "))
}

// overlay makes path writable with everything that is written kept in memory.
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

// leaveHybrid hides the empty cgroup v2 tree that machines with cgroup v1 may have
// beside the controllers: crun refuses to run anything where it sees both.
func leaveHybrid() error {
	err := syscall.Unmount("/sys/fs/cgroup/unified", syscall.MNT_DETACH)
	if err == nil || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOENT) {
		return nil // hidden, or there was none
	}
	return &os.PathError{Op: "unmount", Path: "/sys/fs/cgroup/unified", Err: err}
}

func mount(source, target, fstype string, flags uintptr, data string) error {
	if err := syscall.Mount(source, target, fstype, flags, data); err != nil {
		return &os.PathError{Op: "mount " + source + " on", Path: target, Err: err}
	}
	return nil
}

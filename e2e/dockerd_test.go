package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"ecrlogin/e2e/sandbox"
)

// startDockerd starts a Docker daemon on its usual socket, which is inside the sandbox.
func startDockerd(t *testing.T) {
	t.Helper()
	dir := runtimeDir(t)
	t.Cleanup(func() {
		// Containers with the network of the host leave this mount. An error means that there were none.
		_ = syscall.Unmount(filepath.Join(dir, "exec/netns/default"), syscall.MNT_DETACH)
	})
	responds := func() bool { return exec.Command("docker", "info").Run() == nil }
	startDaemon(t, os.Environ(), responds, "dockerd",
		"--host=unix:///run/docker.sock", "--log-level=warn",
		"--data-root="+filepath.Join(dir, "data"),
		"--exec-root="+filepath.Join(dir, "exec"),
		"--pidfile="+filepath.Join(dir, "pid"),
		"--bridge=none", "--iptables=false", "--ip6tables=false",
		"--exec-opt=native.cgroupdriver=cgroupfs", "--cgroup-parent="+sandbox.CgroupParent())
}

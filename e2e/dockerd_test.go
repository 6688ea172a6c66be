package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"ecrlogin/e2e/sandbox"
)

// startDockerd starts a Docker daemon on its usual socket, which is inside the sandbox, waits until it responds, and
// stops it at the end of the test.
func startDockerd(t *testing.T) {
	t.Helper()
	dir := runtimeDir(t)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	// The context of a test is canceled before its cleanup functions run.
	cmd := exec.CommandContext(t.Context(), "dockerd",
		"--host=unix:///run/docker.sock", "--log-level=warn",
		"--data-root="+filepath.Join(dir, "data"),
		"--exec-root="+filepath.Join(dir, "exec"),
		"--pidfile="+filepath.Join(dir, "pid"),
		"--bridge=none", "--iptables=false", "--ip6tables=false",
		"--exec-opt=native.cgroupdriver=cgroupfs", "--cgroup-parent="+sandbox.CgroupParent())
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second // then exec kills it
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting dockerd: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // always an error, because it is stopped by a signal
		close(ended)
	}()
	t.Cleanup(func() {
		<-ended
		// Containers with the network of the host leave this mount. An error means that there were none.
		_ = syscall.Unmount(filepath.Join(dir, "exec/netns/default"), syscall.MNT_DETACH)
		if t.Failed() {
			t.Logf("log of dockerd:\n%s", tail(t, log.Name(), 40))
		}
		log.Close()
	})
	awaitDockerd(t, ended, log.Name())
}

// awaitDockerd polls until the daemon responds.
func awaitDockerd(t *testing.T, ended <-chan struct{}, log string) {
	t.Helper()
	deadline := time.After(time.Minute)
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-ended:
			t.Fatalf("dockerd exited:\n%s", tail(t, log, 40))
		case <-deadline:
			t.Fatalf("dockerd does not respond:\n%s", tail(t, log, 40))
		case <-poll.C:
			if exec.Command("docker", "info").Run() == nil {
				return
			}
		}
	}
}

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// startDaemon starts a program, waits until it responds, and stops it at the end of the test.
func startDaemon(t *testing.T, env []string, responds func() bool, program string, args ...string) {
	t.Helper()
	log, err := os.Create(filepath.Join(runtimeDir(t), "log"))
	if err != nil {
		t.Fatal(err)
	}
	// The context of a test is canceled before its cleanup functions run.
	cmd := exec.CommandContext(t.Context(), lookPath(t, program), args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second // then exec kills it
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", program, err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // always an error, because it is stopped by a signal
		close(ended)
	}()
	t.Cleanup(func() {
		<-ended
		if t.Failed() {
			t.Logf("log of %s:\n%s", program, tail(t, log.Name(), 40))
		}
		log.Close()
	})
	deadline := time.After(time.Minute)
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-ended:
			t.Fatalf("%s exited", program)
		case <-deadline:
			t.Fatalf("%s does not respond", program)
		case <-poll.C:
			if responds() {
				return
			}
		}
	}
}

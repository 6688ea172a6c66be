package aws_test

import (
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"ecrlogin/credentials"
)

// A pipe as SSL_CERT_FILE that delivers no certificates does not delay the error beyond the deadline.
func TestRootsOfASilentPipe(t *testing.T) {
	m := withKeys(t)
	pipe := filepath.Join(m.home, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(10*time.Second, func() { // so that a failure of this test is not a hang
		if f, err := os.OpenFile(pipe, os.O_RDWR, 0); err == nil {
			f.Close()
		}
	}).Stop()
	problem := m.child(credentials.Identity{}, "SSL_CERT_FILE="+pipe, childTimeout+"=1s")
	// The time is rounded, and longer than 1 s on a busy machine.
	if !regexp.MustCompile(`timed out after 1(\.\d)?s waiting for api\.ecr\.us-west-2\.amazonaws\.com`).MatchString(problem) {
		t.Errorf("got %q, want a timeout after 1 s", problem)
	}
}

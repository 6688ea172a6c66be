//go:build unix

package aws_test

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// A named pipe without a writer blocks its reader, as an unresponsive network file system does.
func TestBlockedFile(t *testing.T) {
	m := newMachine(t)
	path := m.home + "/pipe"
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	m.env("AWS_SHARED_CREDENTIALS_FILE", path)
	_, err := m.tokenWithin(privateHost, time.Second)
	if err == nil {
		t.Fatal("got no error")
	}
	want := privateHost + ": timed out after *s waiting for HOME/.aws/config or HOME/pipe; " +
		"check that the file system responds, and that the files are not named pipes without a writer"
	if got := strings.ReplaceAll(err.Error(), m.home, "HOME"); !match(want, got) {
		t.Errorf("error\n got %s\nwant %s", got, want)
	}
}

//go:build unix

package cachekey

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"ecrlogin/internal/environ"
)

// Read does not open a pipe, because its writer is terminated if a reader closes it again.
func TestPipeIsNotOpened(t *testing.T) {
	for _, variable := range []string{"AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		t.Run(variable, func(t *testing.T) { testPipe(t, variable) })
	}
}

func testPipe(t *testing.T, variable string) {
	pipe := filepath.Join(t.TempDir(), "config")
	if err := exec.Command("mkfifo", pipe).Run(); err != nil {
		t.Fatal(err)
	}
	writer := exec.Command("sh", "-c", `echo "[default]" >"$0"`, pipe) // blocks until there is a reader
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	for range 200 { // before and after the writer opens the pipe
		if _, err := Read(environ.Env{variable + "=" + pipe}, ""); err == nil {
			t.Fatal("a pipe was read")
		}
	}
	content, err := os.ReadFile(pipe) // as the SDK does; without a writer it would wait forever
	if err != nil || string(content) != "[default]\n" {
		t.Errorf("the pipe contains %q, %v", content, err)
	}
	if err := writer.Wait(); err != nil {
		t.Errorf("the writer was terminated: %v", err)
	}
}

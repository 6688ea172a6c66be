//go:build unix

package store

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A pipe is left to whoever reads it: a reader that opens it and goes away again ends its writer.
func TestGatherLeavesPipesAlone(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "config")
	if err := exec.Command("mkfifo", pipe).Run(); err != nil {
		t.Fatal(err)
	}
	writer := exec.Command("sh", "-c", `echo "[default]" >"$0"`, pipe) // blocks until there is a reader
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", pipe)
	for range 200 { // while the writer comes to its open, and after that
		if _, err := Gather(""); err == nil {
			t.Fatal("a pipe was taken for the configuration")
		}
	}
	content, err := os.ReadFile(pipe) // as the SDK does; without a writer it would wait for ever
	if err != nil || string(content) != "[default]\n" {
		t.Errorf("the pipe gives %q, %v", content, err)
	}
	if err := writer.Wait(); err != nil {
		t.Errorf("the writer was ended: %v", err)
	}
}

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDate checks that the date of the pages is SOURCE_DATE_EPOCH, so that builds are reproducible.
func TestDate(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1767323045") // 2026-01-02
	dir := t.TempDir()
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "docker-credential-ecr-login.1"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `"Jan 2026"`; !strings.Contains(string(page), want) {
		t.Errorf("the page has no %s in its header: %.120s", want, page)
	}
}

// TestNotInProgram checks that the program does not contain cobra's generator and the Markdown parser that it imports.
func TestNotInProgram(t *testing.T) {
	var stderr strings.Builder
	list := exec.Command("go", "list", "-deps", "ecrlogin/ecr-login/docker-credential-ecr-login")
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	for _, unwanted := range []string{"ecrlogin/internal/man", "github.com/spf13/cobra/doc"} {
		if slices.Contains(strings.Fields(string(out)), unwanted) {
			t.Errorf("the program imports %s", unwanted)
		}
	}
}

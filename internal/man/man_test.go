package main

import (
	"os"
	"path/filepath"
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

package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Sweep removes old files of each kind, including locks of an earlier version. It keeps other files.
func TestSweep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	s, err := Create(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	old := time.Now().Add(-25 * time.Hour)
	for _, suffix := range []string{
		entrySuffix, failureSuffix, erasedSuffix, routeSuffix, ".0123456789abcdef" + tempSuffix,
		".lock", ".2.lock", ".3.lock", ".deputy.lock", ".other", "lock",
	} {
		path := filepath.Join(dir, name("host", Key{1}, suffix))
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Sweep(time.Now()); err != nil {
		t.Error(err)
	}
	kept, err := filepath.Glob(filepath.Join(dir, "*@*"))
	if err != nil || len(kept) != 2 || !strings.HasSuffix(kept[0], ".other") || !strings.HasSuffix(kept[1], "0lock") {
		t.Errorf("kept %q, %v", kept, err)
	}
}

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestProvenance checks the statement about a small release.
func TestProvenance(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"a.tar.gz": "a", "linux-amd64/b": "b", "linux-amd64/b.sha256": "x", "SHA256SUMS": "old", "provenance.intoto.json": "old"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	content := output(t, append(slices.Concat([]string{"provenance", "-command", "make dist"}, options), dir)...)
	var s statement
	if err := json.Unmarshal(content, &s); err != nil {
		t.Fatal(err)
	}
	want := []subject{
		{Name: "a.tar.gz", Digest: map[string]string{"sha256": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"}},
		{Name: "linux-amd64/b", Digest: map[string]string{"sha256": "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"}},
	}
	if !slices.EqualFunc(s.Subject, want, func(a, b subject) bool { return a.Name == b.Name && a.Digest["sha256"] == b.Digest["sha256"] }) {
		t.Errorf("the subjects are %+v", s.Subject)
	}
	build := s.Predicate.BuildDefinition
	if s.Type != "https://in-toto.io/Statement/v1" || s.PredicateType != "https://slsa.dev/provenance/v1" ||
		build.ExternalParameters["version"] != "0.1.0" ||
		build.ExternalParameters["command"] != "make dist" || build.ResolvedDependencies[0].Digest["gitCommit"] != strings.Repeat("a", 40) ||
		!strings.HasPrefix(build.InternalParameters["go"], "go1.") {
		t.Errorf("the statement is wrong:\n%s", content)
	}
	if err := run([]string{"provenance", "-o", filepath.Join(dir, "x"), t.TempDir()}); err == nil {
		t.Error("an empty directory is accepted")
	}
}

package deploy

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// archive writes the archive of the chart, with the version of its Chart.yaml, and returns its path and content.
func archive(t *testing.T) (path string, content []byte) {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "make", "--silent", "-C", root, "dist-chart", "DIST="+dir, "VERSION=0.1.0",
		"SOURCE_DATE_EPOCH=1700000000").CombinedOutput()
	if err != nil {
		t.Fatalf("make dist-chart: %v\n%s", err, out)
	}
	path = filepath.Join(dir, "ecr-token-refresh-0.1.0.tgz")
	content, err = os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, content
}

// TestArchive checks that the archive of the chart is reproducible, and that it results in the same objects as the chart.
func TestArchive(t *testing.T) {
	path, first := archive(t)
	if _, second := archive(t); !bytes.Equal(first, second) {
		t.Error("two archives of the same chart differ")
	}
	for _, values := range examples(t) {
		want, err := render(t, values)
		if err != nil {
			t.Fatal(err)
		}
		got, err := runHelm(t, []string{"template", "ecr-token-refresh", path, "--namespace", "ecr-token-refresh"}, values)
		if err != nil || got != want {
			t.Errorf("%s: %v\n%s\nwant:\n%s", filepath.Base(values), err, got, want)
		}
	}
	// helm install also connects to a cluster, but not with a dry run of the client.
	out, err := runHelm(t, []string{"install", "ecr-token-refresh", path, "--dry-run=client", "--namespace", "ecr-token-refresh"}, examples(t)[0])
	if err != nil {
		t.Errorf("helm install: %v\n%s", err, out)
	}
}

// Package deploy tests the Helm chart and the manifests that are rendered from it, without a cluster. Package
// kubernetes applies them to a real API server.
package deploy

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/e2e/sandbox"
)

const (
	root  = "../.."
	chart = root + "/deploy/helm/ecr-token-refresh"
)

// helm is the path of Helm.
var helm string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		helm = filepath.Join(dir, "helm")
		if err := sandbox.BuildHelm(root, helm); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// runHelm runs Helm with the values of a file and returns its output.
func runHelm(t *testing.T, command []string, values string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), helm, append(command, "--values", values)...)
	home := t.TempDir() // nothing of the user's Helm
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), errors.New(stderr.String() + stdout.String())
	}
	return stdout.String(), nil
}

// render renders the chart.
func render(t *testing.T, values string) (string, error) {
	t.Helper()
	return runHelm(t, []string{"template", "ecr-token-refresh", chart, "--namespace", "ecr-token-refresh"}, values)
}

// examples returns the files with example values.
func examples(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(root + "/deploy/helm/examples/*.yaml")
	if err != nil || len(files) < 6 {
		t.Fatalf("example values: %q, %v; want at least 6 files", files, err)
	}
	return files
}

// writeValues writes values to a file.
func writeValues(t *testing.T, values string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(path, []byte(values), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

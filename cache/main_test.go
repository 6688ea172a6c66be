package cache_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// helper is the path of the program. What processes do to each other can only be seen with processes, so most tests
// here run it as clients do.
var helper string

func TestMain(m *testing.M) {
	os.Exit(withHelper(m))
}

func withHelper(m *testing.M) int {
	dir, err := os.MkdirTemp("", "cache")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // for tests with other users
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	helper = filepath.Join(dir, "docker-credential-ecr-login.exe") // Windows runs nothing else, others do not mind
	build := exec.Command("go", "build", "-buildvcs=false", "-o", helper, "../ecr-login/docker-credential-ecr-login")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the helper: %v\n%s", err, out)
		return 1
	}
	for _, v := range os.Environ() { // for the tests that use the cache within this process
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			os.Unsetenv(name)
		}
	}
	return m.Run()
}

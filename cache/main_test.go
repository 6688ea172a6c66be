package cache_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/internal/cli"
	"ecrlogin/internal/fastpath"
	self "ecrlogin/internal/process"
)

// helper is the path of docker-credential-ecr-login: a copy of the test binary, so that the race detector also covers
// the processes of the tests. It is a copy because another user cannot execute files in the go command's directory.
var helper string

// coverage is a directory for the processes, which print a warning without one if the test binary measures coverage.
var coverage string

const helperName = "docker-credential-ecr-login.exe" // Windows requires the extension, other systems ignore it

// TestMain runs docker-credential-ecr-login if the test binary was started under that name, and the tests otherwise.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == helperName {
		p := &cli.Program{
			Name: os.Args[0], Env: self.Env(), Began: self.Began(),
			Stdin: fastpath.Stdin(), Stdout: os.Stdout, Stderr: os.Stderr,
		}
		os.Exit(p.Run(os.Args[1:]))
	}
	dir, err := os.MkdirTemp("", "cache")
	if err == nil {
		helper, coverage = filepath.Join(dir, helperName), filepath.Join(dir, "coverage")
		err = errors.Join(copyTestBinary(helper), os.Mkdir(coverage, 0o700), os.Chmod(coverage, 0o777))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, v := range os.Environ() { // for tests that use the cache in this process
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			os.Unsetenv(name)
		}
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// copyTestBinary copies the test binary so that every user can execute it.
func copyTestBinary(path string) error {
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	from, err := os.Open(binary)
	if err != nil {
		return err
	}
	defer from.Close()
	if err := os.Chmod(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	return to.Close()
}

// Package sandbox runs the tests of a package as root, in new mount, network, PID and IPC namespaces, so that they do
// not change the machine.
//
// In the sandbox:
//   - The only network interface is loopback, and all its ports are free.
//   - /etc, /opt and /var are writable. Changes are stored in memory and do not change the machine's files.
//   - /run is empty.
//   - Tokens and configuration of a helper on the machine are not visible.
//   - [Sandbox.Hosts] resolve to [Loopback].
//   - PATH starts with the directory of the programs that [Sandbox.Build] has built.
//
// When the first process of a PID namespace ends, the kernel kills the others. When the last process of a mount or
// network namespace ends, the kernel removes it. So nothing is left, even if the tests panic, time out or are killed.
// Each run checks this, and fails otherwise. Only a SIGKILL of the outermost process leaves a directory in TMPDIR and
// empty cgroups.
//
// A test binary that uses this package runs as three processes, each the parent of the next. The first one builds the
// programs, creates the namespaces, and checks at the end that nothing is left. The second one is the first process of
// the namespaces, mounts the file systems, and waits for orphans. The third one runs the tests.
package sandbox

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// A Sandbox contains the requirements of the tests of a package.
type Sandbox struct {
	// Build builds programs in bin. It runs outside the sandbox, because it needs the network.
	Build func(bin string) error
	// Hosts are the names that resolve to Loopback in the sandbox.
	Hosts []string
}

// The variables for the stage of a process and for the directory that the three processes share.
const (
	stageVariable = "ECR_LOGIN_E2E_STAGE"
	dirVariable   = "ECR_LOGIN_E2E_DIR"

	stageInit  = "init"
	stageTests = "tests"
	stageBuild = "build" // builds the programs in a temporary directory, and runs no tests
)

// Main runs the tests of m in a sandbox and returns the exit code. TestMain calls it:
//
//	func TestMain(m *testing.M) { os.Exit(sandbox.Main(m, sandbox.Sandbox{...})) }
func Main(m *testing.M, s Sandbox) int {
	dir := os.Getenv(dirVariable)
	var code int
	var err error
	switch stage := os.Getenv(stageVariable); stage {
	case "":
		code, err = s.runOutside()
	case stageInit:
		code, err = s.runInit(dir)
	case stageTests:
		code = m.Run()
	case stageBuild:
		err = s.buildOnly()
	default:
		err = fmt.Errorf("unknown %s %q", stageVariable, stage)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return max(code, 1)
	}
	return code
}

// buildOnly builds the programs, so that they are in Go's build cache, and deletes them.
func (s Sandbox) buildOnly() error {
	bin, err := os.MkdirTemp("", "ecr-login-e2e-bin-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(bin)
	return s.Build(bin)
}

// Loopback returns the address that Hosts resolve to, which is ::1, or 127.0.0.1 if the kernel does not support IPv6.
// For registries in 127.0.0.0/8, Docker accepts all certificates and retries without TLS, so that its messages differ
// from those that users see.
func Loopback() string {
	const v6 = "::1"
	l, err := net.Listen("tcp", net.JoinHostPort(v6, "0"))
	if err != nil {
		return "127.0.0.1"
	}
	l.Close()
	return v6
}

// CgroupParent returns the parent cgroup for the containers of the tests, relative to the root of each hierarchy.
// Cgroups belong to the machine and not to a namespace. This one is removed at the end.
func CgroupParent() string {
	return "/" + filepath.Base(os.Getenv(dirVariable))
}

func binDir(dir string) string { return filepath.Join(dir, "bin") }

// memoryDir is the mount point of the file system in memory.
func memoryDir(dir string) string { return filepath.Join(dir, "memory") }

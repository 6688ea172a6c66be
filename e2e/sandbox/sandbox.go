// Package sandbox runs the tests of a package where they can do no harm: as root,
// in mount, network, PID and IPC namespaces of their own.
//
// In there
//   - only loopback exists, and every port of it is free;
//   - /etc and /var may be written to: what is written lands in memory and is gone
//     afterwards, the machine's files stay as they were; /run starts empty;
//   - no token and no configuration of the machine's own helper is visible;
//   - [Sandbox.Hosts] resolve to [Loopback];
//   - PATH begins with the folder that [Sandbox.Build] has filled.
//
// The kernel ends every process of a PID namespace with its first one and takes a
// mount or network namespace down with its last process. So nothing survives, however
// the tests end: passing, failing, in a panic, by a timeout, by a signal, or killed. That
// is checked at the end of each run, and what is left would fail it. (Only a SIGKILL of
// the outermost process leaves something: a folder in TMPDIR and empty cgroups.)
//
// A test binary that uses this package runs three times, each the parent of the next:
// outside, which builds, enters the namespaces and looks for leftovers; as their first
// process, which mounts and reaps; and as the tests.
package sandbox

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// A Sandbox is what the tests of a package need from the machine.
type Sandbox struct {
	// Build runs first, outside, where the network is, and leaves programs in bin.
	Build func(bin string) error
	// Hosts are the names that resolve to Loopback within.
	Hosts []string
}

// The stage of a process and the folder that the three share.
const (
	stageVariable = "ECR_LOGIN_E2E_STAGE"
	dirVariable   = "ECR_LOGIN_E2E_DIR"

	stageInit  = "init"
	stageTests = "tests"
)

// Main runs the tests of m in a sandbox and returns the code to exit with. It is for
// TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(sandbox.Main(m, sandbox.Sandbox{...})) }
func Main(m *testing.M, s Sandbox) int {
	dir := os.Getenv(dirVariable)
	var code int
	var err error
	switch stage := os.Getenv(stageVariable); stage {
	case "":
		code, err = s.outside()
	case stageInit:
		code, err = s.first(dir)
	case stageTests:
		code = m.Run()
	default:
		err = fmt.Errorf("unknown %s %q", stageVariable, stage)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return max(code, 1)
	}
	return code
}

// Loopback returns the address that Hosts resolve to: ::1, because Docker needs no
// certificate from a registry in 127.0.0.0/8 and retries it without TLS, so that its
// messages are not those that users see. It is 127.0.0.1 if the kernel has no IPv6.
func Loopback() string {
	const v6 = "::1"
	l, err := net.Listen("tcp", net.JoinHostPort(v6, "0"))
	if err != nil {
		return "127.0.0.1"
	}
	l.Close()
	return v6
}

// CgroupParent is the cgroup, relative to the root of each hierarchy, under which
// tests must put the containers they run: cgroups belong to the machine, not to a
// namespace, and this one is removed at the end.
func CgroupParent() string {
	return "/" + filepath.Base(os.Getenv(dirVariable))
}

func binDir(dir string) string { return filepath.Join(dir, "bin") }

// memoryDir is where the tests' memory file system is mounted.
func memoryDir(dir string) string { return filepath.Join(dir, "memory") }

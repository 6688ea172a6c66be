//go:build unix

package file_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ecrlogin/internal/swaptest"
	"ecrlogin/refresh"
	"ecrlogin/refresh/file"
	"ecrlogin/registry"
)

// clouddriver is the user ID of Spinnaker's Clouddriver, which reads the password file.
// Source: Dockerfile.slim of github.com/spinnaker/clouddriver.
const clouddriver = 10111

// A job is what the test binary does as another process.
type job struct {
	Do       string // "apply", "loop" or "read"
	Options  file.Options
	Docker   bool
	Password string
	State    string // see read
	Opens    int
	Log      bool // print warnings
}

const jobVariable = "REFRESH_FILE_TEST"

// TestMain also runs the jobs of other processes.
func TestMain(m *testing.M) {
	text := os.Getenv(jobVariable)
	if text == "" {
		os.Exit(m.Run())
	}
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		panic(err)
	}
	if err := map[string]func(job) error{"apply": applyJob, "loop": loop, "read": read}[j.Do](j); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// command returns the command that runs a job as another user, if this process is root's.
func (j job) command(t testing.TB, program string, uid uint32, groups ...uint32) *exec.Cmd {
	t.Helper()
	j.Options.Login = refresh.Login{}
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = []string{jobVariable + "=" + string(text)}
	cmd.Dir = "/"
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid, Groups: groups}}
	}
	return cmd
}

// run runs a job and returns its output, which is "" if it succeeds.
func run(cmd *exec.Cmd) string {
	out, err := cmd.CombinedOutput()
	if err != nil && len(out) == 0 {
		return err.Error()
	}
	return strings.TrimSuffix(string(out), "\n")
}

func (j job) target() (refresh.Target, error) {
	r, err := registry.Parse(host)
	if err != nil {
		return nil, err
	}
	j.Options.Login.Registry = r
	if j.Log {
		j.Options.Log = slog.New(slog.NewTextHandler(os.Stdout, nil))
	}
	if j.Docker {
		return file.NewDockerConfig(j.Options), nil
	}
	return file.NewPassword(j.Options), nil
}

func applyJob(j job) error {
	target, err := j.target()
	if err != nil {
		return err
	}
	return target.Apply(context.Background(), []refresh.Credential{credential(target.Logins()[0], j.Password)})
}

// shared returns a directory with an owner and a mode, below directories that all users can enter.
func shared(t testing.TB, uid, gid int, mode os.FileMode) string {
	t.Helper()
	top, err := os.MkdirTemp("", "refresh-file")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	dir := filepath.Join(top, "volume")
	must(t, os.Chmod(top, 0o755), os.Mkdir(dir, 0o700))
	if uid != os.Geteuid() || gid != os.Getegid() {
		must(t, os.Chown(dir, uid, gid))
	}
	must(t, os.Chmod(dir, mode))
	return dir
}

func requireRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("this test requires root")
	}
}

// executable returns a copy of the test binary that all users can execute.
func executable(t *testing.T) string { return swaptest.Executable(t) }

package sudo

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// The users of the machine other than root, and their IDs.
const (
	alice   = "alice"
	aliceID = 4201
	bob     = "bob"
	bobID   = 4202
)

// A machine has three users with home directories, and sudo. All files are in directories of the sandbox.
type machine struct {
	t   *testing.T
	aws *awstest.Server
}

// newMachine returns a machine on which alice may run all commands with sudo. Each user has an SSO session that has to
// be renewed, and stores the passwords of other registries in a file.
func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, aws: awstest.New(t)}
	t.Cleanup(func() {
		m.sh("rm -rf /run/bin /run/home-* /var/cache/ecr-login /var/lib/ecr-login")
	})
	m.must(os.MkdirAll("/run/bin", 0o755))
	program, err := exec.LookPath(helper)
	m.must(err)
	m.sh("install -m 755 %s /run/bin/%s", program, helper)
	m.sh("install -m 644 %s /run/bin/ca.pem", m.aws.CAFile)
	m.write("/etc/passwd", 0o644, "root:x:0:0::%s:/bin/sh\nalice:x:%d:%d::%s:/bin/sh\nbob:x:%d:%d::%s:/bin/sh\n",
		m.home("root"), aliceID, aliceID, m.home(alice), bobID, bobID, m.home(bob))
	m.write("/etc/group", 0o644, "root:x:0:\nalice:x:%d:\nbob:x:%d:\n", aliceID, bobID)
	m.write("/etc/shadow", 0o640, "root:*:1::::::\nalice:*:1::::::\nbob:*:1::::::\n")
	name, err := os.Hostname()
	m.must(err)
	m.write("/etc/hosts", 0o644, "127.0.0.1 localhost %s\n", name)
	m.write("/etc/sudoers.d/e2e", 0o440, "Defaults secure_path=/run/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"+
		"Defaults env_keep += \"HTTPS_PROXY AWS_CA_BUNDLE\"\nalice ALL=(ALL:ALL) NOPASSWD:SETENV: ALL\n")
	for user, id := range map[string]int{"root": 0, alice: aliceID, bob: bobID} {
		m.addUser(user, id)
	}
	return m
}

func (m *machine) addUser(user string, id int) {
	m.t.Helper()
	home := m.home(user)
	m.must(os.MkdirAll(filepath.Join(home, ".config/ecr-login"), 0o755))
	m.write(filepath.Join(home, ".config/ecr-login/config.yaml"), 0o644, "fallback: file\n")
	m.must(m.aws.WriteSSOCache(home, "corp", time.Now().Add(-time.Hour)))
	m.write(filepath.Join(home, ".aws/config"), 0o600, "[default]\nsso_session = corp\n"+
		"sso_account_id = 123456789012\nsso_role_name = pull\n"+
		"[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\n")
	m.sh("chown -R %d:%d %s", id, id, home)
}

func (m *machine) home(user string) string { return "/run/home-" + user }

// as runs a command in a shell of alice, with variables in addition to those of a login, and input. It returns the
// output, standard error included.
func (m *machine) as(env []string, input, command string) (string, error) {
	home := m.home(alice)
	cmd := exec.CommandContext(m.t.Context(), "sh", "-c", command)
	cmd.Dir = home
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: aliceID, Gid: aliceID}}
	cmd.Env = append([]string{"HOME=" + home, "USER=" + alice, "LOGNAME=" + alice, "PATH=/run/bin:/usr/bin:/bin",
		"HTTPS_PROXY=" + m.aws.Proxy, "AWS_CA_BUNDLE=/run/bin/ca.pem"}, env...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must ends the test if err is not nil.
func (m *machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// write writes a file of root.
func (m *machine) write(path string, mode fs.FileMode, format string, args ...any) {
	m.t.Helper()
	m.must(os.WriteFile(path, fmt.Appendf(nil, format, args...), mode))
	m.must(os.Chmod(path, mode))
}

// sh runs a command of root.
func (m *machine) sh(format string, args ...any) {
	m.t.Helper()
	if out, err := exec.Command("sh", "-c", fmt.Sprintf(format, args...)).CombinedOutput(); err != nil {
		m.t.Fatalf("%v\n%s", err, out)
	}
}

// owners fails the test unless all files in a home directory belong to its user and the user's group.
func (m *machine) owners(user string, id uint32) {
	m.t.Helper()
	m.must(filepath.WalkDir(m.home(user), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if stat := info.Sys().(*syscall.Stat_t); stat.Uid != id || stat.Gid != id {
			m.t.Errorf("%s belongs to %d:%d, want %d:%d", path, stat.Uid, stat.Gid, id, id)
		}
		return nil
	}))
}

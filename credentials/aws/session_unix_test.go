//go:build unix

package aws_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSessionOfAnotherUser renews an SSO session as root with the home directory of another user, as with sudo -E. The
// file still belongs to that user, and keeps its other content.
func TestSessionOfAnotherUser(t *testing.T) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("only root on Linux can write with the rights of another user")
	}
	const id = 12345
	cloud.AllowRole(pullRole)
	for name, profile := range map[string]string{
		"profile":      "sso_session = corp\nsso_account_id = 210987654321\nsso_role_name = pull\n",
		"role":         "role_arn = " + pullRole + "\nsource_profile = sso\n",
		"closed above": "sso_session = corp\nsso_account_id = 210987654321\nsso_role_name = pull\n",
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.env("AWS_PROFILE", "dev")
			m.config("[profile dev]\n" + profile + "[profile sso]\nsso_session = corp\nsso_account_id = 210987654321\n" +
				"sso_role_name = pull\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\n")
			m.sso("corp", -time.Hour)
			for dir := m.home; dir != os.TempDir() && name != "closed above"; dir = filepath.Dir(dir) {
				if err := os.Chmod(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := filepath.Walk(m.home, func(path string, _ os.FileInfo, err error) error {
				if err != nil {
					return err
				}
				return os.Lchown(path, id, id)
			}); err != nil {
				t.Fatal(err)
			}
			m.mustToken(privateHost)
			files, err := filepath.Glob(filepath.Join(m.home, ".aws/sso/cache/*"))
			if err != nil || len(files) != 1 {
				t.Fatalf("files %q, %v", files, err)
			}
			info, err := os.Stat(files[0])
			if err != nil {
				t.Fatal(err)
			}
			if stat := info.Sys().(*syscall.Stat_t); stat.Uid != id || stat.Gid != id || info.Mode() != 0o600 {
				t.Errorf("the session file belongs to %d:%d with mode %v", stat.Uid, stat.Gid, info.Mode())
			}
			content, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			if s := string(content); !strings.Contains(s, cloud.SSOAccessToken()) || !strings.Contains(s, `"clientId":"awstest-client"`) {
				t.Error("the session file does not contain the new token and the client ID")
			}
			cloud.ResetCalls()
			m.mustToken(privateHost) // with the renewed session
			for _, call := range cloud.Calls() {
				if call.Op == "CreateToken" {
					t.Error("the session was renewed again")
				}
			}
		})
	}
}

// TestSessionOfRootsFile fails if root has to replace a session file that does not belong to the user of the home
// directory. The error has the cause and the next step.
func TestSessionOfRootsFile(t *testing.T) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("only root on Linux can write with the rights of another user")
	}
	m := newMachine(t)
	m.env("AWS_PROFILE", "dev")
	m.config("[profile dev]\nsso_session = corp\nsso_account_id = 210987654321\nsso_role_name = pull\n" +
		"[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\n")
	m.sso("corp", -time.Hour)
	if err := os.Chown(m.home, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	_, err := m.token(privateHost)
	if err == nil {
		t.Fatal("the session was renewed")
	}
	for _, part := range []string{`the SSO session of profile "dev" cannot be renewed: `, "not accessed as root, because ", "; run this command as the owner of the file"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not contain %q", err, part)
		}
	}
}

//go:build unix

package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/internal/check"
	"ecrlogin/internal/program"
)

// TestReplace checks that no suggested command overwrites a package manager's file.
func TestReplace(t *testing.T) {
	const own = "/home/me/docker-credential-ecr-login"
	for _, tt := range []struct {
		path string
		dirs []string
		want string
	}{
		{"/home/me/bin/docker-credential-ecr-login", nil, "sudo install " + own + " /home/me/bin/docker-credential-ecr-login"},
		{"/usr/local/bin/docker-credential-ecr-login", []string{"/usr/local/bin"}, "sudo install " + own + " /usr/local/bin/docker-credential-ecr-login"},
		{"/usr/bin/docker-credential-ecr-login", []string{"/usr/local/bin", "/usr/bin", "/bin"},
			"sudo install " + own + " /usr/local/bin/docker-credential-ecr-login, which comes before /usr/bin on PATH; or remove the package that installed /usr/bin/docker-credential-ecr-login (usually amazon-ecr-credential-helper)"},
		{"/usr/bin/docker-credential-ecr-login", []string{"/usr/bin", "/usr/local/bin"},
			"remove the package that installed /usr/bin/docker-credential-ecr-login (usually amazon-ecr-credential-helper), or put a directory with this program before /usr/bin on PATH"},
		{"/bin/docker-credential-ecr-login", []string{"/bin"},
			"remove the package that installed /bin/docker-credential-ecr-login (usually amazon-ecr-credential-helper), or put a directory with this program before /bin on PATH"},
	} {
		if got := replace(own, tt.path, tt.dirs); got != tt.want {
			t.Errorf("%s in %q: %s\nwant %s", tt.path, tt.dirs, got, tt.want)
		}
	}
}

// TestUnsafeProgram checks that root does not run a program on PATH that another user could have put there.
func TestUnsafeProgram(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("requires root, to change owners")
	}
	dir := t.TempDir()
	bin, record := filepath.Join(dir, "bin"), filepath.Join(dir, "ran")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\necho run >>" + record + "\necho docker-credential-ecr-login 1.2.3\n"
	if err := os.WriteFile(filepath.Join(bin, program.Command), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	c := newChecker(&check.Settings{Version: "1.2.3"})
	program := func(owner int) (r check.Result, ran bool) {
		t.Helper()
		if err := os.Chown(bin, owner, owner); err != nil {
			t.Fatal(err)
		}
		r = c.program(t.Context())
		_, err := os.Stat(record)
		return r, err == nil
	}
	const nobody = 65534
	if r, ran := program(nobody); r.Status != check.StatusFailed || !strings.Contains(r.Found, "it is not run as root, because "+bin+" belongs to user 65534") || ran {
		t.Errorf("%+v; run: %t", r, ran)
	}
	if r, ran := program(0); r.Status != check.StatusOK || !ran {
		t.Errorf("%+v; run: %t", r, ran)
	}
}

//go:build unix

package doctor

import "testing"

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

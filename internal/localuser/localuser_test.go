package localuser_test

import (
	"os/user"
	"strings"
	"testing"

	"ecrlogin/internal/localuser"
)

// The environment, which a user can change, has no effect.
func TestName(t *testing.T) {
	for _, name := range []string{"USER", "LOGNAME", "SUDO_USER", "USERNAME"} {
		t.Setenv(name, "intruder")
	}
	got := localuser.Name()
	if got == "" || got == "intruder" || strings.Contains(got, `\`) {
		t.Errorf("got %q", got)
	}
	u, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	if u.Username != "intruder" && !strings.HasSuffix(u.Username, got) {
		t.Errorf("got %q, want that of %+v", got, u)
	}
}

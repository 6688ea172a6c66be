package e2e

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// withPass returns the same user with a password store of pass, whose key has no passphrase. The directory of GnuPG
// contains sockets, so its name must be short.
func (s *session) withPass(t *testing.T) *session {
	t.Helper()
	s = s.with("GNUPGHOME=" + filepath.Join(s.run, "gnupg"))
	s.withInput(`
		%no-protection
		Key-Type: EDDSA
		Key-Curve: ed25519
		Subkey-Type: ECDH
		Subkey-Curve: cv25519
		Name-Email: ann@corp.example
		Expire-Date: 0
		%commit
	`).must(t, `mkdir -m 700 $GNUPGHOME; gpg --quiet --batch --gen-key`, "")
	t.Cleanup(func() {
		kill := exec.Command("gpgconf", "--kill", "all") // the agent that gpg started
		kill.Env = s.env
		if out, err := kill.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	s.must(t, "pass init ann@corp.example", "")
	return s
}

// runPass runs an action of docker-credential-pass and returns its output.
func (s *session) runPass(t *testing.T, action, input string) string {
	t.Helper()
	return s.withInput(input).must(t, "docker-credential-pass "+action, "")
}

// inPass reports whether pass contains a password for serverURL.
func (s *session) inPass(t *testing.T, serverURL string) bool {
	t.Helper()
	return slices.Contains(strings.Split(s.runPass(t, "list", ""), `"`), serverURL)
}

package e2e

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// leftOverLogin runs a pipeline that still logs in before and out afterwards. Both
// steps succeed, no password is written down, and the helper goes on working.
func leftOverLogin(t *testing.T, sc scene) {
	s, ref := sc.session(t, sc.client.keeps), reference(t, firstHost)
	s.must(t, sc.client.build, ref)

	s.input = sc.aws.IssueToken("us-west-2", false)
	if output := s.must(t, sc.client.login, ref); !strings.Contains(output, firstHost+": password not kept") {
		t.Errorf("login does not say that it can be left out:\n%s", output)
	}
	s.input = ""
	s.must(t, sc.client.relogin, ref)
	for _, path := range []string{s.dockerConfig(), s.authJSON()} {
		content, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if strings.Contains(string(content), `"auth":`) {
			t.Errorf("login has written the password to %s", path)
		}
	}

	sc.aws.ExpireTokens() // the password of the login is of no use from here on
	s.forget(t)           // nor is what the helper has kept
	if !sc.row.push.step(t, "push", func(t *testing.T) { s.must(t, sc.client.push, ref) }) {
		return // there is nothing to pull
	}
	s.must(t, sc.client.logout, ref)
	s.must(t, sc.client.remove, ref)
	sc.row.pull.step(t, "pull", func(t *testing.T) { s.must(t, sc.client.pull, ref) })
}

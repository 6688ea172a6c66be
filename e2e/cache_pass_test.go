package e2e

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestCacheInPass caches tokens in pass: those of AWS and those of a login. No file contains a token in plain text, not
// even one that was cached in a file before. The helper's list does not show their names.
func TestCacheInPass(t *testing.T) {
	aws := startAWS(t)
	startDockerd(t)
	img := newImage(t)
	for _, c := range append(dockers(t), podman()) {
		t.Run(c.name, func(t *testing.T) {
			cacheInPass(t, fixture{aws: aws, client: c, image: img, row: new(row)})
		})
	}
}

func cacheInPass(t *testing.T, sc fixture) {
	s, ref := sc.session(t, sc.client.allHosts).withPass(t), reference(t, firstHost)
	inFile := s.password(t)
	if paths := s.filesWith(t, "AWS", inFile); len(paths) != 2 {
		t.Errorf("%q contain the cached token, want the files of the registry and of its API", paths)
	}
	s.configureHelper(t, "fallback: pass\ncache: {store: pass}\n")
	s.must(t, sc.client.build, ref)
	sc.aws.ResetCalls()
	s.must(t, sc.client.push, ref)
	s.must(t, sc.client.remove, ref)
	s.must(t, sc.client.pull, ref)
	inPass := s.password(t)
	if n := tokenRequests(sc.aws, "us-west-2"); n != 1 {
		t.Errorf("AWS received %d token requests, want 1", n)
	}
	s.mustHide(t, inFile, inPass)

	stored := sc.aws.IssueToken("us-west-2", false)
	s.withInput(stored).must(t, sc.client.login, ref)
	if s.anonymous().password(t) != stored {
		t.Error("the password of the login is not used")
	}
	s.mustHide(t, stored)
	s.must(t, sc.client.logout, ref)
	if names := s.passNames(t); len(names) > 0 {
		t.Errorf("after the logout, pass contains %q", names)
	}
	if s.password(t) == inPass {
		t.Error("after the logout, the old token is used")
	}
}

// mustHide fails the test unless pass contains tokens, the helper's list contains only the registry, and no file
// contains one of the passwords in plain text.
func (s *session) mustHide(t *testing.T, passwords ...string) {
	t.Helper()
	mustList(t, s, map[string]string{firstHost: "AWS"})
	if len(s.passNames(t)) == 0 {
		t.Error("pass contains no tokens")
	}
	for _, password := range passwords {
		if paths := s.filesWith(t, "AWS", password); len(paths) > 0 {
			t.Errorf("%q contain a token", paths)
		}
	}
}

// password returns the helper's password for the first registry.
func (s *session) password(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(s.must(t, "docker-credential-ecr-login password "+firstHost, ""))
}

// passNames returns the names of the tokens in pass.
func (s *session) passNames(t *testing.T) (names []string) {
	t.Helper()
	var all map[string]string
	if err := json.Unmarshal([]byte(s.runPass(t, "list", "")), &all); err != nil {
		t.Error(err)
	}
	for name := range all {
		host, _, _ := strings.Cut(strings.TrimPrefix(name, "https://ecr-login.invalid/"), "/")
		if host != firstHost && host != "ecr.us-west-2" {
			t.Errorf("pass contains %q", name)
		}
		names = append(names, name)
	}
	return names
}

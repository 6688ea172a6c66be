package e2e

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestCacheInPass keeps tokens in pass, whatever they come from. None is anywhere on the disk
// for who has not the key, not even one that was kept in a file before, and nobody's list has
// their names.
func TestCacheInPass(t *testing.T) {
	aws := startAWS(t)
	startDockerd(t)
	img := newImage(t)
	for _, c := range append(dockers(t), podman()) {
		t.Run(c.name, func(t *testing.T) {
			cacheInPass(t, scene{aws: aws, client: c, image: img, row: new(row)})
		})
	}
}

func cacheInPass(t *testing.T, sc scene) {
	s, ref := sc.session(t, sc.client.central).withPass(t), reference(t, firstHost)
	inFile := s.password(t)
	if len(s.filesWith(t, "AWS", inFile)) != 1 {
		t.Error("the token is in no file, so this test would not find one either")
	}
	s.configureHelper(t, "fallback: pass\ncache: {store: pass}\n")
	s.must(t, sc.client.build, ref)
	sc.aws.ResetCalls()
	s.must(t, sc.client.push, ref)
	s.must(t, sc.client.remove, ref)
	s.must(t, sc.client.pull, ref)
	inPass := s.password(t)
	if n := asked(sc.aws, "us-west-2"); n != 1 {
		t.Errorf("AWS was asked %d times", n)
	}
	s.hides(t, inFile, inPass)

	brought := sc.aws.IssueToken("us-west-2", false)
	s.typing(brought).must(t, sc.client.login, ref)
	if s.anonymous().password(t) != brought {
		t.Error("the password of the login is not used")
	}
	s.hides(t, brought)
	s.must(t, sc.client.logout, ref)
	if names := s.names(t); len(names) > 0 {
		t.Errorf("after the logout, pass has %q", names)
	}
	if s.password(t) == inPass {
		t.Error("after the logout, the old token is used")
	}
}

// hides fails the test unless pass holds tokens, the helper's list has the registry alone, and
// none of these passwords can be read.
func (s *session) hides(t *testing.T, passwords ...string) {
	t.Helper()
	lists(t, s, map[string]string{firstHost: "AWS"})
	if len(s.names(t)) == 0 {
		t.Error("pass holds nothing")
	}
	for _, password := range passwords {
		if paths := s.filesWith(t, "AWS", password); len(paths) > 0 {
			t.Errorf("a token can be read in %q", paths)
		}
	}
}

// password returns the one that the helper gives for the first registry.
func (s *session) password(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(s.must(t, "docker-credential-ecr-login password "+firstHost, ""))
}

// names returns what pass has the tokens by.
func (s *session) names(t *testing.T) (names []string) {
	t.Helper()
	var all map[string]string
	if err := json.Unmarshal([]byte(s.passes(t, "list", "")), &all); err != nil {
		t.Error(err)
	}
	for name := range all {
		if !strings.HasPrefix(name, "https://ecr-login.invalid/"+firstHost+"/") {
			t.Errorf("pass has %q", name)
		}
		names = append(names, name)
	}
	return names
}

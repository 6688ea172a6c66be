package e2e

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// leftOverLogin runs a pipeline that still logs in before and out afterwards. Both steps
// succeed, no password is written into the client's files, and until the logout the
// password of the login is used, for which no AWS identity is needed. A login without a
// password keeps nothing new.
func leftOverLogin(t *testing.T, sc scene) {
	s, ref := sc.session(t, sc.client.keeps), reference(t, firstHost)
	s.must(t, sc.client.build, ref)
	login := s.typing(sc.aws.IssueToken("us-west-2", false))
	if !sc.client.asksFirst {
		login = login.anonymous()
	}
	if output := login.must(t, sc.client.login, ref); !strings.Contains(output, firstHost+": password stored until it expires at ") {
		t.Errorf("login does not say what it did:\n%s", output)
	}
	s.wroteNoPassword(t)
	sc.aws.ResetCalls()
	if !sc.row.push.step(t, "push", func(t *testing.T) { s.anonymous().must(t, sc.client.push, ref) }) {
		return // there is nothing to pull
	}
	s.anonymous().must(t, sc.client.relogin, ref)
	s.must(t, sc.client.remove, ref)
	sc.row.pull.step(t, "pull", func(t *testing.T) { s.anonymous().must(t, sc.client.pull, ref) })
	if calls := sc.aws.Calls(); len(calls) > 0 {
		t.Errorf("AWS was asked although there is the password of the login: %v", calls)
	}

	s.anonymous().losesAccess(t, sc, ref)
	sc.row.pull.step(t, "pull", func(t *testing.T) { s.must(t, sc.client.pull, ref) })
	if n := asked(sc.aws, "us-west-2"); n != 1 {
		t.Errorf("after the logout, AWS was asked %d times", n)
	}
	s.must(t, sc.client.relogin, ref) // with what the helper has, which stays that of the AWS identity
	if output, err := s.anonymous().typing(firstHost).sh(t, "docker-credential-ecr-login get", ""); err == nil {
		t.Errorf("the login without a password has kept one (%d characters)", len(output))
	}
}

// refusedLogin logs in with what never was a password, or for somebody else. The login fails
// and nothing of it is kept. The sentence is shown by clients that ask the helper; those
// that ask the registry first have its refusal.
func refusedLogin(t *testing.T, sc scene) {
	valid := sc.aws.IssueToken("us-west-2", false)
	for name, tt := range map[string]struct{ user, password, sentence string }{
		"no password": {"AWS", "hunter2", firstHost + ": not an Amazon ECR password"},
		"user":        {"ci", valid, firstHost + ": invalid user name: Amazon ECR accepts only AWS"},
	} {
		t.Run(name, func(t *testing.T) {
			s := sc.session(t, sc.client.keeps)
			login := strings.Replace(sc.client.login, "AWS", tt.user, 1)
			output := s.refuses(t, login, tt.password)
			if sc.client.trusting && !strings.Contains(output, tt.sentence) {
				t.Errorf("login does not say why it fails:\n%s", output)
			}
		})
	}
}

// expiredLogin logs in with a password that has expired, to a registry that takes it all the
// same because its clock is behind. Every client shows why the helper does not.
func expiredLogin(t *testing.T, sc scene) {
	const behind = time.Hour
	s := sc.session(t, sc.client.keeps)
	s.helper(t, "get", firstHost) // for clients that ask first: AWS refuses everything that is not of its time
	sc.aws.SetClock(func() time.Time { return time.Now().Add(-behind) })
	defer sc.aws.SetClock(nil)
	sc.aws.SetTokenLifetime(behind / 2)
	defer sc.aws.SetTokenLifetime(12 * time.Hour)
	output := s.refuses(t, sc.client.login, sc.aws.IssueToken("us-west-2", false))
	if !strings.Contains(output, firstHost+": password expired at ") {
		t.Errorf("login does not say why it fails:\n%s", output)
	}
}

// refuses fails the test unless a login with that password fails, keeps nothing, and does not
// show the password.
func (s *session) refuses(t *testing.T, login, password string) (output string) {
	t.Helper()
	output, err := s.typing(password).sh(t, login, reference(t, firstHost))
	if err == nil {
		t.Errorf("login succeeded:\n%s", output)
	}
	if strings.Contains(output, password) {
		t.Error("login shows the password")
	}
	s.wroteNoPassword(t)
	if strings.Contains(s.helper(t, "get", firstHost), password) {
		t.Error("the helper has kept the password")
	}
	return output
}

// ignoredLogin logs in and out while the helper is told to ignore that: both succeed, and
// the token that it has itself stays the one that is used.
func ignoredLogin(t *testing.T, sc scene) {
	s, ref := sc.session(t, sc.client.keeps).with("AWS_ECR_IGNORE_CREDS_STORAGE=true"), reference(t, firstHost)
	s.must(t, sc.client.build, ref)
	s.must(t, sc.client.push, ref)
	before := s.helper(t, "get", firstHost)
	s.typing(sc.aws.IssueToken("us-west-2", false)).must(t, sc.client.login, ref)
	s.wroteNoPassword(t)
	s.must(t, sc.client.relogin, ref)
	s.must(t, sc.client.logout, ref)
	s.must(t, sc.client.remove, ref)
	sc.aws.ResetCalls()
	sc.row.pull.step(t, "pull", func(t *testing.T) { s.must(t, sc.client.pull, ref) })
	if s.helper(t, "get", firstHost) != before {
		t.Error("another password is used")
	}
	if n := sc.aws.Count(awstest.GetAuthorizationToken); n != 0 {
		t.Errorf("AWS was asked for %d passwords after the logout", n)
	}
}

// wroteNoPassword fails the test if a client's file holds one.
func (s *session) wroteNoPassword(t *testing.T) {
	t.Helper()
	for _, path := range []string{s.dockerConfig(), s.authJSON()} {
		content, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if strings.Contains(string(content), `"auth":`) {
			t.Errorf("the password was written to %s", path)
		}
	}
}

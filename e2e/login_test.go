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

// leftOverLogin runs a pipeline that still contains a login and a logout. Both succeed, and the client's files contain
// no password. Until the logout, the password of the login is used, which requires no AWS identity. A login without a
// password stores nothing.
func leftOverLogin(t *testing.T, sc fixture) {
	s, ref := sc.session(t, sc.client.loginFile), reference(t, firstHost)
	s.must(t, sc.client.build, ref)
	login := s.withInput(sc.aws.IssueToken("us-west-2", false))
	if !sc.client.getsBeforeLogin {
		login = login.anonymous()
	}
	if output := login.must(t, sc.client.login, ref); !strings.Contains(output, firstHost+": password stored until it expires at ") {
		t.Errorf("the output of login does not contain the expiration time:\n%s", output)
	}
	s.mustNotWritePassword(t)
	sc.aws.ResetCalls()
	if !sc.row.push.step(t, "push", func(t *testing.T) { s.anonymous().must(t, sc.client.push, ref) }) {
		return // there is nothing to pull
	}
	s.anonymous().must(t, sc.client.relogin, ref)
	s.must(t, sc.client.remove, ref)
	sc.row.pull.step(t, "pull", func(t *testing.T) { s.anonymous().must(t, sc.client.pull, ref) })
	if calls := sc.aws.Calls(); len(calls) > 0 {
		t.Errorf("AWS received requests although the login stored a password: %v", calls)
	}

	s.anonymous().mustLoseAccess(t, sc, ref)
	sc.row.pull.step(t, "pull", func(t *testing.T) { s.must(t, sc.client.pull, ref) })
	if n := tokenRequests(sc.aws, "us-west-2"); n != 1 {
		t.Errorf("after the logout, AWS received %d token requests, want 1", n)
	}
	s.must(t, sc.client.relogin, ref) // with the cached token, which is not stored as that of a login
	if output, err := s.anonymous().withInput(firstHost).sh(t, "docker-credential-ecr-login get", ""); err == nil {
		t.Errorf("the login without a password stored one (%d characters)", len(output))
	}
}

// rejectedLogin logs in with an invalid password or user name. The login fails, and nothing is stored. Clients that try
// the password first print the registry's error, and the others the helper's.
func rejectedLogin(t *testing.T, sc fixture) {
	valid := sc.aws.IssueToken("us-west-2", false)
	for name, tt := range map[string]struct{ user, password, message string }{
		"password": {"AWS", "hunter2", firstHost + ": not an Amazon ECR password"},
		"user":     {"ci", valid, firstHost + ": invalid user name: Amazon ECR accepts only AWS"},
	} {
		t.Run(name, func(t *testing.T) {
			s := sc.session(t, sc.client.loginFile)
			login := strings.Replace(sc.client.login, "AWS", tt.user, 1)
			output := s.mustRejectLogin(t, login, tt.password)
			if sc.client.storesUnverified && !strings.Contains(output, tt.message) {
				t.Errorf("the output of login does not contain the error of the helper:\n%s", output)
			}
		})
	}
}

// expiredLogin logs in with an expired password to a registry that still accepts it, because its clock is behind. All
// clients print the helper's error.
func expiredLogin(t *testing.T, sc fixture) {
	const behind = time.Hour
	s := sc.session(t, sc.client.loginFile)
	s.helper(t, "get", firstHost) // cached for clients that run get first, because AWS will reject signatures
	sc.aws.SetClock(func() time.Time { return time.Now().Add(-behind) })
	defer sc.aws.SetClock(nil)
	sc.aws.SetTokenLifetime(behind / 2)
	defer sc.aws.SetTokenLifetime(12 * time.Hour)
	output := s.mustRejectLogin(t, sc.client.login, sc.aws.IssueToken("us-west-2", false))
	if !strings.Contains(output, firstHost+": password expired at ") {
		t.Errorf("the output of login does not contain the error of the helper:\n%s", output)
	}
}

// mustRejectLogin fails the test unless a login with the password fails, stores nothing, and does not print the
// password.
func (s *session) mustRejectLogin(t *testing.T, login, password string) (output string) {
	t.Helper()
	output, err := s.withInput(password).sh(t, login, reference(t, firstHost))
	if err == nil {
		t.Errorf("login succeeded:\n%s", output)
	}
	if strings.Contains(output, password) {
		t.Error("login printed the password")
	}
	s.mustNotWritePassword(t)
	if strings.Contains(s.helper(t, "get", firstHost), password) {
		t.Error("the helper stored the password")
	}
	return output
}

// ignoredLogin logs in and out with AWS_ECR_IGNORE_CREDS_STORAGE. Both succeed, and the helper's cached token is still
// used.
func ignoredLogin(t *testing.T, sc fixture) {
	s, ref := sc.session(t, sc.client.loginFile).with("AWS_ECR_IGNORE_CREDS_STORAGE=true"), reference(t, firstHost)
	s.must(t, sc.client.build, ref)
	s.must(t, sc.client.push, ref)
	before := s.helper(t, "get", firstHost)
	s.withInput(sc.aws.IssueToken("us-west-2", false)).must(t, sc.client.login, ref)
	s.mustNotWritePassword(t)
	s.must(t, sc.client.relogin, ref)
	s.must(t, sc.client.logout, ref)
	s.must(t, sc.client.remove, ref)
	sc.aws.ResetCalls()
	sc.row.pull.step(t, "pull", func(t *testing.T) { s.must(t, sc.client.pull, ref) })
	if s.helper(t, "get", firstHost) != before {
		t.Error("another password is used")
	}
	if n := sc.aws.Count(awstest.GetAuthorizationToken); n != 0 {
		t.Errorf("AWS received %d token requests after the logout, want 0", n)
	}
}

// mustNotWritePassword fails the test if a file of the client contains a password.
func (s *session) mustNotWritePassword(t *testing.T) {
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

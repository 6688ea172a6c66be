package e2e

import (
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// A fixture contains what a scenario uses.
type fixture struct {
	aws    *awstest.Server
	client client
	image  image
	row    *row
}

func (sc fixture) session(t *testing.T, how setting) *session {
	t.Helper()
	return newSession(t, sc.aws, sc.client, sc.image, how)
}

// A scenario is a use case of the helper.
type scenario struct {
	name string
	run  func(*testing.T, fixture)
}

// scenarios returns the scenarios for the settings and actions that c supports.
func scenarios(c client) []scenario {
	all := []scenario{
		{string(credHelpers), configured(credHelpers)},
		{"secondAccount", secondAccount},
		{"alias", alias},
		{"cachedToken", cachedToken},
		{"expiredToken", expiredToken},
		{"denied", denied},
	}
	if c.allHosts != "" {
		all = append(all, scenario{string(c.allHosts), configured(c.allHosts)})
	}
	if c.login != "" {
		all = append(all,
			scenario{"leftOverLogin", leftOverLogin},
			scenario{"rejectedLogin", rejectedLogin},
			scenario{"expiredLogin", expiredLogin},
			scenario{"ignoredLogin", ignoredLogin})
	}
	return all
}

// configured pushes and pulls an image. The client has one line of configuration.
func configured(how setting) func(*testing.T, fixture) {
	return func(t *testing.T, sc fixture) {
		roundTrip(t, sc, sc.session(t, how), reference(t, firstHost))
	}
}

// secondAccount pushes and pulls an image of a second account and region, after one of the first.
func secondAccount(t *testing.T, sc fixture) {
	s := sc.session(t, credHelpers)
	first, second := reference(t, firstHost), reference(t, secondHost)
	s.must(t, sc.client.build, first)
	s.must(t, sc.client.push, first)
	s.clearCache(t) // Docker's legacy builder runs get for all configured hosts
	sc.aws.ResetCalls()
	roundTrip(t, sc, s, second)
	if tokenRequests(sc.aws, "eu-central-1") == 0 {
		t.Errorf("the region of %s received no token request", secondHost)
	}
}

// expiredToken pulls after the cached token has expired. The helper requests another one.
func expiredToken(t *testing.T, sc fixture) {
	const lifetime = 6 * time.Second
	sc.aws.SetTokenLifetime(lifetime)
	defer sc.aws.SetTokenLifetime(12 * time.Hour)
	s, ref := sc.session(t, credHelpers), reference(t, firstHost)
	s.must(t, sc.client.build, ref)
	s.must(t, sc.client.push, ref)
	expired := time.After(lifetime) // the token was issued before
	s.must(t, sc.client.remove, ref)
	<-expired
	sc.aws.ResetCalls()
	sc.row.pull.step(t, "pull", func(t *testing.T) { s.must(t, sc.client.pull, ref) })
	if tokenRequests(sc.aws, "us-west-2") == 0 {
		t.Error("AWS received no token request")
	}
}

// cachedToken pulls the pushed image with the cached token, without another token request.
func cachedToken(t *testing.T, sc fixture) {
	s, ref := sc.session(t, credHelpers), reference(t, firstHost)
	s.must(t, sc.client.build, ref)
	sc.aws.ResetCalls()
	s.must(t, sc.client.push, ref)
	s.must(t, sc.client.remove, ref)
	sc.row.pull.step(t, "pull", func(t *testing.T) { s.must(t, sc.client.pull, ref) })
	if n := tokenRequests(sc.aws, "us-west-2"); n > 1 {
		t.Errorf("AWS received %d token requests, want at most 1", n)
	}
}

// roundTrip pushes an image, removes it, pulls it and runs it.
func roundTrip(t *testing.T, sc fixture, s *session, ref string) {
	t.Helper()
	c := sc.client
	s.must(t, c.build, ref)
	if !sc.row.push.step(t, "push", func(t *testing.T) { s.must(t, c.push, ref) }) {
		return // no image to pull
	}
	s.must(t, c.remove, ref)
	if !sc.row.pull.step(t, "pull", func(t *testing.T) { s.must(t, c.pull, ref) }) || c.run == "" {
		return
	}
	sc.row.run.step(t, "run", func(t *testing.T) {
		if output := s.must(t, c.run, ref); !strings.Contains(output, greeting) {
			t.Errorf("the container printed %q, want %q", output, greeting)
		}
	})
}

// reference returns an image name that only this test uses.
func reference(t *testing.T, host string) string {
	return host + "/" + strings.ToLower(t.Name()) + ":1"
}

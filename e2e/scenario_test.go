package e2e

import (
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// A scene is what a scenario plays in.
type scene struct {
	aws    *awstest.Server
	client client
	image  image
	row    *row
}

func (sc scene) session(t *testing.T, how setting) *session {
	t.Helper()
	return newSession(t, sc.aws, sc.client, sc.image, how)
}

// A scenario is something that users do.
type scenario struct {
	name string
	play func(*testing.T, scene)
}

func scenarios(c client) []scenario {
	return []scenario{
		{string(credHelpers), configured(credHelpers)},
		{string(c.central), configured(c.central)},
		{"secondAccount", secondAccount},
		{"alias", alias},
		{"keptToken", keptToken},
		{"expiredToken", expiredToken},
		{"leftOverLogin", leftOverLogin},
		{"refusedLogin", refusedLogin},
		{"expiredLogin", expiredLogin},
		{"ignoredLogin", ignoredLogin},
		{"denied", denied},
	}
}

// configured moves an image with nothing but one line of configuration.
func configured(how setting) func(*testing.T, scene) {
	return func(t *testing.T, sc scene) {
		roundTrip(t, sc, sc.session(t, how), reference(t, firstHost))
	}
}

// secondAccount moves an image of another account and region, after one of the first.
func secondAccount(t *testing.T, sc scene) {
	s := sc.session(t, credHelpers)
	first, second := reference(t, firstHost), reference(t, secondHost)
	s.must(t, sc.client.build, first)
	s.must(t, sc.client.push, first)
	s.forget(t) // Docker's older builder asks for every host it knows
	sc.aws.ResetCalls()
	roundTrip(t, sc, s, second)
	if asked(sc.aws, "eu-central-1") == 0 {
		t.Errorf("the region of %s was not asked for a password", secondHost)
	}
}

// expiredToken pulls with the token that is kept, without a word to AWS, and again when that has expired.
func expiredToken(t *testing.T, sc scene) {
	const life = 4 * time.Second
	sc.aws.SetTokenLifetime(life)
	defer sc.aws.SetTokenLifetime(12 * time.Hour)
	s, ref := sc.session(t, credHelpers), reference(t, firstHost)
	s.must(t, sc.client.build, ref)
	s.must(t, sc.client.push, ref)
	expired := time.After(life) // at the latest, since the token was issued before
	s.must(t, sc.client.remove, ref)
	<-expired
	sc.aws.ResetCalls()
	sc.row.pull.step(t, "pull", func(t *testing.T) { s.must(t, sc.client.pull, ref) })
	if asked(sc.aws, "us-west-2") == 0 {
		t.Error("AWS was not asked for another password")
	}
}

// keptToken pulls what was pushed without AWS being asked again.
func keptToken(t *testing.T, sc scene) {
	s, ref := sc.session(t, credHelpers), reference(t, firstHost)
	s.must(t, sc.client.build, ref)
	sc.aws.ResetCalls()
	s.must(t, sc.client.push, ref)
	s.must(t, sc.client.remove, ref)
	sc.row.pull.step(t, "pull", func(t *testing.T) { s.must(t, sc.client.pull, ref) })
	if n := asked(sc.aws, "us-west-2"); n > 1 {
		t.Errorf("AWS was asked for a password %d times", n)
	}
}

// roundTrip pushes an image, forgets it, pulls it and runs it.
func roundTrip(t *testing.T, sc scene, s *session, ref string) {
	t.Helper()
	c := sc.client
	s.must(t, c.build, ref)
	if !sc.row.push.step(t, "push", func(t *testing.T) { s.must(t, c.push, ref) }) {
		return // there is nothing to pull
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

// reference names an image of its own for a test.
func reference(t *testing.T, host string) string {
	return host + "/" + strings.ToLower(t.Name()) + ":1"
}

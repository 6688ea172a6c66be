package refresh_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ecrlogin/refresh"
)

// While AWS is unavailable, the current token is used and applied again until it expires. It is not applied after that.
// The next token is applied at once.
func TestOutage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPlace("one", west)
		m := newMachine(t, p)
		m.run()
		after(time.Hour)
		first := p.password(west)
		m.set(func(m *machine) { m.down = unavailable })
		after(6 * time.Hour)
		p.set(func(p *place) { p.content = nil })
		after(31 * time.Minute)
		if p.password(west) != first {
			t.Errorf("got %q, want the current token", p.password(west))
		}
		s := m.r.Status()
		if l := s.Logins[0]; l.Error != west+": unavailable; check the network" || l.Attempts < 15 || l.Attempts > 30 || l.Expiry.Sub(l.Issued) < 11*time.Hour {
			t.Errorf("got %+v", l)
		}
		if s.Targets[0].State != refresh.Current {
			t.Errorf("got %+v, want current", s.Targets[0])
		}

		after(6 * time.Hour) // the token has expired
		written := p.written()
		p.set(func(p *place) { p.content = nil })
		after(time.Hour)
		if p.written() != written {
			t.Error("a target was written")
		}
		if s := m.r.Status().Targets[0]; s.State != refresh.Expired || s.Error != west+": unavailable; check the network" {
			t.Errorf("got %+v", s)
		}

		m.set(func(m *machine) { m.down = nil })
		after(time.Minute + time.Second)
		if got := p.password(west); got == "" || got == first {
			t.Errorf("got %q, want another token within a minute", got)
		}
		if s := m.r.Status(); s.Targets[0].State != refresh.Current || s.Logins[0].Error != "" || s.Logins[0].Attempts != 0 {
			t.Errorf("got %+v", s)
		}
	})
}

// The registries of a region cause one request for each attempt, also while it fails.
func TestOutageRequests(t *testing.T) {
	for _, took := range []time.Duration{0, 100 * time.Millisecond, 10 * time.Second} {
		bubble(t, func(t *testing.T) {
			m := newMachine(t, newPlace("one", west), newPlace("two", west2), newPlace("both", west, west2))
			m.took, m.down, m.r.Jitter = took, unavailable, 0.7
			m.run()
			after(time.Hour)
			if n, attempts := m.called(), m.r.Status().Logins[1].Attempts; n > attempts+1 || n > 80 {
				t.Errorf("%d requests for %d attempts", n, attempts)
			}
		})
	}
}

// An outage that is over shortly before a token expires is not noticed by clients.
func TestOutageEndsInTime(t *testing.T) {
	for _, life := range []time.Duration{time.Minute, 10 * time.Minute, 12 * time.Hour} {
		bubble(t, func(t *testing.T) {
			p := newPlace("one", west)
			m := newMachine(t, p)
			m.life = life
			m.run()
			after(time.Second)
			m.set(func(m *machine) { m.down = unavailable })
			after(life - min(life/10, time.Minute) - 5*time.Second) // 4 s before it is no longer applied
			m.set(func(m *machine) { m.down = nil })
			for range 10 {
				after(time.Second)
				if left := m.left(p.password(west)); left <= 0 {
					t.Fatalf("with a life of %s, the password has expired %s ago", life, -left)
				}
			}
			if p.written() < 2 || m.left(p.password(west)) < life-10*time.Second {
				t.Errorf("with a life of %s, the token was not replaced within seconds", life)
			}
		})
	}
}

// A Refresher continues with the tokens of the one before, also while AWS is unavailable.
func TestPrevious(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPlace("one", west)
		m := newMachine(t, p)
		stop := m.run()
		after(5 * time.Hour)
		stop()
		before := m.r
		other := newPlace("two", west, ireland)
		other.m = m
		next := func(targets ...refresh.Target) {
			m.r = &refresh.Refresher{Targets: targets, Source: before.Source, Log: before.Log, Now: before.Now, Previous: m.r}
		}
		next(p, other)
		stop = m.run()
		after(time.Second)
		if m.called() != 2 || other.password(west) != p.password(west) || other.password(ireland) == "" {
			t.Errorf("%d requests, got %v", m.called(), other.content)
		}

		m.set(func(m *machine) { m.down = unavailable })
		after(2 * time.Hour)
		stop()
		third := newPlace("three", west)
		third.m = m
		next(third)
		m.run()
		after(time.Second)
		if third.password(west) != p.password(west) || third.password(west) == "" {
			t.Errorf("during an outage, got %q", third.password(west))
		}
		if s := m.r.Status(); s.Logins[0].Error == "" || s.Targets[0].State != refresh.Current {
			t.Errorf("got %+v", s)
		}
	})
}

// There is a line for each event that matters, and none for each target that was written without a change. No line
// contains a password.
func TestLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPlace("one", west)
		m := newMachine(t, p)
		m.run()
		after(7 * time.Hour)
		m.set(func(m *machine) { m.down = unavailable })
		p.set(func(p *place) { p.err = unavailable("") })
		after(6 * time.Hour)
		m.set(func(m *machine) { m.down = nil })
		p.set(func(p *place) { p.err = nil })
		after(time.Hour)
		log := m.log.String()
		if strings.Contains(log, "secret-") {
			t.Errorf("a password was logged:\n%s", log)
		}
		for text, want := range map[string]int{
			`level=INFO msg="token issued" registry=` + west + ` identity="" expiry=`: 1,
			`level=INFO msg="token rotated" registry=`:                                2,
			`level=INFO msg="target written" kind=test name=one took=`:                4,
			`level=WARN msg="token not rotated, using the current one" expiry=`:       20,
			`level=WARN msg="target not written" kind=test name=one took=`:            80,
		} {
			if got := strings.Count(log, text); got != want {
				t.Errorf("%d lines with %s, want %d", got, text, want)
			}
		}
		for _, text := range []string{`error="` + west + `: unavailable; check the network" attempts=3 retry=2000-01-01T12:00:07.500Z`, `error=unavailable attempts=2 retry=2000-`} {
			if !strings.Contains(log, text) {
				t.Errorf("no line with %s", text)
			}
		}
		if t.Failed() {
			t.Log(log)
		}
	})
}

// A token that many registries share is one event, not one for each registry.
func TestLogOfManyRegistries(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var hosts []string
		for i := range 200 {
			hosts = append(hosts, fmt.Sprintf("%012d.dkr.ecr.us-west-2.amazonaws.com", i))
		}
		m := newMachine(t, newPlace("many", append(hosts, ireland)...))
		m.run()
		after(time.Second)
		m.set(func(m *machine) { m.down = unavailable })
		after(7 * time.Hour)
		log := m.log.String()
		if n := strings.Count(log, "token issued"); n != 2 {
			t.Errorf("%d lines for 2 tokens", n)
		}
		if n := strings.Count(log, "token not rotated"); n == 0 || n > 60 {
			t.Errorf("%d lines for failures", n)
		}
	})
}

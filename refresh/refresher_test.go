package refresh_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/refresh"
)

// Tokens are replaced after half of their life, one for each region. In between, targets are applied again at each
// interval.
func TestRotation(t *testing.T) {
	bubble(t, func(t *testing.T) {
		one, both := newPlace("one", west), newPlace("both", west2, ireland)
		m := newMachine(t, one, both)
		m.run()
		after(time.Second)
		if m.called() != 2 || one.written() != 1 || both.written() != 1 {
			t.Fatalf("%d requests, %d and %d writes; want 2, 1 and 1", m.called(), one.written(), both.written())
		}
		if one.password(west) != both.password(west2) || both.password(ireland) == both.password(west2) {
			t.Errorf("got %v and %v", one.content, both.content)
		}
		first := one.password(west)
		after(6*time.Hour - 2*time.Second)
		if got := one.password(west); got != first || one.written() != 12 {
			t.Errorf("got %s after %d writes, want the first in 12 writes", got, one.written())
		}
		after(2 * time.Second)
		if got := one.password(west); got == first || m.called() != 4 {
			t.Errorf("got %s after %d requests, want another after 4", got, m.called())
		}
	})
}

// A target is restored at the next interval, without a request to AWS.
func TestInterval(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPlace("one", west)
		m := newMachine(t, p)
		m.run()
		after(time.Minute)
		p.set(func(p *place) { p.content = nil }) // another program
		after(29*time.Minute + 10*time.Second)
		if p.password(west) == "" || p.written() != 2 || m.called() != 1 {
			t.Errorf("got %q after %d writes and %d requests", p.password(west), p.written(), m.called())
		}
	})
}

// Tokens of a short life are replaced in time, too. A target always contains a valid one.
func TestShortLife(t *testing.T) {
	for _, life := range []time.Duration{20 * time.Second, time.Minute, 15 * time.Minute} {
		for _, jitter := range []float64{0, 1} {
			t.Run(fmt.Sprint(life, jitter), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					p := newPlace("one", west, ireland)
					m := newMachine(t, p)
					m.life, m.r.Jitter = life, jitter
					m.run()
					after(time.Second)
					for range 100 {
						after(life / 10)
						if left := m.left(p.password(west)); left <= 0 {
							t.Fatalf("the password has expired %s ago", -left)
						}
					}
					if n := m.called() / 2; n < 20 || n > 24 {
						t.Errorf("%d requests in ten lives, want about 20", n)
					}
				})
			})
		}
	}
}

// A login that fails does not delay the others, neither in the same target nor in other ones.
func TestLoginFailsAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		both, one := newPlace("both", west, ireland), newPlace("one", ireland)
		m := newMachine(t, both, one)
		m.down = func(api string) error {
			if api == "ecr.eu-west-1/" {
				return errors.New("access denied")
			}
			return nil
		}
		m.run()
		after(time.Second)
		if both.password(west) == "" || both.password(ireland) != "" || one.written() > 0 {
			t.Errorf("got %v and %v", both.content, one.content)
		}
		m.set(func(m *machine) { m.down = nil })
		after(time.Minute)
		if both.password(ireland) == "" || one.password(ireland) == "" {
			t.Errorf("got %v and %v", both.content, one.content)
		}
	})
}

// A request that hangs delays a target with other tokens by some seconds only.
func TestRequestHangs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		both := newPlace("both", west, ireland)
		m := newMachine(t, both)
		m.hang = "ecr.eu-west-1/"
		stop := m.run()
		after(6 * time.Second)
		if both.password(west) == "" {
			t.Error("the password of the other registry was not written")
		}
		after(time.Minute)
		if got := m.r.Status().Logins[1]; got.Attempts != 1 || got.Error != ireland+": timed out" {
			t.Errorf("got %+v", got)
		}
		after(10 * time.Second)
		began := time.Now()
		stop()
		if took := time.Since(began); took > 0 {
			t.Errorf("Run returned after %s", took)
		}
	})
}

// A target that hangs delays no other one, also if it ignores its time limit.
func TestTargetHangs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		slow, deaf, good := newPlace("slow", west), newPlace("deaf", west), newPlace("good", west)
		slow.took, deaf.took, deaf.deaf = time.Hour, time.Hour, true
		m := newMachine(t, slow, deaf, good)
		m.life = 20 * time.Minute
		stop := m.run()
		after(time.Second)
		if good.written() != 1 {
			t.Fatal("the good target was not written")
		}
		after(11 * time.Minute)
		if good.written() != 2 {
			t.Errorf("the good target was written %d times", good.written())
		}
		s := m.r.Status().Targets
		if s[0].State != refresh.Failing || s[0].Error != "context deadline exceeded" {
			t.Errorf("got %+v", s[0])
		}
		if s[1].State != refresh.Failing || s[1].Error != "write not finished after 11m1s" {
			t.Errorf("got %+v", s[1])
		}
		stop() // waits for Apply
	})
}

// A target that fails is applied again after a pause that doubles up to five minutes, also if the interval is longer.
func TestTargetFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		bad, good := newPlace("bad", west), newPlace("good", west)
		bad.err = errors.New("read-only file system")
		m := newMachine(t, bad, good)
		m.r.Interval = 12 * time.Hour
		m.run()
		began := time.Now()
		after(time.Hour)
		var at []time.Duration
		for _, try := range bad.tries() {
			at = append(at, try.Sub(began).Round(time.Second))
		}
		want := []time.Duration{0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811, 1111}
		for i := range want {
			want[i] *= time.Second
		}
		if !slices.Equal(at[:len(want)], want) {
			t.Errorf("applied at %s", at)
		}
		if s := m.r.Status().Targets[0]; s.State != refresh.Failing || s.Error != "read-only file system" {
			t.Errorf("got %+v", s)
		}
		bad.set(func(p *place) { p.err = nil })
		after(5 * time.Minute)
		if s := m.r.Status().Targets[0]; s.State != refresh.Current || s.Error != "" || bad.password(west) == "" {
			t.Errorf("got %+v", s)
		}
		if good.written() != 1 {
			t.Errorf("the other target was written %d times in 65 minutes", good.written())
		}
	})
}

// Each identity has its own token, and its Source is created once.
func TestIdentities(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPlace("three", west, west2, west)
		p.logins[2].Identity.Profile = "dev"
		p.logins[0].Server = "https://" + west
		m := newMachine(t, p, newPlace("same", west))
		created := 0
		source := m.r.Source
		m.r.Source = func(id credentials.Identity) credentials.Source {
			created++
			return source(id)
		}
		m.run()
		after(7 * time.Hour)
		if want := []string{"ecr.us-west-2/", "ecr.us-west-2/dev"}; created != 2 || !slices.Equal(m.distinct(), want) || m.called() != 4 {
			t.Errorf("%d sources, requests %q", created, m.calls)
		}
		if n := len(m.r.Status().Logins); n != 3 {
			t.Errorf("%d logins in the status, want 3", n)
		}
	})
}

// Run stops at any time without waiting.
func TestRunStops(t *testing.T) {
	for _, d := range []time.Duration{0, 50 * time.Millisecond, 150 * time.Millisecond, time.Second, 7 * time.Hour} {
		bubble(t, func(t *testing.T) {
			p := newPlace("one", west)
			p.took = 100 * time.Millisecond
			m := newMachine(t, p)
			stop := m.run()
			after(d)
			began := time.Now()
			stop()
			if took := time.Since(began); took > 0 {
				t.Errorf("after %s, Run returned after %s", d, took)
			}
			if strings.Contains(m.log.String(), "level=WARN") {
				t.Errorf("the end of the program was logged as a failure:\n%s", m.log)
			}
		})
	}
}

func TestJitter(t *testing.T) {
	var all []float64
	for i := range 1000 {
		all = append(all, refresh.Jitter("cluster", fmt.Sprint("replica-", i)))
	}
	slices.Sort(all)
	if all[0] < 0 || all[999] > 1 || all[500] < 0.4 || all[500] > 0.6 {
		t.Errorf("from %f to %f, median %f", all[0], all[999], all[500])
	}
	if a := refresh.Jitter("a", "bc"); a != refresh.Jitter("a", "bc") || a == refresh.Jitter("ab", "c") {
		t.Error("the jitter is not stable, or not different")
	}
	issued := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	token := credentials.Token{Issued: issued, Expiry: issued.Add(12 * time.Hour)}
	for jitter, want := range map[float64]time.Duration{0: 6 * time.Hour, 0.5: 342 * time.Minute, 1: 324 * time.Minute} {
		if got := refresh.Rotation(token, jitter).Sub(issued); got != want {
			t.Errorf("with a jitter of %g, a token is replaced after %s, want %s", jitter, got, want)
		}
	}
}

package refresh_test

import (
	"testing"
	"time"

	"ecrlogin/refresh"
)

// A machine that was suspended, or whose clock was wrong, gets a valid token within a minute or keeps a valid one.
func TestClockSteps(t *testing.T) {
	for _, tt := range []struct {
		name      string
		step      time.Duration
		suspended bool          // AWS's clock has advanced, too
		within    time.Duration // of the step, there is another token; 0 if the current one is kept
	}{
		{"suspended for an hour", time.Hour, true, 0},
		{"suspended for seven hours", 7 * time.Hour, true, time.Minute},
		{"suspended for a week", 7 * 24 * time.Hour, true, time.Minute},
		{"set forward by a second", time.Second, false, 0},
		{"set forward by seven hours", 7 * time.Hour, false, time.Minute},
		{"set back by a second", -time.Second, false, 0},
		{"set back by seven hours", -7 * time.Hour, false, 0},
		{"set back by a year", -365 * 24 * time.Hour, false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPlace("one", west)
				m := newMachine(t, p)
				m.run()
				after(time.Hour + 20*time.Second)
				first := p.password(west)
				m.set(func(m *machine) {
					m.ahead = tt.step
					if tt.suspended {
						m.aws = tt.step
					}
				})
				after(time.Minute)
				if got := p.password(west); (got != first) != (tt.within > 0) {
					t.Errorf("another token: %t", got != first)
				}
				for range 300 { // five hours
					after(time.Minute)
					if left := m.left(p.password(west)); left <= time.Hour {
						t.Fatalf("%s are left", left)
					}
				}
				if s := m.r.Status().Targets[0]; s.State != refresh.Current {
					t.Errorf("got %+v", s)
				}
				if n := p.written(); n < 12 || n > 18 {
					t.Errorf("written %d times in six hours", n)
				}
			})
		})
	}
}

// If the clock is set back while a token cannot be replaced, the expired token is not applied, although it is valid by
// the wall clock.
func TestClockSetBackDuringAnOutage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPlace("one", west)
		m := newMachine(t, p)
		m.run()
		after(time.Hour)
		m.set(func(m *machine) { m.ahead, m.down = -10*time.Hour, unavailable })
		after(12 * time.Hour) // place fails the test if it receives an expired token
		if s := m.r.Status().Targets[0]; s.State != refresh.Expired {
			t.Errorf("got %+v", s)
		}
		m.set(func(m *machine) { m.down = nil })
		after(2 * time.Minute)
		if m.left(p.password(west)) <= 0 {
			t.Error("no token after the outage")
		}
	})
}

// Neither a pause after a failure nor the interval becomes longer if the clock is set back.
func TestClockSetBackDuringAPause(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPlace("one", west)
		p.err = unavailable("")
		m := newMachine(t, p)
		m.run()
		after(20 * time.Minute) // the last attempt was after 17 minutes, the next one is after 34
		p.set(func(p *place) { p.err = nil })
		m.set(func(m *machine) { m.ahead = -10 * time.Minute })
		after(15 * time.Minute)
		if p.written() != 1 {
			t.Errorf("written %d times, want once", p.written())
		}
		m.set(func(m *machine) { m.ahead = -20 * time.Minute })
		after(30 * time.Minute)
		if p.written() != 2 {
			t.Errorf("written %d times, want twice", p.written())
		}
	})
}

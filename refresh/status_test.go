package refresh_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ecrlogin/refresh"
)

// A reporter is a place with more places.
type reporter struct {
	*place
	report func() refresh.Report
}

func (r reporter) Report() refresh.Report { return r.report() }

// newReporter returns a Reporter for the default identity's passwords, and its place.
func newReporter(m *machine, report func() refresh.Report) reporter {
	p := newPlace("many", west)
	p.m = m
	return reporter{p, report}
}

func TestStatus(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPlace("one", west)
		p.took = 2 * time.Second
		m := newMachine(t, p)
		if s := m.r.Status(); len(s.Logins) != 1 || s.Logins[0].Login != p.logins[0] || s.Targets[0].State != refresh.Pending {
			t.Errorf("before Run, got %+v", s)
		}
		m.run()
		after(10 * time.Millisecond)
		if s := m.r.Status(); s.Targets[0].State != refresh.Pending || s.Logins[0].Error != "" || !s.Logins[0].Expiry.IsZero() {
			t.Errorf("at the start, got %+v", s)
		}
		began := time.Now()
		after(10 * time.Second)
		s := m.r.Status()
		l, target := s.Logins[0], s.Targets[0]
		if l.Expiry.Sub(l.Issued) != 12*time.Hour || l.Rotation.Sub(l.Issued) != 6*time.Hour || l.Error != "" || l.Attempts != 0 {
			t.Errorf("got %+v", l)
		}
		if target.Kind != "test" || target.Name != "one" || target.State != refresh.Current || len(target.Logins) != 1 ||
			target.Applied.Sub(began) < 2*time.Second || !target.Expiry.Equal(l.Expiry) || target.Took != 2*time.Second ||
			target.Error != "" || target.Report != nil {
			t.Errorf("got %+v", target)
		}
	})
}

// A target without one of its passwords fails, with the reason. The time is the earliest expiry of those it has.
func TestStatusOfAMissingPassword(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPlace("both", west, ireland)
		m := newMachine(t, p)
		m.down = func(api string) error {
			if api == "ecr.us-west-2/" {
				return errors.New("access denied")
			}
			return nil
		}
		m.run()
		after(time.Second)
		s := m.r.Status()
		if got := s.Targets[0]; got.State != refresh.Failing || got.Error != west+": access denied; check the network" || !got.Expiry.Equal(s.Logins[1].Expiry) {
			t.Errorf("got %+v", got)
		}
	})
}

func TestStatusOfAReporter(t *testing.T) {
	failing := []refresh.Failure{{Place: "namespace a", Error: "denied"}}
	for _, tt := range []struct {
		name   string
		report refresh.Report
		err    error
		want   refresh.State
	}{
		{"current", refresh.Report{Current: 3}, nil, refresh.Current},
		{"none", refresh.Report{}, nil, refresh.Current},
		{"standby", refresh.Report{Standby: true}, nil, refresh.Current},
		{"pending", refresh.Report{Current: 2, Pending: 1}, nil, refresh.Pending},
		{"failing", refresh.Report{Current: 1, Pending: 1, Failing: failing}, nil, refresh.Failing},
		{"all failing", refresh.Report{}, errors.New("namespaces cannot be listed"), refresh.Failing},
	} {
		bubble(t, func(t *testing.T) {
			m := newMachine(t)
			p := newReporter(m, func() refresh.Report { return tt.report })
			p.err = tt.err
			m.r.Targets = []refresh.Target{p}
			m.run()
			after(time.Second)
			got := m.r.Status().Targets[0]
			if got.State != tt.want || got.Report == nil || got.Report.Current != tt.report.Current || (got.Error == "") != (tt.err == nil) {
				t.Errorf("%s: got %+v", tt.name, got)
			}
		})
	}
}

// The log of a Reporter contains how many places were written, and not that a replica on standby wrote them.
func TestLogOfAReporter(t *testing.T) {
	for want, report := range map[string]refresh.Report{
		`msg="target written" kind=test name=many took=0s current=2 pending=0 failing=1`: {
			Current: 2, Failing: []refresh.Failure{{Place: "namespace a", Error: "denied"}}},
		`msg="target not written by this replica, which is on standby" kind=test name=many took=0s`: {Standby: true},
	} {
		bubble(t, func(t *testing.T) {
			m := newMachine(t)
			m.r.Targets = []refresh.Target{newReporter(m, func() refresh.Report { return report })}
			m.run()
			after(time.Second)
			if log := m.log.String(); !strings.Contains(log, want+"\n") {
				t.Errorf("no line with %s in:\n%s", want, log)
			}
		})
	}
}

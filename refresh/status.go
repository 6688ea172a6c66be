package refresh

import (
	"fmt"
	"time"
)

// Status is the state of a Refresher at one moment.
type Status struct {
	Logins  []LoginStatus
	Targets []TargetStatus
}

// A LoginStatus is the state of the token of a login. Its Server is "".
type LoginStatus struct {
	Login    Login
	IssuedTo string    // as in credentials.Token
	Issued   time.Time // of the current token, as the next two; zero if there was none yet
	Expiry   time.Time
	Rotation time.Time // when the token is replaced
	Error    string    // of the last request; "" if it succeeded. The current token may still be valid
	Attempts int       // failed requests since the last success
}

// A State describes a target in one word.
type State string

// The states of a target. The first one that applies in this order is its state.
const (
	Expired State = "expired" // a password that was written has expired
	Failing State = "failing" // the target or one of its places could not be written, or a password is missing
	Pending State = "pending" // the target or one of its places was not written yet
	Current State = "current"
)

// A TargetStatus is the state of a target.
type TargetStatus struct {
	Kind, Name string
	State      State
	Logins     []Login
	Applied    time.Time // the last success of Apply; zero if there was none
	Expiry     time.Time // the earliest expiry of what the target contains; zero if nothing was written
	Took       time.Duration
	Error      string  // why the State is Failing, except for the places of a Reporter
	Report     *Report // nil if the target is not a Reporter
}

// Status returns the current state. It is fast and never waits for a request or a target.
func (r *Refresher) Status() Status {
	r.start()
	var s Status
	r.mu.Lock()
	now := r.now()
	for _, l := range r.logins {
		s.Logins = append(s.Logins, l.status(r.Jitter))
	}
	for _, t := range r.targets {
		s.Targets = append(s.Targets, t.status(now))
	}
	r.mu.Unlock()
	for i, t := range r.targets { // without the mutex, because it calls the target
		s.Targets[i].report(t.Target)
	}
	return s
}

func (l *login) status(jitter float64) LoginStatus {
	s := LoginStatus{Login: l.Login, Attempts: l.attempts}
	if l.token.Password != "" {
		s.IssuedTo, s.Issued, s.Expiry = l.token.IssuedTo, l.token.Issued, l.token.Expiry
		s.Rotation = Rotation(l.token.Token, jitter)
	}
	if l.err != nil {
		s.Error = l.err.Error()
	}
	return s
}

// status returns the state of a target without its Report.
func (t *target) status(now time.Time) TargetStatus {
	s := TargetStatus{
		Kind: t.Kind(), Name: t.Name(), State: Current, Logins: t.Logins(), Applied: t.applied, Took: t.took,
	}
	if t.applied.IsZero() {
		s.State = Pending
	}
	if err := t.failure(now); err != nil {
		s.State, s.Error = Failing, err.Error()
	}
	for _, h := range t.content {
		if s.Expiry.IsZero() || h.Expiry.Before(s.Expiry) {
			s.Expiry = h.Expiry
		}
		if h.expired(now) {
			s.State = Expired
		}
	}
	return s
}

// failure returns why a target is not up to date, or nil.
func (t *target) failure(now time.Time) error {
	if !t.began.IsZero() && now.Sub(t.began) > applyLimit {
		return fmt.Errorf("write not finished after %s", now.Sub(t.began).Round(time.Second))
	}
	if t.err != nil {
		return t.err
	}
	for _, l := range t.logins {
		if l.err != nil && !l.token.usable(now) {
			return l.err
		}
	}
	return nil
}

func (s *TargetStatus) report(t Target) {
	reporter, ok := t.(Reporter)
	if !ok {
		return
	}
	report := reporter.Report()
	s.Report = &report
	switch {
	case s.State == Current && len(report.Failing) > 0, s.State == Pending && len(report.Failing) > 0:
		s.State = Failing
	case s.State == Current && report.Pending > 0:
		s.State = Pending
	}
}

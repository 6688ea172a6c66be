package refresh_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"ecrlogin/refresh"
)

var seed = flag.Uint64("seed", 0, "run the simulation with this seed only")

// 72 hours of rotations, outages, clock steps, restarts, and slow and failing targets, in simulated time. To repeat a
// run, use: go test ./refresh -run Simulation -seed N
func TestSimulation(t *testing.T) {
	lives := []time.Duration{12 * time.Hour, time.Hour, 12 * time.Hour, 5 * time.Minute}
	first, last := uint64(1), uint64(len(lives))
	if *seed != 0 {
		first, last = *seed, *seed
	}
	for n := first; n <= last; n++ {
		t.Run(fmt.Sprint("seed ", n), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) { newSimulation(t, n, lives[n%uint64(len(lives))]).run() })
		})
	}
}

// A simulation changes a machine at random and checks its targets.
type simulation struct {
	*machine
	*rand.Rand
	places []*place
	stop   func()

	// AWS cannot be used from outage until its end, because it is unavailable or the clock is wrong. The times are by
	// the monotonic clock, and zero if there was none yet.
	outage, end time.Time
	bad         bool          // AWS cannot be used now
	long        bool          // the last outage was too long for some tokens
	fixed       []time.Time   // by place: when its last fault was over; zero for a place that always works
	suspended   time.Duration // in total
	disturbed   int           // the number of changes of any kind
	failing     time.Duration // how long AWS could not be used, in total
}

// Times after which everything has recovered from a disturbance.
const (
	simulated = 72 * time.Hour
	// quiet is the shortest time between two disturbances: the longest pause between attempts, a look at the clock, and
	// the time that the work takes.
	quiet = 10 * time.Minute
	// grace is the same for a machine without a valid token.
	grace = 3 * time.Minute
)

func newSimulation(t *testing.T, n uint64, life time.Duration) *simulation {
	s := &simulation{Rand: rand.New(rand.NewPCG(n, 0))}
	hosts := []string{west, west2, ireland, "public.ecr.aws", "123456789012.dkr.ecr-fips.us-west-2.amazonaws.com"}
	var targets []refresh.Target
	for i := range 8 {
		s.Shuffle(len(hosts), func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] })
		p := newPlace(fmt.Sprint("place-", i), hosts[:1+s.IntN(3)]...)
		if s.IntN(3) == 0 {
			p.logins[0].Identity.Profile = "dev"
		}
		p.took = s.latency(life)
		s.places = append(s.places, p)
		targets = append(targets, p)
	}
	s.fixed = make([]time.Time, len(s.places))
	s.machine = newMachine(t, targets...)
	s.strict = true
	s.life, s.r.Jitter, s.r.Interval = life, s.Float64(), time.Duration(1+s.IntN(60))*time.Minute
	s.took = s.latency(life)
	return s
}

// latency returns how long a request or a write takes.
func (s *simulation) latency(life time.Duration) time.Duration {
	return time.Duration(s.Int64N(int64(min(life/100, 20*time.Second)))).Round(time.Millisecond)
}

func (s *simulation) run() {
	s.stop = s.machine.run()
	after(quiet)
	for start := time.Now(); time.Since(start) < simulated; {
		s.pass(quiet + s.upTo(2*s.life))
		s.disturb()
		if s.t.Failed() {
			lines := strings.Split(s.log.String(), "\n")
			s.t.Log(strings.Join(lines[max(0, len(lines)-40):], "\n"))
			return
		}
	}
	s.pass(quiet)
	s.checkRequests()
}

// upTo returns a random duration, more often a short one.
func (s *simulation) upTo(longest time.Duration) time.Duration {
	return time.Duration(s.Float64() * s.Float64() * float64(longest))
}

// pass lets time pass and checks all targets in between.
func (s *simulation) pass(d time.Duration) {
	step := min(s.life/30, time.Minute)
	for end := time.Now().Add(d); time.Now().Before(end) && !s.t.Failed(); {
		after(min(step, time.Until(end)))
		for i, p := range s.places {
			s.check(p, s.fixed[i])
		}
	}
}

// disturb makes one random change, and undoes it if it has a duration.
func (s *simulation) disturb() {
	s.disturbed++
	kind := s.IntN(8)
	s.r.Log.Info("disturbance", "kind", kind)
	switch kind {
	case 0, 1:
		s.unusable(s.upTo(s.life), func(m *machine) { m.down = unavailable }, func(m *machine) { m.down = nil })
	case 2:
		step := 10*time.Minute + s.upTo(10*time.Hour) // too much for AWS
		if s.IntN(2) == 0 {
			step = -step
		}
		s.unusable(s.upTo(s.life), func(m *machine) { m.ahead += step }, func(m *machine) { m.ahead -= step })
	case 3: // small enough for AWS
		s.set(func(m *machine) { m.ahead = m.aws + time.Duration(s.Int64N(int64(min(s.life/50, 4*time.Minute)))) })
	case 4: // suspended
		d := s.upTo(24 * time.Hour)
		s.unusable(0, func(m *machine) { m.ahead, m.aws = m.ahead+d, m.aws+d }, func(*machine) {})
		s.long, s.suspended = true, s.suspended+d
	case 5:
		i := s.IntN(3) // the other places always work
		took := s.places[i].took
		s.fixed[i] = time.Now().Add(simulated)
		s.places[i].set(func(p *place) {
			if s.IntN(2) == 0 {
				p.err = unavailable("")
			} else {
				p.took = 10 * time.Minute
			}
		})
		s.pass(s.upTo(s.life))
		s.places[i].set(func(p *place) { p.err, p.took = nil, took })
		s.fixed[i] = time.Now()
	case 6:
		s.reload()
	case 7:
		s.restart(nil)
	}
}

// unusable makes AWS unusable for some time.
func (s *simulation) unusable(d time.Duration, begin, end func(m *machine)) {
	s.outage, s.bad, s.long = time.Now(), true, false
	s.set(begin)
	s.pass(d / 2)
	if s.IntN(4) == 0 {
		s.reload()
	}
	s.pass(d / 2)
	s.set(end)
	// A token is replaced after half of its life, and no longer used after nine tenths of it.
	s.end, s.bad, s.long = time.Now(), false, d >= s.tolerated()
	s.failing += d
}

// tolerated is the duration of an outage that clients do not notice.
func (s *simulation) tolerated() time.Duration {
	return s.life/2 - min(s.life/10, time.Minute) - s.life/20
}

// reload replaces the Refresher by one that uses its tokens.
func (s *simulation) reload() { s.restart(s.r) }

func (s *simulation) restart(previous *refresh.Refresher) {
	s.stop()
	s.r = &refresh.Refresher{
		Targets: s.r.Targets, Interval: s.r.Interval, Source: s.r.Source, Jitter: s.r.Jitter, Log: s.r.Log, Now: s.r.Now,
		Previous: previous,
	}
	s.stop = s.machine.run()
}

// check checks that a place contains valid passwords, and was written within the interval, unless there is a reason.
func (s *simulation) check(p *place, fixed time.Time) {
	switch now := time.Now(); {
	case s.bad && now.Sub(s.outage) > s.tolerated():
		return
	case !s.bad && s.long && now.Sub(s.end) < grace:
		return
	case now.Sub(fixed) < s.r.Interval+grace:
		return
	}
	for _, l := range p.logins {
		if left := s.left(p.password(l.Registry.Host)); left <= 0 {
			s.t.Errorf("%s: the password of %s in %s has expired %s ago", s.now(), l.Registry, p.name, -left)
		}
	}
	// A token that is expired by a wrong clock is not applied again.
	recovered := !s.bad && time.Since(s.end) > grace
	if last := p.lastWrite(); recovered && time.Since(last) > s.r.Interval+grace {
		s.t.Errorf("%s: %s was written %s ago, with an interval of %s", s.now(), p.name, time.Since(last), s.r.Interval)
	}
}

// checkRequests checks that the number of requests is about that of the rotations.
func (s *simulation) checkRequests() {
	apis, n := len(s.distinct()), s.called()
	issued := apis * (int(simulated/(s.life*45/100)) + 2*s.disturbed + 2)
	failed := apis * (int(s.failing/time.Minute) + 15*s.disturbed)
	s.t.Logf("life %s, interval %s, %d APIs and identities, %d disturbances, %s unusable, %s suspended, %d requests",
		s.life, s.r.Interval, apis, s.disturbed, s.failing.Round(time.Second), s.suspended.Round(time.Second), n)
	if n > issued+failed {
		s.t.Errorf("%d requests, want at most %d for rotations and %d during outages", n, issued, failed)
	}
}

package refresh_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"ecrlogin/refresh"
)

func TestOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		one, both := newPlace("one", west), newPlace("both", west2, ireland)
		m := newMachine(t, one, both)
		if err := m.r.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		if m.called() != 2 || one.written() != 1 || both.written() != 1 || both.password(west2) != one.password(west) {
			t.Errorf("%d requests, %d and %d writes", m.called(), one.written(), both.written())
		}
		for _, s := range m.r.Status().Targets {
			if s.State != refresh.Current {
				t.Errorf("got %+v", s)
			}
		}
	})
}

// Each failing target and place has its own line. The others are written.
func TestOnceFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		good, bad, both, none := newPlace("good", west), newPlace("bad", west), newPlace("both", ireland, west), newPlace("none", ireland)
		bad.err = errors.New("read-only file system; mount it read-write")
		m := newMachine(t, good, bad, both, none)
		many := newReporter(m, func() refresh.Report {
			return refresh.Report{Pending: 1, Failing: []refresh.Failure{
				{Place: "namespace a", Error: "denied; add a role"}, {Place: "namespace b", Error: "denied; add a role"},
			}}
		})
		m.r.Targets = append(m.r.Targets, many)
		m.down = func(api string) error {
			if api == "ecr.eu-west-1/" {
				return errors.New("unavailable")
			}
			return nil
		}
		err := m.r.Once(t.Context())
		const want = "test bad: read-only file system; mount it read-write\n" +
			"test both: " + ireland + ": unavailable; check the network\n" +
			"test none: " + ireland + ": unavailable; check the network\n" +
			"test many: namespace a: denied; add a role\n" +
			"test many: namespace b: denied; add a role\n" +
			"test many: not written in time to 1 places"
		if err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
		if good.password(west) == "" || both.password(west) == "" || none.written() > 0 {
			t.Errorf("got %v, %v, %v", good.content, both.content, none.content)
		}
	})
}

// The end of the context is a failure, at any point.
func TestOnceInterrupted(t *testing.T) {
	reason := errors.New("out of time")
	for _, d := range []time.Duration{0, 50 * time.Millisecond, 150 * time.Millisecond, 250 * time.Millisecond} {
		bubble(t, func(t *testing.T) {
			fast, slow := newPlace("fast", west), newPlace("slow", west)
			fast.took, slow.took = 100*time.Millisecond, time.Hour
			m := newMachine(t, fast, slow)
			ctx, cancel := context.WithTimeoutCause(t.Context(), d, reason)
			defer cancel()
			began := time.Now()
			if err := m.r.Once(ctx); !errors.Is(err, reason) {
				t.Errorf("after %s, got %v", d, err)
			}
			if took := time.Since(began); took != d {
				t.Errorf("after %s, Once returned after %s", d, took)
			}
		})
	}
}

// A target that hangs does not prevent the others.
func TestOnceHangs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		slow, good := newPlace("slow", west), newPlace("good", west)
		slow.took = time.Hour
		m := newMachine(t, slow, good)
		err := m.r.Once(t.Context())
		if err == nil || err.Error() != "test slow: context deadline exceeded" || good.written() != 1 {
			t.Errorf("got %v", err)
		}
	})
}

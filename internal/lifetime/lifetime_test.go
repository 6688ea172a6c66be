package lifetime_test

import (
	"testing"
	"testing/synctest"
	"time"

	"ecrlogin/internal/lifetime"
)

func TestEnd(t *testing.T) {
	issued := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct{ life, want time.Duration }{
		{12 * time.Hour, 12*time.Hour - time.Minute},
		{10 * time.Minute, 9 * time.Minute},
		{20 * time.Second, 18 * time.Second},
		{25 * time.Hour, 12*time.Hour - time.Minute}, // by a clock that is behind
	} {
		if got := lifetime.End(issued, issued.Add(tt.life)); !got.Equal(issued.Add(tt.want)) {
			t.Errorf("a token of %s is returned for %s, want %s", tt.life, got.Sub(issued), tt.want)
		}
	}
	if got := lifetime.End(time.Time{}, issued); !got.Equal(issued.Add(-time.Minute)) {
		t.Errorf("a token issued at an unknown time is returned until %s before its expiry", issued.Sub(got))
	}
}

func TestOf(t *testing.T) {
	issued := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for expiry, want := range map[time.Time]time.Duration{
		issued.Add(time.Minute):    time.Minute,
		issued.Add(13 * time.Hour): 12 * time.Hour,
		{}:                         12 * time.Hour,
	} {
		if got := lifetime.Of(issued, expiry); got != want {
			t.Errorf("a token that expires at %s is valid for %s, want %s", expiry, got, want)
		}
	}
}

// TestStart sets the wall clock, and suspends the machine, which stops the monotonic clock.
func TestStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().Round(0)
		early, late := lifetime.StartOf(now.Add(-time.Hour), now), lifetime.StartOf(now.Add(time.Hour), now)
		time.Sleep(time.Minute)
		for wall, want := range map[time.Duration]time.Duration{
			time.Minute:    time.Minute,
			-2 * time.Hour: time.Minute,   // set back
			3 * time.Hour:  3 * time.Hour, // suspended
		} {
			if got := early.Now(now.Add(wall)); !got.Equal(now.Add(want)) {
				t.Errorf("with the wall clock at %s, got %s, want %s", wall, got.Sub(now), want)
			}
		}
		if got := late.Now(now); !got.Equal(now.Add(time.Hour + time.Minute)) {
			t.Errorf("a token that was issued in an hour is %s old", got.Sub(now)-time.Hour)
		}
	})
}

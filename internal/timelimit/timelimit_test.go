package timelimit_test

import (
	"testing"
	"time"

	"ecrlogin/internal/timelimit"
)

func TestChoose(t *testing.T) {
	for _, tt := range []struct {
		value      string
		configured time.Duration
		want       time.Duration
		ok         bool
	}{
		{"", 0, timelimit.Default, true},
		{"", time.Minute, time.Minute, true},
		{"30s", 0, 30 * time.Second, true},
		{"30s", time.Minute, 30 * time.Second, true},
		{"1s", time.Minute, time.Second, true},
		{"999ms", 0, timelimit.Default, false},
		{"0", time.Minute, time.Minute, false},
		{"-1m", 0, timelimit.Default, false},
		{"soon", time.Minute, time.Minute, false},
	} {
		if got, ok := timelimit.Choose(tt.value, tt.configured); got != tt.want || ok != tt.ok {
			t.Errorf("Choose(%q, %s) = %s, %v, want %s, %v", tt.value, tt.configured, got, ok, tt.want, tt.ok)
		}
	}
}

func TestSlotEnd(t *testing.T) {
	began := time.Unix(1_800_000_000, 0)
	const century = 100 * 365 * 24 * time.Hour // of which a multiple overflows
	for _, third := range []time.Duration{5 * time.Second, century / 3} {
		for slot := range 3 {
			want := third * time.Duration(slot+1)
			if got := timelimit.SlotEnd(began, began.Add(3*third), slot).Sub(began); got != want {
				t.Errorf("slot %d of %s ends after %s, want %s", slot, 3*third, got, want)
			}
		}
	}
}

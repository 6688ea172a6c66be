package typo

import (
	"slices"
	"testing"
)

func TestNear(t *testing.T) {
	names := []string{"production", "prod", "Prd", "dev", "d"}
	for typed, want := range map[string][]string{"prdo": {"Prd", "prod"}, "PROD": {"prod", "Prd"}, "staging": nil, "x": nil, "devv": {"dev"}} {
		if got := Near(typed, names); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", typed, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"us-west-2", "us-west2", 1},
		{"us-west-2", "us-wset-2", 2},
		{"kitten", "sitting", 3},
		{"abcd", "bcda", 2},
	} {
		if got := Distance(tt.a, tt.b); got != tt.want || Distance(tt.b, tt.a) != tt.want {
			t.Errorf("%q and %q: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

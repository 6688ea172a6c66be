package identityconf

import "testing"

// STS accepts 2 to 64 characters of a set.
func TestSessionName(t *testing.T) {
	for in, want := range map[string]string{
		"ci@example.com": "ci@example.com",
		"Jane Doe":       "Jane-Doe",
		"jürgen\tK":      "j-rgen-K",
		`CORP\jane$`:     "CORP-jane-",
		"a":              "a-",
		"":               "--",
		"0123456789012345678901234567890123456789012345678901234567890123456789": "0123456789012345678901234567890123456789012345678901234567890123",
	} {
		if got := sessionName(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

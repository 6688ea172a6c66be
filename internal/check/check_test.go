package check

import (
	"testing"
	"time"
)

func TestSplitReference(t *testing.T) {
	const digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
	for image, want := range map[string][2]string{
		"app":                   {"app", "latest"},
		"app:v1":                {"app", "v1"},
		"team/app":              {"team/app", "latest"},
		"team/app:v1.2":         {"team/app", "v1.2"},
		"app@" + digest:         {"app", digest},
		"team/app:v1@" + digest: {"team/app", digest},
		"":                      {"", "latest"},
		"v2":                    {"", ""},
	} {
		if name, ref := splitReference(image); name != want[0] || ref != want[1] {
			t.Errorf("%q is %q, %q; want %q", image, name, ref, want)
		}
	}
}

func TestFormatDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		12 * time.Hour: "12h0m", 90 * time.Second: "2m", 42 * time.Second: "42s", 20 * time.Second: "20s", 70 * time.Second: "1m",
	} {
		if got := Minutes(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
	for d, want := range map[int64]string{0: "0 ms", 12: "12 ms", 1250: "1.2 s"} {
		if got := took(d); got != want {
			t.Errorf("%d: %q, want %q", d, got, want)
		}
	}
}

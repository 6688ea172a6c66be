package doctor

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

func TestMisspelt(t *testing.T) {
	const host = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	for key, want := range map[string]string{
		"https://" + host:          "it has a scheme",
		"https://" + host + "/v2/": "it has a scheme",
		"http://" + host + ":443":  "it has a scheme",
		host + "/":                 "it has a path",
		host + ":443":              "its port differs",
		"123456789012.DKR.ecr.us-west-2.amazonaws.com": "its letter case differs",
		"*.dkr.ecr.us-west-2.amazonaws.com":            "Docker does not support wildcards",
		"*":                                            "Docker does not support wildcards",
		"[":                                            "",
		"ghcr.io":                                      "",
		"*.dkr.ecr.eu-west-1.amazonaws.com":            "",
		"210987654321.dkr.ecr.us-west-2.amazonaws.com": "",
	} {
		if got := misspelt(key, host); got != want {
			t.Errorf("%q: %q, want %q", key, got, want)
		}
	}
}

func TestSetClock(t *testing.T) {
	for goos, want := range map[string]string{
		"linux": "sudo timedatectl set-ntp true", "darwin": "sudo sntp -sS time.apple.com", "windows": "w32tm /resync",
	} {
		if got := setClock(goos); got != want {
			t.Errorf("%s: %q, want %q", goos, got, want)
		}
	}
}

func TestFormatDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		12 * time.Hour: "12h0m", 90 * time.Second: "2m", 42 * time.Second: "42s", 20 * time.Second: "20s", 70 * time.Second: "1m",
	} {
		if got := minutes(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0 ms", 12 * time.Millisecond: "12 ms", 1250 * time.Millisecond: "1.2 s"} {
		if got := took(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

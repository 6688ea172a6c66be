package doctor

import "testing"

func TestMisspelled(t *testing.T) {
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
		if got := misspelled(key, host); got != want {
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

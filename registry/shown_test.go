package registry_test

import (
	"strings"
	"testing"

	"ecrlogin/registry"
)

func TestShown(t *testing.T) {
	const host = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	digest := "@sha256:" + strings.Repeat("0a", 32)
	for _, tt := range []struct{ given, want, host string }{
		{"", "", ""},
		{host, host, host},
		{" " + host + ":443/team/app:v1\r\n", host + ":443/team/app:v1", host + ":443"},
		{"https://" + host + "/v2/", "https://" + host + "/v2/", host},
		{host + "/team/app" + digest, host + "/team/app" + digest, host},
		{"user:hunter2@" + host, "…@" + host, host},
		{"https://user:hunter2@" + host + "/v2/", "…@" + host + "/v2/", host},
		{"HTTPS://hunter2@" + host + ":443", "…@" + host + ":443", host + ":443"},
		{"user:hunter2@" + host + "/team/app" + digest, "…@" + host + "/team/app" + digest, host},
		{"user:hun@ter2@" + host, "…@" + host, host},
		{"user:hun/ter2@" + host + "/app", "…@" + host + "/app", host},
		{"https://user:hun/ter2?a#b c%zz@" + host, "…@" + host, host},
		{"https://user:hunter2\n@" + host, "…@" + host, host},
		{"@" + host, "…@" + host, host},
		{"user:hunter2" + digest, "…" + digest, "sha256:" + strings.Repeat("0a", 32)},
		{host + "/v2/?token=hunter2", host + "/v2/", host},
		{host + "/v2/?user=a@b&token=hunter2", "…@b", "b"},
		{"docker.io\x1b[31m/app", "docker.io�[31m/app", ""},
		{"a\nb", "a�b", ""},
		{"not a host", "not a host", ""},
		{"\xff", "�", ""},
		{strings.Repeat("x", 400), strings.Repeat("x", 300) + "…", ""},
		{strings.Repeat("é", 200), strings.Repeat("é", 150) + "…", ""},
	} {
		got := registry.Shown(tt.given)
		if got != tt.want {
			t.Errorf("Shown(%q) = %q, want %q", tt.given, got, tt.want)
		}
		if got := registry.ShownHost(tt.given); got != tt.host {
			t.Errorf("ShownHost(%q) = %q, want %q", tt.given, got, tt.host)
		}
		if strings.Contains(got, "hun") || strings.Contains(got, "ter2") {
			t.Errorf("Shown(%q) shows the password: %q", tt.given, got)
		}
	}
}

package config_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ecrlogin/config"
	"ecrlogin/credentials"
	"ecrlogin/registry"
)

const whole = `registries:                                   # first match wins
  - match: 111122223333.dkr.ecr.*.amazonaws.com
    profile: dev
  - match: 444455556666.DKR.ecr.eu-west-1.amazonaws.com
    profile: base
    roleArn: arn:aws:iam::444455556666:role/team/image-puller
    externalId: "1234"
    roleSessionName: ci@example.com
    duration: 1h30m
  - match: registry.corp.example:5000
    registry: 111122223333.dkr.ecr.eu-central-1.amazonaws.com
  - match: public.ecr.aws
fallback: secretservice
timeout: 20s
cache: { dir: /var/cache/x, disabled: true, store: osxkeychain, variables: [MY_ROLE, TEAM_*] }
`

func TestParse(t *testing.T) {
	got, err := config.Parse("config.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Path: "config.yaml",
		Registries: []config.Rule{
			{Match: "111122223333.dkr.ecr.*.amazonaws.com", Identity: credentials.Identity{Profile: "dev"}, Line: 2},
			{Match: "444455556666.dkr.ecr.eu-west-1.amazonaws.com", Line: 4, Identity: credentials.Identity{Profile: "base",
				RoleARN: "arn:aws:iam::444455556666:role/team/image-puller", ExternalID: "1234", RoleSessionName: "ci@example.com", Duration: 90 * time.Minute}},
			{Match: "registry.corp.example:5000", Registry: "111122223333.dkr.ecr.eu-central-1.amazonaws.com", Line: 10},
			{Match: "public.ecr.aws", Line: 12},
		},
		Fallback: "secretservice",
		Timeout:  20 * time.Second,
		Cache:    config.Cache{Dir: "/var/cache/x", Disabled: true, Store: "osxkeychain", Variables: []string{"MY_ROLE", "TEAM_*"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestParseNothing checks that empty files and empty values are valid.
func TestParseNothing(t *testing.T) {
	for _, content := range []string{"", "\n", "# only a comment\n", "---\n", "{}\n", "registries:\n", "registries: []\n", "cache: {}\n", "cache: {variables: []}\n", "---\n# a\n---\n"} {
		got, err := config.Parse("config.yaml", []byte(content))
		if err != nil {
			t.Errorf("%q: %v", content, err)
		} else if diff := cmp.Diff(&config.Config{Path: "config.yaml"}, got); diff != "" {
			t.Errorf("%q: %s", content, diff)
		}
	}
}

func TestResolve(t *testing.T) {
	c, err := config.Parse("config.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ in, want, profile string }{
		{"111122223333.dkr.ecr.us-west-2.amazonaws.com", "111122223333.dkr.ecr.us-west-2.amazonaws.com", "dev"},
		{"https://111122223333.dkr.ecr.us-west-2.amazonaws.com:443/v2/", "111122223333.dkr.ecr.us-west-2.amazonaws.com", "dev"},
		{"444455556666.dkr.ecr.eu-west-1.amazonaws.com", "444455556666.dkr.ecr.eu-west-1.amazonaws.com", "base"},
		{"444455556666.dkr.ecr.eu-west-2.amazonaws.com", "444455556666.dkr.ecr.eu-west-2.amazonaws.com", ""},
		{"registry.corp.example:5000", "111122223333.dkr.ecr.eu-central-1.amazonaws.com", "dev"},
		{"https://Registry.corp.example:5000/team/app", "111122223333.dkr.ecr.eu-central-1.amazonaws.com", "dev"},
		{"registry.corp.example", "", ""}, // ports must be equal, as in the kubelet
		{"registry.corp.example:5001", "", ""},
		{"http://registry.corp.example:5000", "", ""},
		{"me@registry.corp.example:5000", "", ""},
		{"x.registry.corp.example:5000", "", ""},
		{"https://index.docker.io/v1/", "", ""},
		{"", "", ""},
	} {
		r, err := c.Resolve(tt.in)
		if r.Host != tt.want || errors.Is(err, registry.ErrNotECR) != (tt.want == "") {
			t.Errorf("Resolve(%q) = %q, %v, want %q", tt.in, r.Host, err, tt.want)
		}
		if tt.want != "" && c.Identity(r).Profile != tt.profile {
			t.Errorf("Resolve(%q) uses profile %q, want %q", tt.in, c.Identity(r).Profile, tt.profile)
		}
	}
	want := []string{"444455556666.dkr.ecr.eu-west-1.amazonaws.com", "public.ecr.aws", "registry.corp.example:5000"}
	if diff := cmp.Diff(want, c.Hosts()); diff != "" {
		t.Error(diff)
	}
}

package cache_test

import (
	"testing"

	"ecrlogin/internal/awstest"
)

// Registries of a region share a token only if all inputs of their identities are the same. Other text in the
// configuration is not an input.
func TestIdentitiesInRegionNeverShare(t *testing.T) {
	t.Parallel()
	const keys = "aws_access_key_id = AKIAOTHER\naws_secret_access_key = other-secret\n"
	const files = base + "[profile other]\n" + keys + "[profile dev]\nsource_profile = base\nrole_arn = " + role + "\n"
	const rule = "profile: base\n    roleArn: " + otherRole
	configured := func(settings string) func(m *machine) {
		return func(m *machine) { m.configure(settings) }
	}
	set := func(name, value string) func(m *machine) { return func(m *machine) { m.env[name] = value } }
	none := func(*machine) {}
	const fips, dual, both = "210987654321.dkr.ecr-fips.us-west-2.amazonaws.com", "210987654321.dkr-ecr.us-west-2.on.aws",
		"210987654321.dkr-ecr-fips.us-west-2.on.aws"
	for name, tt := range map[string]struct {
		host   string
		before string // settings of a rule for both hosts
		change func(m *machine)
		shared bool
	}{
		"nothing":                     {sameRegion, "", none, true},
		"nothing with a role":         {sameRegion, rule, none, true},
		"comment":                     {sameRegion, rule, func(m *machine) { m.configure(rule + " # a comment") }, true},
		"timeout":                     {sameRegion, rule, func(m *machine) { m.configure(rule + "\ntimeout: 20s") }, true},
		"profile":                     {sameRegion, "profile: dev", configured("profile: base"), false},
		"first profile":               {sameRegion, "", configured("profile: base"), false},
		"role":                        {sameRegion, "profile: base\n    roleArn: " + role, configured(rule), false},
		"external ID":                 {sameRegion, rule, configured(rule + "\n    externalId: \"42\""), false},
		"session name":                {sameRegion, rule, configured(rule + "\n    roleSessionName: ci"), false},
		"duration":                    {sameRegion, rule, configured(rule + "\n    duration: 30m"), false},
		"AWS_PROFILE":                 {sameRegion, "", set("AWS_PROFILE", "other"), false},
		"AWS_REGION":                  {sameRegion, "", set("AWS_REGION", "eu-west-1"), false},
		"AWS_ACCESS_KEY_ID":           {sameRegion, "", set("AWS_ACCESS_KEY_ID", "AKIAOTHER"), false},
		"any AWS variable":            {sameRegion, "", set("AWS_ANYTHING", "1"), false},
		"custom endpoint":             {sameRegion, "", func(m *machine) { m.env["AWS_ENDPOINT_URL_ECR"] = m.cloud.URL }, false},
		"variable of cache.variables": {sameRegion, "", set("TEAM_ROLE", "b"), false},
		"HOME":                        {sameRegion, "", func(m *machine) { m.move(files) }, false},
		"AWS_CONFIG_FILE":             {sameRegion, "", func(m *machine) { m.env["AWS_CONFIG_FILE"] = m.file("other", files) }, false},
		"configuration file":          {sameRegion, "", func(m *machine) { m.config(files + "[profile new]\n") }, false},
		"credentials file":            {sameRegion, "", func(m *machine) { m.file(".aws/credentials", "[new]\n"+keys) }, false},
		"credential_process":          {sameRegion, "", func(m *machine) { m.config(files + "[profile new]\ncredential_process = false\n") }, false},
		"region":                      {otherHost, "", none, false},
		"FIPS":                        {fips, "", none, false},
		"dual stack":                  {dual, "", none, false},
		"FIPS and dual stack":         {both, "", none, false},
		"ECR Public":                  {"public.ecr.aws", "", none, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := withKeys(t).with(map[string]string{
				"AWS_PROFILE": "dev", "TEAM_ROLE": "a", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
			})
			m.cloud.AllowRole(role)
			m.cloud.AllowRole(otherRole)
			m.cloud.AddKey(awstest.Key{ID: "AKIAOTHER", Secret: "other-secret", Account: awstest.Account})
			m.config(files)
			m.configure(tt.before)
			first := m.password(host)
			m.cloud.ResetCalls()
			tt.change(m)
			if shared := m.password(tt.host) == first; shared != tt.shared {
				t.Errorf("the token was shared: %t, want %t", shared, tt.shared)
			}
			if calls := m.cloud.Calls(); (len(calls) == 0) != tt.shared {
				t.Errorf("%d calls to AWS", len(calls))
			}
		})
	}
}

// configure writes the configuration, with one rule for all registries if there are settings for it.
func (m *machine) configure(settings string) {
	m.t.Helper()
	text := "cache:\n  variables: [TEAM_*]\n"
	if settings != "" {
		text += "registries:\n  - match: \"*.dkr.ecr.*.amazonaws.com\"\n    " + settings + "\n"
	}
	m.file(".config/ecr-login/config.yaml", text)
}

// move makes a new home directory with the same configuration, and another AWS configuration.
func (m *machine) move(awsConfig string) {
	m.t.Helper()
	m.home = m.t.TempDir()
	m.env["HOME"] = m.home
	m.config(awsConfig)
	m.configure("")
}

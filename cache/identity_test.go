package cache_test

import (
	"crypto/fips140"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// Roles that every key may assume.
const (
	role      = "arn:aws:iam::123456789012:role/pull"
	otherRole = "arn:aws:iam::123456789012:role/push"
)

// base is a profile with keys.
const base = "[profile base]\naws_access_key_id = " + awstest.KeyID + "\naws_secret_access_key = " + awstest.SecretKey + "\n"

const singleSignOn = `[profile dev]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = pull
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.test/start
`

// identities contains, for each kind of identity, a function that sets it up on a machine.
var identities = map[string]func(m *machine){
	"environment": func(m *machine) {
		m.env["AWS_ACCESS_KEY_ID"], m.env["AWS_SECRET_ACCESS_KEY"] = awstest.KeyID, awstest.SecretKey
	},
	"keys of a profile": func(m *machine) {
		m.env["AWS_PROFILE"] = "base"
		m.config(base)
	},
	"role": func(m *machine) {
		m.env["AWS_PROFILE"] = "dev"
		m.config(base + "[profile dev]\nsource_profile = base\nrole_arn = " + role + "\n")
	},
	"role of a role": func(m *machine) {
		m.env["AWS_PROFILE"] = "dev"
		m.config(base + "[profile mid]\nsource_profile = base\nrole_arn = " + otherRole +
			"\n[profile dev]\nsource_profile = mid\nrole_arn = " + role + "\n")
	},
	"SSO": func(m *machine) {
		m.env["AWS_PROFILE"] = "dev"
		m.config(singleSignOn)
		m.login(time.Hour)
	},
	"SSO with refresh": func(m *machine) { // which writes a file in ~/.aws
		m.env["AWS_PROFILE"] = "dev"
		m.config(singleSignOn)
		m.login(-time.Hour)
	},
	"credential_process": func(m *machine) {
		m.env["AWS_PROFILE"] = "dev"
		m.config("[profile dev]\ncredential_process = sh " + m.script() + "\n")
	},
	"web identity": func(m *machine) {
		m.env["AWS_ROLE_ARN"] = role
		m.env["AWS_WEB_IDENTITY_TOKEN_FILE"] = m.file("token", awstest.WebIdentityToken)
	},
	"container": func(m *machine) { m.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = m.cloud.URL + "/container" },
	"EC2 metadata": func(m *machine) {
		delete(m.env, "AWS_EC2_METADATA_DISABLED")
		m.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = m.cloud.URL
	},
}

// login writes the file that "aws sso login" writes.
func (m *machine) login(expiresIn time.Duration) {
	m.t.Helper()
	if fips140.Enforced() {
		m.t.Skip("the AWS SDK finds the SSO session with SHA-1")
	}
	if err := m.cloud.WriteSSOCache(m.home, "corp", time.Now().Add(expiresIn)); err != nil {
		m.t.Fatal(err)
	}
}

// script writes a credential_process that appends a letter to the file "ran" for each run.
func (m *machine) script() string {
	return m.file("process.sh", "printf x >>"+filepath.Join(m.home, "ran")+"\n"+
		`echo '{"Version":1,"AccessKeyId":"`+awstest.KeyID+`","SecretAccessKey":"`+awstest.SecretKey+`"}'`+"\n")
}

// ran returns the number of runs of the script.
func (m *machine) ran() int {
	content, _ := os.ReadFile(filepath.Join(m.home, "ran")) // missing before the first run
	return len(content)
}

// For every kind of identity, a hit sends no request and runs no program.
func TestHit(t *testing.T) {
	t.Parallel()
	for name, give := range identities {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.cloud.AllowRole(role)
			m.cloud.AllowRole(otherRole)
			give(m)
			first := m.password(host)
			m.opens(host, first)
			m.called(1)
			m.cloud.ResetCalls()
			ran := m.ran()
			if m.password(host) != first {
				t.Error("another password")
			}
			if calls, dialed := m.cloud.Calls(), m.cloud.DialedHosts(); len(calls) != 0 || len(dialed) != 0 {
				t.Errorf("got the calls %v, and connections to %q", calls, dialed)
			}
			if m.ran() != ran {
				t.Error("the credential_process ran")
			}
		})
	}
}

// A change of the identity does not return the token of another identity. Reverting it returns the first token.
func TestIdentitiesNeverShare(t *testing.T) {
	t.Parallel()
	const dev = base + "[profile other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = other-secret\n" +
		"[profile dev]\nsource_profile = base\nregion = us-west-2\nexternal_id = 1\nrole_session_name = aa\nrole_arn = " + role + "\n"
	edit := func(before, after string) func(m *machine) *machine {
		return func(m *machine) *machine {
			m.config(strings.Replace(dev, before, after, 1))
			return m
		}
	}
	set := func(env map[string]string) func(m *machine) *machine {
		return func(m *machine) *machine { return m.with(env) }
	}
	for name, change := range map[string]func(m *machine) *machine{
		"profile":               set(map[string]string{"AWS_PROFILE": "other"}),
		"AWS_DEFAULT_PROFILE":   set(map[string]string{"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": "other"}),
		"keys":                  set(map[string]string{"AWS_ACCESS_KEY_ID": "AKIAOTHER", "AWS_SECRET_ACCESS_KEY": "other-secret"}),
		"role":                  edit(role, otherRole),
		"external id":           edit("external_id = 1", "external_id = 2"),
		"session name":          edit("role_session_name = aa", "role_session_name = bb"),
		"region of the profile": edit("region = us-west-2", "region = us-east-1"),
		"source of the role":    edit("source_profile = base", "source_profile = other"),
		"web identity": func(m *machine) *machine {
			return m.with(map[string]string{"AWS_ROLE_ARN": otherRole, "AWS_WEB_IDENTITY_TOKEN_FILE": m.file("token", awstest.WebIdentityToken)})
		},
		"other config file": func(m *machine) *machine {
			return m.with(map[string]string{"AWS_CONFIG_FILE": m.file("other", strings.Replace(dev, role, otherRole, 1))})
		},
		"credentials file": func(m *machine) *machine {
			m.file(".aws/credentials", "[base]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = other-secret\n")
			return m
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t).with(map[string]string{"AWS_PROFILE": "dev"})
			m.cloud.AllowRole(role)
			m.cloud.AllowRole(otherRole)
			m.cloud.AddKey(awstest.Key{ID: "AKIAOTHER", Secret: "other-secret", Account: awstest.Account})
			m.config(dev)
			first := m.password(host)
			m.called(1)
			other := change(m)
			if other.password(host) == first {
				t.Error("it got the token of the first identity")
			}
			m.called(1)
			m.config(dev)
			if err := os.RemoveAll(filepath.Join(m.home, ".aws", "credentials")); err != nil {
				t.Fatal(err)
			}
			if m.password(host) != first {
				t.Error("the token of the first identity was lost")
			}
			m.called(0)
		})
	}
}

// Web identities in the environment that differ in the role do not share tokens.
func TestWebIdentitiesNeverShare(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.cloud.AllowRole(role)
	m.cloud.AllowRole(otherRole)
	identities["web identity"](m)
	first := m.password(host)
	if m.with(map[string]string{"AWS_ROLE_ARN": otherRole}).password(host) == first {
		t.Error("another role got the token of the first one")
	}
	m.called(2)
}

// Variables that do not affect the identity do not cause a miss.
func TestOtherVariables(t *testing.T) {
	t.Parallel()
	m := withKeys(t)
	first := m.password(host)
	for name, value := range map[string]string{"ECR_LOGIN_TIMEOUT": "3s", "AWS_ECR_IGNORE_CREDS_STORAGE": "true", "TERM": "dumb"} {
		if m.with(map[string]string{name: value}).password(host) != first {
			t.Errorf("%s causes a miss", name)
		}
	}
	m.called(1)
}

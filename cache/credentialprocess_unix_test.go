//go:build unix

package cache_test

import (
	"os"
	"path/filepath"
	"testing"

	"ecrlogin/internal/awstest"
)

// withProcess returns a machine with a credential_process, which prints the keys of "dev", unless its argument, ROLE,
// VAULT_ROLE or MY_ROLE is "prod".
func withProcess(t *testing.T, command string) *machine {
	t.Helper()
	m := newMachine(t)
	m.cloud.AddKey(awstest.Key{ID: "AKIAPROD", Secret: "prod-secret", Account: awstest.Account})
	delete(m.env, "HTTPS_PROXY")
	m.env["AWS_ENDPOINT_URL"] = m.cloud.URL
	m.env["PATH"] = filepath.Join(m.home, "bin") + ":" + m.env["PATH"]
	m.env["VAULT_ROLE"] = "dev"
	m.tool("bin/creds", `case "$1$ROLE$VAULT_ROLE$MY_ROLE" in *prod*) id=AKIAPROD key=prod-secret;; *) id=`+awstest.KeyID+` key=`+awstest.SecretKey+`;; esac`)
	m.config("[default]\n" + command + "\n")
	return m
}

// tool writes a program that prints the credentials in the variables id and key, which line sets.
func (m *machine) tool(name, line string) {
	m.t.Helper()
	path := m.file(name, "#!/bin/sh\n"+line+"\n"+`printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s"}' "$id" "$key"`+"\n")
	if err := os.Chmod(path, 0o700); err != nil {
		m.t.Fatal(err)
	}
}

// The key covers what the output of a credential_process most likely depends on.
func TestProcessesNeverShare(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		command string
		change  func(m *machine) *machine
	}{
		"variable of a known tool": {"credential_process = creds", func(m *machine) *machine {
			return m.with(map[string]string{"VAULT_ROLE": "prod"})
		}},
		"variable in the command line": {"credential_process = creds $ROLE", func(m *machine) *machine {
			return m.with(map[string]string{"ROLE": "prod"})
		}},
		"variable with a default, and a key in capitals": {`Credential_Process: creds "${ROLE:-dev}"`, func(m *machine) *machine {
			return m.with(map[string]string{"ROLE": "prod"})
		}},
		"variable in a continuation line": {"credential_process = true;\n  creds $ROLE", func(m *machine) *machine {
			return m.with(map[string]string{"ROLE": "prod"})
		}},
		"variable in the credentials file": {"", func(m *machine) *machine {
			return m.with(map[string]string{"ROLE": "prod"})
		}},
		"program replaced": {"credential_process = creds", func(m *machine) *machine {
			m.tool("bin/new", "id=AKIAPROD key=prod-secret")
			if err := os.Rename(filepath.Join(m.home, "bin/new"), filepath.Join(m.home, "bin/creds")); err != nil {
				m.t.Fatal(err)
			}
			return m
		}},
		"program that comes first": {"credential_process = exec creds", func(m *machine) *machine {
			m.tool("first/creds", "id=AKIAPROD key=prod-secret")
			return m.with(map[string]string{"PATH": filepath.Join(m.home, "first") + ":" + m.env["PATH"]})
		}},
		"program at a path": {"credential_process = X=1 \"$HOME/bin/creds\"", func(m *machine) *machine {
			m.tool("bin/creds", "id=AKIAPROD key=prod-secret")
			return m
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := withProcess(t, tt.command)
			if tt.command == "" {
				m.file(".aws/credentials", "[default]\ncredential_process = creds $ROLE\n")
			}
			first := m.password(host)
			if m.password(host) != first {
				t.Error("the token was not cached")
			}
			m.called(1)
			other := tt.change(m)
			if other.password(host) == first {
				t.Error("it got the token of the first identity")
			}
			m.called(1)
		})
	}
}

// Variables that differ between terminals do not cause a miss. Nor do variables of tools without a
// credential_process.
func TestProcessIgnoresTerminal(t *testing.T) {
	t.Parallel()
	m := withProcess(t, "credential_process = creds $1")
	first := m.password(host)
	for name, value := range map[string]string{"PWD": "/tmp", "SHLVL": "7", "TERM_SESSION_ID": "w0t1p0", "SSH_TTY": "/dev/pts/7", "_": "/usr/bin/docker",
		"OP_SESSION_me": "abc", "TELEPORT_SESSION": "abc", "PATH": m.env["PATH"] + ":/nowhere"} {
		if m.with(map[string]string{name: value}).password(host) != first {
			t.Errorf("%s causes a miss", name)
		}
	}
	m.called(1)

	m = withKeys(t)
	first = m.password(host)
	if m.with(map[string]string{"VAULT_ROLE": "prod"}).password(host) != first {
		t.Error("a variable of a tool causes a miss without a credential_process")
	}
}

// A credential_process that writes a file next to the AWS files does not cause a miss.
func TestProcessWritesBesideAWSFiles(t *testing.T) {
	t.Parallel()
	m := withProcess(t, "credential_process = creds")
	m.tool("bin/creds", `rm -f "$HOME/.aws/session"; touch "$HOME/.aws/session"; id=`+awstest.KeyID+` key=`+awstest.SecretKey)
	if first := m.password(host); m.password(host) != first {
		t.Error("the token was not cached")
	}
	m.called(1)
}

// The key covers the variables in the configuration.
func TestConfiguredVariables(t *testing.T) {
	t.Parallel()
	m := withProcess(t, "credential_process = creds")
	m.file(".config/ecr-login/config.yaml", "cache: {variables: [MY_ROLE, TEAM_*]}\n")
	first := m.password(host)
	if m.with(map[string]string{"MY": "prod", "MY_ROLE_2": "prod", "TEA": "a", "OTHER": "a"}).password(host) != first {
		t.Error("another variable causes a miss")
	}
	m.called(1)
	seen := map[string]bool{first: true}
	for _, v := range []map[string]string{{"MY_ROLE": "prod"}, {"TEAM_A": "a"}, {"TEAM_": "a"}} {
		password := m.with(v).password(host)
		if seen[password] {
			t.Errorf("with %v it got the token of another identity", v)
		}
		seen[password] = true
		if r := m.with(v).run("list", ""); r.stdout != `{"`+host+`":"AWS"}`+"\n" {
			t.Errorf("with %v, list printed %q", v, r.stdout)
		}
	}
	m.called(3)
}

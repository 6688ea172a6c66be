package sudo

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"testing"
	"time"
)

// A command is one of the helper, with its standard input. $HOME is the home directory of the user who runs it.
type command struct{ args, input string }

// commands write all kinds of files that the helper has.
func commands() []command {
	password := base64.StdEncoding.EncodeToString(fmt.Appendf(nil,
		`{"payload":"x","datakey":"x","version":"2","type":"DATA_KEY","expiration":%d}`, time.Now().Add(time.Hour).Unix()))
	return []command{
		{"configure docker --registry " + host, ""},
		{"configure podman --registry " + host, ""},
		{"get", host},
		{"store", `{"ServerURL":"registry.corp.example","Username":"me","Secret":"hunter2"}`},
		{"password " + host + " --output $HOME/password", ""},
		{"metrics --output $HOME/metrics", ""},
		{"cache list", ""},
		{"cache clear " + host, ""},
		{"get", host},
		{"store", `{"ServerURL":"` + host + `","Username":"AWS","Secret":"` + password + `"}`},
		{"erase", host},
		{"erase", "registry.corp.example"},
		{"configure undo", ""},
		{"cache clear --all", ""},
		{"get", host},
	}
}

// places are variables with directories in alice's home directory, other than the default ones.
var places = []string{
	"DOCKER_CONFIG=/run/home-alice/docker", "REGISTRY_AUTH_FILE=/run/home-alice/containers/auth.json",
	"AWS_ECR_CACHE_DIR=/run/home-alice/cache", "XDG_CACHE_HOME=/run/home-alice/xdg/cache", "TMPDIR=/run/home-alice",
	"XDG_STATE_HOME=/run/home-alice/xdg/state", "XDG_RUNTIME_DIR=/run/home-alice/xdg/run",
}

// TestSudo runs the helper as alice with sudo, in the ways in which users and distributions configure it. The home
// directories of alice and bob contain only their own files afterwards, which alice can use and replace.
func TestSudo(t *testing.T) {
	const bobFails = "permission denied|directory that this user cannot access|nothing to undo"
	for _, tt := range []struct {
		name  string
		sudo  string
		env   []string
		fails string // what a command that may fail prints
	}{
		{name: "sudo", sudo: "sudo"},
		{name: "home of root", sudo: "sudo -H"},
		{name: "environment of alice", sudo: "sudo -E"},
		{name: "home of alice, as in Ubuntu", sudo: "sudo --preserve-env=HOME"},
		{name: "directories of alice", sudo: "sudo -E", env: places,
			fails: "the cache directory .* is not used, because .* belongs to another user"},
		{name: "bob", sudo: "sudo -u bob"},
		{name: "bob with his home", sudo: "sudo -H -u bob"},
		{name: "bob with the environment of alice", sudo: "sudo -E -u bob", fails: bobFails},
		{name: "bob with directories of alice", sudo: "sudo -E -u bob", env: places, fails: bobFails},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			for _, c := range commands() {
				out, err := m.as(tt.env, c.input, tt.sudo+" sh -c '"+helper+" "+c.args+"'")
				if err != nil && (tt.fails == "" || !regexp.MustCompile(tt.fails).MatchString(out)) {
					t.Errorf("%s %s: %v\n%s", tt.sudo, c.args, err, out)
				}
				m.owners(alice, aliceID) // also of files that a later command removes
				m.owners(bob, bobID)
			}
			for _, c := range commands() {
				if out, err := m.as(tt.env, c.input, helper+" "+c.args); err != nil {
					t.Errorf("without sudo: %s: %v\n%s", c.args, err, out)
				}
			}
			const replace = `find "$HOME" -type f | while read -r f; do cp "$f" "$f.copy" && mv "$f.copy" "$f" || exit; done`
			if out, err := m.as(nil, "", replace); err != nil {
				t.Errorf("alice cannot replace her files: %v\n%s", err, out)
			}
			m.owners(alice, aliceID)
		})
	}
}

package setup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	host  = "111111111111.dkr.ecr.us-west-2.amazonaws.com"
	other = "222222222222.dkr.ecr.us-west-2.amazonaws.com"
)

// openText opens a configuration that contains text.
func openText(t *testing.T, text string) *ownFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := openOwn([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestSetProfile checks that a rule is added wherever that is safe, and that the text is unchanged otherwise.
func TestSetProfile(t *testing.T) {
	rule := "match: " + host + "\n"
	tests := []struct{ name, before, after string }{
		{"no text", "", "registries:\n  - match: " + host + "\n    profile: ci\n"},
		{"comments alone", "# mine", "# mine\nregistries:\n  - match: " + host + "\n    profile: ci\n"},
		{"an empty list", "registries: [] # none yet\ntimeout: 9s", "registries:\n  - match: " + host + "\n    profile: ci\ntimeout: 9s"},
		{"no list", "registries:", "registries:\n  - match: " + host + "\n    profile: ci\n"},
		{"CRLF", "timeout: 9s\r\n", "timeout: 9s\r\nregistries:\r\n  - match: " + host + "\r\n    profile: ci\r\n"},
		{"not indented", "registries:\n- match: " + other + "\n", "registries:\n- match: " + host + "\n  profile: ci\n- match: " + other + "\n"},
		{"indented by four spaces", "registries:\n    -   match: " + other + "\n", "registries:\n    - match: " + host + "\n      profile: ci\n    -   match: " + other + "\n"},
		{"a rule without profile, without line end", "registries:\n  -   match: " + host, "registries:\n  -   match: " + host + "\n      profile: ci\n"},
		{"the profile first", "registries:\n  - profile: 'x y' # whose\n    " + rule, "registries:\n  - profile: ci # whose\n    " + rule},
		{"the next rule's profile", "registries:\n  - " + rule + "  - match: " + other + "\n    profile: x\n", "registries:\n  - " + rule[:len(rule)-1] + "\n    profile: ci\n  - match: " + other + "\n    profile: x\n"},
		{"a pattern with that profile", "registries:\n  - match: '*.dkr.ecr.*.amazonaws.com'\n    profile: ci\n", "registries:\n  - match: '*.dkr.ecr.*.amazonaws.com'\n    profile: ci\n"},
		{"brackets", "registries: [{match: " + other + "}]\n", ""},
		{"braces in a list", "registries:\n  - {match: " + host + ", profile: x}\n", ""},
		{"a dash alone", "registries:\n  -\n    " + rule, "registries:\n  -\n    " + rule + "    profile: ci\n"},
		{"the end of a document", "timeout: 9s\n...\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := openText(t, tt.before)
			err := o.setProfile(host, "ci")
			if want := "add this manually: registries: [{match: " + host + ", profile: ci}]"; tt.after == "" {
				if err == nil || !strings.HasSuffix(err.Error(), want) || string(o.content) != tt.before {
					t.Errorf("%q, %v; want an error that ends in %q", o.content, err, want)
				}
				return
			}
			if diff := cmp.Diff(tt.after, string(o.content)); err != nil || diff != "" {
				t.Errorf("%v, want -, got +:\n%s", err, diff)
			}
		})
	}
}

func TestSetFallback(t *testing.T) {
	tests := []struct{ name, before, after string }{
		{"no text", "", "fallback: pass\n"},
		{"no line end", "timeout: 9s", "timeout: 9s\nfallback: pass\n"},
		{"the same", "'fallback': pass", "'fallback': pass"},
		{"another", "fallback: \"file\"  # plain\ntimeout: 9s\n", "fallback: pass  # plain\ntimeout: 9s\n"},
		{"a flow mapping", "{fallback: file}", ""},
		{"in a comment only", "# fallback: file\n", "# fallback: file\nfallback: pass\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := openText(t, tt.before)
			err := o.setFallback("pass")
			if tt.after == "" {
				if err == nil || !strings.HasSuffix(err.Error(), "add this manually: fallback: pass") || string(o.content) != tt.before {
					t.Errorf("%q, %v; want an error", o.content, err)
				}
				return
			}
			if err != nil || string(o.content) != tt.after {
				t.Errorf("%q, %v; want %q", o.content, err, tt.after)
			}
		})
	}
}

// TestScalar checks that profile names survive quoting.
func TestScalar(t *testing.T) {
	for _, profile := range []string{"ci", "my team", "1234", "1e5", "true", "NO", "~", "-", "a: b", "a #b", `q"u\o`, "'x'", "ü", "a\nb", "&a", "*a", "!a", "0x1f", "2026-01-02", "dev.admin", ".inf"} {
		o := openText(t, "")
		if err := o.setProfile(host, profile); err != nil {
			t.Errorf("profile %q: %v", profile, err)
		}
	}
}

// TestOwnStartsAsSystemCopy checks that the system's configuration is copied, because the user's own file replaces it.
func TestOwnStartsAsSystemCopy(t *testing.T) {
	dir := t.TempDir()
	machine, mine := filepath.Join(dir, "etc.yaml"), filepath.Join(dir, "home", "config.yaml")
	const text = "timeout: 9s # slow\n"
	if err := os.WriteFile(machine, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := openOwn([]string{mine, machine})
	if err != nil {
		t.Fatal(err)
	}
	if o.path() != machine {
		t.Errorf("in effect is %s", o.path())
	}
	var said strings.Builder
	r := &Request{Out: &said}
	if c := r.ownChange(o); c.after != nil || said.String() != "" {
		t.Errorf("a change without a new setting: %q, %q", c.after, &said)
	}
	if err := o.setFallback("pass"); err != nil {
		t.Fatal(err)
	}
	c := r.ownChange(o)
	if want := text + "fallback: pass\n"; c.file.Path != mine || string(c.after) != want {
		t.Errorf("%s becomes %q, want %s, %q", c.file.Path, c.after, mine, want)
	}
	if want := mine + ": created as a copy of " + machine + ", which is no longer read\n"; said.String() != want {
		t.Errorf("got output %q, want %q", &said, want)
	}
}

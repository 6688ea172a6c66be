//go:build unix

package cachekey

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"

	"ecrlogin/internal/environ"
)

// readSettings returns every command that the SDK would run, in each notation, and ignores comments.
func TestCommandLines(t *testing.T) {
	for _, tt := range []struct {
		file string
		want []string
	}{
		{"", nil},
		{"[default]\nregion = us-west-2\nrole_arn = a\n", nil},
		{"[default]\ncredential_process = creds a\n", []string{"creds a"}},
		{"[default]\ncredential_process=creds a", []string{"creds a"}},
		{"[default]\r\ncredential_process\t:\tcreds a\r\nregion = x\r\n", []string{"creds a"}},
		{"[default]\nCREDENTIAL_PROCESS = creds a\n", []string{"creds a"}},
		{"[default]\n  Credential_Process = creds a\n", []string{"creds a"}},
		{"[default]\ncredential_process = 'creds a'\n", []string{"creds a"}},
		{"[default]\ncredential_process = \"creds\" \"a\"\n", []string{`creds" "a`}},
		{"[default]\ncredential_process = true;\n  creds a\n\tb\nregion = x\n", []string{"true;\n  creds a\n\tb"}},
		{"[default]\ncredential_process = creds a\n[other]\ncredential_process = creds b\n", []string{"creds a", "creds b"}},
		{"[default]\n# credential_process = creds a\n  ;credential_process = b\nmy_credential_process = c\ncredential_process_x = d\n", nil},
		{"[default]\ncredential_process\ncredential_process", nil},
		{"credential_process = creds _p _process credential_process = x", []string{"creds _p _process credential_process = x"}},
		{"[default]\ns3 =\n  credential_process = creds a\n", []string{"creds a"}}, // not a setting, but harmless
	} {
		got := readSettings([]byte(tt.file)).commands
		if !slices.Equal(got, tt.want) {
			t.Errorf("readSettings(%q).commands = %q, want %q", tt.file, got, tt.want)
		}
		path := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(path, []byte(tt.file), 0o600); err != nil {
			t.Fatal(err)
		}
		sdk, err := config.LoadSharedConfigProfile(t.Context(), "default", func(o *config.LoadSharedConfigOptions) {
			o.ConfigFiles, o.CredentialsFiles = []string{path}, []string{}
		})
		if err != nil && tt.file != "" && strings.HasPrefix(tt.file, "[") {
			t.Errorf("%q: %v", tt.file, err)
		}
		for line := range strings.Lines(sdk.CredentialProcess) {
			if !strings.Contains(strings.Join(got, "\n"), strings.TrimSpace(line)) {
				t.Errorf("%q: the SDK runs %q, which is missing in %q", tt.file, line, got)
			}
		}
	}
}

func TestMentioned(t *testing.T) {
	got := mentioned([]string{`creds $A "${B}" ${C:-$D} '${#E}' ${!F} $1 $$ $ ${} $(G) \$H A`, "creds $A $I_2"})
	if want := []string{"A", "B", "C", "D", "E", "F", "H", "I_2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPrograms(t *testing.T) {
	env := environ.Env{"HOME=/home/me", "TOOLS=/opt/tools"}
	for command, want := range map[string][]string{
		"":                            nil,
		"creds --role a":              {"creds"},
		`"/opt/my tools/creds" a`:     {"/opt/my tools/creds"},
		`/opt/my\ tools/creds a`:      {"/opt/my tools/creds"},
		"'/opt/my $tools/creds'":      {"/opt/my $tools/creds"},
		"~/bin/creds":                 {"/home/me/bin/creds"},
		"$HOME/bin/creds":             {"/home/me/bin/creds"},
		`"${TOOLS}/creds"`:            {"/opt/tools/creds"},
		"${TOOLS:-/usr}/creds":        {"${TOOLS:-/usr}/creds"},
		"A=1 B='x y' exec env C=2 x":  {"x"},
		"vault read a | jq .b":        {"vault", "jq"},
		"true; creds a && other b\nc": {"true", "creds", "other", "c"},
		"(creds a)":                   {"creds"},
	} {
		if got := programs(env, command); !slices.Equal(got, want) {
			t.Errorf("%q runs %q, want %q", command, got, want)
		}
	}
}

// FuzzCommandLines checks that parsing any content terminates.
func FuzzCommandLines(f *testing.F) {
	f.Add([]byte("[default]\ncredential_process = A=1 \"${B:-c}\" 'd' | e\n  f\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		commands := readSettings(content).commands
		mentioned(commands)
		for _, c := range commands {
			for _, p := range programs(nil, c) {
				if p == "" {
					t.Errorf("%q runs a program without a name", c)
				}
			}
		}
	})
}

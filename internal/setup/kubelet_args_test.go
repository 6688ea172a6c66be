package setup

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"ecrlogin/internal/program"
)

// TestMasked checks that possible secrets are hidden in all notations, and that other text is shown.
func TestMasked(t *testing.T) {
	for _, tt := range []struct{ before, want string }{
		{"- name: KEY\n  value: hunter2\n- name: a\n", "- name: KEY\n  value: (hidden)\n- name: a\n"},
		{"- value: |\n    hunter2\n\n    hunter3\n  name: a\n", "- value: (hidden)\n    (hidden)\n(hidden)\n    (hidden)\n  name: a\n"},
		{"- value: \"hunter2\n    hunter3\"\n- name: a", "- value: (hidden)\n    (hidden)\n- name: a"},
		{"- {name: KEY, value: hunter2}\n- {value: hunter2, name: a}\n", "- {name: KEY, value: (hidden)\n- {value: (hidden)\n"},
		{"- \"value\" : 'hunter2'\r\n- name: a\r\n", "- \"value\" : (hidden)\r\n- name: a\r\n"},
		{"{\n  \"name\": \"a\",\n  \"value\": \"hunter2\"\n}\n", "{\n  \"name\": \"a\",\n  \"value\": (hidden)\n}\n"},
		{"{\n  \"value\":\n    \"hunter2\"\n}\n", "{\n  \"value\": (hidden)\n    (hidden)\n}\n"},
		{`{"env":[{"name":"KEY","value":"hunter2"}],"args":[]}`, `{"env":[{"name":"KEY","value": (hidden)`},
		{"args:\n- --client-secret=hunter2\n- --v=3\n", "args:\n- --client-secret=(hidden)\n- --v=3\n"},
		{"serviceAccountTokenAudience: sts.amazonaws.com\ndefaultValue: 1\n", "serviceAccountTokenAudience: sts.amazonaws.com\ndefaultValue: 1\n"},
	} {
		if got := string(masked([]byte(tt.before))); got != tt.want {
			t.Errorf("%q\nis %q\nwant %q", tt.before, got, tt.want)
		}
	}
	if masked(nil) != nil {
		t.Error("masked(nil) is not nil")
	}
}

// TestArgs checks that the provider's own flags are kept and that arguments of another program are removed.
func TestArgs(t *testing.T) {
	path, err := filepath.Abs("config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		read      string
		was, want []string
	}{
		{"", nil, nil},
		{program.SystemConfig, nil, nil},
		{"", []string{"get-credentials", "--v=3"}, nil},
		{"", []string{"--config", "/x", "--role-arn=r"}, []string{"--config", "/x", "--role-arn=r"}},
		{path, nil, []string{"--config=" + path}},
		{path, []string{"--config", "/x", "kubelet", "--role-arn", "r"}, []string{"--config", path, "--role-arn", "r"}},
		{path, []string{"--config=/x"}, []string{"--config=" + path}},
	} {
		r := &Request{Out: new(bytes.Buffer)}
		if got := r.args(tt.was, &ownFile{read: tt.read}); !slices.Equal(got, tt.want) {
			t.Errorf("with the configuration %q, %q becomes %q, want %q", tt.read, tt.was, got, tt.want)
		}
	}
}

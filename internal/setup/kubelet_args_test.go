package setup

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"ecrlogin/internal/program"
)

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

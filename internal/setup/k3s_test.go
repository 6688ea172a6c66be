package setup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindK3s(t *testing.T) {
	root := t.TempDir()
	for _, tt := range []struct{ added, want, problem string }{
		{"", "", ""},
		{"var/lib/rancher/k3s/agent/etc/containerd", "k3s", ""},
		{"etc/containerd/config.toml", "", "both k3s and /etc/containerd/config.toml are present; specify one: --k3s or --containerd-config /etc/containerd/config.toml"},
		{"var/lib/rancher/rke2/agent/etc/containerd", "", "both k3s and RKE2 are installed; specify one: --k3s or --rke2"},
	} {
		if err := os.MkdirAll(filepath.Join(root, tt.added), 0o755); err != nil {
			t.Fatal(err)
		}
		n, err := FindK3s(root)
		var name, problem string
		if n != nil {
			name = n.Name
		}
		if err != nil {
			problem = err.Error()
		}
		if name != tt.want || !strings.HasSuffix(problem, tt.problem) || (problem == "") != (tt.problem == "") {
			t.Errorf("after %q: got %q, %q", tt.added, name, problem)
		}
	}
}

package containerdconf

import (
	"testing"

	"ecrlogin/registry"
)

// FuzzWith checks that no hosts.toml makes the parser panic, and that after With all requests lead to the mirror.
func FuzzWith(f *testing.F) {
	m := Mirror{Upstream: "docker.io", Host: "123456789012.dkr.ecr.us-west-2.amazonaws.com", Prefix: "docker-hub"}
	for _, content := range []string{
		"", "server = 'https://registry-1.docker.io'", "[host", "host = {a = 1}", "[[host]]\n\"\\u0041\" = 1", "\x00",
		"override_path = false\nserver = \"\"\n", m.server() + m.table(), "host.\"" + m.URL() + "\".ca = 'x'", "server = '''\nx'''",
	} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		_, _ = ParseConfig("config.toml", content)
		h, err := Parse("hosts.toml", content)
		if err != nil {
			return
		}
		after, err := h.With(m)
		if err != nil {
			return
		}
		h, err = Parse("hosts.toml", after)
		if err != nil || h.Leak(m.Upstream, func(host string) bool { return host == m.Host }) != "" {
			t.Errorf("%q: %v", after, err)
		}
	})
}

// No client but the kubelet gets a password for the upstreams.
func TestUpstreams(t *testing.T) {
	for upstream := range Upstreams() {
		if !registry.IsUpstream(upstream) {
			t.Errorf("registry.IsUpstream(%q) is false", upstream)
		}
	}
}

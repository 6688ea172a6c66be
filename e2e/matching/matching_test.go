// Package matching tests that the patterns of the configuration match the same hosts as the kubelet's matchImages. It
// is a separate package because it imports parts of Kubernetes.
package matching

import (
	"fmt"
	"testing"

	"k8s.io/kubernetes/pkg/credentialprovider"

	"ecrlogin/config"
	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/registry"
)

// read returns a configuration with one rule for the pattern: for an Amazon ECR registry or, if that is invalid, for an
// alias. It returns nil if the pattern is invalid.
func read(pattern string) *config.Config {
	for _, more := range []string{"", ", registry: 123456789012.dkr.ecr.us-west-2.amazonaws.com"} {
		c, err := config.Parse("config.yaml", fmt.Appendf(nil, "registries: [{match: %q%s}]\n", pattern, more))
		if err == nil && len(c.Registries) == 1 {
			return c
		}
	}
	return nil
}

// isHost reports whether text is a host, or a host and port, in the form that is passed to rules.
func isHost(text string) bool {
	address, err := registry.Address(text)
	return err == nil && address == text
}

// compare fails the test unless the only rule of the configuration and the kubelet agree whether host matches. It
// returns the result of the rule.
func compare(t *testing.T, c *config.Config, host string) bool {
	t.Helper()
	_, got := c.Rule(host)
	pattern := c.Registries[0].Match
	want, err := credentialprovider.URLsMatchStr(pattern, host)
	if err != nil {
		want = false // the kubelet does not run the provider
	}
	if got != want {
		t.Errorf("pattern %q and host %q: configuration %v, the kubelet %v (%v)", pattern, host, got, want, err)
	}
	return got
}

var pairs = []struct {
	pattern, host string
	want          bool
}{
	{"123456789012.dkr.ecr.us-west-2.amazonaws.com", "123456789012.dkr.ecr.us-west-2.amazonaws.com", true},
	{"123456789012.dkr.ecr.us-west-2.amazonaws.com", "123456789012.dkr.ecr.us-west-2.amazonaws.com:443", false},
	{"123456789012.DKR.ecr.us-west-2.amazonaws.com", "123456789012.dkr.ecr.us-west-2.amazonaws.com", true},
	{"*.dkr.ecr.*.amazonaws.com", "123456789012.dkr.ecr.us-west-2.amazonaws.com", true},
	{"*.dkr.ecr.*.amazonaws.com", "123456789012.dkr.ecr-fips.us-west-2.amazonaws.com", false},
	{"*.dkr.ecr.*.amazonaws.com", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", false},
	{"*.dkr.ecr*.us-*.amazonaws.com", "123456789012.dkr.ecr-fips.us-west-2.amazonaws.com", true},
	{"1234*.dkr.ecr.*.amazonaws.com.cn", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", true},
	{"*.*.*.*.*.*", "123456789012.dkr.ecr.us-west-2.amazonaws.com", true},
	{"public.ecr.aws", "public.ecr.aws", true},
	{"*.ecr.aws", "public.ecr.aws", true},
	// The first three are examples in the kubelet's documentation.
	{"*.k8s.example", "app.k8s.example", true},
	{"*.k8s.example", "app.sub.k8s.example", false},
	{"app*.k8s.example", "apps.k8s.example", true},
	{"*.k8s.example", "k8s.example", false},
	{"*.*.k8s.example", "app.sub.k8s.example", true},
	{"app*.k8s.example", "app.k8s.example", true},
	{"a*b*c.k8s.example", "a-b-b-c.k8s.example", true},
	{"a*b*c.k8s.example", "acb.k8s.example", false},
	{"a**c.k8s.example", "abc.k8s.example", true},
	{"**.k8s.example", "a.b.k8s.example", false},
	{"registry.k8s.example:5000", "registry.k8s.example:5000", true},
	{"registry.k8s.example:5000", "registry.k8s.example:5001", false},
	{"registry.k8s.example:5000", "registry.k8s.example:05000", false},
	{"registry.k8s.example:5000", "registry.k8s.example", false},
	{"*.k8s.example:5000", "registry.k8s.example:5000", true},
	{"registry.k8s.example", "registry.k8s.example.", false},
	{"registry.k8s.example", "..", false},
	{"localhost:5000", "localhost:5000", true},
	{"127.0.0.1:5000", "127.0.0.1:5000", true},
	{"127.*.0.1:5000", "127.0.0.1:5000", true},
}

func TestPairs(t *testing.T) {
	for _, p := range pairs {
		c := read(p.pattern)
		if c == nil {
			t.Errorf("pattern %q is invalid", p.pattern)
			continue
		}
		if got := compare(t, c, p.host); got != p.want {
			t.Errorf("pattern %q and host %q: %v, want %v", p.pattern, p.host, got, p.want)
		}
	}
}

func FuzzPairs(f *testing.F) {
	for _, p := range pairs {
		f.Add(p.pattern, p.host)
		f.Add(p.host, p.pattern)
	}
	f.Fuzz(func(t *testing.T, pattern, host string) {
		if c := read(pattern); c != nil && isHost(host) {
			compare(t, c, host)
		}
	})
}

// FuzzImages checks that doctor, which reads the kubelet's configuration, and the kubelet agree which images the
// patterns of matchImages match.
func FuzzImages(f *testing.F) {
	for _, p := range pairs {
		f.Add(p.pattern, p.host+"/app")
	}
	f.Add("a.io/team", "a.io/team-b/app")
	f.Add("[::1]:5000/a", "[::1]:5000/a")
	f.Add("*.a.io:*", "b.a.io:5000/a")
	f.Add("a.io/%41", "a.io/A")
	f.Add("[a-c].io", "b.io/x")
	f.Fuzz(func(t *testing.T, pattern, image string) {
		want, err := credentialprovider.URLsMatchStr(pattern, image)
		if got := kubeletconfig.Match(pattern, image); got != (want && err == nil) {
			t.Errorf("pattern %q and image %q: doctor %t, the kubelet %t (%v)", pattern, image, got, want, err)
		}
	})
}

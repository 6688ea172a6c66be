package config

import (
	"regexp"
	"strings"
	"testing"

	"ecrlogin/registry"
)

// FuzzResolve checks for any configuration and any input of a client that a host gets a token only if it is an Amazon
// ECR registry, or if a rule makes exactly this host, or hosts of its domain, an alias of one.
func FuzzResolve(f *testing.F) {
	const ecr = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	aliases := "registries:\n- match: registry.example.com\n  registry: " + ecr + "\n- match: \"*.r.example.com:5000\"\n  registry: public.ecr.aws\n"
	for _, host := range []string{
		ecr, "registry.example.com", "https://REGISTRY.example.com/v2/", "registry.example.com:5000", "a.r.example.com:5000", "a.b.r.example.com:5000",
		"r.example.com", "registry.example.com.", "user@registry.example.com", "registry.example.com@ghcr.io", "registry.example.com#.ghcr.io", "ghcr.io",
	} {
		f.Add(aliases, host)
	}
	f.Add("registries:\n- match: '*.dkr.ecr.*.amazonaws.com'\n  profile: dev\n", ecr)
	f.Fuzz(func(t *testing.T, content, host string) {
		c, err := Parse("config.yaml", []byte(content))
		if err != nil {
			return
		}
		r, err := c.Resolve(host)
		if err != nil {
			return
		}
		if own, err := registry.Parse(host); err == nil {
			if r != own {
				t.Errorf("%q: %q gets the token of %s", content, host, r)
			}
			return
		}
		address, err := registry.Address(host)
		if err != nil {
			t.Fatalf("%q: %q gets the token of %s, but is not a host: %v", content, host, r, err)
		}
		for _, rule := range c.Registries {
			if !reference(rule.Match).MatchString(address) {
				continue
			}
			// The first rule that matches applies.
			if target, err := registry.Parse(rule.Registry); err != nil || target != r || wide(rule.Match) {
				t.Errorf("%q: %q gets the token of %s by rule %+v", content, host, r, rule)
			}
			return
		}
		t.Errorf("%q: %q gets the token of %s without a rule", content, host, r)
	})
}

// reference returns a regular expression for the hosts that a pattern matches.
func reference(pattern string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, "[^.:]*") + "$")
}

// FuzzReference compares the hosts that a pattern matches with a regular expression.
func FuzzReference(f *testing.F) {
	for _, a := range patterns {
		f.Add(a.pattern, a.host)
	}
	f.Fuzz(func(t *testing.T, pattern, host string) {
		address, err := registry.Address(host)
		if checkPattern(pattern) != nil || err != nil || address != host || strings.HasSuffix(host, ":") {
			return
		}
		if got, want := matches(pattern, host), reference(pattern).MatchString(host); got != want {
			t.Errorf("pattern %q and host %q: %t, want %t", pattern, host, got, want)
		}
	})
}

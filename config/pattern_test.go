package config

import (
	"testing"
)

// covers reports whether a rule for a matches every host of a rule for b.
func covers(t *testing.T, a, b string) bool {
	t.Helper()
	var c coverage
	if _, err := c.add(Rule{Match: a}); err != nil {
		t.Fatal(err)
	}
	hiding, err := c.add(Rule{Match: b})
	if err != nil {
		t.Fatal(err)
	}
	return hiding != nil
}

var patterns = []struct {
	pattern, host string
	want          bool
}{
	{"registry.corp.example", "registry.corp.example", true},
	{"registry.corp.example", "registry.corp.example:5000", false},
	{"registry.corp.example:5000", "registry.corp.example:5000", true},
	{"registry.corp.example:5000", "registry.corp.example", false},
	{"*.corp.example", "registry.corp.example", true},
	{"*.corp.example", "corp.example", false},
	{"*.corp.example", "a.b.corp.example", false},
	{"*", "localhost", true},
	{"*", "corp.example", false},
	{"app*.corp.example", "app.corp.example", true},
	{"app*.corp.example", "apps.corp.example", true},
	{"app*.corp.example", "ap.corp.example", false},
	{"*app.corp.example", "my-app.corp.example", true},
	{"a*b*c", "abc", true},
	{"a*b*c", "a-b-b-c", true},
	{"a*b*c", "acb", false},
	{"a**c", "abc", true},
	{"*.dkr.ecr.*.amazonaws.com", "123456789012.dkr.ecr.us-west-2.amazonaws.com", true},
	{"*.dkr.ecr*.*.amazonaws.com", "123456789012.dkr.ecr-fips.us-west-2.amazonaws.com", true},
	{"*.dkr.ecr.*.amazonaws.com", "123456789012.dkr.ecr.us-west-2.amazonaws.com.cn", false},
}

func TestMatches(t *testing.T) {
	for _, tt := range patterns {
		if got := matches(tt.pattern, tt.host); got != tt.want {
			t.Errorf("matches(%q, %q) = %v", tt.pattern, tt.host, got)
		}
	}
}

func TestOverlaps(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"*", "abc", true},
		{"a*", "*b", true},
		{"a*", "b*", false},
		{"*a", "*b", false},
		{"*a", "*ba", true},
		{"ab*", "a*", true},
		{"ab*ba", "a*a", true},
		{"a*c", "abc", true},
		{"a*c", "ab", false},
		{"abc", "abd", false},
		{"a.*", "*.b", true},
		{"a.*", "*.b.c", false},
	} {
		if got := overlaps(tt.a, tt.b); got != tt.want {
			t.Errorf("overlaps(%q, %q) = %v", tt.a, tt.b, got)
		}
		if got := overlaps(tt.b, tt.a); got != tt.want {
			t.Errorf("overlaps(%q, %q) = %v", tt.b, tt.a, got)
		}
	}
}

// FuzzPatterns checks that the results for two patterns agree with the hosts that they match.
func FuzzPatterns(f *testing.F) {
	for _, a := range patterns {
		f.Add(a.pattern, a.pattern, a.host)
		f.Add(a.pattern, patterns[4].pattern, a.host)
	}
	f.Fuzz(func(t *testing.T, a, b, host string) {
		if checkPattern(a) != nil || checkPattern(b) != nil || checkPattern(host) != nil {
			return
		}
		inA, inB := matches(a, host), matches(b, host)
		if covers(t, a, b) && inB && !inA {
			t.Errorf("%q covers %q, but does not match %q", a, b, host)
		}
		if inA && inB && !overlaps(a, b) {
			t.Errorf("%q and %q both match %q and do not overlap", a, b, host)
		}
	})
}

// FuzzParse checks that no content causes a panic, and that every error is one line with a position.
func FuzzParse(f *testing.F) {
	f.Add("registries:\n  - match: 123456789012.dkr.ecr.us-west-2.amazonaws.com\n    profile: dev\n")
	f.Add("registries:\n  - match: a.corp.example\n    registry: 123456789012.dkr.ecr.us-west-2.amazonaws.com\nfallback: pass\n")
	f.Add("cache: {dir: /x, disabled: true, store: pass}\ntimeout: 5s\n")
	f.Add("a: &a [*a, *a]\n? b\n: c\n--- |\n  x\n")
	f.Fuzz(func(t *testing.T, content string) {
		c, err := Parse("config.yaml", []byte(content))
		if err == nil {
			for _, r := range c.Registries {
				if r.Match == "" || r.Line < 1 || (r.Registry != "") == matchesECR(r.Match) {
					t.Errorf("accepted %+v", r)
				}
			}
			return
		}
		e, ok := err.(*Error)
		if !ok || e.Line < 1 || e.Column < 1 {
			t.Fatalf("%#v", err)
		}
		for _, r := range err.Error() {
			if r < ' ' {
				t.Errorf("more than a line: %q", err)
			}
		}
	})
}

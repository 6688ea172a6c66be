package refreshconfig

import (
	"path"
	"testing"

	"ecrlogin/refresh/kubernetes"
)

// texts calls f with all texts of up to n of the letters.
func texts(n int, letters string, f func(string)) {
	f("")
	if n == 0 {
		return
	}
	for _, c := range letters {
		texts(n-1, letters, func(rest string) { f(string(c) + rest) })
	}
}

func TestOverlapOfPatterns(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"a", "a", true}, {"a", "b", false}, {"a", "", false}, {"*", "", true}, {"?", "", false}, {"*", "*", true}, {"?", "?", true}, {"??", "?", false},
		{"team-*", "*-a", true}, {"team-*", "tea", false}, {"team-?", "*-aa", false}, {"team-?", "*-a", true}, {"a*b", "?c*", true}, {"a*b", "?c", false},
		{"a*", "*b*c", true}, {"a?b", "a*bc", false}, {"*a*b*c*", "?", false}, {"*?*", "a", true}, {"prod-*", "*-prod", true}, {"prod-*", "dev-*", false},
	} {
		if got := overlap(tt.a, tt.b); got != tt.want || overlap(tt.b, tt.a) != got {
			t.Errorf("overlap(%q, %q) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

// TestOverlapOfAllPatterns compares overlap and covers with all texts that short patterns match.
func TestOverlapOfAllPatterns(t *testing.T) {
	var patterns, all []string
	texts(3, "ab*?", func(p string) { patterns = append(patterns, p) })
	texts(5, "abc", func(s string) { all = append(all, s) })
	matching := map[string]map[string]bool{}
	for _, p := range patterns {
		matching[p] = map[string]bool{}
		for _, s := range all {
			if matched, err := path.Match(p, s); matched && err == nil {
				matching[p][s] = true
			}
		}
	}
	for _, a := range patterns {
		for _, b := range patterns {
			both, all := false, true
			for s := range matching[b] {
				both = both || matching[a][s]
				all = all && matching[a][s]
			}
			if overlap(a, b) != both {
				t.Errorf("overlap(%q, %q) = %v", a, b, !both)
			}
			if covers(a, b) && !all {
				t.Errorf("covers(%q, %q), but does not", a, b)
			}
		}
	}
}

// TestDisjointRules checks which rules with the same name are accepted.
func TestDisjointRules(t *testing.T) {
	type list = []string
	for _, tt := range []struct {
		name string
		a, b kubernetes.Rule
		want bool // they overlap
	}{
		{"names", kubernetes.Rule{Namespaces: list{"a"}}, kubernetes.Rule{Namespaces: list{"b"}}, false},
		{"same name", kubernetes.Rule{Namespaces: list{"a", "b"}}, kubernetes.Rule{Namespaces: list{"c", "b"}}, true},
		{"pattern and name", kubernetes.Rule{Namespaces: list{"team-*"}}, kubernetes.Rule{Namespaces: list{"team-a"}}, true},
		{"excluded by the first", kubernetes.Rule{Namespaces: list{"team-*"}, Exclude: list{"team-a"}}, kubernetes.Rule{Namespaces: list{"team-a"}}, false},
		{"excluded by a pattern", kubernetes.Rule{Namespaces: list{"team-*"}, Exclude: list{"team-a*"}}, kubernetes.Rule{Namespaces: list{"team-a?"}}, false},
		{"excluded by itself", kubernetes.Rule{Namespaces: list{"team-*"}}, kubernetes.Rule{Namespaces: list{"team-a"}, Exclude: list{"*"}}, false},
		{"excluded in part", kubernetes.Rule{Namespaces: list{"team-*"}, Exclude: list{"team-a"}}, kubernetes.Rule{Namespaces: list{"team-a", "team-b"}}, true},
		{"all but some, and these", kubernetes.Rule{Namespaces: list{"*"}, Exclude: list{"prod-*"}}, kubernetes.Rule{Namespaces: list{"prod-*"}}, false},
		{"question mark for part of a text", kubernetes.Rule{Namespaces: list{"*"}, Exclude: list{"a?"}}, kubernetes.Rule{Namespaces: list{"a*"}}, true},
		{"selectors", kubernetes.Rule{Selector: "a=b"}, kubernetes.Rule{Selector: "a!=b"}, true},
		{"selector and excluded name", kubernetes.Rule{Selector: "a=b", Exclude: list{"x"}}, kubernetes.Rule{Namespaces: list{"x"}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, pair := range [][2]kubernetes.Rule{{tt.a, tt.b}, {tt.b, tt.a}} {
				p := &document{secrets: map[string][]*rule{}, names: map[string]*rule{}}
				for i := range pair {
					r := &rule{Rule: pair[i]}
					if err := p.sameSecret(r); (err != nil) != (i == 1 && tt.want) {
						t.Errorf("got %v", err)
					}
				}
			}
		})
	}
}

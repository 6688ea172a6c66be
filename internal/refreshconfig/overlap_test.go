package refreshconfig

import (
	"testing"

	"ecrlogin/refresh/kubernetes"
)

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

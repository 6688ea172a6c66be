package refreshconfig

import (
	"testing"

	"ecrlogin/refresh/kubernetes/secret"
)

// TestDisjointRules checks which rules with the same name are accepted.
func TestDisjointRules(t *testing.T) {
	type list = []string
	for _, tt := range []struct {
		name string
		a, b secret.Rule
		want bool // they overlap
	}{
		{"names", secret.Rule{Namespaces: list{"a"}}, secret.Rule{Namespaces: list{"b"}}, false},
		{"same name", secret.Rule{Namespaces: list{"a", "b"}}, secret.Rule{Namespaces: list{"c", "b"}}, true},
		{"pattern and name", secret.Rule{Namespaces: list{"team-*"}}, secret.Rule{Namespaces: list{"team-a"}}, true},
		{"excluded by the first", secret.Rule{Namespaces: list{"team-*"}, Exclude: list{"team-a"}}, secret.Rule{Namespaces: list{"team-a"}}, false},
		{"excluded by a pattern", secret.Rule{Namespaces: list{"team-*"}, Exclude: list{"team-a*"}}, secret.Rule{Namespaces: list{"team-a?"}}, false},
		{"excluded by itself", secret.Rule{Namespaces: list{"team-*"}}, secret.Rule{Namespaces: list{"team-a"}, Exclude: list{"*"}}, false},
		{"excluded in part", secret.Rule{Namespaces: list{"team-*"}, Exclude: list{"team-a"}}, secret.Rule{Namespaces: list{"team-a", "team-b"}}, true},
		{"all but some, and these", secret.Rule{Namespaces: list{"*"}, Exclude: list{"prod-*"}}, secret.Rule{Namespaces: list{"prod-*"}}, false},
		{"question mark for part of a text", secret.Rule{Namespaces: list{"*"}, Exclude: list{"a?"}}, secret.Rule{Namespaces: list{"a*"}}, true},
		{"selectors", secret.Rule{Selector: "a=b"}, secret.Rule{Selector: "a!=b"}, true},
		{"selector and excluded name", secret.Rule{Selector: "a=b", Exclude: list{"x"}}, secret.Rule{Namespaces: list{"x"}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, pair := range [][2]secret.Rule{{tt.a, tt.b}, {tt.b, tt.a}} {
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

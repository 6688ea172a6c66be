package refreshconfig

import (
	"slices"
	"strings"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/wildcard"
)

// maxSteps limits the time to compare rules with the same name, which otherwise grows with the square of the number of
// their patterns.
const maxSteps = 50_000_000

// sameSecret returns an error if an earlier rule can write the same Secret. Selectors are not compared, because the
// labels of namespaces change. It can report an overlap that several patterns of exclude rule out together, but never
// misses one.
func (p *document) sameSecret(r *rule) error {
	p.split(r)
	for _, name := range r.names {
		if earlier := p.names[r.Name+"/"+name]; earlier != nil {
			return clash(earlier, r, name, name)
		}
		p.names[r.Name+"/"+name] = r
	}
	for _, earlier := range p.secrets[r.Name] {
		if a, b, overlap := p.overlap(earlier, r); overlap {
			return clash(earlier, r, a, b)
		}
	}
	p.secrets[r.Name] = append(p.secrets[r.Name], r)
	if p.steps > maxSteps {
		return advice.Errorf("too many namespaces in rules with the name %s", r.Name).Then("combine the rules")
	}
	return nil
}

// split sets the names and the patterns of a rule, without names that it excludes.
func (p *document) split(r *rule) {
	r.patterns = slices.Clone(r.Namespaces)
	if len(r.Namespaces) == 0 {
		r.patterns = []string{"*"}
	}
	r.patterns = slices.DeleteFunc(r.patterns, func(s string) bool {
		if isPattern(s) || p.steps > maxSteps {
			return false
		}
		p.steps += len(r.Exclude) * len(s)
		if !slices.ContainsFunc(r.Exclude, func(e string) bool { return wildcard.Covers(e, s) }) {
			r.names = append(r.names, s)
		}
		return true
	})
}

// overlap returns a pattern of each rule if there is a namespace that both select. It ignores names in both.
func (p *document) overlap(a, b *rule) (inA, inB string, ok bool) {
	search := func(first, second []string) bool {
		for _, inA = range first {
			for _, inB = range second {
				if p.steps += len(inA) * len(inB); p.steps > maxSteps {
					return false
				}
				if wildcard.Overlap(inA, inB) && !p.excluded(a, b, inA, inB) {
					return true
				}
			}
		}
		return false
	}
	ok = search(a.patterns, b.patterns) || search(a.patterns, b.names) || search(a.names, b.patterns)
	return inA, inB, ok
}

// excluded reports whether one of the rules excludes all namespaces that match both patterns.
func (p *document) excluded(a, b *rule, inA, inB string) bool {
	for _, exclude := range [][]string{a.Exclude, b.Exclude} {
		p.steps += len(exclude) * len(inA+inB)
		if slices.ContainsFunc(exclude, func(e string) bool { return wildcard.Covers(e, inA) || wildcard.Covers(e, inB) }) {
			return true
		}
	}
	return false
}

// clash returns the error for a namespace that matches a pattern of each rule.
func clash(earlier, r *rule, a, b string) error {
	what, next := "namespaces can match both "+a+" and "+b, "exclude "+b+" in that rule"
	switch {
	case a == b && isPattern(a):
		what, next = "both select namespaces "+a, "specify namespaces that differ"
	case !isPattern(a):
		what, next = "both select namespace "+a, "exclude it in one of them"
	case !isPattern(b):
		what, next = "both select namespace "+b, "exclude it in one of them"
	}
	if r.Selector != "" || earlier.Selector != "" {
		what += ", and selectors are not compared"
	}
	return advice.Errorf("the rule in line %d can write the same Secret: %s", earlier.line, what).
		Then("%s, or use another name", next)
}

// isPattern reports whether a name of a namespace contains wildcards.
func isPattern(s string) bool { return strings.ContainsAny(s, "*?") }

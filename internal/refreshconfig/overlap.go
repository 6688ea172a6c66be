package refreshconfig

import (
	"path"
	"slices"
	"strings"

	"ecrlogin/internal/advice"
	"ecrlogin/refresh/kubernetes"
)

// maxComparisons limits the number of pattern comparisons for rules with the same name, which otherwise grows with the
// square of their number.
const maxComparisons = 200_000

// sameSecret returns an error if an earlier rule can write the same Secret. Selectors are not compared, because the
// labels of namespaces change.
func (p *document) sameSecret(r rule) error {
	for _, earlier := range p.secrets[r.Name] {
		a, b, overlap := p.overlap(earlier.Rule, r.Rule)
		switch {
		case p.comparisons > maxComparisons:
			return advice.Errorf("too many namespaces in rules with the name %s", r.Name).Then("combine the rules")
		case overlap:
			what, next := explain(a, b)
			if r.Selector != "" || earlier.Selector != "" {
				what += ", and selectors are not compared"
			}
			return advice.Errorf("the rule in line %d can write the same Secret: %s", earlier.line, what).
				Then("%s, or use another name", next)
		}
	}
	return nil
}

// explain describes overlapping patterns, and what to do about them.
func explain(a, b string) (what, next string) {
	const wildcards = "*?"
	switch {
	case a == b && strings.ContainsAny(a, wildcards):
		return "both select namespaces " + a, "specify namespaces that differ"
	case !strings.ContainsAny(a, wildcards):
		return "both select namespace " + a, "exclude it in one of them"
	case !strings.ContainsAny(b, wildcards):
		return "both select namespace " + b, "exclude it in one of them"
	}
	return "namespaces can match both " + a + " and " + b, "exclude " + b + " in that rule"
}

// overlap returns a pattern of each rule if there is a namespace that both select. It can report an overlap that
// several patterns of exclude rule out together, but never misses one.
func (p *document) overlap(a, b kubernetes.Rule) (inA, inB string, ok bool) {
	exclude := slices.Concat(a.Exclude, b.Exclude)
	for _, inA := range namespaces(a) {
		for _, inB := range namespaces(b) {
			if p.comparisons++; p.comparisons > maxComparisons {
				return "", "", false
			}
			if overlap(inA, inB) && !slices.ContainsFunc(exclude, func(e string) bool {
				p.comparisons++
				return covers(e, inA) || covers(e, inB)
			}) {
				return inA, inB, true
			}
		}
	}
	return "", "", false
}

// namespaces returns the patterns for the namespaces of a rule.
func namespaces(r kubernetes.Rule) []string {
	if len(r.Namespaces) == 0 {
		return []string{"*"}
	}
	return r.Namespaces
}

// overlap reports whether there is a text that both patterns match, in which * stands for any text and ? for one
// character.
func overlap(a, b string) bool {
	// reached[j] reports whether a text exists that a[:i] and b[:j] match.
	reached := make([]bool, len(b)+1)
	reached[0] = true
	for j := range b {
		reached[j+1] = reached[j] && b[j] == '*'
	}
	for i := range a {
		diagonal := reached[0] // of a[:i] and b[:j]
		reached[0] = diagonal && a[i] == '*'
		for j := range b {
			above := reached[j+1] // of a[:i] and b[:j+1]
			if a[i] == '*' || b[j] == '*' {
				reached[j+1] = above || reached[j]
			} else {
				reached[j+1] = diagonal && (a[i] == b[j] || a[i] == '?' || b[j] == '?')
			}
			diagonal = above
		}
	}
	return reached[len(b)]
}

// covers reports whether the pattern matches every text that other matches. It can miss some patterns that do.
func covers(pattern, other string) bool {
	if strings.Contains(pattern, "?") && strings.Contains(other, "*") {
		return pattern == other // the ? would match the * itself
	}
	matched, err := path.Match(pattern, other)
	return matched && err == nil
}

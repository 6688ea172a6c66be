package kubernetes

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"ecrlogin/internal/wildcard"
	"ecrlogin/refresh/kubernetes/secret"
)

// A selection decides which namespaces a rule selects.
type selection struct {
	include, exclude []string // patterns; no include means all
	labels           labels.Selector
}

func newSelection(r secret.Rule) (selection, error) {
	selector, err := labels.Parse(r.Selector)
	if err != nil {
		return selection{}, fmt.Errorf("Secret %s: invalid selector %q: %w", r.Name, r.Selector, err)
	}
	return selection{include: r.Namespaces, exclude: r.Exclude, labels: selector}, nil
}

// literal returns the namespaces of a rule that selects them by name only. It then needs no list of namespaces.
func (s selection) literal() (names []string, ok bool) {
	if len(s.include) == 0 || !s.labels.Empty() {
		return nil, false
	}
	for _, name := range s.include {
		if strings.ContainsAny(name, "*?") {
			return nil, false
		}
		if !matchAny(s.exclude, name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, true
}

func (s selection) matches(name string, l map[string]string) bool {
	included := len(s.include) == 0 || matchAny(s.include, name)
	return included && !matchAny(s.exclude, name) && s.labels.Matches(labels.Set(l))
}

func matchAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return wildcard.Match(p, name) })
}

// String describes the selection, in the syntax of the configuration.
func (s selection) String() string {
	text := strings.Join(s.include, ",")
	if text == "" {
		text = "*"
	}
	if len(s.exclude) > 0 {
		text += " without " + strings.Join(s.exclude, ",")
	}
	if !s.labels.Empty() {
		text += " with " + s.labels.String()
	}
	return text
}

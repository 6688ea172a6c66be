package config

import (
	"errors"
	"slices"
	"strings"
)

// A coverage finds, among rules, one that takes all that a later one matches. It is a tree in which each pattern is a path of
// labels from the port and the top-level domain down, so that adding a rule costs no comparison with rules whose labels are
// other words. The zero coverage is empty.
type coverage struct {
	root  branch
	steps int
}

// A branch is a place in the tree.
type branch struct {
	words map[string]*branch // by label without a "*"
	wild  []wildBranch
	rule  *Rule // that whose pattern ends here
}

// A wildBranch is behind a label with a "*".
type wildBranch struct {
	label string
	*branch
}

// maxSteps limits the work for all rules, which would otherwise grow with the square of the number of rules whose labels differ
// and have a "*". Each of thousands of rules for accounts takes about ten steps.
const maxSteps = 2_000_000

var errTooManyPatterns = errors.New(`there are too many patterns with a "*" in the same label to compare them all; use fewer`)

// add adds a rule, unless it returns an earlier rule that hides it.
func (c *coverage) add(r Rule) (hiding *Rule, err error) {
	host, port, _ := strings.Cut(r.Match, ":")
	labels := append(strings.Split(host, "."), port)
	slices.Reverse(labels) // so that the many rules of a domain share a branch
	hiding = c.find(&c.root, labels)
	if c.steps > maxSteps {
		return nil, errTooManyPatterns
	}
	if hiding == nil {
		c.root.add(labels).rule = &r
	}
	return hiding, nil
}

// find returns a rule behind b that takes all that the labels match; nil if there is none, or too many steps were made.
func (c *coverage) find(b *branch, labels []string) *Rule {
	if c.steps++; c.steps > maxSteps {
		return nil
	}
	if len(labels) == 0 {
		return b.rule
	}
	if next := b.words[labels[0]]; next != nil {
		if r := c.find(next, labels[1:]); r != nil {
			return r
		}
	}
	for _, w := range b.wild {
		c.steps += 1 + len(w.label)*len(labels[0])/16 // what a comparison takes at worst
		if !coversLabel(w.label, labels[0]) {
			continue
		}
		if r := c.find(w.branch, labels[1:]); r != nil {
			return r
		}
	}
	return nil
}

// add returns the branch at the end of the labels, and makes those on the way.
func (b *branch) add(labels []string) *branch {
	for _, label := range labels {
		b = b.next(label)
	}
	return b
}

func (b *branch) next(label string) *branch {
	if strings.Contains(label, "*") {
		for _, w := range b.wild {
			if w.label == label {
				return w.branch
			}
		}
		w := wildBranch{label, new(branch)}
		b.wild = append(b.wild, w)
		return w.branch
	}
	if b.words == nil {
		b.words = map[string]*branch{}
	}
	if b.words[label] == nil {
		b.words[label] = new(branch)
	}
	return b.words[label]
}

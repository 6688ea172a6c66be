package config

import (
	"errors"
	"slices"
	"strings"
)

// A coverage finds an earlier rule that matches every host that a later rule matches. It is a tree in which each
// pattern is a path of labels, starting with the port and the top-level domain, so that a new rule is not compared
// with rules whose labels are different. The zero coverage is empty.
type coverage struct {
	root  branch
	steps int
}

// A branch is a node of the tree.
type branch struct {
	words map[string]*branch // by label, for labels without a "*"
	wild  []wildBranch
	rule  *Rule // the rule whose pattern ends here, or nil
}

// A wildBranch is the branch of a label with a "*".
type wildBranch struct {
	label string
	*branch
}

// maxSteps limits the number of steps for all rules, which otherwise grows with the square of the number of rules if
// their labels differ and contain a "*". A rule for an account takes about ten steps, even among thousands of them.
const maxSteps = 2_000_000

var errTooManyPatterns = errors.New(`too many patterns with a "*" in the same label; reduce their number`)

// add adds a rule, or returns an earlier rule that matches every host of r.
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

// find returns a rule below b that covers the labels, or nil if there is none or maxSteps is exceeded.
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
		c.steps += 1 + len(w.label)*len(labels[0])/16 // the worst case of a comparison
		if !coversLabel(w.label, labels[0]) {
			continue
		}
		if r := c.find(w.branch, labels[1:]); r != nil {
			return r
		}
	}
	return nil
}

// add returns the branch for a path of labels, and creates missing branches.
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

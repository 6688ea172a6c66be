package config

import (
	"errors"
	"slices"
	"strings"

	"ecrlogin/internal/wildcard"
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
	next map[string]*branch // by label
	wild []string           // the labels of next that contain a "*"
	rule *Rule              // the rule whose pattern ends here, or nil
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
		b := &c.root
		for _, label := range labels {
			b = b.child(label)
		}
		b.rule = &r
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
	if next := b.next[labels[0]]; next != nil {
		if r := c.find(next, labels[1:]); r != nil {
			return r
		}
	}
	for _, label := range b.wild {
		c.steps += 1 + len(label)*len(labels[0])/16 // the worst case of a comparison
		if label != labels[0] && wildcard.Covers(label, labels[0]) {
			if r := c.find(b.next[label], labels[1:]); r != nil {
				return r
			}
		}
	}
	return nil
}

// child returns the branch for a label, and creates it if it is missing.
func (b *branch) child(label string) *branch {
	child := b.next[label]
	if child == nil {
		child = new(branch)
		if b.next == nil {
			b.next = map[string]*branch{}
		}
		b.next[label] = child
		if strings.Contains(label, "*") {
			b.wild = append(b.wild, label)
		}
	}
	return child
}

package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"ecrlogin/registry"
)

// matches reports whether a pattern matches a host, as kubelet's matchImages does: the ports are the same, there are as many
// labels, and each matches its counterpart.
// Source: https://kubernetes.io/docs/tasks/administer-cluster/kubelet-credential-provider/#configure-image-matching
func matches(pattern, host string) bool { return compare(pattern, host, matchesLabel) }

// overlaps reports whether there is a host that both match.
func overlaps(a, b string) bool { return compare(a, b, overlapsLabel) }

func compare(a, b string, label func(a, b string) bool) bool {
	a, aPort, _ := strings.Cut(a, ":")
	b, bPort, _ := strings.Cut(b, ":")
	for more := aPort == bPort; more; {
		var first, second string
		var moreOfB bool
		first, a, more = strings.Cut(a, ".")
		second, b, moreOfB = strings.Cut(b, ".")
		switch {
		case more != moreOfB || !label(first, second):
			return false
		case !more:
			return true
		}
	}
	return false
}

// coversLabel reports whether all that b matches is matched by a too. A "*" of b can only be covered by one of a, so a need
// merely match b's text.
func coversLabel(a, b string) bool { return matchesLabel(a, b) }

// matchesLabel goes back to the last "*" when what follows it does not fit, so its time is at most the product of the
// lengths.
func matchesLabel(pattern, label string) bool {
	p, l := 0, 0
	star, from := -1, 0 // the last "*", and where in label what follows it was tried last
	for l < len(label) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, l
			p++
		case p < len(pattern) && pattern[p] == label[l]:
			p++
			l++
		case star >= 0:
			from++
			p, l = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// overlapsLabel is for two patterns. Before the first "*" of either they must agree, and behind the last; between
// these, whatever one of them wants, the other's "*" takes.
func overlapsLabel(a, b string) bool {
	switch {
	case !strings.Contains(a, "*"):
		return matchesLabel(b, a)
	case !strings.Contains(b, "*"):
		return matchesLabel(a, b)
	}
	aHead, bHead := a[:strings.IndexByte(a, '*')], b[:strings.IndexByte(b, '*')]
	aTail, bTail := a[strings.LastIndexByte(a, '*')+1:], b[strings.LastIndexByte(b, '*')+1:]
	return (strings.HasPrefix(aHead, bHead) || strings.HasPrefix(bHead, aHead)) &&
		(strings.HasSuffix(aTail, bTail) || strings.HasSuffix(bTail, aTail))
}

// maxLabel is the longest label of a host name, in characters.
// Source: RFC 1035, section 2.3.4
const maxLabel = 63

// checkPattern says what is wrong with the form of a pattern.
func checkPattern(pattern string) error {
	host, port, hasPort := strings.Cut(pattern, ":")
	if strings.Contains(pattern, "/") {
		return errors.New("a pattern is a host alone, without scheme or path")
	}
	if n, err := strconv.ParseUint(port, 10, 16); hasPort && (err != nil || n == 0) {
		return errors.New("its port is not a number from 1 to 65535")
	}
	for label := range strings.SplitSeq(host, ".") {
		switch {
		case label == "":
			return errors.New("it has an empty label")
		case len(label) > maxLabel:
			return fmt.Errorf("it has a label of more than %d characters, which no host has", maxLabel)
		case strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-*") != "":
			return errors.New(`a host has letters, digits and hyphens, and "*" for any part of a label`)
		}
	}
	return nil
}

var ecrPatterns = sync.OnceValue(registry.Patterns)

// matchesECR reports whether a pattern can match the host of an ECR registry.
func matchesECR(pattern string) bool {
	if !strings.Contains(pattern, "*") {
		_, err := registry.Parse(pattern)
		return err == nil
	}
	return slices.ContainsFunc(ecrPatterns(), func(p string) bool { return overlaps(pattern, p) })
}

// wide reports whether a pattern leaves open whose domain it is about: one of its last two labels has a "*".
func wide(pattern string) bool {
	host, _, _ := strings.Cut(pattern, ":")
	labels := strings.Split(host, ".")
	return strings.Contains(strings.Join(labels[max(0, len(labels)-2):], "."), "*")
}

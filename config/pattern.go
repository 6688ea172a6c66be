package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"ecrlogin/internal/wildcard"
	"ecrlogin/registry"
)

// matches reports whether a pattern matches a host, by the rules of kubelet's matchImages: the ports must be equal,
// the number of labels must be equal, and each label of the pattern must match the label of the host.
// Source: https://kubernetes.io/docs/tasks/administer-cluster/kubelet-credential-provider/#configure-image-matching
func matches(pattern, host string) bool { return compare(pattern, host, wildcard.Match) }

// overlaps reports whether there is a host that both patterns match.
func overlaps(a, b string) bool { return compare(a, b, wildcard.Overlap) }

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

// maxLabel is the longest label of a host name, in characters.
// Source: RFC 1035, section 2.3.4
const maxLabel = 63

// checkPattern returns an error if the syntax of a pattern is invalid.
func checkPattern(pattern string) error {
	host, port, hasPort := strings.Cut(pattern, ":")
	if strings.Contains(pattern, "/") {
		return errors.New("must be a host, without scheme or path")
	}
	if n, err := strconv.ParseUint(port, 10, 16); hasPort && (err != nil || n == 0) {
		return errors.New("the port must be a number from 1 to 65535")
	}
	for label := range strings.SplitSeq(host, ".") {
		switch {
		case label == "":
			return errors.New("the host has an empty label")
		case len(label) > maxLabel:
			return fmt.Errorf("a label is longer than %d characters, the limit for host names", maxLabel)
		case strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-*") != "":
			return errors.New(`must contain only letters, digits, hyphens and dots, and "*" for any part of a label`)
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

// wide reports whether a pattern can match hosts of different domains: one of its last two labels contains a "*".
func wide(pattern string) bool {
	host, _, _ := strings.Cut(pattern, ":")
	labels := strings.Split(host, ".")
	return strings.Contains(strings.Join(labels[max(0, len(labels)-2):], "."), "*")
}

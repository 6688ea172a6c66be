package registry

import (
	"maps"
	"slices"
	"strings"
)

// A partition is a separate AWS cloud with its own regions and host names.
type partition struct {
	name      string
	prefix    string // of its region names; empty means two letters and a hyphen that match no other partition
	suffix    string // after the region in IPv4-only hosts
	dualStack string // after the region in dual-stack hosts; empty if AWS documents none
}

// partitions is checked in order; the one without a prefix comes last because it matches all remaining regions.
// Source: partitions.json of the AWS SDKs, and for the registry hosts
// https://docs.aws.amazon.com/general/latest/gr/ecr.html
var partitions = []partition{
	{name: "aws-us-gov", prefix: "us-gov-", suffix: "amazonaws.com", dualStack: "on.aws"},
	{name: "aws-cn", prefix: "cn-", suffix: "amazonaws.com.cn", dualStack: "on.amazonwebservices.com.cn"},
	{name: "aws-eusc", prefix: "eusc-de-", suffix: "amazonaws.eu"},
	{name: "aws-iso", prefix: "us-iso-", suffix: "c2s.ic.gov"},
	{name: "aws-iso-b", prefix: "us-isob-", suffix: "sc2s.sgov.gov"},
	{name: "aws-iso-e", prefix: "eu-isoe-", suffix: "cloud.adc-e.uk"},
	{name: "aws-iso-f", prefix: "us-isof-", suffix: "csp.hci.ic.gov"},
	{name: "aws", suffix: "amazonaws.com", dualStack: "on.aws"},
}

// Patterns returns host patterns that together match every ECR registry, in the syntax of kubelet's matchImages: "*"
// matches any part of one label. The patterns also match some hosts that are not ECR, such as those whose first label
// is not an account ID, so use them to route requests and never to decide which hosts to trust.
func Patterns() []string {
	var patterns []string
	add := func(pattern string) {
		if !slices.Contains(patterns, pattern) { // partitions share suffixes
			patterns = append(patterns, pattern)
		}
	}
	for _, f := range forms {
		for i := range partitions {
			p := partitions[len(partitions)-1-i] // the largest first
			if domain := p.domain(f.dualStack); domain != "" {
				add("*." + f.labels + "*." + domain)
			}
		}
	}
	return append(patterns, slices.Sorted(maps.Keys(publicHosts))...)
}

// partitionOf returns the partition whose region format and suffix both match.
func partitionOf(region, suffix string, dualStack bool) (name string, ok bool) {
	for _, p := range partitions {
		if !p.claims(region) {
			continue
		}
		domain := p.domain(dualStack)
		return p.name, domain != "" && suffix == domain
	}
	return "", false
}

// domain returns what follows the region in a host; "" if AWS documents none.
func (p partition) domain(dualStack bool) string {
	if dualStack {
		return p.dualStack
	}
	return p.suffix
}

// claims reports whether region has the format of this partition's regions: the prefix, a compass point and a number,
// such as "us-gov-west-1". Any word is accepted as the compass point, so that new regions are recognized.
func (p partition) claims(region string) bool {
	rest, ok := strings.CutPrefix(region, p.prefix)
	if !ok {
		return false
	}
	if p.prefix == "" {
		var area string
		area, rest, _ = strings.Cut(region, "-")
		if len(area) != 2 || !letters(area) {
			return false
		}
	}
	point, number, _ := strings.Cut(rest, "-")
	return letters(point) && (len(number) == 1 || len(number) == 2) && strings.Trim(number, "0123456789") == ""
}

func letters(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == ""
}

// Package registry recognises the hosts of Amazon ECR and Amazon ECR Public and tells what their names say: account,
// region, partition, FIPS, dual stack, public. It is the gate of the whole program, since a password leaves only for
// a host that Parse accepts. It does no I/O.
package registry

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrNotECR is wrapped by every error of Parse: the input does not name an Amazon ECR registry.
var ErrNotECR = errors.New("not an Amazon ECR registry")

// A Registry is what the name of an ECR host says. Two Registries are equal when their hosts are.
type Registry struct {
	Host      string // lower case, without scheme, port or path, e.g. "210987654321.dkr.ecr.us-west-2.amazonaws.com"
	Account   string // 12 digits; empty for ECR Public, whose host names no account
	Region    string // e.g. "us-west-2"; the region of the API for ECR Public
	Partition string // as the AWS SDKs call it, e.g. "aws", "aws-cn", "aws-us-gov"
	FIPS      bool   // served by FIPS 140 validated endpoints
	DualStack bool   // reachable over IPv6 as well as IPv4
	Public    bool   // Amazon ECR Public
}

// String returns the host.
func (r Registry) String() string { return r.Host }

// Parse reads what a client may send to name a registry: a host, a host with a port, an https URL, or an image
// reference, in any letter case and with white space around it. It refuses every input of which a URL parser could
// take another host, and every host that is not ECR by its whole name; the error then wraps ErrNotECR and does not repeat
// the input, which may hold a password. A region is accepted by its shape, because new ones appear without notice, but it must be of the partition that the host's
// suffix belongs to.
func Parse(s string) (Registry, error) {
	host, _, err := SplitHost(s)
	if err != nil {
		return Registry{}, fmt.Errorf("%w: %w", ErrNotECR, err)
	}
	if r, ok := publicHosts[host]; ok {
		return r, nil
	}
	r, err := parsePrivate(host)
	if err != nil {
		return Registry{}, fmt.Errorf("%w: %w", ErrNotECR, err)
	}
	return r, nil
}

// The two hosts of ECR Public, whose only API is in us-east-1.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/public/public-registries.html
var publicHosts = map[string]Registry{
	"public.ecr.aws":     {Host: "public.ecr.aws", Region: "us-east-1", Partition: "aws", Public: true},
	"ecr-public.aws.com": {Host: "ecr-public.aws.com", Region: "us-east-1", Partition: "aws", Public: true, DualStack: true},
}

// SplitHost strips what may stand around the host that a client sends, as Parse allows it: the host comes in lower case,
// the port without its colon and empty if there is none. It is stricter than any URL parser: scheme and path are cut at the
// first place where any of them would, and what is left may hold nothing but the letters of a host name. Its errors do
// not repeat the input.
func SplitHost(s string) (host, port string, err error) {
	s = strings.Trim(s, " \t\r\n")
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return "", "", errors.New("has a character that no host, port or image name has")
		}
	}
	s = strings.ToLower(s) // after the check, because the lower case of the Kelvin sign (U+212A) is an ASCII k
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		if scheme != "https" {
			return "", "", errors.New("the scheme is not https")
		}
		s = rest
	}
	host, _, _ = strings.Cut(s, "/")
	host, port, hasPort := strings.Cut(host, ":")
	if hasPort && !validPort(port) {
		return "", "", errors.New("the port is not a number from 1 to 65535")
	}
	if strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		return "", "", errors.New("not a host name")
	}
	return host, port, nil
}

func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// parsePrivate takes the host of a private registry apart:
//
//	ACCOUNT.dkr.ecr[-fips].REGION.SUFFIX
//	ACCOUNT.dkr-ecr[-fips].REGION.SUFFIX   dual stack
func parsePrivate(host string) (Registry, error) {
	account, rest, _ := strings.Cut(host, ".")
	if len(account) != 12 || strings.Trim(account, "0123456789") != "" {
		return Registry{}, errors.New("does not begin with an account of 12 digits")
	}
	r := Registry{Host: host, Account: account}
	for _, f := range forms {
		labels, ok := strings.CutPrefix(rest, f.labels)
		if !ok {
			continue
		}
		var suffix string
		r.Region, suffix, _ = strings.Cut(labels, ".")
		r.FIPS, r.DualStack = f.fips, f.dualStack
		r.Partition, ok = partitionOf(r.Region, suffix, f.dualStack)
		if !ok {
			return Registry{}, fmt.Errorf("%q is not a region of a partition whose hosts end in %q", r.Region, suffix)
		}
		return r, nil
	}
	return Registry{}, errors.New(`has no "dkr.ecr" or "dkr-ecr" behind the account`)
}

// forms are the ways in which a private host goes on behind its account.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html
var forms = []struct {
	labels          string
	fips, dualStack bool
}{
	{labels: "dkr.ecr."},
	{labels: "dkr.ecr-fips.", fips: true},
	{labels: "dkr-ecr.", dualStack: true},
	{labels: "dkr-ecr-fips.", fips: true, dualStack: true},
}

// Package registry recognizes the host names of Amazon ECR and Amazon ECR Public and parses them into account, region,
// partition, FIPS, dual stack and public. The whole program relies on it for security: ECR passwords are only returned
// for hosts that Parse accepts. It does no I/O.
package registry

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrNotECR reports that the input does not name an Amazon ECR registry. Every error that Parse returns wraps it.
var ErrNotECR = errors.New("not an Amazon ECR registry")

// A Registry is a parsed ECR host name. Two Registries are equal if their hosts are equal.
type Registry struct {
	Host      string // lower case, without scheme, port or path, e.g. "210987654321.dkr.ecr.us-west-2.amazonaws.com"
	Account   string // 12 digits; empty for ECR Public, whose host name contains no account
	Region    string // e.g. "us-west-2"; for ECR Public, the region of its API
	Partition string // the name used by the AWS SDKs, e.g. "aws", "aws-cn", "aws-us-gov"
	FIPS      bool   // served by FIPS 140 validated endpoints
	DualStack bool   // reachable over IPv6 as well as IPv4
	Public    bool   // Amazon ECR Public
}

// String returns the host.
func (r Registry) String() string { return r.Host }

// API returns a name for the API that issues the registry's tokens. It is equal for registries that share an API, and
// so their tokens: private registries with the same region, FIPS and dual stack, of any account.
func (r Registry) API() string {
	name := "ecr"
	if r.Public {
		name += "-public"
	}
	if r.FIPS {
		name += "-fips"
	}
	if r.DualStack {
		name += "-dualstack"
	}
	return name + "." + r.Region
}

// Parse parses the forms in which clients send a registry: a host, a host with a port, an https URL, or an image
// reference, in upper or lower case and with surrounding white space. It rejects input that a URL parser could
// interpret as a different host, and every host that is not a complete ECR host name. The error wraps ErrNotECR and
// does not repeat the input, which may contain a password. A region is accepted by its format, because AWS adds
// regions without notice, but it must belong to the same partition as the host's suffix.
func Parse(s string) (Registry, error) {
	address, err := Address(s)
	host, _, _ := strings.Cut(address, ":")
	r, isPublic := publicHosts[host]
	if err == nil && !isPublic {
		r, err = parsePrivate(host)
	}
	if err != nil {
		return Registry{}, notECR{err}
	}
	return r, nil
}

// notECR is an ErrNotECR with its cause. It does not use package fmt, which takes a considerable part of the time of a
// cache hit for an alias when it is used for the first time.
type notECR struct{ cause error }

// Error returns both texts.
func (e notECR) Error() string { return ErrNotECR.Error() + ": " + e.cause.Error() }

// Unwrap returns both errors.
func (e notECR) Unwrap() []error { return []error{ErrNotECR, e.cause} }

// publicHosts are the two hosts of ECR Public, whose only API is in us-east-1.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/public/public-registries.html
var publicHosts = map[string]Registry{
	"public.ecr.aws":     {Host: "public.ecr.aws", Region: "us-east-1", Partition: "aws", Public: true},
	"ecr-public.aws.com": {Host: "ecr-public.aws.com", Region: "us-east-1", Partition: "aws", Public: true, DualStack: true},
}

// Address returns the host, in lower case, with the port if there is one, from any form that Parse accepts. It is
// stricter than any URL parser: it cuts scheme and path at the first position where any parser would, and the rest may
// only contain characters that are valid in a host name. Its errors do not repeat the input.
func Address(s string) (string, error) {
	s = strings.Trim(s, " \t\r\n")
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return "", errors.New("invalid character in the registry name")
		}
	}
	s = strings.ToLower(s) // after the check, because the lower case of the Kelvin sign (U+212A) is an ASCII k
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		if scheme != "https" {
			return "", errors.New("unsupported URL scheme, only https is supported")
		}
		s = rest
	}
	address, _, _ := strings.Cut(s, "/")
	host, port, hasPort := strings.Cut(address, ":")
	n, portErr := strconv.ParseUint(port, 10, 16)
	switch validPort := !hasPort || portErr == nil && n > 0; {
	case validPort && strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") == "":
		return address, nil
	case strings.HasPrefix(Shown(s), hidden):
		return "", errors.New("user information is not supported in a host")
	case !validPort:
		return "", errors.New("invalid port, not a number from 1 to 65535")
	}
	return "", errors.New("invalid host name")
}

// parsePrivate parses the host of a private registry:
//
//	ACCOUNT.dkr.ecr[-fips].REGION.SUFFIX
//	ACCOUNT.dkr-ecr[-fips].REGION.SUFFIX   dual stack
func parsePrivate(host string) (Registry, error) {
	account, rest, _ := strings.Cut(host, ".")
	if len(account) != 12 || strings.Trim(account, "0123456789") != "" {
		return Registry{}, errors.New("host does not start with a 12-digit AWS account ID")
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
			return Registry{}, fmt.Errorf("invalid region %q for a host that ends in %q", r.Region, suffix)
		}
		return r, nil
	}
	return Registry{}, errors.New(`missing "dkr.ecr" or "dkr-ecr" after the AWS account ID`)
}

// forms are the labels that follow the account ID in a private host.
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

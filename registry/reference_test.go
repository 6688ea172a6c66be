package registry

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The hosts of Amazon ECR as regular expressions, written from AWS's documentation independently of Parse: those with
// IPv4 only and those with dual stack, and the regions of each partition.
var (
	referenceRegions = map[string]string{
		"aws":        `([abd-z][a-z]|c[a-mo-z])-[a-z]+-[0-9]{1,2}`, // not cn
		"aws-us-gov": `us-gov-[a-z]+-[0-9]{1,2}`,
		"aws-cn":     `cn-[a-z]+-[0-9]{1,2}`,
		"aws-eusc":   `eusc-de-[a-z]+-[0-9]{1,2}`,
		"aws-iso":    `us-iso-[a-z]+-[0-9]{1,2}`,
		"aws-iso-b":  `us-isob-[a-z]+-[0-9]{1,2}`,
		"aws-iso-e":  `eu-isoe-[a-z]+-[0-9]{1,2}`,
		"aws-iso-f":  `us-isof-[a-z]+-[0-9]{1,2}`,
	}
	referenceSuffixes = map[string]string{
		"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu",
		"aws-iso": "c2s.ic.gov", "aws-iso-b": "sc2s.sgov.gov", "aws-iso-e": "cloud.adc-e.uk", "aws-iso-f": "csp.hci.ic.gov",
	}
	referenceDualStack = map[string]string{"aws": "on.aws", "aws-us-gov": "on.aws", "aws-cn": "on.amazonwebservices.com.cn"}

	referenceHosts = compileReference()
	// referenceForm is an optional scheme, a host, an optional port, and an optional path, of printable ASCII only.
	referenceForm = regexp.MustCompile(`^(?:https://)?([a-z0-9.-]+)(?::([0-9]+))?(?:/[\x21-\x7e]*)?$`)
)

// compileReference returns the expression of each partition's hosts.
func compileReference() map[string]*regexp.Regexp {
	all := map[string]*regexp.Regexp{}
	for partition, region := range referenceRegions {
		hosts := `[0-9]{12}\.dkr\.ecr(-fips)?\.` + region + `\.` + regexp.QuoteMeta(referenceSuffixes[partition])
		if suffix := referenceDualStack[partition]; suffix != "" {
			hosts += `|[0-9]{12}\.dkr-ecr(-fips)?\.` + region + `\.` + regexp.QuoteMeta(suffix)
		}
		all[partition] = regexp.MustCompile(`^(` + hosts + `)$`)
	}
	return all
}

// reference returns the host and the partition of an input; ok is false if it is not ECR.
func reference(in string) (host, partition string, ok bool) {
	in = strings.Trim(in, " \t\r\n")
	for _, r := range in {
		if r > '~' {
			return "", "", false
		}
	}
	in = strings.ToLower(in)
	parts := referenceForm.FindStringSubmatch(in)
	if i := strings.Index(in, "://"); parts == nil || i >= 0 && i != len("https") {
		return "", "", false
	}
	if port, err := strconv.Atoi(parts[2]); parts[2] != "" && (err != nil || port < 1 || port > 65535) {
		return "", "", false
	}
	if host = parts[1]; host == "public.ecr.aws" || host == "ecr-public.aws.com" {
		return host, "aws", true
	}
	for partition, hosts := range referenceHosts {
		if hosts.MatchString(host) {
			return host, partition, true
		}
	}
	return "", "", false
}

// TestReference checks the reference itself with the known hosts.
func TestReference(t *testing.T) {
	for _, r := range vectors(t) {
		if host, partition, ok := reference(r.Host); !ok || host != r.Host || partition != r.Partition {
			t.Errorf("%s: got %q, %q, %t", r.Host, host, partition, ok)
		}
	}
	for _, in := range lines(t, "testdata/not-registries.txt") {
		if host, _, ok := reference(in); ok {
			t.Errorf("%q: got %q", in, host)
		}
	}
}

// FuzzReference checks that Parse accepts exactly the inputs that the reference accepts, with the same host and
// partition, and that net/url connects to this host.
func FuzzReference(f *testing.F) {
	for _, r := range vectors(f) {
		f.Add(r.Host)
		f.Add("HTTPS://" + strings.ToUpper(r.Host) + ":443/app:v1")
	}
	for _, s := range lines(f, "testdata/not-registries.txt") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		host, partition, ok := reference(in)
		r, err := Parse(in)
		if ok != (err == nil) || r.Host != host || r.Partition != partition {
			t.Fatalf("Parse(%q) = %+v, %v; the reference has %q, %q, %t", in, r, err, host, partition, ok)
		}
		if !ok {
			return
		}
		raw := strings.TrimSpace(in)
		if !strings.Contains(raw, "://") {
			raw = "https://" + raw
		}
		if u, err := url.Parse(raw); err == nil && (strings.ToLower(u.Hostname()) != host || u.User != nil || u.RawQuery != "" && !strings.Contains(u.Path, "/")) {
			t.Errorf("Parse(%q) = %q, and net/url connects to %q", in, host, u.Host)
		}
	})
}

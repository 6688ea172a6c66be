package registry

import "fmt"

// Private returns the private registry of an account in a region, with its IPv4-only host without FIPS. The error
// reports an account ID that does not have 12 digits, or a region that does not have the format of AWS regions.
func Private(account, region string) (Registry, error) {
	for _, p := range partitions {
		if p.claims(region) {
			return parsePrivate(account + "." + forms[0].labels + region + "." + p.suffix)
		}
	}
	return Registry{}, fmt.Errorf("invalid region %q", region)
}

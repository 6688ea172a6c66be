package registry

import "fmt"

// Private returns the private registry of an account in a region, with its IPv4-only host without FIPS. The error wraps
// ErrNotECR: the account ID must have 12 digits, and the region must have the format of AWS regions.
func Private(account, region string) (Registry, error) {
	for _, p := range partitions {
		if p.claims(region) {
			r, err := parsePrivate(account + "." + forms[0].labels + region + "." + p.suffix)
			if err != nil {
				return Registry{}, fmt.Errorf("%w: %w", ErrNotECR, err)
			}
			return r, nil
		}
	}
	return Registry{}, fmt.Errorf("%w: invalid region %q", ErrNotECR, region)
}

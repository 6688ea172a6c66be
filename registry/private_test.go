package registry

import "testing"

// TestPrivate checks the host of each partition, and that Private agrees with Parse.
func TestPrivate(t *testing.T) {
	for region, want := range map[string]string{
		"us-west-2":       "210987654321.dkr.ecr.us-west-2.amazonaws.com",
		"us-gov-west-1":   "210987654321.dkr.ecr.us-gov-west-1.amazonaws.com",
		"cn-north-1":      "210987654321.dkr.ecr.cn-north-1.amazonaws.com.cn",
		"eusc-de-east-1":  "210987654321.dkr.ecr.eusc-de-east-1.amazonaws.eu",
		"us-iso-east-1":   "210987654321.dkr.ecr.us-iso-east-1.c2s.ic.gov",
		"us-isob-east-1":  "210987654321.dkr.ecr.us-isob-east-1.sc2s.sgov.gov",
		"eu-isoe-west-1":  "210987654321.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk",
		"us-isof-south-1": "210987654321.dkr.ecr.us-isof-south-1.csp.hci.ic.gov",
	} {
		got, err := Private("210987654321", region)
		parsed, parseErr := Parse(want)
		if err != nil || parseErr != nil || got != parsed {
			t.Errorf("Private(%q) = %+v, %v; want %s", region, got, err, want)
		}
	}
}

func TestPrivateRefuses(t *testing.T) {
	for _, tt := range []struct{ account, region string }{
		{"", "us-west-2"}, {"12345678901", "us-west-2"}, {"2109876543210", "us-west-2"}, {"21098765432a", "us-west-2"},
		{"210987654321.dkr.ecr.us-west-2.amazonaws.com/", "us-west-2"},
		{"210987654321", ""}, {"210987654321", "us-west"}, {"210987654321", "US-WEST-2"}, {"210987654321", "us-west-2.amazonaws.com"},
		{"210987654321", "us-west-2 "}, {"210987654321", "/us-west-2"},
	} {
		if got, err := Private(tt.account, tt.region); err == nil || got != (Registry{}) {
			t.Errorf("Private(%q, %q) = %+v, %v; want an error", tt.account, tt.region, got, err)
		}
	}
}

package kubernetes

import (
	"testing"

	"ecrlogin/registry"
)

// The registries of the tests. Each is in a different region, so that tokens and faults of a test do not affect others.
const (
	firstHost      = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	secondHost     = "210987654321.dkr.ecr.eu-central-1.amazonaws.com"
	expiringHost   = "123456789012.dkr.ecr.us-east-2.amazonaws.com"
	cachedHost     = "123456789012.dkr.ecr.ca-central-1.amazonaws.com"
	deniedHost     = "123456789012.dkr.ecr.ap-south-1.amazonaws.com"
	busyHost       = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
	mirrorHost     = "123456789012.dkr.ecr.eu-north-1.amazonaws.com"
	configuredHost = "123456789012.dkr.ecr.ap-southeast-1.amazonaws.com"
	// The following are for pods with their own roles.
	podsHost     = "444455556666.dkr.ecr.eu-west-1.amazonaws.com"
	busyPodsHost = "444455556666.dkr.ecr.eu-west-2.amazonaws.com"
	strictHost   = "555566667777.dkr.ecr.eu-west-3.amazonaws.com"
	// The kubelet has no provider for this one, so that pods need an image pull secret.
	scenarioHost = "666677778888.dkr.ecr.sa-east-1.amazonaws.com"
)

// hosts returns the host names that resolve to the registry of the stand-in.
func hosts() []string {
	return []string{firstHost, secondHost, expiringHost, cachedHost, deniedHost, busyHost, mirrorHost, configuredHost, podsHost, busyPodsHost, strictHost, scenarioHost}
}

// plainHost is the address of a registry without TLS and passwords, which is not Amazon ECR.
const plainHost = "127.0.0.1:5000"

func regionOf(t *testing.T, host string) string {
	t.Helper()
	r, err := registry.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	return r.Region
}

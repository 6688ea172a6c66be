package kubernetes

import (
	"testing"

	"ecrlogin/registry"
)

// The registries, each in a region of its own, so that no test meets what another's token, or fault, does.
const (
	firstHost    = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
	secondHost   = "210987654321.dkr.ecr.eu-central-1.amazonaws.com"
	expiringHost = "123456789012.dkr.ecr.us-east-2.amazonaws.com"
	keptHost     = "123456789012.dkr.ecr.ca-central-1.amazonaws.com"
	deniedHost   = "123456789012.dkr.ecr.ap-south-1.amazonaws.com"
	busyHost     = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
	mirrorHost   = "123456789012.dkr.ecr.eu-north-1.amazonaws.com"
	ownHost      = "123456789012.dkr.ecr.ap-southeast-1.amazonaws.com"
	// The rest are for pods with roles of their own.
	podsHost     = "444455556666.dkr.ecr.eu-west-1.amazonaws.com"
	busyPodsHost = "444455556666.dkr.ecr.eu-west-2.amazonaws.com"
	strictHost   = "555566667777.dkr.ecr.eu-west-3.amazonaws.com"
)

// hosts returns the names under which the stand-in's registry is reached.
func hosts() []string {
	return []string{firstHost, secondHost, expiringHost, keptHost, deniedHost, busyHost, mirrorHost, ownHost, podsHost, busyPodsHost, strictHost}
}

// plainHost is the address of a registry of the user's own, without TLS or passwords.
const plainHost = "127.0.0.1:5000"

func regionOf(t *testing.T, host string) string {
	t.Helper()
	r, err := registry.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	return r.Region
}

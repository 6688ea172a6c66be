package registry_test

import (
	"testing"

	"ecrlogin/registry"
)

func TestIsUpstream(t *testing.T) {
	for address, want := range map[string]bool{
		"docker.io": true, "index.docker.io": true, "registry-1.docker.io": true, "quay.io": true, "quay.io:443": true,
		"": false, "io": false, "notquay.io": false, "mirror.quay.io": false, "public.ecr.aws": false,
		"mcr.microsoft.com": true, "example.azurecr.io": true, "azurecr.io": false, "azurecr.io.example.com": false,
		"210987654321.dkr.ecr.us-west-2.amazonaws.com": false,
	} {
		if got := registry.IsUpstream(address); got != want {
			t.Errorf("IsUpstream(%q) = %v", address, got)
		}
	}
}

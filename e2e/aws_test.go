package e2e

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"ecrlogin/e2e/sandbox"
	"ecrlogin/internal/awstest"
)

// startAWS starts the stand-in for AWS. Its registry listens on the address that the hosts of this package resolve to,
// and the clients that read certs.d trust it: Docker, Podman, Buildah and Skopeo.
func startAWS(t *testing.T) *awstest.Server {
	t.Helper()
	aws, err := awstest.Start(awstest.Options{Dir: t.TempDir(), Registry: net.JoinHostPort(sandbox.Loopback(), "443")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(aws.Close)
	authority, err := os.ReadFile(aws.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range hosts() {
		writeFile(t, filepath.Join("/etc/docker/certs.d", host, "ca.crt"), string(authority))
	}
	return aws
}

// tokenRequests returns the number of token requests for region.
func tokenRequests(aws *awstest.Server, region string) int {
	n := 0
	for _, call := range aws.Calls() {
		if call.Op == awstest.GetAuthorizationToken && call.Region == region {
			n++
		}
	}
	return n
}

package e2e

import "testing"

// crane also represents the programs that use its library, such as Kaniko.
func crane(t *testing.T) client {
	t.Helper()
	return client{
		name: "crane", title: "crane", program: lookPath(t, "crane"), allHosts: credsStore, loginFile: credHelpers,
		authority: "SSL_CERT_FILE", storesUnverified: true,
		version: `crane version`,
		push:    `crane push $LAYOUT $REF`,
		remove:  `rm -rf pulled`,
		pull:    `crane pull --format oci $REF pulled`,
		login:   `crane auth login --username AWS --password-stdin $HOST`,
		logout:  `crane auth logout $HOST`,
	}
}

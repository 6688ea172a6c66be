package e2e

import "testing"

// oras copies an image.
func oras(t *testing.T) client {
	t.Helper()
	return client{
		name: "oras", title: "ORAS", program: lookPath(t, "oras"), allHosts: credsStore,
		authority: "SSL_CERT_FILE",
		version:   `oras version | awk '$1 == "Version:" { print "v" $2 }'`,
		push:      `oras cp --from-oci-layout ` + layoutImage + ` $REF`,
		remove:    `rm -rf pulled`,
		pull:      `oras cp --to-oci-layout $REF pulled:1`,
	}
}

// TestORAS pushes and pulls an artifact that is not an image, and attaches another one to it. AWS receives one token
// request.
func TestORAS(t *testing.T) {
	aws := startAWS(t)
	c, ref := oras(t), reference(t, firstHost)
	s := newSession(t, aws, c, newImage(t), credHelpers)
	s.must(t, `
		echo '{"openapi": "3.1.0"}' >api.json
		echo '{"spdxVersion": "SPDX-2.3"}' >sbom.json
		oras push --artifact-type application/vnd.example.api $REF api.json:application/json
		oras attach --artifact-type application/vnd.example.sbom $REF sbom.json:application/json
		mkdir pulled && oras pull --output pulled $REF && cmp api.json pulled/api.json`, ref)
	attached := s.must(t, `oras discover --format go-template='{{range .referrers}}{{.reference}}{{end}}' $REF`, ref)
	s.must(t, `oras pull --output pulled $REF && cmp sbom.json pulled/sbom.json`, attached)
	s.must(t, `oras repo ls $HOST && oras repo tags ${REF%:1} && oras manifest fetch $REF && oras tag $REF 2`, ref)
	if n := len(aws.Calls()); n != 1 {
		t.Errorf("AWS received %d requests, want 1", n)
	}
	s.mustNotWritePassword(t)
}

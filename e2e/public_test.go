package e2e

import (
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"ecrlogin/internal/awstest"
)

// TestPublicImages pulls an image of ECR Public while AWS denies tokens. The pull succeeds with one request to AWS, and
// the output of the client contains the reason, which is also that of a push that the registry rejects.
func TestPublicImages(t *testing.T) {
	aws := startAWS(t)
	startDockerd(t)
	img := newImage(t)
	for _, c := range clients(t) {
		t.Run(c.name, func(t *testing.T) {
			sc := fixture{aws: aws, client: c, image: img, row: new(row)}
			// The client requests the anonymous token of BuildKit, and does not read certs.d for this.
			s, ref := sc.session(t, c.allHosts).with("SSL_CERT_FILE="+aws.CAFile), reference(t, publicHost)
			pushPublic(t, aws, img, ref)
			aws.ClearFaults()
			aws.Inject(awstest.Fault{Op: awstest.GetPublicAuthorizationToken, Type: "AccessDeniedException"})
			aws.ResetCalls()
			reasons := func(output string) (n int) {
				for line := range strings.Lines(output) {
					_, rest, ok := strings.Cut(line, publicHost+": access denied: ")
					if ok && strings.Contains(rest, "; continuing without a password, ") {
						n++
					}
				}
				return n
			}
			output := s.must(t, c.pull, ref)
			if n := reasons(output); n != 1 || n != strings.Count(output, "access denied") {
				t.Errorf("the output contains the reason in %d lines, want 1:\n%s", n, output)
			}
			if n := aws.Count(awstest.GetPublicAuthorizationToken); n != 1 {
				t.Errorf("AWS received %d requests, want 1", n)
			}
			other := strings.Replace(ref, ":1", ":2", 1)
			s.must(t, c.build, other)
			output, err := s.sh(t, c.push, other)
			if err == nil || reasons(output) != 1 {
				t.Errorf("push returned %v without the reason:\n%s", err, output)
			}
		})
	}
}

// pushPublic pushes the image to the stand-in for ECR Public, with a token of another user.
func pushPublic(t *testing.T, aws *awstest.Server, img image, ref string) {
	t.Helper()
	index, err := layout.ImageIndexFromPath(img.layout)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	built, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	login := &authn.Basic{Username: "AWS", Password: aws.IssueToken("us-east-1", true)}
	err = remote.Write(parsed, built, remote.WithTransport(aws.Client().Transport), remote.WithAuth(login))
	if err != nil {
		t.Fatal(err)
	}
}

package kubernetes

import (
	"net"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	pullsecrets "github.com/google/go-containerregistry/pkg/authn/kubernetes"
	"github.com/google/go-containerregistry/pkg/crane"
	corev1 "k8s.io/api/core/v1"

	"ecrlogin/e2e/sandbox"
	"ecrlogin/internal/awstest"
)

// TestFlux runs ecr-token-refresh with the configuration of the recipe for Flux and the permissions of the chart, and
// pulls with the library with which source-controller 1.7.0 reads the Secret of an OCIRepository.
// Source: keychain in internal/controller/ocirepository_controller.go of fluxcd/source-controller
func TestFlux(t *testing.T) {
	dir := runDir(t)
	aws, err := awstest.Start(awstest.Options{Dir: dir, Registry: net.JoinHostPort(sandbox.Loopback(), "443")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(aws.Close)
	const artifact = firstHost + "/manifests/app:latest"
	transport := crane.WithTransport(aws.Client().Transport)
	push(t, artifact, transport, crane.WithAuth(authn.FromConfig(authn.AuthConfig{
		Username: "AWS", Password: aws.IssueToken("us-west-2", false)})))

	plane := startControlPlane(t, dir)
	_, config, _ := strings.Cut(readFile(t, "../../docs/recipes/flux.md"), "<<'END'\n")
	config, _, _ = strings.Cut(config, "\nEND\n")
	a := newApplier(t, plane)
	a.createNamespace(t, "flux-system")
	a.createNamespace(t, refreshProgram)
	a.applyChart(t, "image: {repository: registry.example.com/app}\nidentity: {type: node}\nconfig:\n  "+
		strings.ReplaceAll(config, "\n", "\n  "), unedited)
	r := refreshRelease{controlPlane: plane, token: plane.tokenOf(t, refreshProgram, refreshProgram)}
	p := r.start(t, refreshRun{aws: aws, config: config})
	secret := await(t, p.log, r.client.CoreV1().Secrets("flux-system"), named("ecr"), anySecret)

	keychain, err := pullsecrets.NewFromPullSecrets(t.Context(), []corev1.Secret{*secret})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := crane.Digest(artifact, transport); err == nil {
		t.Error("the artifact can be pulled without a password")
	}
	if _, err := crane.Digest(artifact, transport, crane.WithAuthFromKeychain(keychain)); err != nil {
		t.Error(err)
	}
}

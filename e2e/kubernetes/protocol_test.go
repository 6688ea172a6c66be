package kubernetes

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/kubelet/pkg/apis/credentialprovider"
	"k8s.io/kubelet/pkg/apis/credentialprovider/install"
	v1 "k8s.io/kubelet/pkg/apis/credentialprovider/v1"
	"k8s.io/kubelet/pkg/apis/credentialprovider/v1alpha1"
	"k8s.io/kubelet/pkg/apis/credentialprovider/v1beta1"

	"ecrlogin/internal/awstest"
)

// TestProtocol holds the helper, which has types of its own, against those of Kubernetes: it reads the requests that these
// write, and they read its answers strictly, in every version.
func TestProtocol(t *testing.T) {
	aws := awstest.New(t)
	forget(t)
	for _, version := range []schema.GroupVersion{v1.SchemeGroupVersion, v1beta1.SchemeGroupVersion, v1alpha1.SchemeGroupVersion} {
		p := newPeer(t, version)
		t.Run(version.Version, func(t *testing.T) {
			ours := p.ask(t, newProvider(t, aws), &credentialprovider.CredentialProviderRequest{Image: firstHost + "/team/app"})
			auth := ours.Auth[firstHost]
			if len(ours.Auth) != 1 || auth.Username != "AWS" || !strings.HasPrefix(auth.Password, "eyJ") {
				t.Errorf("%d passwords, the one for %s with the user %q", len(ours.Auth), firstHost, auth.Username)
			}
			if ours.CacheKeyType != credentialprovider.RegistryPluginCacheKeyType {
				t.Errorf("the key of kubelet's cache is of type %s", ours.CacheKeyType)
			}
			// Half of twelve hours, less what has passed since the first version was asked about.
			if d := ours.CacheDuration; d == nil || d.Duration > 6*time.Hour || d.Duration < 6*time.Hour-time.Minute {
				t.Errorf("kubelet may keep it for %v, want about six hours", d)
			}
			others := p.ask(t, newProvider(t, aws), &credentialprovider.CredentialProviderRequest{Image: "ghcr.io/team/app"})
			if d := others.CacheDuration; len(others.Auth) != 0 || d == nil || d.Duration != 0 {
				t.Errorf("for a registry that is not ours there are %d passwords, to keep for %v", len(others.Auth), d)
			}
		})
	}
	if n := aws.Count(awstest.GetAuthorizationToken); n != 1 {
		t.Errorf("AWS was asked %d times, want once for all versions", n)
	}
}

// TestProtocolServiceAccount has the helper read what only v1 has: a token, which is not one that it could use, and a role.
func TestProtocolServiceAccount(t *testing.T) {
	o := newProvider(t, awstest.New(t)).run(t, newPeer(t, v1.SchemeGroupVersion).encode(t, &credentialprovider.CredentialProviderRequest{
		Image:                     podsHost + "/app",
		ServiceAccountToken:       "no token",
		ServiceAccountAnnotations: map[string]string{pullRoleAnnotation: appRole},
	}))
	if o.exit != 1 || o.stdout != "" || !strings.Contains(o.stderr, "token is not a JSON web token") {
		t.Errorf("exit code %d, standard output %q, standard error %q", o.exit, o.stdout, o.stderr)
	}
}

// A peer is the other side of the protocol, as it is in kubelet.
type peer struct {
	codecs  serializer.CodecFactory
	encoder runtime.Encoder
	version schema.GroupVersion
}

func newPeer(t *testing.T, version schema.GroupVersion) peer {
	t.Helper()
	scheme := runtime.NewScheme()
	install.Install(scheme)
	codecs := serializer.NewCodecFactory(scheme, serializer.EnableStrict)
	info, ok := runtime.SerializerInfoForMediaType(codecs.SupportedMediaTypes(), runtime.ContentTypeJSON)
	if !ok {
		t.Fatal("Kubernetes has no JSON")
	}
	return peer{codecs: codecs, encoder: codecs.EncoderForVersion(info.Serializer, version), version: version}
}

func (p peer) encode(t *testing.T, request *credentialprovider.CredentialProviderRequest) string {
	t.Helper()
	text, err := runtime.Encode(p.encoder, request)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ask runs the helper with a request and reads its answer, which must be of the same version.
func (p peer) ask(t *testing.T, helper provider, request *credentialprovider.CredentialProviderRequest) *credentialprovider.CredentialProviderResponse {
	t.Helper()
	o := helper.run(t, p.encode(t, request))
	if o.exit != 0 {
		t.Fatalf("exit code %d: %s", o.exit, o.stderr)
	}
	object, kind, err := p.codecs.UniversalDecoder().Decode([]byte(o.stdout), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, ok := object.(*credentialprovider.CredentialProviderResponse)
	if !ok || *kind != p.version.WithKind("CredentialProviderResponse") {
		t.Fatalf("the answer is a %v", kind)
	}
	return response
}

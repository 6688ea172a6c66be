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

// TestProtocol tests the helper's types against those of Kubernetes, in all versions. The helper decodes the requests
// of Kubernetes, and Kubernetes decodes the responses of the helper with strict checks.
func TestProtocol(t *testing.T) {
	aws := awstest.New(t)
	clearCache(t)
	for _, version := range []schema.GroupVersion{v1.SchemeGroupVersion, v1beta1.SchemeGroupVersion, v1alpha1.SchemeGroupVersion} {
		p := newPeer(t, version)
		t.Run(version.Version, func(t *testing.T) {
			ours := p.ask(t, newProvider(t, aws), &credentialprovider.CredentialProviderRequest{Image: firstHost + "/team/app"})
			auth := ours.Auth[firstHost]
			if len(ours.Auth) != 1 || auth.Username != "AWS" || !strings.HasPrefix(auth.Password, "eyJ") {
				t.Errorf("%d passwords; %s has the user name %q", len(ours.Auth), firstHost, auth.Username)
			}
			if ours.CacheKeyType != credentialprovider.RegistryPluginCacheKeyType {
				t.Errorf("the cache key type is %s", ours.CacheKeyType)
			}
			// Half of twelve hours, less the jitter, which is up to 10 percent, and the time since the first request.
			if d := ours.CacheDuration; d == nil || d.Duration > 6*time.Hour || d.Duration < 6*time.Hour*9/10-time.Minute {
				t.Errorf("the cache duration is %v, want 90 to 100 percent of six hours", d)
			}
			others := p.ask(t, newProvider(t, aws), &credentialprovider.CredentialProviderRequest{Image: "ghcr.io/team/app"})
			if d := others.CacheDuration; len(others.Auth) != 0 || d == nil || d.Duration != 0 {
				t.Errorf("a registry that is not Amazon ECR has %d passwords and cache duration %v", len(others.Auth), d)
			}
		})
	}
	if n := aws.Count(awstest.GetAuthorizationToken); n != 1 {
		t.Errorf("AWS received %d token requests, want 1 for all versions", n)
	}
}

// TestProtocolServiceAccount tests the fields that only v1 has: the role, and the token, which is invalid here.
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

// A peer is the kubelet's side of the protocol.
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
		t.Fatal("the codecs of Kubernetes do not support JSON")
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

// ask runs the helper with a request and decodes its response, which must have the same version.
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
		t.Fatalf("the response is a %v", kind)
	}
	return response
}

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	ggcr "github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/rancher/wharfie/pkg/registries"
)

// TestK3s pulls an image of Docker Hub with the code with which k3s and RKE2 read registries.yaml, after "configure
// containerd" has added a mirror to that file. The mirror gets the request for the repository with the prefix, with the
// password that the kubelet's provider returns for docker.io.
func TestK3s(t *testing.T) {
	aws := startAWS(t)
	image, err := ggcr.Image(map[string][]byte{"hello": []byte("hello")})
	if err != nil {
		t.Fatal(err)
	}
	password := authn.FromConfig(authn.AuthConfig{Username: "AWS", Password: aws.IssueToken("us-west-2", false)})
	err = ggcr.Push(image, firstHost+"/docker-hub/team/app:1", ggcr.WithAuth(password), ggcr.WithTransport(aws.Client().Transport))
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(t, aws, crane(t), newImage(t), credHelpers)
	file := filepath.Join(s.home, "k3s", "registries.yaml")
	writeFile(t, file, fmt.Sprintf("configs:\n  %s:\n    tls:\n      ca_file: %s\n", firstHost, aws.CAFile))
	config := filepath.Join(s.home, "config.yaml")
	s = s.with("ECR_LOGIN_CONFIG=" + config)
	s.must(t, "docker-credential-ecr-login configure containerd --registries-file "+file+" --config-file nowhere --mirror docker.io="+firstHost+"/docker-hub", "")
	k3s, err := registries.GetPrivateRegistries(file)
	if err != nil {
		t.Fatal(err)
	}
	k3s.DefaultKeychain = provider{t, s}
	ref, err := name.ParseReference("docker.io/team/app:1")
	if err != nil {
		t.Fatal(err)
	}
	pulled, err := k3s.Image(ref)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := image.Digest()
	if got, err := pulled.Digest(); err != nil || got != want {
		t.Errorf("pulled %v, %v; want %v", got, err, want)
	}
	s.must(t, "docker-credential-ecr-login configure undo", "")
	if content, err := os.ReadFile(file); err != nil || strings.Contains(string(content), "docker.io") {
		t.Errorf("undo left %q, %v", content, err)
	}
}

// A provider is a keychain that runs the kubelet's provider for images of Docker Hub.
type provider struct {
	t *testing.T
	s *session
}

func (p provider) Resolve(target authn.Resource) (authn.Authenticator, error) {
	link := filepath.Join(p.s.home, "ecr-credential-provider")
	if err := os.Symlink(lookPath(p.t, "docker-credential-ecr-login"), link); err != nil && !os.IsExist(err) {
		return nil, err
	}
	_, repository, _ := strings.Cut(target.String(), "/")
	cmd := exec.CommandContext(p.t.Context(), link)
	cmd.Env = p.s.env
	cmd.Stdin = strings.NewReader(fmt.Sprintf(`{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"docker.io/%s"}`, repository))
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var response struct{ Auth map[string]authn.AuthConfig }
	err = json.Unmarshal(out, &response)
	return authn.FromConfig(response.Auth["docker.io"]), err
}

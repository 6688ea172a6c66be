package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	ggcr "github.com/google/go-containerregistry/pkg/crane"

	"ecrlogin/internal/awstest"
)

// role is a role of the third account, which the identity of the second may assume.
const role = "arn:aws:iam::333344445555:role/image-puller"

// TestAccounts pulls twenty images at once with Docker Compose, which runs the helper for each. The registries belong
// to three accounts, with two profiles and a role. AWS receives one token request for each registry, and one for the
// role.
func TestAccounts(t *testing.T) {
	aws := startAWS(t)
	startDockerd(t)
	img := newImage(t)
	dev := awstest.Key{ID: "AKIADEVEXAMPLE000000", Secret: "dev/secret/EXAMPLEKEY", Account: "123456789012"}
	base := awstest.Key{ID: "AKIABASEEXAMPLE00000", Secret: "base/secret/EXAMPLEKEY", Account: "210987654321"}
	aws.AddKey(dev)
	aws.AddKey(base)
	aws.AllowRoleWithExternalID(role, "2718")
	refs := publish(t, aws, 20)
	for _, c := range dockers(t) {
		t.Run(c.name, func(t *testing.T) {
			aws.ResetCalls()
			aws.ClearFaults()
			s := newSession(t, aws, c, img, credsStore).anonymous()
			s.configureProfiles(t, map[string]awstest.Key{"dev": dev, "base": base})
			s.installCompose(t, refs)
			// The other helpers start before the first responses arrive.
			aws.Inject(awstest.Fault{Op: awstest.GetAuthorizationToken, Delay: time.Second})
			s.must(t, "docker compose pull --quiet", "")
			for _, ref := range refs {
				s.must(t, "docker image inspect $REF && docker rmi --force $REF", ref)
			}
			requests := map[string]int{}
			for _, call := range aws.Calls() {
				as := call.KeyID
				if as != dev.ID && as != base.ID {
					as = "role"
				}
				requests[fmt.Sprintf("%s in %s as %s", call.Op, call.Region, as)]++
			}
			want := map[string]int{
				"GetAuthorizationToken in us-west-2 as " + dev.ID:     1,
				"GetAuthorizationToken in eu-central-1 as " + base.ID: 1,
				"AssumeRole in ap-south-1 as " + base.ID:              1,
				"GetAuthorizationToken in ap-south-1 as role":         1,
			}
			if !maps.Equal(requests, want) {
				t.Errorf("AWS received %v, want %v", requests, want)
			}
		})
	}
}

// configureProfiles writes the AWS files with a profile for each key but no default profile, and the helper's
// configuration with a profile for each registry.
func (s *session) configureProfiles(t *testing.T, profiles map[string]awstest.Key) {
	t.Helper()
	var credentials strings.Builder
	for name, key := range profiles {
		fmt.Fprintf(&credentials, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", name, key.ID, key.Secret)
	}
	writeFile(t, filepath.Join(s.home, ".aws/credentials"), credentials.String())
	s.configureHelper(t, fmt.Sprintf(`
registries:
  - match: %s
    profile: dev
  - match: %s
    profile: base
  - match: %s
    profile: base
    roleArn: %s
    externalId: "2718"
`, "123456789012.dkr.ecr.*.amazonaws.com", secondHost, thirdHost, role))
}

// installCompose installs Compose for the user, and writes a Compose file with a service for each image.
func (s *session) installCompose(t *testing.T, refs []string) {
	t.Helper()
	plugins := filepath.Join(filepath.Dir(s.dockerConfig()), "cli-plugins")
	if err := os.Mkdir(plugins, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(lookPath(t, "docker-compose"), filepath.Join(plugins, "docker-compose")); err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	file.WriteString("services:\n")
	for i, ref := range refs {
		fmt.Fprintf(&file, "  service%d:\n    image: %s\n", i, ref)
	}
	writeFile(t, filepath.Join(s.home, "compose.yaml"), file.String())
}

// publish pushes n different images to the three registries in turn.
func publish(t *testing.T, aws *awstest.Server, n int) (refs []string) {
	t.Helper()
	regions := map[string]string{firstHost: "us-west-2", secondHost: "eu-central-1", thirdHost: "ap-south-1"}
	for i := range n {
		host := []string{firstHost, secondHost, thirdHost}[i%3]
		image, err := ggcr.Image(map[string][]byte{"number": fmt.Append(nil, i)})
		if err != nil {
			t.Fatal(err)
		}
		ref := fmt.Sprintf("%s/accounts/image-%d:1", host, i)
		password := authn.FromConfig(authn.AuthConfig{Username: "AWS", Password: aws.IssueToken(regions[host], false)})
		if err := ggcr.Push(image, ref, ggcr.WithAuth(password), ggcr.WithTransport(aws.Client().Transport)); err != nil {
			t.Fatal(err)
		}
		refs = append(refs, ref)
	}
	return refs
}

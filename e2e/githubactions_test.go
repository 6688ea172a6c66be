package e2e

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"ecrlogin/internal/awstest"
)

// TestGitHubActions runs the workflow of the recipe with act, which runs GitHub's workflows on this machine. The action
// is that of this repository. It downloads the helper from a stand-in for GitHub. The step that assumes a role is
// replaced by one that exports an access key, because its source is not in this repository. act replaces the checkout.
func TestGitHubActions(t *testing.T) {
	aws := startAWS(t)
	startDockerd(t)
	s := newSession(t, aws, docker(debianDocker), newImage(t), "")
	github := s.serveRelease(t, "/OWNER/ecr-login/releases/download/0.1.0/")
	writeFile(t, filepath.Join(s.home, "role/action.yml"), exportKey)
	writeFile(t, filepath.Join(s.home, "repository/.github/workflows/image.yml"), recipe(t, "github-actions", "yaml")[0])
	// The action puts the helper that it downloads before this one on PATH.
	writeFile(t, filepath.Join(s.home, "bin/docker-credential-ecr-login"), "#!/bin/sh\nexit 1\n")
	s.anonymous().must(t, `
		chmod 755 bin/docker-credential-ecr-login
		mkdir -p action/deploy
		cp `+root(t)+`/action.yml action
		cp -R `+root(t)+`/deploy/action action/deploy
		cp $CONTEXT/* repository
		cd repository
		git init --quiet
		git add .
		git -c user.name=dev -c user.email=dev@example.com commit --quiet --message start
		act --platform ubuntu-24.04=-self-hosted --no-cache-server --github-instance `+github+` \
			--local-repository OWNER/ecr-login@0.1.0=$HOME/action \
			--local-repository aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c=$HOME/role`, "")
	if n := tokenRequests(aws, "us-west-2"); n != 1 {
		t.Errorf("AWS received %d token requests, want 1", n)
	}
	s.mustNotWritePassword(t)
	ref := firstHost + "/team/app:" + strings.TrimSpace(s.must(t, `git -C repository rev-parse HEAD`, ""))
	s.must(t, `rm bin/docker-credential-ecr-login`, "")
	s.must(t, s.client.remove, ref)
	s.must(t, s.client.pull, ref)
}

// exportKey is an action with the inputs of aws-actions/configure-aws-credentials.
const exportKey = `
name: export an access key
inputs:
  role-to-assume: {required: true}
  aws-region: {required: true}
runs:
  using: composite
  steps:
    - shell: bash
      run: |
        echo AWS_REGION=${{ inputs.aws-region }} >>"$GITHUB_ENV"
        echo AWS_ACCESS_KEY_ID=` + awstest.KeyID + ` >>"$GITHUB_ENV"
        echo AWS_SECRET_ACCESS_KEY=` + awstest.SecretKey + ` >>"$GITHUB_ENV"
`

// serveRelease serves a release with the helper via HTTPS at path, and returns the host and port of the server. curl of
// the session trusts it.
func (s *session) serveRelease(t *testing.T, path string) (address string) {
	t.Helper()
	release := filepath.Join(s.home, "release")
	s.must(t, `
		name=docker-credential-ecr-login-0.1.0-linux-`+runtime.GOARCH+`
		mkdir -p release/$name
		cp "$(command -v docker-credential-ecr-login)" release/$name
		cd release
		tar -c $name | gzip -1 >$name.tar.gz
		sha256sum $name.tar.gz >SHA256SUMS`, "")
	server := httptest.NewTLSServer(http.StripPrefix(path, http.FileServer(http.Dir(release))))
	t.Cleanup(server.Close)
	authority := filepath.Join(s.home, "github.pem")
	writeFile(t, authority, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	s.env = append(s.env, "CURL_CA_BUNDLE="+authority)
	return strings.TrimPrefix(server.URL, "https://")
}

// root returns the path of this repository.
func root(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

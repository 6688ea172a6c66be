package e2e

import (
	"os/exec"
	"strings"
	"testing"

	"ecrlogin/internal/awstest"
)

// TestKo builds an image with ko. Its built-in helper for Amazon ECR finds no identity, so that ko runs the helper,
// which is configured with a profile.
func TestKo(t *testing.T) {
	aws := startAWS(t)
	dev := awstest.Key{ID: "AKIADEVEXAMPLE000000", Secret: "dev/secret/EXAMPLEKEY", Account: "123456789012"}
	aws.AddKey(dev)
	c, ref := ko(t), reference(t, firstHost)
	s := newSession(t, aws, c, newImage(t), credHelpers).anonymous()
	s.configureProfiles(t, map[string]awstest.Key{"dev": dev})
	for _, step := range []string{c.build, c.push, c.remove, c.pull} {
		s.must(t, step, ref)
	}
	if n, all := aws.CountKey(awstest.GetAuthorizationToken, dev.ID), len(aws.Calls()); n != 1 || all != 1 {
		t.Errorf("AWS received %d token requests with the profile, and %d requests in total, want 1", n, all)
	}
	s.clearCache(t)
	deny(aws)
	if output, err := s.sh(t, c.push, ref); err == nil || deniedLine(output) == "" {
		t.Errorf("push returned %v without the error of the helper:\n%s", err, output)
	}
}

// ko builds an image of a Go program and pushes it. It pulls the base image. The first base image is that of the other
// clients, which crane pushes.
func ko(t *testing.T) client {
	t.Helper()
	build := `cd app && GOPROXY=off GOFLAGS=-buildvcs=false GOCACHE=` + goCache(t) + ` ko build --bare --sbom none `
	return client{
		program:   lookPath(t, "ko"),
		authority: "SSL_CERT_FILE",
		build: `mkdir -p app
			printf 'module example.com/app\n' >app/go.mod
			printf 'package main\nfunc main() { println("hello") }\n' >app/main.go
			crane push $LAYOUT ${REF%:1}-base:1`,
		push:   `export KO_DEFAULTBASEIMAGE=${REF%:1}-base:1 KO_DOCKER_REPO=${REF%:1}; ` + build + `--tags 1 .`,
		remove: `rm -rf app/pulled`,
		pull: `export KO_DEFAULTBASEIMAGE=$REF KO_DOCKER_REPO=none.example; ` + build +
			`--push=false --oci-layout-path pulled .`,
	}
}

// goCache returns the directory of the Go build cache. ko uses it, so that it does not compile the standard library.
func goCache(t *testing.T) string {
	t.Helper()
	dir, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(dir))
}

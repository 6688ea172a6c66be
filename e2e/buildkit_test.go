package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/e2e/sandbox"
	"ecrlogin/internal/awstest"
)

// buildBuildKit builds BuildKit's client, its daemon, and Docker Compose. They are in one module, because they use the
// same packages. BuildKit 0.34 cannot be built as a dependency: the proxy does not have all of its modules.
func buildBuildKit(bin string) error {
	return errors.Join(
		sandbox.GoBuild("buildkit", filepath.Join(bin, "docker-compose"), "github.com/docker/compose/v2/cmd"),
		sandbox.GoBuild("buildkit", filepath.Join(bin, "buildctl"), "github.com/moby/buildkit/cmd/buildctl"),
		sandbox.GoBuild("buildkit", filepath.Join(bin, "buildkitd"), "github.com/moby/buildkit/cmd/buildkitd"),
	)
}

// buildctl is the client of a daemon that startBuildkitd has started. Push builds the image, too. The daemon requests
// passwords from the client, which runs the helper.
func buildctl(t *testing.T) client {
	t.Helper()
	const build = `buildctl build --progress plain --frontend dockerfile.v0 `
	return client{
		name: "buildctl", title: "BuildKit (buildctl)", program: lookPath(t, "buildctl"), allHosts: credsStore,
		version: `env -u HOME go version -m $(readlink -f $(command -v buildctl)) | awk '$2 == "github.com/moby/buildkit" { print $3 }'`,
		push:    build + `--local context=$CONTEXT --local dockerfile=$CONTEXT --output type=image,name=$REF,push=true`,
		remove:  `rm -rf pulled; buildctl prune --all`,
		pull: `mkdir pulled && echo FROM $REF >pulled/Dockerfile
			` + build + `--local context=pulled --local dockerfile=pulled --output type=local,dest=pulled
			cmp pulled/hello $CONTEXT/hello`,
		run: `echo 'RUN ["/hello"]' >>pulled/Dockerfile
			` + build + `--local context=pulled --local dockerfile=pulled --no-cache`,
	}
}

// startBuildkitd starts a BuildKit daemon on its usual socket, which is inside the sandbox. It has no AWS identity and
// no home directory.
func startBuildkitd(t *testing.T, aws *awstest.Server) {
	t.Helper()
	dir := runtimeDir(t)
	var config strings.Builder
	fmt.Fprintf(&config, `root = %q
[worker.oci]
  binary = "runc"
  defaultCgroupParent = %q
[worker.containerd]
  enabled = false
`, filepath.Join(dir, "root"), sandbox.CgroupParent())
	for _, host := range hosts() {
		fmt.Fprintf(&config, "[registry.%q]\n  ca = [%q]\n", host, aws.CAFile)
	}
	writeFile(t, filepath.Join(dir, "buildkitd.toml"), config.String())
	responds := func() bool { return exec.Command("buildctl", "debug", "workers").Run() == nil }
	startDaemon(t, []string{"PATH=" + os.Getenv("PATH")}, responds,
		"buildkitd", "--config="+filepath.Join(dir, "buildkitd.toml"))
}

// TestBuildKit builds an image on base images of two accounts, and pushes it and the build cache. The second build uses
// that cache. Each build sends one token request to each of the regions.
func TestBuildKit(t *testing.T) {
	aws := startAWS(t)
	startBuildkitd(t, aws)
	c, ref := buildctl(t), reference(t, firstHost)
	s := newSession(t, aws, c, newImage(t), credHelpers)
	base, second := reference(t, firstHost+"/base"), publish(t, aws, 2)[1]
	s.must(t, c.push, base)
	writeFile(t, filepath.Join(s.home, "app/Dockerfile"),
		fmt.Sprintf("FROM %s\nCOPY --from=%s /number /number\nRUN [\"/hello\"]\n", base, second))
	const build = `buildctl build --progress plain --frontend dockerfile.v0 --local context=app --local dockerfile=app \
		--output type=image,name=$REF,push=true --import-cache type=registry,ref=${REF%:1}:cache \
		--export-cache type=registry,ref=${REF%:1}:cache,mode=max,image-manifest=true,oci-mediatypes=true`
	for _, cached := range []bool{false, true} {
		s.must(t, c.remove, "")
		s.clearCache(t)
		aws.ResetCalls()
		output := s.must(t, build, ref)
		if strings.Contains(output, "CACHED") != cached || strings.Contains(output, greeting) == cached {
			t.Errorf("the build does not run its command once; cached is %t:\n%s", cached, output)
		}
		west, central := tokenRequests(aws, "us-west-2"), tokenRequests(aws, "eu-central-1")
		if west != 1 || central != 1 || len(aws.Calls()) != 2 {
			t.Errorf("AWS received %d and %d token requests, and %d requests in total, want 1 for each registry",
				west, central, len(aws.Calls()))
		}
	}
	s.must(t, c.remove, "")
	s.must(t, c.pull, ref)
	s.mustNotWritePassword(t)
}

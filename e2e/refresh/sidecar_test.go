package refresh

import (
	"os"
	"strings"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// The configuration of Spinnaker's sidecar and where it is, as published.
const (
	sidecarConfig = `interval: 30m
registries:
  - registryId: "123456789012"
    region: us-west-2
    passwordFile: /opt/passwords/my-registry.pass
`
	sidecarConfigPath   = "/opt/config/ecr-token-refresh/config.yaml"
	sidecarPasswordFile = "/opt/passwords/my-registry.pass"
)

// tokenLife is the life of a token in the tests of rotations. It is rotated after half of it.
const tokenLife = 6 * time.Second

// TestSidecar runs the daemon with the configuration of the sidecar that it replaces. Another user reads the password
// file during rotations.
func TestSidecar(t *testing.T) {
	const opens, contents = 100_000, 6
	aws := startAWS(t)
	aws.SetTokenLifetime(tokenLife)
	writeFile(t, sidecarConfigPath, sidecarConfig)
	if err := os.MkdirAll("/opt/passwords", 0o755); err != nil {
		t.Fatal(err)
	}
	d := startDefault(t, aws, keys())
	d.await(t, "/readyz", 200)
	found := startReader(t, aws, sidecarPasswordFile, opens, contents).finish(t, aws)
	if found.Requests < opens/1000 {
		t.Errorf("the registry was requested %d times", found.Requests)
	}
	if _, body := d.get("/health"); body != `{"status":"healthy"}`+"\n" {
		t.Errorf("/health: %s", body)
	}
	if got := readFile(t, sidecarConfigPath); got != sidecarConfig {
		t.Errorf("the configuration has changed:\n%s", got)
	}
	info, err := os.Stat(sidecarPasswordFile)
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	log := d.log.String()
	if n := strings.Count(log, `"level":"WARN"`); n != 1 || !containsAll(log, []string{"mode", "fsGroup"}) {
		t.Errorf("%d warnings, want one about mode and fsGroup:\n%s", n, log)
	}
	// A token is rotated after half of its life, or up to a tenth of that earlier.
	limit := 1 + int(time.Since(d.started)/(tokenLife/2*9/10))
	if n := aws.Count(awstest.GetAuthorizationToken); n > limit {
		t.Errorf("AWS received %d token requests in %v, want at most %d", n, time.Since(d.started), limit)
	}
	d.stop(t)
	d.mustExit(t, 0)
}

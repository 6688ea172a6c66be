package main

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"ecrlogin/internal/awstest"
)

// sidecarConfig is the published configuration of the sidecar that this program replaces, byte for byte.
const sidecarConfig = `interval: 30m
registries:
  - registryId: "123456789012"
    region: us-west-2
    passwordFile: /opt/passwords/my-registry.pass
`

// TestSidecar runs the program with the configuration of the sidecar at its path, in a mount namespace with an empty
// /opt. The file contains the password and nothing else, and other users can read it.
func TestSidecar(t *testing.T) {
	const script = `mount -t tmpfs none /opt && mkdir -p /opt/config/ecr-token-refresh /opt/passwords &&
printf %s "$CONFIG" >/opt/config/ecr-token-refresh/config.yaml &&
ecr-token-refresh --once >&2 && stat -c %a /opt/passwords/my-registry.pass >&2 && cat /opt/passwords/my-registry.pass`
	if out, err := exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "none", "/opt").CombinedOutput(); err != nil {
		t.Skipf("requires a mount namespace: %v: %s", err, out)
	}
	aws := awstest.New(t)
	cmd := exec.Command("unshare", "-rm", "sh", "-c", script)
	cmd.Env = append(os.Environ(), "CONFIG="+sidecarConfig, "HOME="+t.TempDir(), "GORACE=atexit_sleep_ms=0",
		"AWS_ACCESS_KEY_ID="+awstest.KeyID, "AWS_SECRET_ACCESS_KEY="+awstest.SecretKey,
		"AWS_CA_BUNDLE="+aws.CAFile, "HTTPS_PROXY="+aws.Proxy)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	password, err := cmd.Output()
	if err != nil || !strings.HasSuffix(stderr.String(), "\n644\n") {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	r, err := http.NewRequest(http.MethodGet, "https://123456789012.dkr.ecr.us-west-2.amazonaws.com/v2/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("AWS", string(password))
	resp, err := aws.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the registry answers %s to the content of the file", resp.Status)
	}
}

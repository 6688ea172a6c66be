package kubernetes

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"ecrlogin/internal/awstest"
)

// cacheDir is the helper's cache directory when it runs as root without HOME.
const cacheDir = "/var/cache/ecr-login"

// requestOf returns the request of the kubelet for an image.
func requestOf(image string) string {
	return `{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"` + image + `"}` + "\n"
}

// A provider runs the helper as the kubelet does: as root, without HOME, with only the variables env, and with a
// request on standard input.
type provider struct {
	program string // path
	args    []string
	env     []string
}

// newProvider returns a provider that connects to aws.
func newProvider(t *testing.T, aws *awstest.Server, env ...string) provider {
	t.Helper()
	return provider{
		program: lookPath(t, "docker-credential-ecr-login"),
		args:    []string{"kubelet"},
		env: append(env, "AWS_ACCESS_KEY_ID="+awstest.KeyID, "AWS_SECRET_ACCESS_KEY="+awstest.SecretKey,
			"AWS_EC2_METADATA_DISABLED=true", "AWS_CA_BUNDLE="+aws.CAFile, "HTTPS_PROXY="+aws.Proxy),
	}
}

// An outcome is the result of one run of the helper.
type outcome struct {
	stdout, stderr string
	exit           int
	took           time.Duration
}

func (p provider) run(t *testing.T, request string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), p.program, p.args...)
	cmd.Env = p.env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewBufferString(request), &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Error(err)
		return outcome{exit: -1}
	}
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode(), took}
}

// passwordIn returns the password of a response, which must contain exactly one.
func passwordIn(t *testing.T, o outcome) string {
	t.Helper()
	var response struct {
		Auth map[string]struct{ Password string }
	}
	if err := json.Unmarshal([]byte(o.stdout), &response); err != nil || o.exit != 0 || len(response.Auth) != 1 {
		t.Fatalf("exit code %d, %d passwords, error %v, standard error %q", o.exit, len(response.Auth), err, o.stderr)
	}
	for _, auth := range response.Auth {
		return auth.Password
	}
	panic("unreachable")
}

// clearCache removes the cache directory of the sandbox, now and at the end of the test.
func clearCache(t *testing.T) {
	t.Helper()
	remove := func() {
		if err := os.RemoveAll(cacheDir); err != nil {
			t.Error(err)
		}
	}
	remove()
	t.Cleanup(remove)
}

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

// cacheDir is where the helper keeps passwords when it runs as root without a home.
const cacheDir = "/var/cache/ecr-login"

// requestOf is what kubelet sends for an image.
func requestOf(image string) string {
	return `{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"` + image + `"}` + "\n"
}

// A provider runs the helper as kubelet does: as root, with no home, nothing but env in the environment, and a request on
// standard input.
type provider struct {
	program string // path
	args    []string
	env     []string
}

// newProvider returns one that asks that AWS.
func newProvider(t *testing.T, aws *awstest.Server, env ...string) provider {
	t.Helper()
	return provider{
		program: look(t, "docker-credential-ecr-login"),
		args:    []string{"kubelet"},
		env: append(env, "AWS_ACCESS_KEY_ID="+awstest.KeyID, "AWS_SECRET_ACCESS_KEY="+awstest.SecretKey,
			"AWS_EC2_METADATA_DISABLED=true", "AWS_CA_BUNDLE="+aws.CAFile, "HTTPS_PROXY="+aws.Proxy),
	}
}

// An outcome is what one run of the helper gave.
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

// passwordIn returns the only password of an answer.
func passwordIn(t *testing.T, o outcome) string {
	t.Helper()
	var answer struct {
		Auth map[string]struct{ Password string }
	}
	if err := json.Unmarshal([]byte(o.stdout), &answer); err != nil || o.exit != 0 || len(answer.Auth) != 1 {
		t.Fatalf("exit code %d, %d passwords, error %v, and on standard error %q", o.exit, len(answer.Auth), err, o.stderr)
	}
	for _, auth := range answer.Auth {
		return auth.Password
	}
	panic("unreachable")
}

// forget drops all that the helper keeps for the machine, which is the sandbox's own, now and at the end.
func forget(t *testing.T) {
	t.Helper()
	drop := func() {
		if err := os.RemoveAll(cacheDir); err != nil {
			t.Error(err)
		}
	}
	drop()
	t.Cleanup(drop)
}

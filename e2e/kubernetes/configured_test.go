package kubernetes

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/internal/awstest"
)

// configured starts the kubelet with the flags of "configure kubelet" and AWS keys in its environment. It runs a pod
// that pulls with the node's identity and one that pulls with its own role. "doctor" finds no problems.
func configured(t *testing.T, c *cluster) {
	image := publish(t, c.aws, configuredHost, "app")
	c.node.configureKubelet(t, c.aws, "--service-accounts")

	ns := c.newNamespace(t)
	ns.allowAudience(t)
	ns.serviceAccount(t, "app", map[string]string{pullRoleAnnotation: appRole})
	c.aws.AllowRoleForSubject(appRole, ns.subject("app"), audience)
	c.aws.ResetCalls()
	for _, name := range []string{"default", "app"} {
		ns.podOf(t, name, name, image)
		ns.awaitRunning(t, name)
	}
	if all, asNode, roles := tokenRequests(t, c.aws, configuredHost), c.aws.CountKey(awstest.GetAuthorizationToken, awstest.KeyID), c.aws.Count(awstest.AssumeRoleWithWebIdentity); all != 2 || asNode != 1 || roles != 1 {
		t.Errorf("AWS received %d token requests, %d of them with the node's key, and %d role requests; want 2, 1 and 1", all, asNode, roles)
	}
	if out, err := c.node.command(t, "doctor", "--kubelet", image); err != nil || !strings.Contains(out, "no problems found") {
		t.Errorf("doctor: %v\n%s", err, out)
	}
}

// configureKubelet runs "configure kubelet", and restarts the kubelet with its flags and with AWS keys. It returns the
// path of the CredentialProviderConfig.
func (n *node) configureKubelet(t *testing.T, aws *awstest.Server, args ...string) (config string) {
	t.Helper()
	dir := filepath.Join(n.dir, "configured")
	config = filepath.Join(dir, "providers.yaml")
	flags := n.configure(t, append(args, "--bin-dir="+filepath.Join(dir, "bin"), "--config-file="+config)...)
	n.args = append(n.args, flags...) // these override the earlier flags
	n.env = append(n.env, newProvider(t, aws).env...)
	n.restartKubelet(t)
	return config
}

// command runs a command of the helper on the node, with the kubelet's environment.
func (n *node) command(t *testing.T, args ...string) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "docker-credential-ecr-login", args...)
	cmd.Env = append(n.env, "HOME="+t.TempDir())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// configure runs "configure kubelet" and returns the kubelet flags in its output.
func (n *node) configure(t *testing.T, args ...string) (flags []string) {
	t.Helper()
	out, err := n.command(t, append([]string{"configure", "kubelet"}, args...)...)
	for line := range strings.Lines(out) {
		if flag := strings.TrimSpace(line); strings.HasPrefix(flag, "--image-credential-provider-") {
			flags = append(flags, flag)
		}
	}
	if err != nil || len(flags) != 2 {
		t.Fatalf("configure kubelet: %v\n%s", err, out)
	}
	return flags
}

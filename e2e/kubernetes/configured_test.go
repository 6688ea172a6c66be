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
	dir := filepath.Join(c.node.dir, "configured")
	flags := c.node.configure(t, "--service-accounts", "--bin-dir="+filepath.Join(dir, "bin"), "--config-file="+filepath.Join(dir, "providers.yaml"))
	c.node.args = append(c.node.args, flags...) // these override the earlier flags
	c.node.env = append(c.node.env, newProvider(t, c.aws).env...)
	c.node.restartKubelet(t)

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

package kubernetes

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ecrlogin/internal/awstest"
)

// configured starts kubelet as "configure kubelet" says, with AWS keys in its environment, and runs a pod that pulls as the
// node and one that pulls with a role of its own. Doctor finds nothing wrong.
func configured(t *testing.T, c *cluster) {
	image := publish(t, c.aws, ownHost, "app")
	dir := filepath.Join(c.node.dir, "configured")
	flags := c.node.configure(t, "--service-accounts", "--bin-dir="+filepath.Join(dir, "bin"), "--config-file="+filepath.Join(dir, "providers.yaml"))
	c.node.args = append(c.node.args, flags...) // the last of two counts
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
	if all, asNode, roles := asked(t, c.aws, ownHost), c.aws.CountKey(awstest.GetAuthorizationToken, awstest.KeyID), c.aws.Count(awstest.AssumeRoleWithWebIdentity); all != 2 || asNode != 1 || roles != 1 {
		t.Errorf("AWS was asked for %d passwords, %d of them as the node, and for %d roles; want 2, 1 and 1", all, asNode, roles)
	}
	if out, err := c.node.command(t, "doctor", "--kubelet", image); err != nil || !strings.Contains(out, "no problems found") {
		t.Errorf("doctor ended with %v and says\n%s", err, out)
	}
}

// command runs a command for people on the node, with kubelet's environment.
func (n *node) command(t *testing.T, args ...string) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "docker-credential-ecr-login", args...)
	cmd.Env = append(n.env, "HOME="+t.TempDir())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// configure runs "configure kubelet" and returns the flags that it says kubelet needs.
func (n *node) configure(t *testing.T, args ...string) (flags []string) {
	t.Helper()
	out, err := n.command(t, append([]string{"configure", "kubelet"}, args...)...)
	for line := range strings.Lines(out) {
		if flag := strings.TrimSpace(line); strings.HasPrefix(flag, "--image-credential-provider-") {
			flags = append(flags, flag)
		}
	}
	if err != nil || len(flags) != 2 {
		t.Fatalf("it ended with %v and says\n%s", err, out)
	}
	return flags
}

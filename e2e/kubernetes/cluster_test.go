package kubernetes

import (
	"net"
	"os"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"

	"ecrlogin/e2e/sandbox"
	"ecrlogin/internal/awstest"
)

// A cluster is a control plane with one node, and the stand-in for AWS that it pulls from.
type cluster struct {
	plane  controlPlane
	aws    *awstest.Server
	client kubernetes.Interface
	node   *node
}

// startCluster starts a cluster and waits until the node is ready. The cluster is stopped at the end of the test.
// Mounts and processes in pods end with the sandbox.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	dir, err := os.MkdirTemp("/run", "cluster-") // sockets require short names
	if err != nil {
		t.Fatal(err)
	}
	aws, err := awstest.Start(awstest.Options{Dir: dir, Registry: net.JoinHostPort(sandbox.Loopback(), "443")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(aws.Close)
	plane := startControlPlane(t, dir)
	aws.TrustIssuer(&plane.key.PublicKey)
	c := &cluster{plane: plane, aws: aws, client: plane.client, node: startNode(t, dir, aws, plane)}
	await(t, c.node.log, c.client.CoreV1().Nodes(), named(nodeName), func(n *corev1.Node) bool {
		for _, condition := range n.Status.Conditions {
			if condition.Type == corev1.NodeReady {
				return condition.Status == corev1.ConditionTrue
			}
		}
		return false
	})
	return c
}

package kubernetes

import (
	"testing"

	"ecrlogin/internal/awstest"
)

// denied tests where the cause of a denied pull is shown. The kubelet's log contains the helper's error. The pod's
// status contains only the registry's error for a pull without a password.
func denied(t *testing.T, c *cluster) {
	image := publish(t, c.aws, deniedHost, "app")
	c.aws.Inject(awstest.Fault{
		Op: awstest.GetAuthorizationToken, Status: 400, Type: "AccessDeniedException",
		Message: "User: arn:aws:iam::123456789012:user/node is not authorized to perform: ecr:GetAuthorizationToken " +
			"on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action",
	})
	defer c.aws.ClearFaults()
	start := c.node.log.length()
	ns := c.newNamespace(t)
	ns.pod(t, "app", image)
	ns.mustFailToPull(t, "app")
	c.node.log.await(t, start, "Failed to provide credentials for image", "ecr-credential-provider", deniedHost+": access denied: ", "(arn:aws:iam::123456789012:user/node) is not authorized to call ecr:GetAuthorizationToken")
}

package kubernetes

import (
	"testing"

	"ecrlogin/internal/awstest"
)

// denied shows where somebody finds out why an image cannot be pulled: kubelet's log has the helper's sentence, and the pod
// only what the registry said to a pull without a password.
func denied(t *testing.T, c *cluster) {
	image := publish(t, c.aws, deniedHost, "app")
	c.aws.Inject(awstest.Fault{
		Op: awstest.GetAuthorizationToken, Status: 400, Type: "AccessDeniedException",
		Message: "User: arn:aws:iam::123456789012:user/node is not authorized to perform: ecr:GetAuthorizationToken " +
			"on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action",
	})
	defer c.aws.ClearFaults()
	said := c.node.log.said()
	ns := c.newNamespace(t)
	ns.pod(t, "app", image)
	ns.mustBeRefused(t, "app")
	c.node.log.await(t, said, "Failed to provide credentials for image", "ecr-credential-provider", deniedHost+": access denied: ", "(arn:aws:iam::123456789012:user/node) is not authorized to call ecr:GetAuthorizationToken")
}

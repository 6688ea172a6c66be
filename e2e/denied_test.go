package e2e

import (
	"strings"
	"testing"

	"ecrlogin/internal/awstest"
)

// denied pushes and pulls while AWS denies tokens. The output of the client must contain the helper's error.
func denied(t *testing.T, sc fixture) {
	s, ref := sc.session(t, credHelpers), reference(t, firstHost)
	s.must(t, sc.client.build, ref)
	s.must(t, sc.client.push, ref)
	deny(sc.aws)
	s.clearCache(t)
	if output, err := s.sh(t, sc.client.push, ref); err == nil || deniedLine(output) == "" {
		t.Errorf("push returned %v without the error of the helper:\n%s", err, output)
	}
	s.must(t, sc.client.remove, ref)
	output, err := s.sh(t, sc.client.pull, ref)
	if err == nil || deniedLine(output) == "" {
		t.Errorf("pull returned %v without the error of the helper:\n%s", err, output)
	}
	sc.row.ref, sc.row.denied = ref, output
}

// deniedLine returns the line of output with the registry, the cause, and the permission to allow, or "".
func deniedLine(output string) string {
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, firstHost+": access denied: ") && strings.Contains(line, "ecr:GetAuthorizationToken") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// deny makes the stand-in deny tokens with an error message of AWS.
func deny(aws *awstest.Server) {
	aws.Inject(awstest.Fault{
		Op:     awstest.GetAuthorizationToken,
		Status: 400,
		Type:   "AccessDeniedException",
		Message: "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ecr:GetAuthorizationToken " +
			"on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action",
	})
}

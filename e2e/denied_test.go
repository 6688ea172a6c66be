package e2e

import (
	"strings"
	"testing"

	"ecrlogin/internal/awstest"
)

// denied pushes and pulls while AWS allows neither, and looks at what the user sees.
func denied(t *testing.T, sc scene) {
	s, ref := sc.session(t, credHelpers), reference(t, firstHost)
	s.must(t, sc.client.build, ref)
	s.must(t, sc.client.push, ref)
	deny(sc.aws)
	s.forget(t)
	if output, err := s.sh(t, sc.client.push, ref); err == nil || denial(output) == "" {
		t.Errorf("push ended with %v and does not say why:\n%s", err, output)
	}
	s.must(t, sc.client.remove, ref)
	output, err := s.sh(t, sc.client.pull, ref)
	if err == nil || denial(output) == "" {
		t.Errorf("pull ended with %v and does not say why:\n%s", err, output)
	}
	sc.row.ref, sc.row.denied = ref, output
}

// denial returns the line of output that tells which registry, what went wrong and
// what to allow, or "".
func denial(output string) string {
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, firstHost+": access denied: ") && strings.Contains(line, "ecr:GetAuthorizationToken") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// deny makes AWS refuse passwords, in its own words.
func deny(aws *awstest.Server) {
	aws.Inject(awstest.Fault{
		Op:     awstest.GetAuthorizationToken,
		Status: 400,
		Type:   "AccessDeniedException",
		Message: "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ecr:GetAuthorizationToken " +
			"on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action",
	})
}

package e2e

import (
	"strings"
	"testing"
)

// TestSessionPolicy uses a role that may push everywhere, with allow and repositories in the rule. The registry of the
// stand-in applies the session policy to the use of the token; whether Amazon ECR does was not tried.
func TestSessionPolicy(t *testing.T) {
	aws := startAWS(t)
	img := newImage(t)
	aws.AllowRole("arn:aws:iam::123456789012:role/ci")
	const rule = `registries:
  - match: "*.dkr.ecr.*.amazonaws.com"
    roleArn: arn:${partition}:iam::${account}:role/ci
`
	for _, c := range []client{crane(t), skopeo()} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, aws, c, img, credHelpers)
			ref, other := reference(t, firstHost), firstHost+"/other/"+c.name+":1"
			s.configureHelper(t, rule)
			s.must(t, c.push, ref)
			s.must(t, c.push, other)

			s.configureHelper(t, rule+"    allow: pull\n    repositories: [testsessionpolicy/*]\n")
			s.must(t, c.remove, ref)
			s.must(t, c.pull, ref)
			for action, try := range map[string][2]string{
				"ecr:PutImage":      {c.push, strings.TrimSuffix(ref, "1") + "2"},
				"ecr:BatchGetImage": {c.pull, other},
			} {
				s.must(t, c.remove, ref)
				output, err := s.sh(t, try[0], try[1])
				if err == nil || !strings.Contains(output, "no session policy allows the "+action+" action") {
					t.Errorf("%s %s: %v\n%s", try[0], try[1], err, output)
				}
			}
		})
	}
}

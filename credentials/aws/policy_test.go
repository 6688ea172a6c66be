package aws_test

import (
	"context"
	"strings"
	"testing"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/internal/awstest"
	"ecrlogin/registry"
)

const sessionPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecr:GetAuthorizationToken"],"Resource":["*"]}]}`

// The session policy of a rule limits the session of its role.
func TestPolicyOfARule(t *testing.T) {
	m := withProfiles(t)
	cloud.AllowRole(pullRole)
	if _, err := m.tokenAs(privateHost, credentials.Identity{RoleARN: pullRole, Policy: sessionPolicy}); err != nil {
		t.Fatal(err)
	}
	if got := cloud.Calls()[0].Form.Get("Policy"); got != sessionPolicy {
		t.Errorf("sent the policy %q", got)
	}
	m = withProfiles(t)
	if _, err := m.tokenAs(privateHost, credentials.Identity{RoleARN: pullRole}); err != nil {
		t.Fatal(err)
	}
	if form := cloud.Calls()[0].Form; form.Has("Policy") {
		t.Errorf("sent the policy %q without one in the rule", form.Get("Policy"))
	}
}

// It also limits the role of a service account, for which the rest of the rule does not apply.
func TestPolicyOfAWebIdentity(t *testing.T) {
	withKeys(t)
	cloud.AllowRole("arn:aws:iam::210987654321:role/pod")
	r, err := registry.Parse(privateHost)
	if err != nil {
		t.Fatal(err)
	}
	rule := credentials.Identity{Profile: "of the node", RoleARN: pullRole, Policy: sessionPolicy}
	s := &aws.Source{
		Identity:    func(registry.Registry) credentials.Identity { return rule },
		WebIdentity: &credentials.WebIdentity{RoleARN: "arn:aws:iam::210987654321:role/pod", Token: awstest.WebIdentityToken, SessionName: "pod", Label: "pod"},
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeLimit)
	defer cancel()
	if _, err := s.Token(ctx, r); err != nil {
		t.Fatal(err)
	}
	call := cloud.Calls()[0]
	if call.Op != awstest.AssumeRoleWithWebIdentity || call.Form.Get("Policy") != sessionPolicy || call.Form.Get("RoleArn") != s.WebIdentity.RoleARN {
		t.Errorf("first call %+v", call)
	}
	before := s.CacheKey(r)
	rule.Profile, rule.RoleARN = "another", "arn:aws:iam::210987654321:role/another"
	if s.CacheKey(r) != before {
		t.Error("the key of a web identity depends on the role of the rule")
	}
	rule.Policy = ""
	if s.CacheKey(r) == before {
		t.Error("the key of a web identity does not depend on the session policy")
	}
}

// Identities that differ in the session policy never share a token.
func TestPolicyIsPartOfTheCacheKey(t *testing.T) {
	keys := map[string]string{}
	for _, policy := range []string{"", sessionPolicy, strings.ReplaceAll(sessionPolicy, `"*"`, `"arn:aws:ecr:*"`)} {
		s := &aws.Source{Identity: func(registry.Registry) credentials.Identity {
			return credentials.Identity{RoleARN: pullRole, Policy: policy}
		}}
		key := s.CacheKey(registry.Registry{})
		if other, ok := keys[key]; ok || key == "" {
			t.Errorf("policies %q and %q have the key %q", policy, other, key)
		}
		keys[key] = policy
	}
}

// Errors about session policies, with the next step.
func TestPolicyFails(t *testing.T) {
	denied := func(op awstest.Operation, action string) awstest.Fault {
		return awstest.Fault{Op: op, Type: "AccessDeniedException",
			Message: "User: arn:aws:sts::444455556666:assumed-role/ci/x is not authorized to perform: " + action +
				" on resource: * because no session policy allows the " + action + " action"}
	}
	for _, tt := range []struct {
		name, policy string
		fault        awstest.Fault
		want         string
	}{
		{"packed size", sessionPolicy, awstest.Fault{Op: awstest.AssumeRole, Type: "PackedPolicyTooLarge", Message: "Packed policy consumes 112% of allotted space, please use smaller policy."},
			"the session policy of allow and repositories is too large for STS: PackedPolicyTooLarge: Packed policy consumes 112% of allotted space, please use smaller policy.; use fewer repositories, or patterns such as team-a/* for several of them"},
		{"malformed", sessionPolicy, awstest.Fault{Op: awstest.AssumeRole, Type: "MalformedPolicyDocument", Message: "Syntax errors in policy."},
			"STS rejected the session policy of allow and repositories: MalformedPolicyDocument: Syntax errors in policy.; check repositories in the rule, or remove both keys"},
		{"denied by the policy of the rule", sessionPolicy, denied(awstest.GetAuthorizationToken, "ecr:GetAuthorizationToken"),
			": no session policy allows the ecr:GetAuthorizationToken action; the session of the role is limited by allow and repositories of the rule; remove these, or use another role"},
		{"denied by another policy", "", denied(awstest.GetAuthorizationToken, "ecr:GetAuthorizationToken"),
			": no session policy allows the ecr:GetAuthorizationToken action; the session of these credentials is limited by a session policy; request credentials whose session policy allows ecr:GetAuthorizationToken"},
		{"role denied by another policy", sessionPolicy, denied(awstest.AssumeRole, "sts:AssumeRole"),
			": no session policy allows the sts:AssumeRole action; the session of these credentials is limited by a session policy; request credentials whose session policy allows sts:AssumeRole"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := withProfiles(t)
			cloud.AllowRole(pullRole)
			cloud.Inject(tt.fault)
			_, err := m.tokenAs(privateHost, credentials.Identity{RoleARN: pullRole, Policy: tt.policy})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

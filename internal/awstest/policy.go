package awstest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"ecrlogin/internal/wildcard"
	"ecrlogin/registry"
)

// maxPolicy is the longest session policy, in characters.
const maxPolicy = 2048

// A policy is a session policy. Its statements allow actions on resources; Deny, conditions and the Not elements are
// not supported. A nil policy allows everything, because roles have all permissions.
type policy struct {
	Version   string
	Statement []struct {
		Effect           string
		Action, Resource texts
	}
}

// texts is a string or a list of strings.
type texts []string

func (t *texts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// parsePolicy returns the session policy in a request to STS, or nil if there is none.
func parsePolicy(text string) (*policy, error) {
	if text == "" {
		return nil, nil
	}
	if len(text) > maxPolicy {
		return nil, &apiError{http.StatusBadRequest, "ValidationError", fmt.Sprintf("1 validation error detected: "+
			"Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to %d", maxPolicy)}
	}
	malformed := &apiError{http.StatusBadRequest, "MalformedPolicyDocument", "This policy contains invalid Json"}
	p := new(policy)
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if decoder.Decode(p) != nil || p.Version != "2012-10-17" || len(p.Statement) == 0 {
		return nil, malformed
	}
	for _, s := range p.Statement {
		if s.Effect != "Allow" || len(s.Action) == 0 || len(s.Resource) == 0 || strings.Contains(text, "${") {
			return nil, malformed
		}
	}
	return p, nil
}

// check returns AWS's message if the policy of a session with that ARN does not allow an action; "" if it does.
func (p *policy) check(arn, action, resource string) string {
	if p == nil {
		return ""
	}
	matches := func(text string) func(string) bool {
		return func(pattern string) bool { return wildcard.Match(pattern, text) }
	}
	for _, s := range p.Statement {
		if slices.ContainsFunc(s.Action, matches(action)) && slices.ContainsFunc(s.Resource, matches(resource)) {
			return ""
		}
	}
	return fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s because no session policy allows the %[2]s action",
		arn, action, resource)
}

// allow returns an error if the session policy of the key of r does not allow an action on all resources.
func (r *request) allow(actions ...string) error {
	for _, action := range actions {
		if message := r.key.policy.check(r.key.arn, action, "*"); message != "" {
			return &apiError{http.StatusBadRequest, "AccessDeniedException", message}
		}
	}
	return nil
}

// registryActions are the IAM actions of the requests to a registry, by the part of the path after the name of the
// repository and by the method.
var registryActions = []struct{ part, method, action string }{
	{"/manifests/", http.MethodGet, "ecr:BatchGetImage"},
	{"/manifests/", http.MethodHead, "ecr:BatchGetImage"},
	{"/manifests/", http.MethodPut, "ecr:PutImage"},
	{"/manifests/", http.MethodDelete, "ecr:BatchDeleteImage"},
	{"/blobs/uploads/", http.MethodPost, "ecr:InitiateLayerUpload"},
	{"/blobs/uploads/", http.MethodPatch, "ecr:UploadLayerPart"},
	{"/blobs/uploads/", http.MethodPut, "ecr:CompleteLayerUpload"},
	{"/blobs/", http.MethodGet, "ecr:GetDownloadUrlForLayer"},
	{"/blobs/", http.MethodHead, "ecr:BatchCheckLayerAvailability"},
	{"/referrers/", http.MethodGet, "ecr:BatchGetImage"},
	{"/tags/", http.MethodGet, "ecr:ListImages"},
}

// forbidden returns AWS's message if the session policy of the token does not allow a request to a registry; "" if it
// does. A host that is not ECR counts as the registry of the token's account.
func (t token) forbidden(r *http.Request, reg registry.Registry) string {
	path, ok := strings.CutPrefix(r.URL.Path, "/v2/")
	if !ok || path == "" || t.policy == nil {
		return ""
	}
	arn := strings.SplitN(t.ARN, ":", 6) // arn:aws:sts::123456789012:assumed-role/…
	partition, region, account := arn[1], t.Region, arn[4]
	if reg.Account != "" {
		partition, region, account = reg.Partition, reg.Region, reg.Account
	}
	prefix := fmt.Sprintf("arn:%s:ecr:%s:%s:repository/", partition, region, account)
	for _, a := range registryActions {
		if i := strings.LastIndex(path, a.part); i > 0 && a.method == r.Method {
			return t.policy.check(t.ARN, a.action, prefix+path[:i])
		}
	}
	return t.policy.check(t.ARN, "ecr:DescribeRepositories", prefix+"*")
}

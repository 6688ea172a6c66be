package kubelet

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"ecrlogin/credentials"
	"ecrlogin/internal/oneline"
	"ecrlogin/registry"
)

// serviceAccount returns the role of the service account of a request, with the token to assume it. It returns nil if
// the request has no role or no token; the identity of the node is used then. The error is a *credentials.Error.
func (p *Provider) serviceAccount(req request, r registry.Registry) (*credentials.WebIdentity, error) {
	role := cmp.Or(req.ServiceAccountAnnotations[PullRoleAnnotation], req.ServiceAccountAnnotations[RoleAnnotation], p.RoleARN)
	if req.ServiceAccountToken == "" || role == "" {
		return nil, nil
	}
	c, ok := parse(req.ServiceAccountToken)
	if !ok { // the kubelet sends only valid tokens
		return nil, &credentials.Error{
			Host:  r.Host,
			Cause: "the service account token is not a JSON web token",
			Next:  "check tokenAttributes in the CredentialProviderConfig",
		}
	}
	namespace, name := "", ""
	if names, ok := strings.CutPrefix(c.Subject, "system:serviceaccount:"); ok {
		namespace, name, _ = strings.Cut(names, ":")
	}
	label := fmt.Sprintf("service account %s/%s", namespace, name)
	if !credentials.ValidRoleARN(role) {
		return nil, &credentials.Error{
			Host:  r.Host,
			Cause: fmt.Sprintf("%s: invalid role ARN %q, expected arn:aws:iam::123456789012:role/NAME", label, oneline.Value(role)),
			Next:  fmt.Sprintf("correct its annotation %s or %s, or AWS_ECR_ROLE_ARN", PullRoleAnnotation, RoleAnnotation),
		}
	}
	return &credentials.WebIdentity{
		RoleARN: role, Token: req.ServiceAccountToken, SessionName: sessionName(namespace, name),
		Label: label, Subject: c.Subject, Audience: c.Audience, Issuer: c.Issuer,
	}, nil
}

// sessionName returns the name of the role session, which appears in CloudTrail: ecr-login@NAMESPACE.NAME, truncated
// to 64 characters, the limit of STS.
func sessionName(namespace, name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-", r) {
			return r
		}
		return '-'
	}, "ecr-login@"+namespace+"."+name)
	return name[:min(len(name), 64)]
}

// claims are the claims of a service account token.
type claims struct {
	Subject  string   `json:"sub"`
	Issuer   string   `json:"iss"`
	Audience audience `json:"aud"`
}

// parse returns the claims of a token; ok is false if they cannot be read. It does not verify the token, because AWS
// does.
func parse(token string) (c claims, ok bool) {
	part := strings.Split(token, ".")
	if len(part) != 3 {
		return claims{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil || json.Unmarshal(payload, &c) != nil {
		return claims{}, false
	}
	return c, true
}

// An audience is one string or a list of strings (RFC 7519, section 4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

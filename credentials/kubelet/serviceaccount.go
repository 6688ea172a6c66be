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

// A ServiceAccount is the service account of a pod and the role to assume with its token.
type ServiceAccount struct {
	RoleARN   string
	Token     string // service account token for AWS; a secret
	Namespace string
	Name      string
	Subject   string   // the token's claim "sub"
	Audience  []string // the token's claim "aud"
	Issuer    string   // the token's claim "iss"
}

// Format formats the account without the token, for every verb of package fmt.
func (a ServiceAccount) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "service account %s/%s with role %s", a.Namespace, a.Name, a.RoleARN)
}

// SessionName returns the name of the role session, which appears in CloudTrail: ecr-login@NAMESPACE.NAME, truncated
// to 64 characters, the limit of STS.
func (a ServiceAccount) SessionName() string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-", r) {
			return r
		}
		return '-'
	}, "ecr-login@"+a.Namespace+"."+a.Name)
	return name[:min(len(name), 64)]
}

// serviceAccount returns the service account of a request and its role. It returns the zero ServiceAccount if the
// request has no role or no token; the identity of the node is used then. The error is a *credentials.Error.
func (p *Provider) serviceAccount(req request, r registry.Registry) (ServiceAccount, error) {
	role := cmp.Or(req.ServiceAccountAnnotations[PullRoleAnnotation], req.ServiceAccountAnnotations[RoleAnnotation], p.RoleARN)
	if req.ServiceAccountToken == "" || role == "" {
		return ServiceAccount{}, nil
	}
	a, ok := parse(req.ServiceAccountToken)
	if !ok { // kubelet sends only valid tokens
		return ServiceAccount{}, &credentials.Error{
			Host:  r.Host,
			Cause: "the service account token is not a JSON web token",
			Next:  "check tokenAttributes in the CredentialProviderConfig",
		}
	}
	a.RoleARN = role
	if !credentials.ValidRoleARN(role) {
		return ServiceAccount{}, &credentials.Error{
			Host: r.Host,
			Cause: fmt.Sprintf("service account %s/%s: invalid role ARN %q, expected arn:aws:iam::123456789012:role/NAME",
				a.Namespace, a.Name, oneline.Value(role)),
			Next: fmt.Sprintf("correct its annotation %s or %s, or AWS_ECR_ROLE_ARN", PullRoleAnnotation, RoleAnnotation),
		}
	}
	return a, nil
}

// parse returns the claims of a token; ok is false if they cannot be read. It does not verify the token, because AWS
// does.
func parse(token string) (a ServiceAccount, ok bool) {
	part := strings.Split(token, ".")
	if len(part) != 3 {
		return ServiceAccount{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil {
		return ServiceAccount{}, false
	}
	var claims struct {
		Subject  string   `json:"sub"`
		Issuer   string   `json:"iss"`
		Audience audience `json:"aud"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return ServiceAccount{}, false
	}
	a = ServiceAccount{Token: token, Subject: claims.Subject, Issuer: claims.Issuer, Audience: claims.Audience}
	// system:serviceaccount:NAMESPACE:NAME
	if names, ok := strings.CutPrefix(claims.Subject, "system:serviceaccount:"); ok {
		a.Namespace, a.Name, _ = strings.Cut(names, ":")
	}
	return a, true
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

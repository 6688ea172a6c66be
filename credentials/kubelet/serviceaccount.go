package kubelet

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// A ServiceAccount is a pod's, by which its role is assumed.
type ServiceAccount struct {
	RoleARN   string
	Token     string // of the service account, for AWS; a secret
	Namespace string
	Name      string
	Subject   string   // the token's claim "sub"
	Audience  []string // the token's claim "aud"
	Issuer    string   // the token's claim "iss"
}

// Format prints the account for every verb of package fmt, and never the token.
func (a ServiceAccount) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "service account %s/%s with role %s", a.Namespace, a.Name, a.RoleARN)
}

// SessionName is how the session of the role appears in CloudTrail: ecr-login@NAMESPACE.NAME, cut to the 64 letters that STS
// takes.
func (a ServiceAccount) SessionName() string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-", r) {
			return r
		}
		return '-'
	}, "ecr-login@"+a.Namespace+"."+a.Name)
	return name[:min(len(name), 64)]
}

// serviceAccount returns whose role is to be assumed; the zero one where there is no role, or no token, for which the node's own
// identity is there.
func (p *Provider) serviceAccount(r request) (ServiceAccount, error) {
	role := cmp.Or(r.ServiceAccountAnnotations[PullRoleAnnotation], r.ServiceAccountAnnotations[RoleAnnotation], p.RoleARN)
	if r.ServiceAccountToken == "" || role == "" {
		return ServiceAccount{}, nil
	}
	a, err := parse(r.ServiceAccountToken)
	if err != nil {
		return ServiceAccount{}, err
	}
	a.RoleARN = role
	if !strings.HasPrefix(role, "arn:") || !strings.Contains(role, ":role/") {
		return ServiceAccount{}, fmt.Errorf("service account %s/%s: invalid role ARN %q, expected arn:aws:iam::123456789012:role/NAME; correct its annotation %s or %s, or AWS_ECR_ROLE_ARN",
			a.Namespace, a.Name, short(role), PullRoleAnnotation, RoleAnnotation)
	}
	return a, nil
}

// errToken is for what kubelet never sends.
var errToken = errors.New("the service account token is not a JSON web token; check tokenAttributes in the CredentialProviderConfig")

// parse reads what a token says, unverified: that is what AWS is for.
func parse(token string) (ServiceAccount, error) {
	part := strings.Split(token, ".")
	if len(part) != 3 {
		return ServiceAccount{}, errToken
	}
	payload, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil {
		return ServiceAccount{}, errToken
	}
	var claims struct {
		Subject  string   `json:"sub"`
		Issuer   string   `json:"iss"`
		Audience audience `json:"aud"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return ServiceAccount{}, errToken
	}
	a := ServiceAccount{Token: token, Subject: claims.Subject, Issuer: claims.Issuer, Audience: claims.Audience}
	// system:serviceaccount:NAMESPACE:NAME
	if names, ok := strings.CutPrefix(claims.Subject, "system:serviceaccount:"); ok {
		a.Namespace, a.Name, _ = strings.Cut(names, ":")
	}
	return a, nil
}

// An audience is one text or a list of them (RFC 7519, section 4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

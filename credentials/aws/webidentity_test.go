package aws_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/credentials/aws"
	"ecrlogin/internal/awstest"
	"ecrlogin/registry"
)

const (
	puller   = "system:serviceaccount:b:puller"
	audience = "sts.amazonaws.com"
)

// signed returns a service account token, as the API server of a cluster issues it.
func signed(t *testing.T, key *rsa.PrivateKey, expiry time.Time) string {
	t.Helper()
	token, err := awstest.SignIDToken(key, map[string]any{"sub": puller, "aud": []string{audience}, "exp": expiry.Unix()})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// The service account of a pod assumes its role in the registry's region. No other identity of the machine is used.
func TestWebIdentity(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	const role, denied, other = "arn:aws:iam::210987654321:role/pod", "arn:aws:iam::210987654321:role/denied", "arn:aws:iam::210987654321:role/other"
	cloud.TrustIssuer(&key.PublicKey)
	cloud.AllowRoleForSubject(role, puller, audience)
	cloud.AllowRoleForSubject(other, puller, "another audience")
	good := signed(t, key, time.Now().Add(time.Hour))
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	claims := `: the token has the subject (sub) "` + puller + `", the audience (aud) "` + audience + `" and the issuer https://cluster.example`
	for _, tt := range []struct{ name, role, token, want string }{
		{"trusted", role, good, ""},
		{"denied", denied, good, "access denied: service account b/puller is not authorized to assume " + denied + "; check that the role exists and that its trust policy allows the token's issuer, subject and audience" + claims},
		{"other audience", other, good, "access denied: service account b/puller is not authorized to assume " + other + "; check that"},
		{"expired", role, signed(t, key, time.Now().Add(-time.Hour)), "service account b/puller: AWS rejected the web identity token: "},
		{"unknown issuer", role, signed(t, stranger, time.Now().Add(time.Hour)), "check that its issuer is an identity provider of the role's account" + claims},
		{"other partition", strings.Replace(role, "aws", "aws-cn", 1), good, "is not in the partition of the registry (aws)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			withKeys(t) // which are not used
			s := &aws.Source{
				Identity:    func(registry.Registry) credentials.Identity { return credentials.Identity{Profile: "of the node"} },
				WebIdentity: &credentials.WebIdentity{RoleARN: tt.role, Token: tt.token, SessionName: "ecr-login@b.puller", Label: "service account b/puller", Subject: puller, Audience: []string{audience}, Issuer: "https://cluster.example"},
			}
			r, err := registry.Parse(privateHost)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), timeLimit)
			defer cancel()
			token, err := s.Token(ctx, r)
			if tt.want != "" {
				if err == nil || !strings.HasPrefix(err.Error(), privateHost+": ") || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), tt.token) {
					t.Errorf("got %v\nwant %s", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := "role " + role + " of service account b/puller"; token.IssuedTo != want {
				t.Errorf("issued to %q, want %q", token.IssuedTo, want)
			}
			var ops []awstest.Operation
			for _, c := range cloud.Calls() {
				ops = append(ops, c.Op)
			}
			call := cloud.Calls()[0]
			if !slices.Equal(ops, []awstest.Operation{awstest.AssumeRoleWithWebIdentity, awstest.GetAuthorizationToken}) || call.Host != "sts.us-west-2.amazonaws.com" || call.Form.Get("RoleSessionName") != "ecr-login@b.puller" {
				t.Errorf("called %v, first %+v", ops, call)
			}
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
				if s := fmt.Sprintf(verb, s.WebIdentity); s != "service account b/puller" {
					t.Errorf("%s prints %q", verb, s)
				}
			}
		})
	}
}

package scripttest

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"ecrlogin/internal/awstest"
)

func kubeletRequests(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "kubelet-requests SUBJECT AUDIENCE")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	ts.Check(err)
	AWS(ts).TrustIssuer(&key.PublicKey)
	token := serviceAccountToken(ts, key, args[0], args[1])
	for file, annotations := range map[string]string{
		"pod":          `{"eks.amazonaws.com/ecr-role-arn":"arn:aws:iam::123456789012:role/pull"}`,
		"pod-other":    `{"eks.amazonaws.com/role-arn":"arn:aws:iam::123456789012:role/other"}`,
		"pod-none":     `{}`,
		"public":       `{"eks.amazonaws.com/ecr-role-arn":"arn:aws:iam::123456789012:role/pull"}`,
		"public-other": `{"eks.amazonaws.com/role-arn":"arn:aws:iam::123456789012:role/other"}`,
	} {
		image := "123456789012.dkr.ecr.us-west-2.amazonaws.com/app"
		if strings.HasPrefix(file, "public") {
			image = "public.ecr.aws/nginx/nginx"
		}
		write(ts, file, fmt.Sprintf(`{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1",`+
			`"image":%q,"serviceAccountToken":%q,"serviceAccountAnnotations":%s}`, image, token, annotations), 0o600)
	}
}

// serviceAccountToken returns a JSON Web Token for a service account that expires after an hour.
func serviceAccountToken(ts *testscript.TestScript, key *rsa.PrivateKey, subject, audience string) string {
	token, err := awstest.SignIDToken(key, map[string]any{
		"sub": subject, "aud": []string{audience}, "iss": "https://cluster.example", "exp": time.Now().Add(time.Hour).Unix(),
	})
	ts.Check(err)
	return token
}

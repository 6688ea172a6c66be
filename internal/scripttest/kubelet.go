package scripttest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
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
	claims := fmt.Sprintf(`{"sub":%q,"aud":[%q],"iss":"https://cluster.example","exp":%d}`,
		subject, audience, time.Now().Add(time.Hour).Unix())
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(claims))
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	ts.Check(err)
	return signed + "." + encode(signature)
}

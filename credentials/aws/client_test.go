package aws

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// FuzzResponse checks that an accepted response is a complete credential that has not expired, and that no error contains
// the input.
func FuzzResponse(f *testing.F) {
	encode := base64.StdEncoding.EncodeToString
	inside := encode([]byte(`{"payload":"x","expiration":4102444800}`))
	for _, s := range []string{"", "AWS", "AWS:", ":secret", "AWS:secret", "AWS:" + inside, "AWS:" + encode([]byte(`{"expiration":-1}`)), "AWS:" + encode([]byte("null"))} {
		f.Add(encode([]byte(s)), int64(4102444800))
	}
	f.Add("no base64!", int64(0))
	f.Add(encode([]byte("AWS:"+inside)), int64(1))
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, encoded string, expiresAt int64) {
		token, err := tokenOf([]types.AuthorizationData{{AuthorizationToken: &encoded, ExpiresAt: awssdk.Time(time.Unix(expiresAt, 0))}}, now)
		if err != nil {
			if len(encoded) > 40 && strings.Contains(err.Error(), encoded) {
				t.Errorf("the error repeats the token: %v", err)
			}
			return
		}
		if token.Username == "" || token.Password == "" || !token.Expiry.After(now) || token.Expiry.After(time.Unix(expiresAt, 0)) || !token.Issued.Equal(now) {
			t.Errorf("accepted %q as %v", encoded, token)
		}
		if plain, _ := base64.StdEncoding.DecodeString(encoded); string(plain) != token.Username+":"+token.Password {
			t.Errorf("%q became %q and another password", plain, token.Username)
		}
	})
}

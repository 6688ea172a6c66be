package awstest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
)

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

// randomText returns n random bytes in base64.
func randomText(n int) string { return base64.StdEncoding.EncodeToString(randomBytes(n)) }

// requestID returns a random request ID, which is a UUID as at AWS.
func requestID() string {
	h := hex.EncodeToString(randomBytes(16))
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

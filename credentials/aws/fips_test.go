package aws_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"ecrlogin/credentials/aws"
)

// A CA bundle does not help against a certificate whose key FIPS 140-3 mode does not allow.
func TestNetworkAdviceFIPS(t *testing.T) {
	cause, next := aws.NetworkAdvice(&url.Error{Op: "Get", URL: "https://api.ecr.us-west-2.amazonaws.com",
		Err: errors.New("tls: no FIPS compatible certificate chains found")})
	if !strings.Contains(cause, "no FIPS compatible certificate chains found") || !strings.Contains(next, "must support FIPS 140-3") {
		t.Errorf("got %q, %q", cause, next)
	}
}

package aws

import (
	"context"
	"crypto/fips140"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go/middleware"
)

// fipsOnly is part of the errors and panics of Go's cryptographic packages with GODEBUG=fips140=only. They have no type.
const fipsOnly = "not allowed in FIPS 140-only mode"

// A fipsError is the text of such a panic.
type fipsError string

func (e fipsError) Error() string { return string(e) }

// catchFIPS turns panics of an AWS call about FIPS 140-3 into errors. The SDK signs requests with crypto/hmac, which
// panics for a short key, in a goroutine of the SDK.
func catchFIPS(s *middleware.Stack) error {
	if !fips140.Enforced() {
		return nil
	}
	return s.Initialize.Add(middleware.InitializeMiddlewareFunc("ecrLoginFIPS", callFIPS), middleware.Before)
}

func callFIPS(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	out middleware.InitializeOutput, m middleware.Metadata, err error,
) {
	defer func() {
		p := recover()
		if text := fmt.Sprint(p); strings.Contains(text, fipsOnly) {
			err = fipsError(text)
		} else if p != nil {
			panic(p)
		}
	}()
	return next.HandleInitialize(ctx, in)
}

// explainFIPS handles what GODEBUG=fips140=only does not allow.
func explainFIPS(t *try, err error) (cause, next string) {
	if !strings.Contains(err.Error(), fipsOnly) {
		return "", ""
	}
	const on = "set GODEBUG=fips140=on, which allows it"
	switch {
	case strings.Contains(err.Error(), "SHA-1"):
		return fmt.Sprintf("%s uses SSO, which GODEBUG=fips140=only does not allow: the AWS SDK finds the session file with SHA-1",
			t.identity.label), "use an identity without SSO, or " + on
	case strings.Contains(err.Error(), "crypto/hmac"):
		return fmt.Sprintf("the secret access key has fewer than 10 characters, which GODEBUG=fips140=only does not allow (using %s)",
			t.identity.label), "copy the key again; secret access keys of AWS have 40 characters"
	}
	text := err.Error()
	if e, ok := errors.AsType[fipsError](err); ok {
		text = e.Error()
	}
	return fmt.Sprintf("GODEBUG=fips140=only does not allow an algorithm or key of this request (using %s): %s",
		t.identity.label, text), on
}

package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"ecrlogin/internal/awstest"
)

// grace is how long a process may take beyond its time limit, because the machine is busy.
const grace = time.Second

// passwordStart is how every password of the stand-in begins.
const passwordStart = "eyJwYXlsb2FkIjoi"

// secrets are texts that no message may contain.
var secrets = []string{passwordStart, awstest.SecretKey, otherSecret, awstest.WebIdentityToken}

// An issuer knows the passwords that it issued.
type issuer interface {
	Issued(password string) (t awstest.IssuedToken, ok bool)
}

// A verdict is the result of a get.
type verdict struct {
	served   bool
	password string
	left     time.Duration // until the password expires, from the time that it was printed
}

// check checks what a process printed. The error reports a fault of the program, rather than of AWS.
func (c client) check(by issuer, o outcome) (v verdict, err error) {
	switch {
	case o.took > c.limit+grace:
		return v, fmt.Errorf("it took %s, and its limit is %s", o.took.Round(time.Millisecond), c.limit)
	case containsSecret(o.errOut):
		return v, errors.New("standard error contains a secret")
	}
	if err := checkNotices(o.errOut); err != nil {
		return v, err
	}
	if o.err != nil || c.optional && o.out == "" {
		return v, c.checkFailure(o)
	}
	a, err := c.parse([]byte(o.out))
	if err != nil {
		return v, err
	}
	t, ok := by.Issued(a.password)
	v = verdict{served: true, password: a.password, left: t.Expires.Sub(o.printed)}
	switch {
	case !ok:
		return v, errors.New("AWS has not issued this password")
	case a.user != "AWS":
		return v, fmt.Errorf("the user name is %q", a.user)
	case t.Region != c.want.Region || t.Public != c.want.Public:
		return v, fmt.Errorf("a password for %s (public: %t)", t.Region, t.Public)
	case t.ARN != c.want.ARN && (!strings.HasSuffix(c.want.ARN, "/") || !strings.HasPrefix(t.ARN, c.want.ARN)):
		return v, fmt.Errorf("a password of %q, want of %q", t.ARN, c.want.ARN)
	case v.left <= 0:
		return v, fmt.Errorf("a password that expired %s before", -v.left)
	case v.left <= a.life:
		return v, fmt.Errorf("a password that expires in %s, to be used for %s", v.left, a.life)
	}
	return v, nil
}

// causes matches the errors of the failures that are injected.
var causes = regexp.MustCompile(`internal error|throttl|[Tt]hrottling|denied at random|denied|HTML|status (500|403)|` +
	`connection (was closed|reset)|closed the connection|EOF|time limit|timed out|timeout|not respond|no response|` +
	`invalid response|incomplete|unexpected response`)

// checkFailure checks the output of a process that failed.
func (c client) checkFailure(o outcome) error {
	text := strings.TrimSpace(o.out + "\n" + o.errOut)
	switch {
	case containsSecret(o.out):
		return errors.New("a failed process printed a secret")
	case strings.Count(strings.TrimSpace(o.out), "\n") > 0:
		return fmt.Errorf("an error of several lines: %q", o.out)
	case c.optional && strings.TrimSpace(o.out) == "credentials not found in native keychain":
		return nil
	case !causes.MatchString(text):
		return fmt.Errorf("an error that AWS did not cause: %q, %w", text, o.err)
	}
	return nil
}

// checkNotices checks standard error for what a user should never see, in particular messages about the cache: the
// directory that is deleted is created again.
func checkNotices(text string) error {
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "panic:"), strings.HasPrefix(line, "fatal error:"), strings.HasPrefix(line, "goroutine "):
			return fmt.Errorf("it crashed: %q", text)
		case !causes.MatchString(line):
			return fmt.Errorf("an unexpected message: %q", line)
		}
	}
	return nil
}

func containsSecret(text string) bool {
	return slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(text, s) })
}

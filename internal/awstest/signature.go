package awstest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// amzDate is the layout of times in Signature Version 4.
const amzDate = "20060102T150405Z"

// mismatch is the start of AWS's message for a wrong signature, which usually means a wrong secret key. requestEcho is
// the rest.
const mismatch = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// A signature is an Authorization header of AWS Signature Version 4. The zero signature means that the request is not
// signed.
type signature struct {
	keyID, region, service string
	headers                []string // the names of the signed headers
	value                  string   // the whole Authorization header
	time                   time.Time
	session                string
}

var authorizationPattern = regexp.MustCompile(
	`^AWS4-HMAC-SHA256 Credential=([^/, ]+)/[0-9]{8}/([^/, ]+)/([^/, ]+)/aws4_request, SignedHeaders=([a-z0-9;_-]+), Signature=[0-9a-f]{64}$`)

// parseSignature returns the signature in h, or the zero signature if there is none.
func parseSignature(h http.Header) signature {
	value := h.Get("Authorization")
	m := authorizationPattern.FindStringSubmatch(value)
	at, err := time.Parse(amzDate, h.Get("X-Amz-Date"))
	if m == nil || err != nil {
		return signature{}
	}
	return signature{
		keyID: m[1], region: m[2], service: m[3], headers: strings.Split(m[4], ";"),
		value: value, time: at, session: h.Get("X-Amz-Security-Token"),
	}
}

// verify checks the signature of r for service, in AWS's order: key, service and region, time, signature. It sets
// r.key. An empty service requires no signature.
func (s *Server) verify(r *request, service string) error {
	if service == "" {
		return nil
	}
	codes := codesOf(service)
	if r.signed.keyID == "" {
		return &apiError{codes.status, codes.missing, "Missing Authentication Token"}
	}
	s.mu.Lock()
	k, ok := s.keys[r.signed.keyID]
	s.mu.Unlock()
	if !ok || r.signed.session != k.Session {
		return &apiError{codes.status, codes.unknown, "The security token included in the request is invalid."}
	}
	if k.expired(s.now()) {
		return &apiError{codes.status, codes.expired, "The security token included in the request is expired"}
	}
	if err := checkScope(r, service, codes); err != nil {
		return err
	}
	if message := ageMessage(r.signed.time, s.now(), codes.maxAge); message != "" {
		return &apiError{codes.status, codes.invalid, message}
	}
	want, err := resign(r, k.Key)
	if err != nil {
		return err
	}
	if r.signed.value != want {
		return &apiError{codes.status, codes.invalid, mismatch + requestEcho(r)}
	}
	r.key = k
	return nil
}

// errorCodes are the status and the codes of the same errors in one service.
type errorCodes struct {
	status                             int
	missing, unknown, expired, invalid string
	maxAge                             time.Duration // of signatures
}

func codesOf(service string) errorCodes {
	if service == "sts" {
		return errorCodes{http.StatusForbidden, "MissingAuthenticationToken", "InvalidClientTokenId", "ExpiredToken",
			"SignatureDoesNotMatch", 15 * time.Minute}
	}
	return errorCodes{http.StatusBadRequest, "MissingAuthenticationTokenException", "UnrecognizedClientException",
		"ExpiredTokenException", "InvalidSignatureException", 5 * time.Minute}
}

// ageMessage returns AWS's message for a signature whose time differs from now by more than maxAge, or else "".
func ageMessage(signed, now time.Time, maxAge time.Duration) string {
	signed, now = signed.UTC(), now.UTC()
	minutes := int(maxAge.Minutes())
	if earliest := now.Add(-maxAge); signed.Before(earliest) {
		return fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %d min.)",
			signed.Format(amzDate), earliest.Format(amzDate), now.Format(amzDate), minutes)
	}
	if latest := now.Add(maxAge); signed.After(latest) {
		return fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %d min.)",
			signed.Format(amzDate), latest.Format(amzDate), now.Format(amzDate), minutes)
	}
	return ""
}

// requestEcho returns the text that AWS appends to an error about a signature: the request in its canonical form. The
// headers include the session token. Unlike AWS, it adds all headers and the body.
func requestEcho(r *request) string {
	var text strings.Builder
	fmt.Fprintf(&text, "\n\nThe Canonical String for this request should have been\n'%s\n%s\n%s\n",
		r.Method, r.URL.EscapedPath(), r.URL.RawQuery)
	for _, name := range append(slices.Clone(r.signed.headers), slices.Sorted(maps.Keys(r.Header))...) {
		fmt.Fprintf(&text, "%s:%s\n", strings.ToLower(name), strings.Join(r.Header.Values(name), ","))
	}
	fmt.Fprintf(&text, "\n%s\n%s'\n", strings.Join(r.signed.headers, ";"), r.body)
	return text.String()
}

// resign returns the correct Authorization header of r: it signs the headers that r declares as signed with k.
func resign(r *request, k Key) (string, error) {
	target := *r.URL // the signer writes to it
	again := &http.Request{Method: r.Method, URL: &target, Host: r.Host, Header: http.Header{}}
	for _, name := range r.signed.headers {
		switch name {
		case "host": // not in Header in net/http
		case "content-length":
			again.ContentLength = r.ContentLength
		default:
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	payload := sha256.Sum256(r.body)
	credentials := aws.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret, SessionToken: k.Session}
	err := v4.NewSigner().SignHTTP(r.Context(), credentials, again, hex.EncodeToString(payload[:]),
		r.signed.service, r.signed.region, r.signed.time)
	return again.Header.Get("Authorization"), err
}

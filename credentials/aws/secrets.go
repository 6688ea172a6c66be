package aws

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/aws/smithy-go"

	"ecrlogin/credentials"
	"ecrlogin/internal/oneline"
)

// secrets is the set of secrets that a try has used: its keys, and the tokens in its requests. AWS or a proxy may
// repeat them in a response. The zero value is empty.
type secrets struct {
	mu     sync.Mutex
	values []string
}

func (s *secrets) add(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range values {
		if v != "" && !slices.Contains(s.values, v) {
			s.values = append(s.values, v)
		}
	}
}

// addRequest adds the secrets in the header, the URL, the proxy URL and the body of a request. The body is a JSON
// object or a form.
func (s *secrets) addRequest(req *http.Request, body []byte) {
	s.addFields(req.Header)
	for _, u := range []*url.URL{req.URL, proxyFor(req.URL)} {
		if u != nil {
			password, _ := u.User.Password() // a nil User is allowed
			s.add(password)
		}
	}
	var object map[string]any
	if json.Unmarshal(body, &object) != nil {
		form, _ := url.ParseQuery(string(body)) // returns the valid part of a form
		s.addFields(form)
	}
	for name, value := range object {
		if text, ok := value.(string); ok {
			s.addFields(map[string][]string{name: {text}})
		}
	}
}

// addFields adds the values of the fields that are secret by their names.
func (s *secrets) addFields(fields map[string][]string) {
	for name, values := range fields {
		if !isSecretName(name) {
			continue
		}
		for _, value := range values {
			if _, signature, ok := strings.Cut(value, "Signature="); ok && name == "Authorization" {
				value = signature // error messages may contain the rest of the header, such as the region
			}
			s.add(value)
		}
	}
}

// isSecretName reports whether a header or field with that name is secret, such as X-Amz-Security-Token or
// clientSecret.
func isSecretName(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "token") || strings.Contains(name, "secret") || name == "authorization"
}

// revealedBy reports whether a text contains a secret or part of one.
func (s *secrets) revealedBy(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return credentials.Reveals(text, s.values...)
}

// safe returns a text on one line, or credentials.Withheld if it contains a secret.
func (t *try) safe(text string) string {
	text = oneline.Text(text)
	if t.secrets.revealedBy(text) {
		return credentials.Withheld
	}
	return text
}

// message returns the AWS error message on one line. It returns "" if there is none, or if it may contain credentials:
// AWS repeats the request, with its session token, in errors about signatures.
func (t *try) message(err error) string {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || t.isWithheld(api) {
		return ""
	}
	return oneline.Text(api.ErrorMessage())
}

// isWithheld reports whether an AWS error message may contain credentials.
func (t *try) isWithheld(api smithy.APIError) bool {
	if slices.Contains(signatureCodes, api.ErrorCode()) || strings.HasPrefix(api.ErrorCode(), "IncompleteSignature") {
		return true
	}
	message := strings.ReplaceAll(strings.ToLower(api.ErrorMessage()), "getauthorizationtoken", "")
	for _, part := range []string{"x-amz-security-token", "credential=", "signature=", "authorization"} {
		if strings.Contains(message, part) {
			return true
		}
	}
	return t.secrets.revealedBy(api.ErrorMessage())
}

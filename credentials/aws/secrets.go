package aws

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"ecrlogin/credentials"
)

// secrets are the secrets that a try has used: its keys, and the tokens in its requests. AWS and whatever answers in its name may
// repeat them. The zero value is empty.
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

// addKeys adds the secret parts of a key.
func (s *secrets) addKeys(keys awssdk.Credentials) { s.add(keys.SecretAccessKey, keys.SessionToken) }

// addRequest adds the secrets in the header and the body of a request that is about to be sent.
func (s *secrets) addRequest(req *smithyhttp.Request) {
	s.addHeader(req.Header)
	s.addUser(req.URL.User)
	if proxy := proxyURL(&url.Error{URL: req.URL.String()}); proxy != nil {
		s.addUser(proxy.User)
	}
	if stream := req.GetStream(); stream != nil && req.IsStreamSeekable() {
		if body, err := io.ReadAll(stream); err == nil {
			s.addBody(body)
		}
		_ = req.RewindStream() // an error is met again where the body is sent
	}
}

func (s *secrets) addUser(user *url.Userinfo) {
	password, _ := user.Password() // of nobody too
	s.add(password)
}

func (s *secrets) addHeader(header http.Header) {
	for name, values := range header {
		if !isSecretName(name) {
			continue
		}
		for _, value := range values {
			if _, signature, ok := strings.Cut(value, "Signature="); ok {
				value = signature // the rest of the header is what error messages are about, such as the region
			}
			s.add(value)
		}
	}
}

// addBody adds the secret fields of a body, which is a JSON object or a form.
func (s *secrets) addBody(body []byte) {
	var object map[string]any
	if json.Unmarshal(body, &object) == nil {
		for name, value := range object {
			if text, ok := value.(string); ok && isSecretName(name) {
				s.add(text)
			}
		}
		return
	}
	form, _ := url.ParseQuery(string(body)) // returns what can be read of a form
	for name, values := range form {
		if isSecretName(name) {
			s.add(values...)
		}
	}
}

// isSecretName reports whether a header or field of that name has a secret, such as X-Amz-Security-Token or clientSecret.
func isSecretName(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "token") || strings.Contains(name, "secret") || name == "authorization"
}

// revealedBy reports whether a text contains one of the secrets or a part of one.
func (s *secrets) revealedBy(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return credentials.Reveals(text, s.values...)
}

// safe returns a text, or credentials.Withheld if it contains a secret.
func (t *try) safe(text string) string {
	if t.secrets.revealedBy(text) {
		return credentials.Withheld
	}
	return text
}

// message returns AWS's own words about an error, on one line. It returns "" for an error without any, and for a message that may
// contain credentials: AWS repeats the request, with its session token, in errors about signatures.
func (t *try) message(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) || t.isWithheld(api) {
		return ""
	}
	return oneLine("%s", api.ErrorMessage())
}

func (t *try) isWithheld(api smithy.APIError) bool {
	if slices.Contains(signatureCodes, api.ErrorCode()) || strings.HasPrefix(api.ErrorCode(), "IncompleteSignature") {
		return true
	}
	message := strings.ToLower(api.ErrorMessage())
	for _, part := range []string{"x-amz-security-token", "credential=", "signature="} {
		if strings.Contains(message, part) {
			return true
		}
	}
	return strings.Contains(strings.ReplaceAll(message, "getauthorizationtoken", ""), "authorization") || t.secrets.revealedBy(api.ErrorMessage())
}

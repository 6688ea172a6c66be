package kubelet

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"ecrlogin/internal/kubeletprotocol"
	"ecrlogin/internal/oneline"
)

// A request is a CredentialProviderRequest. It is declared here because importing the Kubernetes types would add
// milliseconds to every start of the program.
// Source: https://kubernetes.io/docs/reference/config-api/kubelet-credentialprovider.v1/
type request struct {
	Kind                      string            `json:"kind"`
	APIVersion                string            `json:"apiVersion"`
	Image                     string            `json:"image"`
	ServiceAccountToken       string            `json:"serviceAccountToken"`
	ServiceAccountAnnotations map[string]string `json:"serviceAccountAnnotations"`
}

// maxRequest is the maximum size of a request in bytes. A service account token has a few thousand bytes.
const maxRequest = 1 << 20

// read reads a request. Its errors do not quote the request, which may contain a token.
func read(in io.Reader) (request, error) {
	const wanted = "kubelet request on standard input"
	b, err := io.ReadAll(io.LimitReader(in, maxRequest+1))
	switch {
	case err != nil:
		return request{}, fmt.Errorf("reading the %s: %w", wanted, err)
	case len(b) > maxRequest:
		return request{}, fmt.Errorf("invalid %s: longer than the limit of %d bytes", wanted, maxRequest)
	case len(bytes.TrimSpace(b)) == 0:
		return request{}, fmt.Errorf("standard input is empty: expected a %s from the kubelet; "+
			"configure this program in a CredentialProviderConfig", kubeletprotocol.RequestKind)
	}
	var r request
	if err := json.Unmarshal(b, &r); err != nil {
		return request{}, fmt.Errorf("invalid %s: expected the JSON of a %s: %s", wanted, kubeletprotocol.RequestKind, syntax(err))
	}
	switch {
	case r.Kind != kubeletprotocol.RequestKind:
		return request{}, fmt.Errorf("invalid %s: kind %q, expected %s", wanted, oneline.Value(r.Kind), kubeletprotocol.RequestKind)
	case !slices.Contains(kubeletprotocol.Versions, r.APIVersion):
		return request{}, fmt.Errorf("invalid %s: unsupported apiVersion %q; supported versions are %s",
			wanted, oneline.Value(r.APIVersion), strings.Join(kubeletprotocol.Versions, ", "))
	case r.Image == "":
		return request{}, fmt.Errorf("invalid %s: image is missing", wanted)
	}
	return r, nil
}

// IsRequest reports whether input, which may be incomplete, is a kubelet request rather than a host.
func IsRequest(input []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(input), []byte("{")) && bytes.Contains(input, []byte(`"`+kubeletprotocol.RequestKind+`"`))
}

// syntax describes a JSON error without the text that the parser quotes from the input.
func syntax(err error) string {
	var at *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &at):
		return fmt.Sprintf("syntax error at byte %d", at.Offset)
	case errors.As(err, &kind):
		return fmt.Sprintf("%s has the wrong type: %s", cmp.Or(kind.Field, "request"), kind.Value)
	}
	return "cannot be decoded"
}

// A response is a CredentialProviderResponse.
type response struct {
	Kind          string          `json:"kind"`
	APIVersion    string          `json:"apiVersion"`
	CacheKeyType  string          `json:"cacheKeyType"`
	CacheDuration string          `json:"cacheDuration"`  // the kubelet does not cache the response if this is 0s
	Auth          map[string]auth `json:"auth,omitempty"` // by the pattern that the image must match; nil means no credentials
}

type auth struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

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
	"time"
)

// A request is a CredentialProviderRequest. The types are written here because those of Kubernetes would cost every start of
// the program milliseconds.
// Source: https://kubernetes.io/docs/reference/config-api/kubelet-credentialprovider.v1/
type request struct {
	Kind                      string            `json:"kind"`
	APIVersion                string            `json:"apiVersion"`
	Image                     string            `json:"image"`
	ServiceAccountToken       string            `json:"serviceAccountToken"`
	ServiceAccountAnnotations map[string]string `json:"serviceAccountAnnotations"`
}

const (
	requestKind  = "CredentialProviderRequest"
	responseKind = "CredentialProviderResponse"
	group        = "credentialprovider.kubelet.k8s.io/"
)

// versions are those of the protocol. The beta forms differ in nothing that is used here.
var versions = []string{group + "v1", group + "v1beta1", group + "v1alpha1"}

// maxRequest bounds what is read, in bytes; a service account's token has some thousand.
const maxRequest = 1 << 20

// read reads a request. Its errors say what is wrong and do not repeat it, since there may be a token in it.
func read(in io.Reader) (request, error) {
	const wanted = "kubelet request on standard input"
	b, err := io.ReadAll(io.LimitReader(in, maxRequest+1))
	switch {
	case err != nil:
		return request{}, fmt.Errorf("reading the %s: %w", wanted, err)
	case len(b) > maxRequest:
		return request{}, fmt.Errorf("invalid %s: longer than the limit of %d bytes", wanted, maxRequest)
	case len(bytes.TrimSpace(b)) == 0:
		return request{}, fmt.Errorf("standard input is empty: expected a %s from kubelet; configure this program in a CredentialProviderConfig", requestKind)
	}
	var r request
	if err := json.Unmarshal(b, &r); err != nil {
		return request{}, fmt.Errorf("invalid %s: expected the JSON of a %s: %s", wanted, requestKind, syntax(err))
	}
	switch {
	case r.Kind != requestKind:
		return request{}, fmt.Errorf("invalid %s: kind %q, expected %s", wanted, short(r.Kind), requestKind)
	case !slices.Contains(versions, r.APIVersion):
		return request{}, fmt.Errorf("invalid %s: unsupported apiVersion %q; supported versions are %s", wanted, short(r.APIVersion), strings.Join(versions, ", "))
	case r.Image == "":
		return request{}, fmt.Errorf("invalid %s: image is missing", wanted)
	}
	return r, nil
}

// IsRequest reports whether standard input, or as much as has been read of it, is a request of kubelet's and not a host.
func IsRequest(input []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(input), []byte("{")) && bytes.Contains(input, []byte(`"`+requestKind+`"`))
}

func (r request) host() string { return hostOf(r.Image) }

// syntax says where JSON is wrong, without the words that the parser repeats.
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

func short(s string) string {
	const longest = 80
	if len(s) > longest {
		return strings.ToValidUTF8(s[:longest], "") + "…"
	}
	return s
}

// A response is a CredentialProviderResponse.
type response struct {
	APIVersion    string
	CacheDuration time.Duration
	Auth          map[string]auth // by what the image must match; nil for none
}

type auth struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// encode writes the response. One that may be kept for no time, or has nothing, is not to be kept at all.
func (r response) encode() []byte {
	b, err := json.Marshal(struct {
		Kind          string          `json:"kind"`
		APIVersion    string          `json:"apiVersion"`
		CacheKeyType  string          `json:"cacheKeyType"`
		CacheDuration string          `json:"cacheDuration"`
		Auth          map[string]auth `json:"auth,omitempty"`
	}{responseKind, r.APIVersion, "Registry", r.CacheDuration.String(), r.Auth})
	if err != nil {
		panic(err) // text and numbers can always be encoded
	}
	return append(b, '\n')
}

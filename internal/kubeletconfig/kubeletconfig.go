// Package kubeletconfig reads the kubelet's CredentialProviderConfig as the kubelet does, and adds a provider to it. It
// preserves comments, order and layout of YAML and JSON.
package kubeletconfig

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/userfile"
)

// A File is one CredentialProviderConfig.
// Source: https://kubernetes.io/docs/reference/config-api/kubelet-config.v1/
type File struct {
	Path       string
	APIVersion string
	Providers  []Provider // in the order of the file, in which the kubelet tries their passwords

	Content []byte
}

// A Provider is one program that the kubelet runs for the credentials of some images.
type Provider struct {
	Name                 string           `json:"name"`
	APIVersion           string           `json:"apiVersion"` // version of the protocol
	MatchImages          []string         `json:"matchImages"`
	DefaultCacheDuration string           `json:"defaultCacheDuration"` // for responses without a cache duration
	Args                 []string         `json:"args,omitempty"`
	Env                  []Variable       `json:"env,omitempty"`
	TokenAttributes      *TokenAttributes `json:"tokenAttributes,omitempty"` // nil if it gets no service account token
}

// A Variable is an environment variable. Its value may be a secret.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// TokenAttributes configures the service account token and annotations that a provider gets.
type TokenAttributes struct {
	Audience              string   `json:"serviceAccountTokenAudience"`
	CacheType             string   `json:"cacheType"`             // "ServiceAccount" or "Token"
	RequireServiceAccount bool     `json:"requireServiceAccount"` // false: the provider also runs for pods without one
	RequiredAnnotations   []string `json:"requiredServiceAccountAnnotationKeys,omitempty"`
	OptionalAnnotations   []string `json:"optionalServiceAccountAnnotationKeys,omitempty"`
}

// version and ProtocolVersion are the versions of the file and of the protocol that tokenAttributes requires.
const (
	version         = "kubelet.config.k8s.io/v1"
	ProtocolVersion = "credentialprovider.kubelet.k8s.io/v1"
)

const kind = "CredentialProviderConfig"

// Versions that the kubelet supports.
var (
	versions         = []string{version, version + "beta1", version + "alpha1"}
	protocolVersions = []string{ProtocolVersion, ProtocolVersion + "beta1", ProtocolVersion + "alpha1"}
)

// Read reads the value of --image-credential-provider-config, which is a file or a directory. In a directory, the
// kubelet reads every .json, .yaml and .yml file in the order of their names. Read returns an error for the first
// problem that prevents the kubelet from starting.
func Read(path string) ([]*File, error) {
	paths := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if paths, err = inDirectory(path); err != nil {
			return nil, err
		}
	}
	var files []*File
	where := map[string]string{} // provider name to path of its file
	for _, path := range paths {
		text, err := userfile.Read(path)
		if err != nil {
			return nil, err
		}
		if !text.Exists() {
			return nil, advice.Errorf("%s: does not exist", path).
				Then("create it: docker-credential-ecr-login configure kubelet")
		}
		f, err := parse(path, text.Content)
		if err != nil {
			return nil, err
		}
		for _, p := range f.Providers {
			if other := where[p.Name]; other != "" {
				return nil, advice.Errorf("%s: duplicate provider %s, also in %s", path, p.Name, other).Then("remove one")
			}
			where[p.Name] = path
		}
		files = append(files, f)
	}
	if len(where) == 0 {
		return nil, advice.Errorf("%s: contains no provider, so the kubelet does not start", path).
			Then("create one: docker-credential-ecr-login configure kubelet")
	}
	return files, nil
}

// ReadFile reads one file. A missing or empty file has no providers.
func ReadFile(path string) (*File, *userfile.File, error) {
	text, err := userfile.Read(path)
	if err != nil {
		return nil, nil, err
	}
	f := &File{Path: path, Content: text.Content}
	if !f.isEmpty() {
		f, err = parse(path, text.Content)
	}
	return f, text, err
}

func (f *File) isEmpty() bool { return len(bytes.TrimSpace(f.Content)) == 0 }

func inDirectory(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil, advice.Errorf("%s: cannot be read: %w", dir, err).Then("check its owner and mode")
	}
	var paths []string
	for _, e := range entries {
		if !e.IsDir() && slices.Contains([]string{".json", ".yaml", ".yml"}, filepath.Ext(e.Name())) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	if len(paths) == 0 {
		return nil, advice.Errorf("%s: %w: the directory contains no .json, .yaml or .yml file", dir, fs.ErrNotExist).
			Then("create one: docker-credential-ecr-login configure kubelet")
	}
	return paths, nil
}

// Provider returns the provider of that name. It reports false if there is none.
func (f *File) Provider(name string) (Provider, bool) {
	i := f.index(name)
	if i < 0 {
		return Provider{}, false
	}
	return f.Providers[i], true
}

func (f *File) index(name string) int {
	return slices.IndexFunc(f.Providers, func(p Provider) bool { return p.Name == name })
}

// isJSON reports whether the kubelet parses a text as JSON.
func isJSON(content []byte) bool {
	return strings.HasPrefix(strings.TrimLeft(string(content), " \t\r\n"), "{")
}

// Flag returns the value of a flag in the arguments of kubelet or of a provider; "" if it is not set. The last value
// applies.
func Flag(args []string, name string) (value string) {
	for i, arg := range args {
		if arg == name && i+1 < len(args) {
			value = args[i+1]
		} else if v, ok := strings.CutPrefix(arg, name+"="); ok {
			value = v
		}
	}
	return value
}

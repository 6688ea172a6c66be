// Package kubeletfile reads kubelet's CredentialProviderConfig as kubelet does, and puts a provider into it without losing
// anything else: comments, order and layout of YAML and of JSON.
package kubeletfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"ecrlogin/credentials/docker/configfile/textfile"
)

// A File is one CredentialProviderConfig. The zero File is an empty one, which kubelet would not take.
// Source: https://kubernetes.io/docs/reference/config-api/kubelet-config.v1/
type File struct {
	Path       string
	APIVersion string
	Providers  []Provider // in the file's order, which is that in which their passwords are tried

	content []byte
	list    *yaml.Node   // of the providers; nil if there is no key for them
	key     *yaml.Node   // that of the list
	entries []*yaml.Node // each of a provider
}

// A Provider is one program that kubelet runs for the credentials of some images.
type Provider struct {
	Name                 string           `json:"name"`
	APIVersion           string           `json:"apiVersion"` // of the protocol it is spoken to in
	MatchImages          []string         `json:"matchImages"`
	DefaultCacheDuration string           `json:"defaultCacheDuration"` // for an answer that does not say how long it may be kept
	Args                 []string         `json:"args,omitempty"`
	Env                  []Variable       `json:"env,omitempty"`
	TokenAttributes      *TokenAttributes `json:"tokenAttributes,omitempty"` // nil if it gets no service account's token
}

// A Variable is one of the environment. Its value may be a secret.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// TokenAttributes say which token of a pod's service account a provider gets, and what else of it.
type TokenAttributes struct {
	Audience              string   `json:"serviceAccountTokenAudience"`
	CacheType             string   `json:"cacheType"`             // "ServiceAccount" or "Token"
	RequireServiceAccount bool     `json:"requireServiceAccount"` // false: it is run for pods without one too
	RequiredAnnotations   []string `json:"requiredServiceAccountAnnotationKeys,omitempty"`
	OptionalAnnotations   []string `json:"optionalServiceAccountAnnotationKeys,omitempty"`
}

// The versions that tokenAttributes need, of the file and of the protocol.
const (
	Version         = "kubelet.config.k8s.io/v1"
	ProtocolVersion = "credentialprovider.kubelet.k8s.io/v1"
)

const kind = "CredentialProviderConfig"

// Versions that kubelet knows.
var (
	versions         = []string{Version, Version + "beta1", Version + "alpha1"}
	protocolVersions = []string{ProtocolVersion, ProtocolVersion + "beta1", ProtocolVersion + "alpha1"}
)

// Read reads what --image-credential-provider-config names: a file, or a folder of which kubelet reads every .json, .yaml and
// .yml in the order of their names. The error is about the first thing for which kubelet would not start.
func Read(path string) ([]*File, error) {
	paths := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if paths, err = inFolder(path); err != nil {
			return nil, err
		}
	}
	var files []*File
	where := map[string]string{} // by name of a provider: the file that has it
	for _, path := range paths {
		text, err := textfile.Read(path)
		if err != nil {
			return nil, err
		}
		if !text.Exists() {
			return nil, fmt.Errorf("%s: does not exist; create it: docker-credential-ecr-login configure kubelet", path)
		}
		f, err := Parse(path, text.Content)
		if err != nil {
			return nil, err
		}
		for _, p := range f.Providers {
			if other := where[p.Name]; other != "" {
				return nil, fmt.Errorf("%s: duplicate provider %s, also in %s; remove one", path, p.Name, other)
			}
			where[p.Name] = path
		}
		files = append(files, f)
	}
	if len(where) == 0 {
		return nil, fmt.Errorf("%s: contains no provider, so kubelet does not start; create one: docker-credential-ecr-login configure kubelet", path)
	}
	return files, nil
}

func inFolder(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read: %w; check its owner and mode", dir, err)
	}
	var paths []string
	for _, e := range entries {
		if !e.IsDir() && slices.Contains([]string{".json", ".yaml", ".yml"}, filepath.Ext(e.Name())) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: %w: the directory contains no .json, .yaml or .yml file; create one: docker-credential-ecr-login configure kubelet", dir, fs.ErrNotExist)
	}
	return paths, nil
}

// Provider returns the provider of that name.
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

// isJSON reports whether kubelet takes a text for JSON, and then for nothing else.
func isJSON(content []byte) bool {
	return strings.HasPrefix(strings.TrimLeft(string(content), " \t\r\n"), "{")
}

// An Error is something for which kubelet would not start.
type Error struct {
	Path         string
	Line, Column int    // from 1
	What         string // what is wrong and what to do
}

// Error returns "PATH:LINE:COLUMN: WHAT". The line is not in it, because there may be a secret in it.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.Path, e.Line, e.Column, e.What)
}

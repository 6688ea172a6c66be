package kubeletconfig

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/oneline"
	"ecrlogin/internal/strictyaml"
)

// config decodes the whole file and validates it as kubelet does.
// Source: validateCredentialProviderConfig in pkg/credentialprovider/plugin/config.go of Kubernetes
func (d *document) config(n *yaml.Node, f *File) error {
	var ofKind string
	var list *yaml.Node
	err := d.Mapping(n, "the file", map[string]strictyaml.Field{
		"apiVersion": d.text(&f.APIVersion, oneOf(versions)),
		"kind":       d.text(&ofKind, oneOf([]string{kind})),
		"providers": func(n *yaml.Node) error {
			list = n
			return d.each(func(n *yaml.Node) error { return d.addProvider(n, f) })(n)
		},
	})
	switch {
	case err != nil:
		return err
	case ofKind == "":
		return d.Wrong(n, "missing kind; add kind: %s", kind)
	case f.APIVersion == "":
		return d.Wrong(n, "missing apiVersion; add apiVersion: %s", Version)
	}
	for i, p := range f.Providers {
		if p.TokenAttributes != nil && f.APIVersion != Version {
			return d.Wrong(list.Content[i], "tokenAttributes requires apiVersion %s; change the apiVersion of the file", Version)
		}
	}
	return nil
}

func (d *document) addProvider(n *yaml.Node, f *File) error {
	p, err := d.provider(n)
	if err != nil {
		return err
	}
	if f.index(p.Name) >= 0 {
		return d.Wrong(n, "duplicate provider %s; remove one", p.Name)
	}
	f.Providers = append(f.Providers, p)
	return nil
}

func (d *document) provider(n *yaml.Node) (Provider, error) {
	var p Provider
	err := d.Mapping(n, "a provider", map[string]strictyaml.Field{
		"name":                 d.text(&p.Name, checkName),
		"apiVersion":           d.text(&p.APIVersion, oneOf(protocolVersions)),
		"matchImages":          d.texts(&p.MatchImages, checkPattern),
		"defaultCacheDuration": d.text(&p.DefaultCacheDuration, checkDuration),
		"args":                 d.texts(&p.Args),
		"env": d.each(func(n *yaml.Node) error {
			var v Variable
			err := d.Mapping(n, "a variable", map[string]strictyaml.Field{"name": d.text(&v.Name), "value": d.text(&v.Value)})
			p.Env = append(p.Env, v)
			return err
		}),
		"tokenAttributes": func(n *yaml.Node) error {
			if strictyaml.IsNull(n) {
				return nil
			}
			p.TokenAttributes = new(TokenAttributes)
			return d.tokenAttributes(n, p.TokenAttributes)
		},
	})
	if err != nil {
		return Provider{}, err
	}
	if what := p.missing(); what != "" {
		return Provider{}, d.Wrong(n, "%s", what)
	}
	return p, nil
}

// missing returns what a provider lacks; "" for a complete one.
func (p Provider) missing() string {
	switch {
	case p.Name == "":
		return "the provider has no name; add the name of its program in the directory --image-credential-provider-bin-dir"
	case p.APIVersion == "":
		return fmt.Sprintf("provider %s has no apiVersion; add apiVersion: %s", p.Name, ProtocolVersion)
	case len(p.MatchImages) == 0:
		return fmt.Sprintf("provider %s has no matchImages; add patterns of images", p.Name)
	case p.DefaultCacheDuration == "":
		return fmt.Sprintf(`provider %s has no defaultCacheDuration; add defaultCacheDuration: "0s"`, p.Name)
	case p.TokenAttributes != nil && p.APIVersion != ProtocolVersion:
		return fmt.Sprintf("provider %s has tokenAttributes, which requires apiVersion %s; change the apiVersion of the provider", p.Name, ProtocolVersion)
	}
	return ""
}

func (d *document) tokenAttributes(n *yaml.Node, t *TokenAttributes) error {
	isSet := false // requireServiceAccount is set
	err := d.Mapping(n, "tokenAttributes", map[string]strictyaml.Field{
		"serviceAccountTokenAudience": d.text(&t.Audience),
		"cacheType":                   d.text(&t.CacheType, oneOf([]string{"ServiceAccount", "Token"})),
		"requireServiceAccount": func(n *yaml.Node) error {
			isSet = true
			return d.Truth(&t.RequireServiceAccount)(n)
		},
		"requiredServiceAccountAnnotationKeys": d.texts(&t.RequiredAnnotations, checkAnnotation),
		"optionalServiceAccountAnnotationKeys": d.texts(&t.OptionalAnnotations, checkAnnotation),
	})
	if err != nil {
		return err
	}
	switch all := slices.Concat(t.RequiredAnnotations, t.OptionalAnnotations); {
	case t.Audience == "":
		return d.Wrong(n, "missing serviceAccountTokenAudience; add it, for example sts.amazonaws.com")
	case t.CacheType == "":
		return d.Wrong(n, "missing cacheType; add cacheType: ServiceAccount")
	case !isSet:
		return d.Wrong(n, "missing requireServiceAccount; set it to true or false")
	case !t.RequireServiceAccount && len(t.RequiredAnnotations) > 0:
		return d.Wrong(n, "requiredServiceAccountAnnotationKeys requires requireServiceAccount: true; set it, or make the keys optional")
	case len(slices.Compact(slices.Sorted(slices.Values(all)))) < len(all):
		return d.Wrong(n, "duplicate annotation key; remove one")
	}
	return nil
}

func oneOf(known []string) func(string) string {
	return func(s string) string {
		if slices.Contains(known, s) {
			return ""
		}
		return fmt.Sprintf("unsupported value %q; use %s", oneline.Value(s), strings.Join(known, " or "))
	}
}

func checkName(s string) string {
	if strings.ContainsAny(s, "/ ") || s == "." || s == ".." {
		return fmt.Sprintf("invalid program name %q; use the name of the provider's program", oneline.Value(s))
	}
	return ""
}

func checkPattern(s string) string {
	if _, err := parseURL(s); err != nil || s == "" {
		return fmt.Sprintf("invalid image pattern %q; use a host, such as *.dkr.ecr.*.amazonaws.com", oneline.Value(s))
	}
	return ""
}

func checkDuration(s string) string {
	if d, err := time.ParseDuration(s); err != nil || d < 0 {
		return fmt.Sprintf("invalid duration %q; use a value such as 12h or 0s", oneline.Value(s))
	}
	return ""
}

// checkAnnotation checks an annotation key: an optional host name with a slash, and a name.
// Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/#syntax-and-character-set
func checkAnnotation(s string) string {
	const key = `^([a-zA-Z0-9]([-a-zA-Z0-9.]{0,251}[a-zA-Z0-9])?/)?[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$`
	if ok, err := regexp.MatchString(key, s); !ok || err != nil {
		return fmt.Sprintf("invalid annotation key %q; use a key such as eks.amazonaws.com/role-arn", oneline.Value(s))
	}
	return ""
}

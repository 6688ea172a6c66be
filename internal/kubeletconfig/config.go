package kubeletconfig

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/strictyaml"
)

// config decodes the whole file and validates it as the kubelet does.
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
		return d.Wrong(n, advice.Errorf("missing kind").Then("add kind: %s", kind))
	case f.APIVersion == "":
		return d.Wrong(n, advice.Errorf("missing apiVersion").Then("add apiVersion: %s", version))
	}
	for i, p := range f.Providers {
		if p.TokenAttributes != nil && f.APIVersion != version {
			return d.Wrong(list.Content[i], advice.Errorf("tokenAttributes requires apiVersion %s", version).
				Then("change the apiVersion of the file"))
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
		return d.Wrong(n, advice.Errorf("duplicate provider %s", p.Name).Then("remove one"))
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
	if err := p.missing(); err != nil {
		return Provider{}, d.Wrong(n, err)
	}
	return p, nil
}

// missing returns an error if a provider lacks a required key.
func (p Provider) missing() error {
	switch {
	case p.Name == "":
		return advice.Errorf("the provider has no name").
			Then("add the name of its program in the directory --image-credential-provider-bin-dir")
	case p.APIVersion == "":
		return advice.Errorf("provider %s has no apiVersion", p.Name).Then("add apiVersion: %s", ProtocolVersion)
	case len(p.MatchImages) == 0:
		return advice.Errorf("provider %s has no matchImages", p.Name).Then("add patterns of images")
	case p.DefaultCacheDuration == "":
		return advice.Errorf(`provider %s has no defaultCacheDuration`, p.Name).Then(`add defaultCacheDuration: "0s"`)
	case p.TokenAttributes != nil && p.APIVersion != ProtocolVersion:
		return advice.Errorf("provider %s has tokenAttributes, which requires apiVersion %s", p.Name, ProtocolVersion).
			Then("change the apiVersion of the provider")
	}
	return nil
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
		return d.Wrong(n, advice.Errorf("missing serviceAccountTokenAudience").
			Then("add it, for example sts.amazonaws.com"))
	case t.CacheType == "":
		return d.Wrong(n, advice.Errorf("missing cacheType").Then("add cacheType: ServiceAccount"))
	case !isSet:
		return d.Wrong(n, advice.Errorf("missing requireServiceAccount").Then("set it to true or false"))
	case !t.RequireServiceAccount && len(t.RequiredAnnotations) > 0:
		return d.Wrong(n, advice.Errorf("requiredServiceAccountAnnotationKeys requires requireServiceAccount: true").
			Then("set it, or make the keys optional"))
	case len(slices.Compact(slices.Sorted(slices.Values(all)))) < len(all):
		return d.Wrong(n, advice.Errorf("duplicate annotation key").Then("remove one"))
	}
	return nil
}

func oneOf(known []string) func(string) error {
	return func(s string) error {
		if slices.Contains(known, s) {
			return nil
		}
		return advice.Errorf("unsupported value %q", oneline.Value(s)).Then("use %s", strings.Join(known, " or "))
	}
}

func checkName(s string) error {
	if strings.ContainsAny(s, "/ ") || s == "." || s == ".." {
		return advice.Errorf("invalid program name %q", oneline.Value(s)).Then("use the name of the provider's program")
	}
	return nil
}

func checkPattern(s string) error {
	if _, err := parseURL(s); err != nil || s == "" {
		return advice.Errorf("invalid image pattern %q", oneline.Value(s)).
			Then("use a host, such as *.dkr.ecr.*.amazonaws.com")
	}
	return nil
}

func checkDuration(s string) error {
	if d, err := time.ParseDuration(s); err != nil || d < 0 {
		return advice.Errorf("invalid duration %q", oneline.Value(s)).Then("use a value such as 12h or 0s")
	}
	return nil
}

// checkAnnotation checks an annotation key: an optional host name with a slash, and a name.
// Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/#syntax-and-character-set
func checkAnnotation(s string) error {
	const key = `^([a-zA-Z0-9]([-a-zA-Z0-9.]{0,251}[a-zA-Z0-9])?/)?[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$`
	if ok, err := regexp.MatchString(key, s); !ok || err != nil {
		return advice.Errorf("invalid annotation key %q", oneline.Value(s)).
			Then("use a key such as eks.amazonaws.com/role-arn")
	}
	return nil
}

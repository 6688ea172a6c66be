package refreshconfig

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"go.yaml.in/yaml/v4"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"ecrlogin/credentials"
	"ecrlogin/internal/advice"
	"ecrlogin/internal/identityconf"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/strictyaml"
	"ecrlogin/refresh"
	"ecrlogin/refresh/kubernetes/secret"
	"ecrlogin/registry"
)

// kubernetes reads the key kubernetes.
func (p *document) kubernetes(n *yaml.Node) error {
	lease := &p.config.Lease
	return p.Mapping(n, "kubernetes", map[string]strictyaml.Field{
		"secrets": p.List(`secrets must be a list of rules, each starting with "- name:"`, p.secret),
		"lease": func(n *yaml.Node) error {
			return p.Mapping(n, "lease", map[string]strictyaml.Field{
				"name":      p.Text(&lease.Name, checkName),
				"namespace": p.Text(&lease.Namespace, checkNamespace),
				"disabled":  p.Truth(&lease.Disabled),
			})
		},
	})
}

// A rule is an item of secrets.
type rule struct {
	secret.Rule
	identity         credentials.Identity
	preset, template *yaml.Node
	line             int
	names, patterns  []string // of Namespaces, set by split
}

// secret reads an item of secrets.
func (p *document) secret(n *yaml.Node) error {
	r := &rule{line: n.Line}
	keys := identityconf.New(p.Reader, &r.identity)
	fields := keys.Fields()
	maps.Copy(fields, map[string]strictyaml.Field{
		"name":            p.Text(&r.Name, checkName),
		"namespaces":      p.texts(&r.Namespaces, `namespaces must be a list, such as ["team-*", default]`, checkPattern),
		"exclude":         p.texts(&r.Exclude, "exclude must be a list, such as [kube-system]", checkPattern),
		"selector":        p.Text(&r.Selector, checkSelector),
		"registries":      p.logins(&r.Logins),
		"preset":          p.preset(r),
		"template":        p.template(r),
		"adopt":           p.Truth(&r.Adopt),
		"prune":           p.Truth(&r.Prune),
		"serviceAccounts": p.texts(&r.ServiceAccounts, "serviceAccounts must be a list, such as [default]", checkName),
	})
	if err := p.Mapping(n, "a rule of secrets", fields); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return p.Wrong(n, err)
	}
	for i := range r.Logins {
		login := &r.Logins[i]
		if err := keys.Check(n, login.Registry); err != nil {
			return err
		}
		login.Identity = identityconf.Expand(r.identity, login.Registry)
	}
	if err := p.form(r); err != nil {
		return err
	}
	if err := p.sameSecret(r); err != nil {
		return p.Wrong(n, err)
	}
	p.config.Secrets = append(p.config.Secrets, r.Rule)
	return nil
}

// check returns an error if keys are missing or contradict each other.
func (r *rule) check() error {
	switch {
	case r.Name == "":
		return advice.Errorf("the rule has no name").Then("add the name of the Secret, for example: name: regcred")
	case len(r.Logins) == 0:
		return advice.Errorf("the rule has no registries").
			Then("add some, for example: registries: [123456789012.dkr.ecr.us-west-2.amazonaws.com]")
	case len(r.Namespaces) == 0 && r.Selector == "":
		return advice.Errorf("the rule has no namespaces").
			Then(`add namespaces or selector; for all namespaces: namespaces: ["*"]`)
	case r.preset != nil && r.template != nil:
		return advice.Errorf("preset and template exclude each other").Then("remove one")
	}
	return nil
}

// logins returns a field that reads the registries of a rule.
func (p *document) logins(into *[]refresh.Login) strictyaml.Field {
	seen := map[registry.Registry]bool{}
	const wrong = "registries must be a list of hosts, such as [123456789012.dkr.ecr.us-west-2.amazonaws.com]"
	return p.List(wrong, func(n *yaml.Node) error {
		var login refresh.Login
		if err := p.registry(&login)(n); err != nil {
			return err
		}
		if seen[login.Registry] {
			return p.Wrong(n, advice.Errorf("duplicate registry %s", login.Registry).Then("remove one"))
		}
		seen[login.Registry] = true
		*into = append(*into, login)
		return nil
	})
}

// texts returns a field that reads a list of different texts. For a value of another type, the error message is wrong.
func (p *document) texts(into *[]string, wrong string, check func(string) error) strictyaml.Field {
	seen := map[string]bool{}
	return p.List(wrong, func(n *yaml.Node) error {
		var s string
		if err := p.Text(&s, check)(n); err != nil {
			return err
		}
		if seen[s] {
			return p.Wrong(n, advice.Errorf("duplicate value %q", s).Then("remove one"))
		}
		seen[s] = true
		*into = append(*into, s)
		return nil
	})
}

// checkName checks the name of a Secret, a service account or a Lease.
func checkName(s string) error {
	if len(validation.IsDNS1123Subdomain(s)) > 0 {
		return fmt.Errorf("must be a Kubernetes name: up to %d lower-case letters, digits, hyphens and dots, "+
			"starting and ending with a letter or digit", validation.DNS1123SubdomainMaxLength)
	}
	return nil
}

// checkNamespace checks the name of a namespace.
func checkNamespace(s string) error {
	if len(validation.IsDNS1123Label(s)) > 0 {
		return fmt.Errorf("must be the name of a namespace: up to %d lower-case letters, digits and hyphens, "+
			"starting and ending with a letter or digit", validation.DNS1123LabelMaxLength)
	}
	return nil
}

// checkPattern checks a pattern for namespaces.
func checkPattern(s string) error {
	switch {
	case !isPattern(s):
		return checkNamespace(s)
	case len(s) > 2*validation.DNS1123LabelMaxLength || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-*?") != "":
		return errors.New("must be the name of a namespace, or a pattern with * for any text and ? for one character")
	}
	return nil
}

func checkSelector(s string) error {
	switch selector, err := labels.Parse(s); {
	case err != nil:
		return fmt.Errorf("must be a label selector, such as ecr-login=enabled: %s", oneline.Value(err.Error()))
	case selector.Empty():
		return errors.New(`selects all namespaces, which is written as namespaces: ["*"]`)
	}
	return nil
}

// form sets the form of a rule and checks it.
func (p *document) form(r *rule) error {
	if r.preset == nil && r.template == nil {
		r.Form, _ = secret.Preset(defaultPreset)
		return nil
	}
	at := r.preset
	if at == nil {
		at = r.template
	}
	if err := r.Form.Check(len(r.Logins)); err != nil {
		return p.Wrong(at, err)
	}
	if len(r.ServiceAccounts) > 0 && r.Form.Type != secret.TypeDockerConfigJSON {
		return p.Wrong(at, advice.Errorf("serviceAccounts requires a Secret of type %s", secret.TypeDockerConfigJSON).
			Then("remove serviceAccounts, or use another preset"))
	}
	return nil
}

const defaultPreset = "dockerconfigjson"

// preset returns a field that reads the name of a form.
func (p *document) preset(r *rule) strictyaml.Field {
	return func(n *yaml.Node) error {
		r.preset = n
		return p.Text(new(string), func(s string) error {
			var ok bool
			if r.Form, ok = secret.Preset(s); !ok {
				return fmt.Errorf("must be one of %s", strings.Join(secret.Presets(), ", "))
			}
			return nil
		})(n)
	}
}

// template returns a field that reads a form.
func (p *document) template(r *rule) strictyaml.Field {
	return func(n *yaml.Node) error {
		r.template = n
		r.Form = secret.Form{Type: secret.TypeOpaque}
		return p.Mapping(n, "template", map[string]strictyaml.Field{
			"type":        p.Text(&r.Form.Type, func(string) error { return nil }),
			"labels":      p.mapping(&r.Form.Labels, "labels"),
			"annotations": p.mapping(&r.Form.Annotations, "annotations"),
			"data":        p.mapping(&r.Form.Data, "data"),
		})
	}
}

// mapping returns a field that reads a mapping with any keys and texts as values, which may be empty.
func (p *document) mapping(into *map[string]string, what string) strictyaml.Field {
	return func(n *yaml.Node) error {
		if n.Kind != yaml.MappingNode {
			return p.Wrong(n, advice.Errorf("%s must be a mapping", what))
		}
		all := make(map[string]string, len(n.Content)/2)
		for key, value := range strictyaml.Members(n) {
			text, ok := strictyaml.Text(value)
			_, duplicate := all[key.Value]
			switch {
			case key.Kind != yaml.ScalarNode || key.Value == "":
				return p.Wrong(key, advice.Errorf("the key must be a string that is not empty"))
			case duplicate:
				return p.Wrong(key, advice.Errorf("duplicate key %q", oneline.Value(key.Value)).Then("remove one"))
			case !ok:
				return p.Wrong(value, advice.Errorf("the value must be a string").Then("enclose it in quotes"))
			}
			all[key.Value] = text
		}
		*into = all
		return nil
	}
}

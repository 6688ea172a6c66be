package secret

import (
	"cmp"
	"slices"
	"strings"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/typo"
)

// A placeholder is a part of a template that is replaced by a value, written ${NAME}.
type placeholder struct {
	name   string
	secret bool // the value contains a password
	shared bool // the value is that of all registries of a rule
}

var placeholders = []placeholder{
	{name: "host"},
	{name: "username"},
	{name: "password", secret: true},
	{name: "auth", secret: true},
	{name: "expiry"},
	{name: "dockerconfigjson", secret: true, shared: true},
}

// A part of a template is a text or a placeholder.
type part struct {
	text        string
	placeholder *placeholder // nil for a text
}

// parseTemplate splits a template. "$${" is the text "${", and every other "$" is a text.
func parseTemplate(template string) ([]part, error) {
	var parts []part
	for template != "" {
		text, rest, found := strings.Cut(template, "${")
		if !found {
			return append(parts, part{text: template}), nil
		}
		if before, escaped := strings.CutSuffix(text, "$"); escaped {
			parts, template = append(parts, part{text: before + "${"}), rest
			continue
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, advice.Errorf("unterminated placeholder %q", oneline.Value("${"+rest)).
				Then("add }, or write $${ for a literal ${")
		}
		i := slices.IndexFunc(placeholders, func(p placeholder) bool { return p.name == name })
		if i < 0 {
			return nil, unknownPlaceholder(name)
		}
		parts, template = append(parts, part{text: text}, part{placeholder: &placeholders[i]}), after
	}
	return parts, nil
}

func unknownPlaceholder(name string) error {
	names := make([]string, len(placeholders))
	for i, p := range placeholders {
		names[i] = p.name
	}
	err := advice.Errorf("unknown placeholder %q", "${"+oneline.Value(name)+"}")
	if near := typo.Near(name, names); len(near) > 0 {
		return err.Then("did you mean ${%s}?", near[0])
	}
	return err.Then("use ${%s}, or write $${ for a literal ${", strings.Join(names, "}, ${"))
}

// Expand returns a Form whose placeholders are replaced by values, which must contain the names of all placeholders
// that the Form uses. The default of Type is Opaque.
func (f Form) Expand(values map[string]string) (Form, error) {
	expanded := Form{Type: cmp.Or(f.Type, TypeOpaque)}
	var errs [3]error
	expanded.Labels, errs[0] = expandAll(f.Labels, values)
	expanded.Annotations, errs[1] = expandAll(f.Annotations, values)
	expanded.Data, errs[2] = expandAll(f.Data, values)
	return expanded, cmp.Or(errs[:]...)
}

// expand replaces the placeholders of a template.
func expand(template string, values map[string]string) (string, error) {
	parts, err := parseTemplate(template)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	for _, p := range parts {
		text.WriteString(p.text)
		if p.placeholder != nil {
			text.WriteString(values[p.placeholder.name])
		}
	}
	return text.String(), nil
}

// expandAll replaces the placeholders of each value of a map.
func expandAll(templates, values map[string]string) (map[string]string, error) {
	all := make(map[string]string, len(templates))
	for key, template := range templates {
		text, err := expand(template, values)
		if err != nil {
			return nil, err
		}
		all[key] = text
	}
	return all, nil
}

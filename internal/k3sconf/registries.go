package k3sconf

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/containerdconf"
	"ecrlogin/internal/oneline"
	"ecrlogin/internal/strictyaml"
	"ecrlogin/internal/yamledit"
)

// Registries contains what a registries.yaml configures.
type Registries struct {
	Path    string
	Mirrors []Upstream
	Configs []string // registries with TLS settings or a password

	content []byte
}

// An Upstream is the entry of a registry in mirrors.
type Upstream struct {
	Name      string // as in image names, or *
	Endpoints []string
	Rewrites  map[string]string // regular expressions for repositories, and their replacements
}

// Parse reads a registries.yaml.
func Parse(path string, content []byte) (*Registries, error) {
	r := &Registries{Path: path, content: content}
	root, err := parse(path, content)
	if err != nil {
		return nil, err
	}
	for section, value := range strictyaml.Members(root) {
		for name, entry := range strictyaml.Members(value) {
			switch section.Value {
			case "configs":
				r.Configs = append(r.Configs, name.Value)
			case "mirrors":
				r.Mirrors = append(r.Mirrors, upstream(name.Value, entry))
			}
		}
	}
	return r, nil
}

func upstream(name string, entry *yaml.Node) Upstream {
	u := Upstream{Name: name}
	for key, value := range strictyaml.Members(entry) {
		switch key.Value {
		case "endpoint":
			for _, item := range value.Content {
				u.Endpoints = append(u.Endpoints, item.Value)
			}
		case "rewrite":
			for pattern, to := range strictyaml.Members(value) {
				if u.Rewrites == nil {
					u.Rewrites = map[string]string{}
				}
				u.Rewrites[pattern.Value] = to.Value
			}
		}
	}
	return u
}

// everything is the regular expression for all repositories.
const everything = "^(.*)$"

// rewrites returns the rules that add the prefix of a mirror.
func rewrites(m containerdconf.Mirror) map[string]string {
	if m.Prefix == "" {
		return nil
	}
	return map[string]string{everything: m.Prefix + "/$1"}
}

// address returns an endpoint without the parts that k3s adds.
func address(endpoint string) string {
	endpoint = strings.TrimPrefix(strings.TrimSuffix(endpoint, "/"), "https://")
	if host, rest, _ := strings.Cut(endpoint, "/"); rest == "v2" {
		return host
	}
	return endpoint
}

// serves reports whether all endpoints are the mirror. The prefix can be in the URL instead of a rewrite.
func (u Upstream) serves(m containerdconf.Mirror) bool {
	leadsTo := func(host string) bool {
		return len(u.Endpoints) > 0 && !slices.ContainsFunc(u.Endpoints, func(e string) bool { return address(e) != host })
	}
	return leadsTo(m.Host) && reflect.DeepEqual(u.Rewrites, rewrites(m)) ||
		leadsTo(address(m.URL())) && u.Rewrites == nil
}

// Others returns the registries in mirrors except the given ones.
func (r *Registries) Others(names []string) (others []string) {
	for _, u := range r.Mirrors {
		if !slices.Contains(names, u.Name) {
			others = append(others, u.Name)
		}
	}
	return others
}

// With returns the content of the file with a mirror added. It returns an error if the upstream has other endpoints,
// because containerd would send them the password too.
func (r *Registries) With(m containerdconf.Mirror) ([]byte, error) {
	if slices.Contains(r.Configs, m.Upstream) {
		return nil, advice.Errorf("%s: configs contains %s, so the upstream stays the last endpoint, to which containerd would send the password", r.Path, m.Upstream).
			Then("remove that entry; no files were written")
	}
	i := slices.IndexFunc(r.Mirrors, func(u Upstream) bool { return u.Name == m.Upstream })
	var old Upstream
	if i >= 0 {
		old = r.Mirrors[i]
	}
	if old.serves(m) {
		return r.content, nil
	}
	for _, e := range old.Endpoints {
		if address(e) != m.Host {
			return nil, advice.Errorf("%s: contains another endpoint for %s, %q, to which containerd would send the password too", r.Path, m.Upstream, oneline.Value(e)).
				Then("remove it; no files were written")
		}
	}
	if len(old.Rewrites) > 0 {
		return nil, advice.Errorf("%s: contains other rewrite rules for %s", r.Path, m.Upstream).
			Then("remove them; no files were written")
	}
	return r.edit(m, old)
}

// edit adds a mirror of an upstream that has no other endpoints and no rewrite rules.
func (r *Registries) edit(m containerdconf.Mirror, old Upstream) ([]byte, error) {
	d, err := yamledit.Parse(r.content)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", r.Path, err)
	}
	entry := struct {
		Endpoint []string          `json:"endpoint"`
		Rewrite  map[string]string `json:"rewrite,omitempty"`
	}{[]string{"https://" + m.Host}, rewrites(m)}
	switch {
	case len(r.Mirrors) == 0:
		d.Set(map[string]any{m.Upstream: entry}, "mirrors")
	case len(old.Endpoints) > 0: // without the prefix
		d.Set(entry.Rewrite, "mirrors", m.Upstream, "rewrite")
	default:
		d.Set(entry, "mirrors", m.Upstream)
	}
	content := d.Bytes()
	after, err := Parse(r.Path, content)
	if err != nil || !after.extends(r, m) {
		return nil, layout(r.Path, fmt.Sprintf("mirrors: {%s: {endpoint: [%q]}}", m.Upstream, m.URL())) // the URL contains the prefix
	}
	return content, nil
}

// extends reports whether the file contains the mirror, and all else that was in it before.
func (r *Registries) extends(before *Registries, m containerdconf.Mirror) bool {
	except := func(all []Upstream) []Upstream {
		return slices.DeleteFunc(slices.Clone(all), func(u Upstream) bool { return u.Name == m.Upstream })
	}
	return slices.Equal(r.Configs, before.Configs) && slices.EqualFunc(except(r.Mirrors), except(before.Mirrors), func(a, b Upstream) bool {
		return reflect.DeepEqual(a, b)
	}) && slices.ContainsFunc(r.Mirrors, func(u Upstream) bool { return u.Name == m.Upstream && u.serves(m) })
}

func layout(path, lines string) error {
	return advice.Errorf("%s: the layout cannot be edited safely", path).Then("add this manually: %s; no files were written", lines)
}

package refreshconfig

import (
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/strictyaml"
)

// Limits of interval. A longer one than the life of a token would not restore a file before its password expires.
const (
	minInterval = time.Second
	maxInterval = 12 * time.Hour
)

// Parse parses the content of a file: JSON if its name ends in .json, TOML if it ends in .toml, and YAML otherwise. The
// path is used for that, in errors, and to reject a target that would replace the file. It is strict: an unknown or
// duplicate key and a value of the wrong type are errors, of type *strictyaml.Error. The keys of the sidecar (interval,
// registries, registryId, region, passwordFile) are accepted in upper and lower case, and registryId without quotes.
// The size of the file is limited to configpath.MaxSize; nesting is limited too.
func Parse(path string, content []byte) (*Config, error) {
	d := strictyaml.NewDocument(path, content)
	d.Suggest = true
	root, err := read(d, path, content)
	if err != nil {
		return nil, err
	}
	p := &document{
		Document: d,
		config:   &Config{Path: path, Listen: defaultListen, Lease: Lease{Name: DefaultLeaseName}},
		files:    map[string]int{},
		hosts:    map[string]int{},
		secrets:  map[string][]*rule{},
		names:    map[string]*rule{},
	}
	if root == nil {
		root = &yaml.Node{Kind: yaml.MappingNode, Line: 1, Column: 1}
	}
	if err := p.read(root); err != nil {
		return nil, err
	}
	return p.config, nil
}

// read returns the content of a file as a tree of YAML nodes, whatever its format; nil if the file is empty.
func read(d *strictyaml.Document, path string, content []byte) (*yaml.Node, error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".json":
		return readJSON(d, content)
	case ".toml":
		return readTOML(d, content)
	case ".hcl", ".properties", ".props", ".prop": // further formats of the sidecar
		return nil, d.At(1, 1, advice.Errorf("the format %s is not supported", ext).Then("use YAML, JSON or TOML"))
	}
	return d.Root()
}

// A document is a file that is being parsed.
type document struct {
	*strictyaml.Document
	config  *Config
	files   map[string]int     // the index of the first of config.Files with that path
	hosts   map[string]int     // the line of the entry for a path and a host
	secrets map[string][]*rule // by the name of the Secret
	names   map[string]*rule   // by the name of the Secret, a slash, and the name of a namespace
	steps   int                // to compare their namespaces
}

// read reads the whole file.
func (p *document) read(n *yaml.Node) error {
	ignoreCase(n, "interval", "registries")
	err := p.Mapping(n, "the configuration", map[string]strictyaml.Field{
		"interval":   p.Duration(&p.config.Interval, minInterval, maxInterval),
		"registries": p.List(`registries must be a list of entries, each starting with "- registry:"`, p.entry),
		"kubernetes": p.kubernetes,
		"listen":     p.listen,
	})
	switch {
	case err != nil:
		return err
	case p.config.Interval == 0:
		return p.Wrong(n, advice.Errorf("interval is missing").
			Then("set how often files and Secrets are written again, for example: interval: 30m"))
	case len(p.config.Files) == 0 && len(p.config.Secrets) == 0:
		return p.Wrong(n, advice.Errorf("the configuration has no targets").
			Then("add registries with passwordFile or dockerConfig, or kubernetes with secrets"))
	}
	return nil
}

// ignoreCase replaces the keys of a mapping that differ from names only in upper and lower case.
func ignoreCase(n *yaml.Node, names ...string) {
	for key := range strictyaml.Members(n) {
		for _, name := range names {
			if key.Kind == yaml.ScalarNode && strings.EqualFold(key.Value, name) {
				key.Value = name
			}
		}
	}
}

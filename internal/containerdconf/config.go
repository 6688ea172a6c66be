package containerdconf

import (
	"path/filepath"
	"slices"
	"strings"
)

// Default paths of containerd.
const (
	DefaultConfig = "/etc/containerd/config.toml"
	DefaultCerts  = "/etc/containerd/certs.d"
)

// A Config contains the registry settings of containerd's configuration.
type Config struct {
	CertsDirs []string // directories of config_path
	Mirrors   bool     // registry.mirrors is set, with which containerd does not accept config_path
}

// plugins are the names of containerd's CRI plugin, of containerd 1 and 2.
var plugins = []string{"io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"}

// ParseConfig reads containerd's configuration, config.toml.
func ParseConfig(path string, content []byte) (*Config, error) {
	c := new(Config)
	err := read(path, content, func(e entry) error {
		if len(e.keys) < 4 || e.keys[0] != "plugins" || !slices.Contains(plugins, e.keys[1]) || e.keys[2] != "registry" {
			return nil
		}
		switch {
		case e.keys[3] == "mirrors" && len(e.keys) > 4:
			c.Mirrors = true
		case e.keys[3] == "config_path" && e.value != nil:
			var list string
			if err := e.text(&list); err != nil {
				return err
			}
			c.CertsDirs = filepath.SplitList(list)
		}
		return nil
	})
	return c, err
}

// Reads reports whether containerd reads the hosts.toml files in a directory.
func (c *Config) Reads(dir string) bool {
	return slices.ContainsFunc(c.CertsDirs, func(d string) bool { return filepath.Clean(d) == filepath.Clean(dir) })
}

// Lines returns the lines of containerd's configuration that set config_path, for containerd 1 and 2.
func Lines(dir string) string {
	var b strings.Builder
	for i, plugin := range plugins {
		b.WriteString([]string{"containerd 1:", "\ncontainerd 2:"}[i] + "\n")
		b.WriteString("    [plugins.\"" + plugin + "\".registry]\n      config_path = \"" + dir + "\"")
	}
	return b.String()
}

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
	CertsDirs []string // directories of config_path that containerd searches
	Ignored   []string // directories of config_path that containerd 2 ignores
	Mirrors   bool     // registry.mirrors is set, with which containerd does not accept config_path
}

// containerd1 and containerd2 are the names of the plugin that pulls for the kubelet.
const (
	containerd1 = "io.containerd.grpc.v1.cri"
	containerd2 = "io.containerd.cri.v1.images"
)

// ParseConfig reads containerd's configuration, config.toml.
//
// containerd 2.1 and later pull with the transfer service, which takes a list in config_path for the name of one
// directory: https://github.com/containerd/containerd/issues/12808. Some settings turn the service off.
func ParseConfig(path string, content []byte) (*Config, error) {
	c := new(Config)
	transfer, local := false, false
	err := read(path, content, func(e entry) error {
		if len(e.keys) < 3 || e.keys[0] != "plugins" || e.keys[1] != containerd1 && e.keys[1] != containerd2 {
			return nil
		}
		transfer = transfer || e.keys[1] == containerd2
		switch key := strings.Join(e.keys[2:], "."); {
		case (key == "use_local_image_pull" || key == "discard_unpacked_layers") && e.value != nil:
			var on bool
			if err := e.truth(&on); err != nil {
				return err
			}
			local = local || on
		case key == "registry.config_path" && e.value != nil:
			var list string
			if err := e.text(&list); err != nil {
				return err
			}
			c.CertsDirs = filepath.SplitList(list)
		case strings.HasPrefix(key, "registry.mirrors."):
			c.Mirrors = true
		}
		return nil
	})
	if transfer && !local && len(c.CertsDirs) > 1 {
		c.CertsDirs, c.Ignored = nil, c.CertsDirs
	}
	return c, err
}

// Reads reports whether containerd reads the hosts.toml files in a directory.
func (c *Config) Reads(dir string) bool {
	return slices.ContainsFunc(c.CertsDirs, func(d string) bool { return filepath.Clean(d) == filepath.Clean(dir) })
}

// Lines returns the lines of containerd's configuration that set config_path, for containerd 1 and 2, or only for the
// latter if it ignores the current ones.
func (c *Config) Lines(dir string) string {
	lines := func(plugin string) string {
		return "    [plugins.\"" + plugin + "\".registry]\n      config_path = \"" + dir + "\""
	}
	if c.Ignored != nil {
		return lines(containerd2)
	}
	return "containerd 1:\n" + lines(containerd1) + "\ncontainerd 2:\n" + lines(containerd2)
}

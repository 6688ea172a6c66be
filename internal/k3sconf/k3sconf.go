// Package k3sconf reads and edits the files with which k3s and RKE2 configure containerd: registries.yaml, from which
// they generate hosts.toml files, and config.yaml, which contains the options of the node.
//
// Source: https://docs.k3s.io/installation/private-registry and getHostConfigs in pkg/agent/containerd of
// https://github.com/k3s-io/k3s
package k3sconf

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"ecrlogin/internal/strictyaml"
	"ecrlogin/internal/userfile"
	"ecrlogin/internal/yamledit"
)

// A Node contains the paths of the files of a node.
type Node struct {
	Name       string // "k3s" or "RKE2"
	Registries string // registries.yaml
	Config     string // config.yaml; its drop-ins are in the directory config.yaml.d
}

// K3s returns the files of k3s.
func K3s() Node { return At("/etc/rancher/k3s/registries.yaml") }

// RKE2 returns the files of RKE2.
func RKE2() Node { return At("/etc/rancher/rke2/registries.yaml") }

// All returns the files of all distributions.
func All() []Node { return []Node{K3s(), RKE2()} }

// At returns the files of a node with that registries.yaml. config.yaml is in the same directory, and the name of the
// directory of RKE2 is rke2.
func At(registries string) Node {
	dir := filepath.Dir(registries)
	n := Node{Name: "k3s", Registries: registries, Config: filepath.Join(dir, "config.yaml")}
	if filepath.Base(dir) == "rke2" {
		n.Name = "RKE2"
	}
	return n
}

// Installed returns the distributions that have configured containerd on this machine. root is the root of its file
// system, usually /.
func Installed(root string) []Node {
	return slices.DeleteFunc(All(), func(n Node) bool {
		_, err := os.Stat(filepath.Join(root, filepath.Dir(n.Containerd())))
		return err != nil
	})
}

// ID returns the name of the distribution in paths, flags and generated files: "k3s" or "rke2".
func (n Node) ID() string { return strings.ToLower(n.Name) }

// Containerd returns the path of the configuration of containerd that the distribution generates. The hosts.toml files
// that it generates from registries.yaml are in the directory certs.d beside it.
func (n Node) Containerd() string {
	return "/var/lib/rancher/" + n.ID() + "/agent/etc/containerd/config.toml"
}

// Restart returns the commands that restart a node, for messages.
func (n Node) Restart() string {
	if n.Name == "RKE2" {
		return "systemctl restart rke2-server (or rke2-agent)"
	}
	return "systemctl restart k3s (or k3s-agent)"
}

// Keys of config.yaml.
const (
	// NoDefault is the option with which the upstream is not the last endpoint of each mirror.
	NoDefault      = "disable-default-registry-endpoint"
	providerConfig = "image-credential-provider-config"
	registriesFile = "private-registry"
)

// Options contains the options of a node. The last file that contains an option takes effect.
type Options struct {
	NoDefault      bool   // containerd does not pull from the upstream of a mirror
	NoDefaultFile  string // file that sets NoDefault; "" for none
	ProviderConfig string // --image-credential-provider-config; "" for the default path
	Registries     string // path of registries.yaml; "" for the default path
}

// Options reads config.yaml and its drop-ins. Options of the command line are unknown.
func (n Node) Options() (o Options, err error) {
	paths := []string{n.Config}
	for _, pattern := range []string{"*.yaml", "*.yml"} {
		more, _ := filepath.Glob(filepath.Join(n.Config+".d", pattern)) // fails only for an invalid pattern
		paths = append(paths, more...)
	}
	slices.Sort(paths[1:])
	for _, path := range paths {
		text, err := userfile.Read(path)
		if err != nil {
			return o, err
		}
		root, err := parse(path, text.Content)
		if err != nil {
			return o, err
		}
		for key, value := range strictyaml.Members(root) {
			switch key.Value {
			case NoDefault:
				o.NoDefault, o.NoDefaultFile = strings.EqualFold(value.Value, "true"), path
			case providerConfig:
				o.ProviderConfig = value.Value
			case registriesFile:
				o.Registries = value.Value
			}
		}
	}
	return o, nil
}

// DisableDefault returns the content of config.yaml with the option NoDefault.
func DisableDefault(path string, content []byte) ([]byte, error) {
	d, err := yamledit.Parse(content)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	d.Set(true, NoDefault)
	after := d.Bytes()
	root, err := parse(path, after)
	if err != nil {
		return nil, err
	}
	for key, value := range strictyaml.Members(root) {
		if key.Value == NoDefault && value.Value == "true" {
			return after, nil
		}
	}
	return nil, layout(path, NoDefault+": true")
}

// parse returns the root of a YAML file; nil if it is empty. Errors do not contain the line, which may contain a secret.
func parse(path string, content []byte) (*yaml.Node, error) {
	at := func(line, column int, problem error) error {
		return fmt.Errorf("%s:%d:%d: %w", path, line, column, problem)
	}
	root, err := strictyaml.Reader{At: at}.Parse(content)
	if err != nil {
		return nil, err
	}
	if root != nil && root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: not a mapping; correct the file", path)
	}
	return root, nil
}

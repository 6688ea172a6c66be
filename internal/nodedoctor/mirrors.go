package nodedoctor

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ecrlogin/internal/check"
	"ecrlogin/internal/containerdconf"
	"ecrlogin/internal/k3sconf"
	"ecrlogin/internal/program"
	"ecrlogin/internal/userfile"
	"ecrlogin/registry"
)

// generated are the configurations of containerd that k3s and RKE2 generate, beside the hosts.toml files that they
// generate from registries.yaml.
var generated = []string{
	"/var/lib/rancher/k3s/agent/etc/containerd/config.toml", "/var/lib/rancher/rke2/agent/etc/containerd/config.toml",
}

// mirrors checks whether containerd would send the password of Amazon ECR to the upstream of a mirror. The upstreams
// are those in matchImages for which kubelet runs the provider.
func (n *node) mirrors(context.Context) check.Result {
	upstreams := n.upstreams()
	if len(upstreams) == 0 {
		return check.OK("no mirror: matchImages contains no other registries than Amazon ECR")
	}
	conf, from, err := n.containerd()
	if err != nil {
		return check.Error(err)
	}
	if from == "" {
		return check.Skipped("skipped (no configuration of containerd found); no other container runtime is checked").
			Then("%s --containerd-config FILE", doctor)
	}
	for _, upstream := range upstreams {
		if r, ok := n.leak(upstream, conf, from); ok {
			return r
		}
	}
	return check.OK("containerd sends the password of Amazon ECR only there for images of %s", strings.Join(upstreams, ", "))
}

// upstreams returns the hosts in matchImages of the provider that are not those of Amazon ECR.
func (n *node) upstreams() []string {
	var all []string
	for _, pattern := range n.provider.MatchImages {
		host, _, _ := strings.Cut(pattern, "/")
		if _, err := registry.Parse(host); err != nil && !strings.Contains(host, "*") && !slices.Contains(all, host) {
			all = append(all, host)
		}
	}
	return all
}

// containerd returns the settings of containerd, and where they are; "" if containerd was not found.
func (n *node) containerd() (conf *containerdconf.Config, from string, err error) {
	path := cmp.Or(n.Containerd, containerdconf.DefaultConfig)
	text, err := userfile.Read(path)
	if err != nil {
		return nil, "", err
	}
	if text.Exists() {
		conf, err := containerdconf.ParseConfig(path, text.Content)
		return conf, path, err
	}
	for _, path := range generated {
		if _, err := os.Stat(path); err == nil {
			return &containerdconf.Config{CertsDirs: []string{filepath.Join(filepath.Dir(path), "certs.d")}}, path, nil
		}
	}
	return nil, "", nil
}

// leak returns the failure for an upstream that would get the password. It reports false if none would.
func (n *node) leak(upstream string, conf *containerdconf.Config, from string) (check.Result, bool) {
	_, public := containerdconf.Upstreams()[upstream]
	configure := program.Command + " configure containerd --mirror " + upstream + "="
	k3s := generator(from)
	for _, dir := range conf.CertsDirs { // containerd reads the first that exists
		text, err := userfile.Read(containerdconf.HostsFile(dir, upstream))
		if err != nil {
			return check.Error(err), true
		}
		if !text.Exists() {
			continue
		}
		hosts, err := containerdconf.Parse(text.Path, text.Content)
		if err != nil {
			r := check.Error(err)
			r.Found += ", so containerd ignores the file and sends the password of Amazon ECR to " + upstream
			return r, true
		}
		why := hosts.Leak(upstream, func(host string) bool { return n.mayGet(host, upstream, public, hosts) })
		if why == "" {
			return check.Result{}, false
		}
		if k3s := cmp.Or(hosts.Generator, k3s); k3s != "" {
			return check.Failed("%s %s", text.Path, why).Then("%s", noFallback(k3s)), true
		}
		return check.Failed("%s %s", text.Path, why).Then("sudo %s%s", configure, hosts.Mirror()), true
	}
	if !public { // probably a domain that leads to Amazon ECR
		return check.Result{}, false
	}
	if conf.Ignored != nil {
		return check.Failed("config_path in %s lists several directories, so containerd 2 ignores its mirrors and sends the password of Amazon ECR to %s",
			from, upstream).Then("set config_path to one directory, and restart containerd"), true
	}
	if k3s != "" {
		configure = program.Command + " configure containerd --" + k3s + " --mirror " + upstream + "="
		if declared(k3s, upstream) {
			return check.Failed("kubelet gets the password of Amazon ECR for images of %s, but containerd has no mirror for it yet, so it sends the password there",
				upstream).Then("sudo %s", restart(k3s)), true
		}
	}
	return check.Failed("kubelet gets the password of Amazon ECR for images of %s, but containerd has no mirror for it (config_path in %s), so it sends the password there",
		upstream, from).Then("sudo %sHOST/PREFIX", configure), true
}

// generator returns the distribution that has generated a configuration of containerd: "k3s", "rke2" or "".
func generator(config string) string {
	i := slices.Index(generated, config)
	if i < 0 {
		return ""
	}
	return []string{"k3s", "rke2"}[i]
}

// files returns the files of a distribution.
func files(k3s string) k3sconf.Node {
	if k3s == "rke2" {
		return k3sconf.RKE2()
	}
	return k3sconf.K3s()
}

// noFallback returns the next step if the upstream is the last endpoint.
func noFallback(k3s string) string {
	return fmt.Sprintf("correct mirrors in %s, set %s: true in %s, and run: sudo %s", files(k3s).Registries, k3sconf.NoDefault, files(k3s).Config, restart(k3s))
}

func restart(k3s string) string { return files(k3s).Restart() }

// declared reports whether registries.yaml contains a mirror of an upstream.
func declared(k3s, upstream string) bool {
	text, err := userfile.Read(files(k3s).Registries)
	if err != nil {
		return false
	}
	r, err := k3sconf.Parse(text.Path, text.Content)
	return err == nil && slices.ContainsFunc(r.Mirrors, func(u k3sconf.Upstream) bool { return u.Name == upstream && len(u.Endpoints) > 0 })
}

// mayGet reports whether a host may get the password for images of an upstream: a registry of Amazon ECR or an alias of
// one. The upstream is one if it is not public and is served by itself.
func (n *node) mayGet(host, upstream string, public bool, hosts *containerdconf.Hosts) bool {
	if host == upstream {
		return !public && (hosts.Serves(host) || len(hosts.Hosts) == 0)
	}
	_, known := containerdconf.Upstreams()[host]
	_, err := n.Config.Resolve(host)
	return err == nil && !known
}

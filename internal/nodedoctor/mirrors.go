package nodedoctor

import (
	"cmp"
	"context"
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

// mirrors checks whether containerd would send the password of Amazon ECR to the upstream of a mirror. The upstreams
// are those in matchImages for which the kubelet runs the provider.
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
	return check.OK("for images of %s, containerd sends the password of Amazon ECR only to the mirror", strings.Join(upstreams, ", "))
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
	for _, k3s := range k3sconf.All() {
		path := k3s.Containerd()
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
	k3s := find(func(d k3sconf.Node) bool { return d.Containerd() == from })
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
		if k3s := cmp.Or(find(func(d k3sconf.Node) bool { return d.ID() == hosts.Generator }), k3s); k3s != nil {
			return check.Failed("%s %s", text.Path, why).Then("correct mirrors in %s, set %s: true in %s, and run: sudo %s",
				k3s.Registries, k3sconf.NoDefault, k3s.Config, k3s.Restart()), true
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
	if k3s != nil {
		configure = program.Command + " configure containerd --" + k3s.ID() + " --mirror " + upstream + "="
		if declared(k3s.Registries, upstream) {
			return check.Failed("the kubelet gets the password of Amazon ECR for images of %s, but containerd has no mirror for it yet, so it sends the password there",
				upstream).Then("sudo %s", k3s.Restart()), true
		}
	}
	return check.Failed("the kubelet gets the password of Amazon ECR for images of %s, but containerd has no mirror for it (config_path in %s), so it sends the password there",
		upstream, from).Then("sudo %sHOST/PREFIX", configure), true
}

// find returns the distribution of Kubernetes for which is reports true; nil if there is none.
func find(is func(k3sconf.Node) bool) *k3sconf.Node {
	for _, d := range k3sconf.All() {
		if is(d) {
			return &d
		}
	}
	return nil
}

// declared reports whether a registries.yaml contains a mirror of an upstream.
func declared(path, upstream string) bool {
	text, err := userfile.Read(path)
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

package setup

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"ecrlogin/internal/configpath"
	"ecrlogin/internal/containerdconf"
	"ecrlogin/internal/k3sconf"
	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/internal/program"
	"ecrlogin/internal/userfile"
)

// Containerd contains the options for mirrors of the containerd of a node.
type Containerd struct {
	Mirrors        []string      // as typed: UPSTREAM=HOST/PREFIX
	CertsDir       string        // directory of config_path
	ConfigFile     string        // containerd's configuration, which is only read
	ProviderConfig string        // CredentialProviderConfig, a file or a directory; "" if there is none
	K3s            *k3sconf.Node // files of k3s or RKE2, which generate hosts.toml files in their own directory; nil for neither
}

// Containerd makes containerd pull the images of upstreams from pull-through caches of Amazon ECR. It writes a
// hosts.toml for each upstream or, for k3s and RKE2, registries.yaml. If containerd then pulls only from the caches, it
// also adds an alias to our configuration and a pattern to matchImages, so that the kubelet gets the password of Amazon
// ECR for these images. Otherwise it does not, because containerd would send the password to the upstream.
func (r *Request) Containerd(c Containerd) error {
	provider, err := findProvider(c.ProviderConfig)
	if err != nil {
		return err
	}
	own, err := openOwn(r.nodeConfig(provider))
	if err != nil {
		return err
	}
	own.file.Public = own.file.Path == program.SystemConfig
	mirrors, err := parseMirrors(c.Mirrors, own)
	if err != nil {
		return err
	}
	find := r.hostsChanges
	if c.K3s != nil {
		find = r.k3sChanges
	}
	changes, ready, err := find(c, mirrors)
	if err != nil {
		return err
	}
	if ready {
		more, err := r.passwordChanges(mirrors, own, provider)
		if err != nil {
			return err
		}
		changes = append(changes, more...)
	}
	if err := r.apply("configure containerd", changes...); err != nil {
		return err
	}
	if c.K3s != nil {
		return r.printK3sSteps(c, ready, provider)
	}
	return r.printMirrorSteps(c, ready, provider)
}

// hostsChanges returns the changes of the hosts.toml files, and reports whether containerd reads these files.
func (r *Request) hostsChanges(c Containerd, mirrors []mirror) (changes []*change, ready bool, err error) {
	for _, m := range mirrors {
		change, err := c.hostsChange(m)
		if err != nil {
			return nil, false, err
		}
		changes = append(changes, change)
	}
	ready, err = r.readsHosts(c)
	return changes, ready, err
}

// A providerFile is the CredentialProviderConfig that contains this program as provider.
type providerFile struct {
	file     *kubeletconfig.File
	text     *userfile.File
	provider kubeletconfig.Provider
}

// findProvider returns the provider in a file or directory; nil if there is none.
func findProvider(path string) (*providerFile, error) {
	paths := []string{path}
	if info, err := os.Stat(path); path == "" || err != nil {
		return nil, nil
	} else if info.IsDir() {
		files, err := kubeletconfig.Read(path)
		if err != nil {
			return nil, err
		}
		paths = nil
		for _, f := range files {
			paths = append(paths, f.Path)
		}
	}
	for _, path := range paths {
		file, text, err := kubeletconfig.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if p, ok := file.Provider(program.Provider); ok {
			return &providerFile{file, text, p}, nil
		}
	}
	return nil, nil
}

// nodeConfig returns the path of the configuration that the provider reads, which differs from that of the current
// user: the kubelet usually has no HOME. Without a provider, it is the one that "configure kubelet" will use.
func (r *Request) nodeConfig(p *providerFile) []string {
	path := r.Env.Get(configpath.Variable)
	if p != nil {
		return []string{cmp.Or(p.config(), path, program.SystemConfig)}
	}
	for _, place := range configpath.Places(r.Env) {
		if _, err := os.Stat(place); err == nil {
			return []string{place}
		}
	}
	return []string{cmp.Or(path, program.SystemConfig)}
}

// config returns the configuration that the provider's arguments or variables name; "" for none.
func (p *providerFile) config() string {
	path := ""
	for _, v := range p.provider.Env {
		if v.Name == configpath.Variable {
			path = v.Value
		}
	}
	return cmp.Or(kubeletconfig.Flag(p.provider.Args, "--config"), path)
}

// hostsChange returns the change of an upstream's hosts.toml.
func (c Containerd) hostsChange(m mirror) (*change, error) {
	text, err := userfile.Read(containerdconf.HostsFile(c.CertsDir, m.Upstream))
	if err != nil {
		return nil, err
	}
	text.Public = true // not secret, and users can run clients of containerd
	hosts, err := containerdconf.Parse(text.Path, text.Content)
	if err != nil {
		return nil, err
	}
	after, err := hosts.With(m.Mirror)
	if err != nil {
		return nil, err
	}
	return &change{text, after, userfile.Diff(text.Path, text.Content, after)}, nil
}

// readsHosts reports whether containerd reads the directory of the hosts.toml files.
func (r *Request) readsHosts(c Containerd) (bool, error) {
	conf, err := c.settings()
	if err != nil {
		return false, err
	}
	if conf.Mirrors {
		return false, fmt.Errorf("%s: contains registry.mirrors, with which containerd does not accept config_path; move these mirrors to files %s and remove them; no files were written",
			c.ConfigFile, containerdconf.HostsFile(c.CertsDir, "UPSTREAM"))
	}
	return conf.Reads(c.CertsDir), nil
}

// settings reads containerd's configuration.
func (c Containerd) settings() (*containerdconf.Config, error) {
	text, err := userfile.Read(c.ConfigFile)
	if err != nil {
		return nil, err
	}
	return containerdconf.ParseConfig(c.ConfigFile, text.Content)
}

// passwordChanges returns the changes with which the kubelet gets the password of the mirrors.
func (r *Request) passwordChanges(mirrors []mirror, own *ownFile, p *providerFile) ([]*change, error) {
	for _, m := range mirrors {
		if err := own.setAlias(m.Upstream, m.ecr); err != nil {
			return nil, err
		}
	}
	changes := []*change{r.ownChange(own)}
	if p == nil {
		return changes, nil
	}
	want := p.provider
	for _, m := range mirrors {
		if !want.Matches(m.Upstream + "/repository") {
			want.MatchImages = append(slices.Clone(want.MatchImages), m.Upstream)
		}
	}
	inEffect := *own
	inEffect.read = own.file.Path
	want.Args = r.args(want.Args, &inEffect)
	after, err := p.file.With(want)
	if err != nil {
		return nil, err
	}
	r.warnOverlap(after.Providers, want)
	return append(changes, &change{p.text, after.Content, userfile.Diff(p.file.Path, p.file.Masked(), after.Masked())}), nil
}

// printMirrorSteps prints what is left to do.
func (r *Request) printMirrorSteps(c Containerd, ready bool, p *providerFile) error {
	switch {
	case !ready:
		return r.printConfigPath(c)
	case p == nil:
		r.printNoProvider(c)
	default:
		r.printf("restart the kubelet, which reads %s only when it starts; containerd needs no restart", filepath.Base(p.file.Path))
		r.printf("after configure undo, restart the kubelet too, so that it discards the password for the upstream")
	}
	return nil
}

// printConfigPath prints the lines with which containerd reads the hosts.toml files.
func (r *Request) printConfigPath(c Containerd) error {
	conf, err := c.settings()
	if err != nil {
		return err
	}
	found, change := "config_path does not contain "+c.CertsDir+", so containerd does", "add these lines"
	if conf.Ignored != nil {
		found, change = "config_path lists several directories, so containerd 2 does", "list only one directory"
	}
	r.printf("%s: %s not read these files", c.ConfigFile, found)
	r.printf("the alias and matchImages were not written, because containerd would send the password of Amazon ECR to the upstream")
	r.printf("to finish, %s, restart containerd, and run this command again:\n%s", change, conf.Lines(c.CertsDir))
	return nil
}

func (r *Request) printNoProvider(c Containerd) {
	r.printf("no CredentialProviderConfig with this program found%s; to add the upstreams to matchImages, run: %s configure kubelet",
		in(c.ProviderConfig), program.Command)
}

func in(path string) string {
	if path == "" {
		return ""
	}
	return " in " + path
}

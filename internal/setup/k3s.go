package setup

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"ecrlogin/internal/containerdconf"
	"ecrlogin/internal/k3sconf"
	"ecrlogin/internal/program"
	"ecrlogin/internal/userfile"
)

// FindK3s returns the files of k3s or RKE2 if one of them has configured containerd on this machine; nil if neither has.
// root is the root of its file system, usually /.
func FindK3s(root string) (*k3sconf.Node, error) {
	installed := k3sconf.Installed(root)
	_, err := os.Stat(filepath.Join(root, containerdconf.DefaultConfig))
	switch {
	case len(installed) == 0:
		return nil, nil
	case len(installed) > 1:
		return nil, errors.New("both k3s and RKE2 are installed; specify one: --k3s or --rke2")
	case err == nil:
		return nil, fmt.Errorf("both %s and %s are present; specify one: --%s or --containerd-config %[2]s",
			installed[0].Name, containerdconf.DefaultConfig, installed[0].ID())
	}
	return &installed[0], nil
}

// k3sChanges returns the changes of registries.yaml and, if needed and safe, of config.yaml. It reports whether
// containerd then pulls images of the upstreams from the mirrors only.
func (r *Request) k3sChanges(c Containerd, mirrors []mirror) (changes []*change, ready bool, err error) {
	options, err := c.K3s.Options()
	if err != nil {
		return nil, false, err
	}
	text, err := userfile.Read(c.K3s.Registries)
	if err != nil {
		return nil, false, err
	}
	after := text.Content
	var others []string
	for _, m := range mirrors {
		registries, err := k3sconf.Parse(text.Path, after)
		if err != nil {
			return nil, false, err
		}
		others = registries.Others(upstreams(mirrors))
		if after, err = registries.With(m.Mirror); err != nil {
			return nil, false, err
		}
	}
	changes = []*change{{text, after, userfile.Diff(text.Path, k3sconf.Masked(text.Content), k3sconf.Masked(after))}}
	// The option also applies to the other mirrors, which may rely on the upstream.
	if options.NoDefault || len(others) > 0 || options.NoDefaultFile != "" {
		return changes, options.NoDefault, nil
	}
	option, err := optionChange(c.K3s.Config)
	return append(changes, option), err == nil, err
}

// optionChange returns the change of config.yaml with which containerd does not pull from the upstream of a mirror.
func optionChange(path string) (*change, error) {
	text, err := userfile.Read(path)
	if err != nil {
		return nil, err
	}
	after, err := k3sconf.DisableDefault(path, text.Content)
	if err != nil {
		return nil, err
	}
	return &change{text, after, userfile.Diff(path, k3sconf.MaskedConfig(text.Content), k3sconf.MaskedConfig(after))}, nil
}

// printK3sSteps prints what is left to do.
func (r *Request) printK3sSteps(c Containerd, ready bool, p *providerFile) error {
	options, err := c.K3s.Options()
	if err != nil {
		return err
	}
	path := cmp.Or(options.NoDefaultFile, c.K3s.Config)
	if !ready {
		r.printf("%s does not contain %s: true, so containerd also pulls from the upstream", path, k3sconf.NoDefault)
		r.printf("the alias and matchImages were not written, because containerd would send the password of Amazon ECR to the upstream")
		if options.NoDefaultFile == "" {
			r.printf("the option was not written, because it also applies to the other mirrors in %s", c.K3s.Registries)
		}
		r.printf("to finish, add this line to %s, and run this command again:\n    %s: true", path, k3sconf.NoDefault)
		return nil
	}
	if p == nil {
		r.printNoProvider(c)
	}
	r.printf("restart %s, which reads these files only when it starts: %s", c.K3s.Name, c.K3s.Restart())
	r.printf("%s 1.26.13, 1.27.10, 1.28.6, 1.29.1 or later is required: others ignore %s and send the password to the upstream", c.K3s.Name, k3sconf.NoDefault)
	r.printf("after the restart, check the mirror: %s doctor --kubelet", program.Command)
	r.printf("after configure undo, restart %s too, so that it discards the password for the upstream", c.K3s.Name)
	return nil
}

func upstreams(mirrors []mirror) (names []string) {
	for _, m := range mirrors {
		names = append(names, m.Upstream)
	}
	return names
}

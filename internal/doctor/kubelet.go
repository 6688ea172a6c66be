package doctor

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/internal/program"
	"ecrlogin/registry"
)

// A Kubelet is the credential provider setup of a kubelet. Without paths, it is the setup of the kubelet that runs on
// this machine.
type Kubelet struct {
	ConfigFile string // --image-credential-provider-config
	BinDir     string // --image-credential-provider-bin-dir
	Proc       string // the process file system; "" means /proc
}

// Kubelet checks how kubelet gets the password for an image, and runs the provider as kubelet does. Without an image,
// it checks only the setup.
func (d *Doctor) Kubelet(ctx context.Context, k Kubelet, image string) iter.Seq[Check] {
	n := &node{exam: &exam{Doctor: d}, Kubelet: k}
	for _, path := range []*string{&n.ConfigFile, &n.BinDir} {
		if abs, err := filepath.Abs(*path); *path != "" && err == nil {
			*path = abs
		}
	}
	if image != "" {
		n.image = kubeletconfig.Image(image)
		_ = n.aim(image) // the alias may be only in the provider's configuration
	}
	return d.run(ctx, []step{
		{"kubelet", nil, n.kubelet},
		{"providers", []string{"kubelet"}, n.providers},
		{"safety", []string{"providers"}, n.safety},
		{"program", []string{"safety"}, n.binary},
		{"secrets", []string{"providers"}, n.secrets},
		{"accounts", []string{"providers"}, n.accounts},
		{"answer", []string{"program"}, n.answer},
		{"registry", []string{"answer"}, n.takes},
		{"image", []string{"registry"}, n.mayPull},
		{"cache", []string{"program"}, n.keeps},
	})
}

// A node is the state of the checks of one kubelet. Earlier checks store findings for later ones.
type node struct {
	*exam
	Kubelet
	image    string   // as kubelet passes it to the provider; "" for none
	process  *process // nil if paths were given or no process was found
	files    []*kubeletconfig.File
	provider kubeletconfig.Provider // the one to check
	ours     bool                   // the provider is this program
}

// The default paths of k3s and RKE2.
// Source: pkg/cli/cmds/agent.go of k3s
const (
	rancherConfig = program.K3sConfig
	rancherBin    = program.K3sBin
)

// kubelet finds the flags that kubelet was started with.
func (n *node) kubelet(context.Context) result {
	if n.ConfigFile != "" {
		return ok("%s and %s, from the command line; not compared with a running kubelet", n.ConfigFile, n.BinDir)
	}
	found, suspects, err := findKubelets(cmp.Or(n.Proc, "/proc"))
	if err != nil {
		return failed("cannot list processes: %v", err).then("%s", nameFiles)
	}
	found = withProviders(found)
	if len(found) == 0 {
		return n.noKubelet(suspects)
	}
	p := found[0]
	for _, q := range found[1:] {
		if !p.sameSetUp(q) {
			return failed("processes %d and %d are both kubelet, with different flags or environment variables%s", p.pid, q.pid, ignored(suspects)).then("%s", nameFiles)
		}
	}
	n.process, n.ConfigFile, n.BinDir = p, p.flag(configFlag), p.flag(binFlag)
	switch {
	case n.ConfigFile == "" || n.BinDir == "":
		return failed("process %d is kubelet, but was not started with both %s and %s, so it runs no provider%s", p.pid, configFlag, binFlag, ignored(suspects)).
			then("%s configure kubelet --config-file /etc/kubernetes/credential-provider.yaml --bin-dir /usr/local/lib/kubelet", binary)
	case p.envErr != nil:
		return failed("process %d is kubelet, but its environment, which providers inherit, cannot be read: %v", p.pid, p.envErr).then("sudo %s doctor --kubelet", binary)
	}
	return ok("process %d, with %s and %s%s", p.pid, n.ConfigFile, n.BinDir, ignored(suspects))
}

// nameFiles is the next step if the kubelet to check is unknown.
const nameFiles = binary + " doctor --kubelet --config-file FILE --bin-dir DIR"

// withProviders leaves out kubelets without providers, if there are others.
func withProviders(all []*process) []*process {
	without := func(p *process) bool { return p.flag(configFlag) == "" }
	if with := slices.DeleteFunc(slices.Clone(all), without); len(with) > 0 {
		return with
	}
	return all
}

// noKubelet returns the result for a machine without a trusted kubelet process.
func (n *node) noKubelet(suspects []suspect) result {
	with := func(d doubt) *suspect {
		i := slices.IndexFunc(suspects, func(s suspect) bool { return s.doubt == d })
		if i < 0 {
			return nil
		}
		return &suspects[i]
	}
	hidden, apart := with(couldNotCheck), with(ownMounts)
	switch {
	case hidden != nil:
		return failed("process %d is named kubelet, but this user cannot inspect it: %v", hidden.pid, hidden.err).then("sudo %s doctor --kubelet", binary)
	case exists(rancherConfig):
		n.ConfigFile, n.BinDir = rancherConfig, rancherBin
		return ok("no kubelet process found; %s exists, which is the default of k3s%s", rancherConfig, ignored(suspects))
	case apart != nil:
		return failed("process %d is named kubelet and runs as root, but in its own mount namespace, as containers do, so its files cannot be checked from here", apart.pid).
			then("sudo nsenter --target %d --mount %s doctor --kubelet, if that process is this machine's kubelet", apart.pid, binary)
	}
	return failed("no kubelet process found%s", ignored(suspects)).then("%s", nameFiles)
}

// ignored lists the processes that are named kubelet but are not trusted, such as those in containers.
func ignored(suspects []suspect) string {
	const most = 3
	text := ""
	for i, s := range suspects {
		if i == most {
			return text + fmt.Sprintf("; and %d more", len(suspects)-most)
		}
		text += fmt.Sprintf("; ignored: process %d, which %s", s.pid, s.why)
	}
	return text
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// configure returns the command that writes the setup that is checked.
func (n *node) configure() string {
	return fmt.Sprintf("%s configure kubelet --config-file %s --bin-dir %s", binary, n.ConfigFile, n.BinDir)
}

// providers checks which providers kubelet runs for the image.
func (n *node) providers(context.Context) result {
	var err error
	if n.files, err = kubeletconfig.Read(n.ConfigFile); err != nil {
		r := failure(err)
		return r.then("%s", cmp.Or(r.next, n.configure()))
	}
	var all []kubeletconfig.Provider
	for _, f := range n.files {
		all = append(all, f.Providers...)
	}
	matching := all
	if n.image != "" {
		matching = slices.DeleteFunc(slices.Clone(all), func(p kubeletconfig.Provider) bool { return !p.Matches(n.image) })
	}
	if len(matching) == 0 {
		r := failed("none of the providers (%s) matches %s, so kubelet pulls it without a password", names(all), registry.Shown(n.image))
		if _, err := registry.Parse(n.image); err == nil {
			return r.then("%s", n.configure())
		}
		return r.then("if it leads to an Amazon ECR registry, add an alias (a rule with match and registry in /etc/ecr-login/config.yaml) and run: %s", n.configure())
	}
	i := slices.IndexFunc(matching, func(p kubeletconfig.Provider) bool { return p.Name == program.Provider })
	if i < 0 && n.image == "" {
		return failed("no provider is named %s (found: %s)", program.Provider, names(all)).then("%s", n.configure())
	}
	n.provider = matching[max(i, 0)]
	switch {
	case n.image == "":
		return ok("%s configures %s", n.ConfigFile, names(all))
	case len(matching) > 1:
		return ok("kubelet runs %d providers for %s and tries their passwords in this order: %s", len(matching), registry.Shown(n.image), names(matching)).
			then("to use only one, remove the matching patterns from the matchImages of the others in %s", n.ConfigFile)
	}
	return ok("kubelet runs %s for %s", n.provider.Name, registry.Shown(n.image))
}

func names(providers []kubeletconfig.Provider) string {
	var all []string
	for _, p := range providers {
		all = append(all, p.Name)
	}
	return strings.Join(all, ", ")
}

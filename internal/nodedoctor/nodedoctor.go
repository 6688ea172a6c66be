// Package nodedoctor checks how the kubelet of a node gets the password for an image: its image credential provider,
// which is this program under another name. As root, it runs nothing that another user could have put in place.
package nodedoctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ecrlogin/internal/check"
	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/internal/program"
	"ecrlogin/registry"
)

// A Kubelet is the credential provider setup of a kubelet. Without paths, it is the setup of the kubelet that runs on
// this machine.
type Kubelet struct {
	ConfigFile string // --image-credential-provider-config
	BinDir     string // --image-credential-provider-bin-dir
	Containerd string // containerd's configuration; "" means the default path
	Proc       string // the process file system; "" means /proc
}

// Checks checks how the kubelet gets the password for an image, and runs the provider as the kubelet does. Without an
// image, it checks only the setup.
func Checks(ctx context.Context, s *check.Settings, k Kubelet, image string) iter.Seq[check.Result] {
	n := &node{Pull: check.Pull{Settings: s}, Kubelet: k}
	for _, path := range []*string{&n.ConfigFile, &n.BinDir} {
		if abs, err := filepath.Abs(*path); *path != "" && err == nil {
			*path = abs
		}
	}
	if image != "" {
		n.image = kubeletconfig.Image(image)
		_ = n.SetTarget(image) // the alias may be only in the provider's configuration
	}
	return n.Run(ctx, []check.Step{
		{Name: "kubelet", Check: n.kubelet},
		{Name: "providers", Needs: []string{"kubelet"}, Check: n.providers},
		{Name: "safety", Needs: []string{"providers"}, Check: n.safety},
		{Name: "program", Needs: []string{"safety"}, Check: n.program},
		{Name: "secrets", Needs: []string{"providers"}, Check: n.secrets},
		{Name: "mirrors", Needs: []string{"providers"}, Check: n.mirrors},
		{Name: "accounts", Needs: []string{"providers"}, Check: n.accounts},
		{Name: "answer", Needs: []string{"program"}, Check: n.answer},
		{Name: "registry", Needs: []string{"answer"}, Check: n.registry},
		{Name: "image", Needs: []string{"registry"}, Check: n.CheckImage},
		{Name: "cache", Needs: []string{"program"}, Check: n.cache},
	})
}

// A node is the state of the checks of one kubelet. Earlier checks store findings for later ones.
type node struct {
	check.Pull
	Kubelet
	image      string   // as the kubelet passes it to the provider; "" for none
	kubeletEnv []string // environment of the kubelet process; nil if paths were given or no process was found
	files      []*kubeletconfig.File
	provider   kubeletconfig.Provider // the one to check
	ours       bool                   // the provider is this program
}

// Next steps.
const (
	doctor    = program.Command + " doctor --kubelet"
	nameFiles = doctor + " --config-file FILE --bin-dir DIR" // if the kubelet to check is unknown
)

// kubelet finds the flags that the kubelet was started with.
func (n *node) kubelet(context.Context) check.Result {
	if n.ConfigFile != "" {
		return check.OK("%s and %s, from the command line; not compared with a running kubelet", n.ConfigFile, n.BinDir)
	}
	all, err := findKubelets(cmp.Or(n.Proc, "/proc"))
	if err != nil {
		return check.Failed("cannot list processes: %v", err).Then("%s", nameFiles)
	}
	found := slices.DeleteFunc(slices.Clone(all), func(p *process) bool { return p.distrust != nil })
	configured := slices.DeleteFunc(slices.Clone(found), func(p *process) bool { return p.flag(configFlag) == "" })
	if len(configured) > 0 {
		found = configured
	}
	if len(found) == 0 {
		return n.noKubelet(all)
	}
	p := found[0]
	for _, q := range found[1:] {
		if !p.sameSetUp(q) {
			return check.Failed("processes %d and %d are both kubelet, with different flags or environment variables%s",
				p.pid, q.pid, ignored(all)).Then("%s", nameFiles)
		}
	}
	n.kubeletEnv, n.ConfigFile, n.BinDir = p.env, p.flag(configFlag), p.flag(binFlag)
	switch {
	case n.ConfigFile == "" || n.BinDir == "":
		return check.Failed("process %d is the kubelet, but was not started with both %s and %s, so it runs no provider%s",
			p.pid, configFlag, binFlag, ignored(all)).
			Then("%s configure kubelet --config-file /etc/kubernetes/credential-provider.yaml --bin-dir /usr/local/lib/kubelet", program.Command)
	case p.envErr != nil:
		return check.Failed("process %d is the kubelet, but its environment, which providers inherit, cannot be read: %v",
			p.pid, p.envErr).Then("sudo %s", doctor)
	}
	return check.OK("process %d, with %s and %s%s", p.pid, n.ConfigFile, n.BinDir, ignored(all))
}

// ProviderConfig returns the CredentialProviderConfig of the kubelet that runs on this machine, a file or a directory;
// "" if none is found. proc is the process file system, usually /proc.
func ProviderConfig(proc string) string {
	all, _ := findKubelets(proc) // without processes there is none
	for _, p := range all {
		if path := p.flag(configFlag); p.distrust == nil && path != "" {
			return path
		}
	}
	if _, err := os.Stat(program.K3sConfig); err == nil {
		return program.K3sConfig
	}
	return ""
}

// noKubelet returns the result for a machine without a trusted kubelet process.
func (n *node) noKubelet(all []*process) check.Result {
	hidden := slices.IndexFunc(all, func(p *process) bool { return errors.Is(p.distrust, fs.ErrPermission) })
	apart := slices.IndexFunc(all, func(p *process) bool { return p.distrust == ownMounts })
	switch _, err := os.Stat(program.K3sConfig); {
	case hidden >= 0:
		p := all[hidden]
		return check.Failed("process %d is named kubelet, but this user cannot inspect it: %v", p.pid, cause(p.distrust)).
			Then("sudo %s", doctor)
	case err == nil:
		n.ConfigFile, n.BinDir = program.K3sConfig, program.K3sBin
		return check.OK("no kubelet process found; %s exists, which is the default of k3s%s", program.K3sConfig, ignored(all))
	case apart >= 0:
		pid := all[apart].pid
		return check.Failed("process %d is named kubelet and runs as root, but in its own mount namespace, as containers do, "+
			"so its files cannot be checked from here", pid).
			Then("sudo nsenter --target %d --mount %s, if that process is this machine's kubelet", pid, doctor)
	}
	return check.Failed("no kubelet process found%s", ignored(all)).Then("%s", nameFiles)
}

// ignored lists the processes that are named kubelet but are not trusted, such as those in containers.
func ignored(all []*process) string {
	const most = 3
	var texts []string
	for _, p := range all {
		if p.distrust == nil {
			continue
		}
		why := "cannot be checked" // usually it has ended
		if errors.As(p.distrust, new(untrusted)) {
			why = p.distrust.Error()
		}
		texts = append(texts, fmt.Sprintf("; ignored: process %d, which %s", p.pid, why))
	}
	if more := len(texts) - most; more > 0 {
		texts = append(texts[:most], fmt.Sprintf("; and %d more", more))
	}
	return strings.Join(texts, "")
}

// configure returns the command that writes the setup that is checked.
func (n *node) configure() string {
	return fmt.Sprintf("%s configure kubelet --config-file %s --bin-dir %s", program.Command, n.ConfigFile, n.BinDir)
}

// providers checks which providers the kubelet runs for the image.
func (n *node) providers(context.Context) check.Result {
	var err error
	if n.files, err = kubeletconfig.Read(n.ConfigFile); err != nil {
		return check.Error(err).Otherwise("correct this line")
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
		r := check.Failed("none of the providers (%s) matches %s, so the kubelet pulls it without a password", names(all), registry.Shown(n.image))
		if _, err := registry.Parse(n.image); err == nil {
			return r.Then("%s", n.configure())
		}
		return r.Then("if it leads to an Amazon ECR registry, add an alias (a rule with match and registry in %s) and run: %s",
			program.SystemConfig, n.configure())
	}
	i := slices.IndexFunc(matching, func(p kubeletconfig.Provider) bool { return p.Name == program.Provider })
	if i < 0 && n.image == "" {
		return check.Failed("no provider is named %s (found: %s)", program.Provider, names(all)).Then("%s", n.configure())
	}
	n.provider = matching[max(i, 0)]
	switch {
	case n.image == "":
		return check.OK("%s configures %s", n.ConfigFile, names(all))
	case len(matching) > 1:
		return check.OK("the kubelet runs %d providers for %s and tries their passwords in this order: %s",
			len(matching), registry.Shown(n.image), names(matching)).
			Then("to use only one, remove the matching patterns from the matchImages of the others in %s", n.ConfigFile)
	}
	return check.OK("the kubelet runs %s for %s", n.provider.Name, registry.Shown(n.image))
}

func names(providers []kubeletconfig.Provider) string {
	var all []string
	for _, p := range providers {
		all = append(all, p.Name)
	}
	return strings.Join(all, ", ")
}

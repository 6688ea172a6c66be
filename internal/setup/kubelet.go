package setup

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ecrlogin/credentials/kubelet"
	"ecrlogin/internal/configpath"
	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/internal/program"
	"ecrlogin/internal/userfile"
	"ecrlogin/registry"
)

// A Node contains the options for the kubelet of a node.
type Node struct {
	BinDir          string // directory of provider programs: --image-credential-provider-bin-dir
	ConfigFile      string // path of the CredentialProviderConfig: --image-credential-provider-config
	ServiceAccounts bool   // use the roles of service accounts
	Replace         bool   // replace another program with the provider's name
}

// Kubelet installs this program as the kubelet's credential provider for Amazon ECR. It copies the program to the
// directory of provider programs and adds it to the CredentialProviderConfig, for the registries of the Request, or
// all of Amazon ECR, and the configured aliases.
func (r *Request) Kubelet(n Node) error {
	if err := n.clean(); err != nil {
		return err
	}
	places := configpath.Places(r.Env)
	if len(places) == 0 { // the kubelet usually has no HOME
		places = []string{program.SystemConfig}
	}
	own, err := openOwn(places)
	if err != nil {
		return err
	}
	images, err := r.images(own)
	if err != nil {
		return err
	}
	c, err := r.kubeletChange(n, own, images)
	if err != nil {
		return err
	}
	p, err := n.program()
	if err != nil {
		return err
	}
	if err := r.install(p); err != nil {
		return err
	}
	if bytes.Equal(c.file.Content, c.after) {
		r.printf("%s: nothing to change", c.file.Path)
	} else if err := r.apply("configure kubelet", c); err != nil {
		return err
	}
	r.printFlags(n)
	return nil
}

// clean validates the paths and makes them absolute, because the kubelet has another working directory.
func (n *Node) clean() error {
	if n.BinDir == "" || n.ConfigFile == "" {
		return errors.New("--bin-dir or --config-file is missing; specify both, for example: --bin-dir /usr/local/lib/kubelet --config-file /etc/kubernetes/credential-provider.yaml")
	}
	for _, path := range []*string{&n.BinDir, &n.ConfigFile} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return fmt.Errorf("%s: cannot determine the absolute path: %w; specify an absolute path", *path, err)
		}
		*path = abs
	}
	if info, err := os.Stat(n.ConfigFile); err == nil && info.IsDir() {
		return fmt.Errorf("%s: is a directory, from which the kubelet reads every .json, .yaml and .yml file; specify a file in it: --config-file %s",
			n.ConfigFile, filepath.Join(n.ConfigFile, program.Provider+".yaml"))
	}
	return nil
}

// images returns the matchImages patterns of the provider.
func (r *Request) images(own *ownFile) ([]string, error) {
	var images []string
	for _, typed := range r.Registries {
		pattern := strings.ToLower(typed)
		overlaps := func(p string) bool { return kubeletconfig.Overlap(p, pattern) }
		t, ok := own.target(typed)
		switch {
		case ok:
			pattern = t.host
		case strings.Contains(pattern, "*") && slices.ContainsFunc(registry.Patterns(), overlaps):
		default:
			return nil, fmt.Errorf("%s: neither an Amazon ECR registry, nor an alias of one in %s, nor a pattern such as *.dkr.ecr.us-west-2.amazonaws.com; correct it, or add an alias there; no files were written",
				registry.Shown(typed), own.path())
		}
		images = append(images, pattern)
	}
	if len(r.Registries) == 0 {
		images = registry.Patterns()
	}
	for _, rule := range own.config.Registries {
		if rule.Registry != "" { // patterns of rules have the kubelet's syntax
			images = append(images, rule.Match)
		}
	}
	return images, nil
}

// kubeletChange returns the change of the CredentialProviderConfig.
func (r *Request) kubeletChange(n Node, own *ownFile, images []string) (*change, error) {
	before, text, err := kubeletconfig.ReadFile(n.ConfigFile)
	if err != nil {
		return nil, err
	}
	p, ok := before.Provider(program.Provider)
	if !ok {
		p = kubeletconfig.Provider{
			Name: program.Provider, APIVersion: kubeletconfig.ProtocolVersion,
			DefaultCacheDuration: "0s", // each response contains its duration
		}
	}
	p.MatchImages = ordered(p.MatchImages, images)
	p.Args = r.args(p.Args, own)
	if n.ServiceAccounts {
		p.APIVersion = kubeletconfig.ProtocolVersion
		p.TokenAttributes = attributes(p.TokenAttributes)
	}
	after, err := before.With(p)
	if err != nil {
		return nil, err
	}
	r.warnOverlap(after.Providers, p)
	return &change{text, after.Content, userfile.Diff(n.ConfigFile, before.Masked(), after.Masked())}, nil
}

// ordered returns want without duplicates. Elements that are also in was come first, in that order.
func ordered(was, want []string) []string {
	var all []string
	for _, s := range slices.Concat(was, want) {
		if slices.Contains(want, s) && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// attributes returns the token attributes for roles of service accounts. Service account and annotations are optional,
// because static pods have none and would get no password. The program uses the node's identity for them.
func attributes(was *kubeletconfig.TokenAttributes) *kubeletconfig.TokenAttributes {
	t := kubeletconfig.TokenAttributes{Audience: "sts.amazonaws.com", CacheType: "ServiceAccount"}
	if was != nil {
		t = *was
	}
	for _, key := range []string{kubelet.PullRoleAnnotation, kubelet.RoleAnnotation} {
		if !slices.Contains(slices.Concat(t.RequiredAnnotations, t.OptionalAnnotations), key) {
			t.OptionalAnnotations = append(slices.Clone(t.OptionalAnnotations), key)
		}
	}
	return &t
}

// warnOverlap prints a note about other providers that match the same images.
func (r *Request) warnOverlap(providers []kubeletconfig.Provider, ours kubeletconfig.Provider) {
	first := "" // our name, for providers after ours
	for _, p := range providers {
		if p.Name == ours.Name {
			first = ours.Name
			continue
		}
		i := slices.IndexFunc(p.MatchImages, func(a string) bool {
			return slices.ContainsFunc(ours.MatchImages, func(b string) bool { return kubeletconfig.Overlap(a, b) })
		})
		if i < 0 {
			continue
		}
		r.printf("note: provider %s matches the same images (matchImages contains %q); the kubelet runs both, and tries the credentials of %s first; to use only one provider, remove that pattern", p.Name, p.MatchImages[i], cmp.Or(first, p.Name))
	}
}

// printFlags prints the kubelet flags and where to set them.
func (r *Request) printFlags(n Node) {
	r.printf("start or restart the kubelet with these flags:")
	r.printf("    --image-credential-provider-config=%s", n.ConfigFile)
	r.printf("    --image-credential-provider-bin-dir=%s", n.BinDir)
	if n.BinDir == program.K3sBin && n.ConfigFile == program.K3sConfig {
		r.printf("k3s and RKE2 use these paths by default")
	} else {
		r.printf("with kubeadm, add them to KUBELET_EXTRA_ARGS in /etc/default/kubelet or /etc/sysconfig/kubelet; for other distributions, see docs/kubernetes.md")
	}
	if n.ServiceAccounts {
		r.printf("the cluster must allow nodes to request service account tokens, and IAM roles must trust them; see docs/kubernetes.md")
	}
	r.printf("to check the setup: %s doctor --kubelet IMAGE", program.Command)
}

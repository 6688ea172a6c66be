package setup

import (
	"cmp"
	"slices"

	"ecrlogin/internal/kubeletconfig"
	"ecrlogin/internal/program"
)

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
		r.printf("note: provider %s matches the same images (matchImages contains %q); kubelet runs both, and tries the credentials of %s first; to use only one provider, remove that pattern", p.Name, p.MatchImages[i], cmp.Or(first, p.Name))
	}
}

// printFlags prints the kubelet flags and where to set them.
func (r *Request) printFlags(n Node) {
	r.printf("start or restart kubelet with these flags:")
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

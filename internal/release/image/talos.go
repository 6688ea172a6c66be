package main

import (
	"fmt"

	"ecrlogin/internal/program"
)

// talosExtension is the kind of an image with a system extension of Talos.
const talosExtension = "ecr-login-talos-extension"

// talosDir is where Talos looks for credential providers (KubeletCredentialProviderBinDir in its constants).
const talosDir = "usr/local/lib/kubelet/credentialproviders/"

// talosManifest is the manifest.yaml of a system extension, with its version. The fields are those of type Manifest in
// pkg/machinery/extensions of Talos. Talos 1.6 is the first with credential providers.
const talosManifest = `version: v1alpha1
metadata:
  name: ecr-login
  version: %q
  author: ecr-login
  description: |
    ecr-credential-provider of ecr-login: the kubelet pulls images from Amazon ECR without image pull secrets.
  compatibility:
    talos:
      version: ">= v1.6.0"
`

// talos returns the content of a system extension of Talos: manifest.yaml, and the files in rootfs. Talos accepts
// nothing else in the root directory, and in rootfs only some directories such as /usr/local.
func (o options) talos(arch string) (content, error) {
	provider, err := o.program(arch, program.Command, "rootfs/"+talosDir+program.Provider)
	manifest := file{name: "manifest.yaml", mode: 0o644, content: fmt.Appendf(nil, talosManifest, o.version)}
	c := content{files: []file{manifest, provider}}
	c.config.Labels = o.labels(talosExtension, "Talos system extension with the kubelet credential provider for Amazon ECR")
	return c, err
}

package registry

import (
	"slices"
	"strings"
)

// upstreams are the public registries whose images a pull-through cache of Amazon ECR may contain, and
// mcr.microsoft.com, whose images can be copied to a mirror. Clients request the images of docker.io from the other two
// names.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
var upstreams = []string{
	"docker.io", "index.docker.io", "registry-1.docker.io",
	"quay.io", "ghcr.io", "registry.k8s.io", "registry.gitlab.com", "cgr.dev", "mcr.microsoft.com",
}

// azure is the domain of Azure Container Registry, whose registries can be upstreams too.
const azure = ".azurecr.io"

// IsUpstream reports whether an address, as Address returns it, is a registry of another provider whose images a
// pull-through cache of Amazon ECR may contain. On a node, such a host is an alias: the kubelet requests a password for
// it, and containerd sends the password to the cache. All other clients would send the password to that host.
func IsUpstream(address string) bool {
	host, _, _ := strings.Cut(address, ":")
	return slices.Contains(upstreams, host) || strings.HasSuffix(host, azure)
}

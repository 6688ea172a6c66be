package setup

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ecrlogin/internal/containerdconf"
	"ecrlogin/internal/oneline"
	"ecrlogin/registry"
)

// A mirror is a pull-through cache for the images of an upstream.
type mirror struct {
	containerdconf.Mirror
	ecr string // the registry whose token is needed; differs from Host for an alias
}

// rootPrefix is ECR's name for a cache without a prefix.
const rootPrefix = "ROOT"

func parseMirrors(typed []string, own *ownFile) ([]mirror, error) {
	if len(typed) == 0 {
		return nil, errors.New("no mirror specified; add one: --mirror docker.io=123456789012.dkr.ecr.us-west-2.amazonaws.com/docker-hub")
	}
	var all []mirror
	for _, t := range typed {
		m, err := parseMirror(t, own)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(n mirror) bool { return n.Upstream == m.Upstream }) {
			return nil, fmt.Errorf("duplicate mirror of %s; specify one; no files were written", m.Upstream)
		}
		all = append(all, m)
	}
	return all, nil
}

// parseMirror parses UPSTREAM=HOST/PREFIX. The prefix is optional for the upstreams of Amazon ECR.
func parseMirror(typed string, own *ownFile) (mirror, error) {
	const example = "--mirror docker.io=123456789012.dkr.ecr.us-west-2.amazonaws.com/docker-hub"
	shown := oneline.Value(registry.Shown(typed)) // a URL may contain a password
	upstream, target, ok := strings.Cut(typed, "=")
	upstream = strings.ToLower(upstream)
	if upstream == "registry-1.docker.io" || upstream == "index.docker.io" {
		upstream = "docker.io"
	}
	address, err := registry.Address(upstream)
	if !ok || err != nil || address != upstream || !strings.Contains(upstream, ".") || strings.Contains(upstream, ":") {
		return mirror{}, fmt.Errorf("invalid mirror %q: not of the form UPSTREAM=HOST/PREFIX; use for example: %s", shown, example)
	}
	if _, err := registry.Parse(upstream); err == nil {
		return mirror{}, fmt.Errorf("invalid mirror %q: the kubelet uses the token of %s for its images, which another registry does not accept; use the repository of the cache in the image names", shown, upstream)
	}
	host, prefix, hasPrefix := strings.Cut(strings.TrimPrefix(target, "https://"), "/")
	r, err := own.config.Resolve(host)
	switch {
	case err != nil || r.Public:
		return mirror{}, fmt.Errorf("invalid mirror %q: %s is neither a private Amazon ECR registry nor an alias of one in %s; correct it, or add an alias there; no files were written",
			shown, registry.Shown(host), own.path())
	case !hasPrefix:
		switch prefix = containerdconf.Upstreams()[upstream]; {
		case upstream == "mcr.microsoft.com":
			return mirror{}, fmt.Errorf("invalid mirror %q: Amazon ECR has no pull-through cache for %s; copy the images to the registry, and add the prefix of their repositories: %[2]s=%s/PREFIX", shown, upstream, host)
		case prefix == "":
			return mirror{}, fmt.Errorf("invalid mirror %q: the prefix of the pull-through cache is missing; add it, for example: %s=%s/PREFIX, or /ROOT for none", shown, upstream, host)
		}
	case prefix == rootPrefix:
		prefix = ""
	case !isPrefix(prefix):
		return mirror{}, fmt.Errorf("invalid mirror %q: invalid prefix %q; use the prefix of the pull-through cache rule, without a tag", shown, oneline.Value(prefix))
	}
	host, err = registry.Address(host)
	return mirror{containerdconf.Mirror{Upstream: upstream, Host: host, Prefix: prefix}, r.Host}, err
}

// isPrefix reports whether ECR accepts a prefix of repositories: names of lower-case letters, digits, '.', '_' and '-',
// separated by slashes.
func isPrefix(s string) bool {
	for part := range strings.SplitSeq(s, "/") {
		if strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" || part == "" || strings.Trim(part, "._-") != part {
			return false
		}
	}
	return true
}

package kubeletconfig

import (
	"net"
	"net/url"
	"path"
	"slices"
	"strings"

	"ecrlogin/internal/wildcard"
)

// Matches reports whether the kubelet runs the provider for an image. The image starts with the registry host and has
// no tag, for example docker.io/library/busybox.
func (p Provider) Matches(image string) bool {
	return slices.ContainsFunc(p.MatchImages, func(pattern string) bool { return Match(pattern, image) })
}

// Match reports whether a pattern, or a key of "auth" in a response, matches an image. They match if they have the
// same number of labels, all labels match, the ports are equal, and the path of the pattern is a prefix of the image's
// path.
// Source: URLsMatch in pkg/credentialprovider/keyring.go of Kubernetes
func Match(pattern, image string) bool {
	matchesLabel := func(pattern, label string) bool {
		ok, _ := path.Match(pattern, label) // fails only for an invalid pattern
		return ok
	}
	return compare(pattern, image, matchesLabel, func(a, b string) bool { return strings.HasPrefix(b, a) })
}

// Overlap reports whether an image can match both patterns. For IPv6 addresses, it may return true if there is no such
// image.
func Overlap(a, b string) bool {
	return compare(a, b, overlapsLabel, func(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) })
}

// overlapsLabel reports whether two label patterns overlap. It is exact for "*", the only wildcard of path.Match in
// the host of a URL. For path.Match, the brackets of an IPv6 address are a character class, so labels with brackets
// count as overlapping.
func overlapsLabel(a, b string) bool {
	return strings.Contains(a+b, "[") || wildcard.Overlap(a, b)
}

// compare compares the labels of the hosts, the ports and the paths.
func compare(a, b string, label, path func(a, b string) bool) bool {
	x, errX := parseURL(a)
	y, errY := parseURL(b)
	if errX != nil || errY != nil {
		return false
	}
	xHost, xPort := splitHost(x)
	yHost, yPort := splitHost(y)
	return xPort == yPort && path(x.Path, y.Path) && slices.EqualFunc(strings.Split(xHost, "."), strings.Split(yHost, "."), label)
}

func splitHost(u *url.URL) (host, port string) {
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil {
		return u.Host, ""
	}
	return host, port
}

func parseURL(s string) (*url.URL, error) { return url.Parse("https://" + s) }

// Image returns the name of an image as the kubelet passes it to providers: with the registry host, without tag and
// digest.
// Source: the reference grammar of github.com/distribution/reference
func Image(typed string) string {
	image, _, _ := strings.Cut(strings.TrimSpace(typed), "@")
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') && strings.Contains(image, "/") {
		image = image[:i]
	}
	host, rest, ok := strings.Cut(image, "/")
	switch {
	case !ok:
		name, _, _ := strings.Cut(image, ":")
		return "docker.io/library/" + name
	case !strings.ContainsAny(host, ".:") && host != "localhost":
		return "docker.io/" + image
	case host == "docker.io" && !strings.Contains(rest, "/"):
		return "docker.io/library/" + rest
	}
	return image
}

package kubeletconfig

import (
	"net"
	"net/url"
	"path"
	"slices"
	"strings"

	"ecrlogin/internal/wildcard"
)

// Matches reports whether kubelet runs the provider for an image. The image starts with the registry host and has no
// tag, for example docker.io/library/busybox.
func (p Provider) Matches(image string) bool {
	return slices.ContainsFunc(p.MatchImages, func(pattern string) bool { return Match(pattern, image) })
}

// Match reports whether a pattern, or a key of "auth" in a response, matches an image. They match if they have the
// same number of labels, all labels match, the ports are equal, and the path of the pattern is a prefix of the image's
// path.
// Source: URLsMatch in pkg/credentialprovider/keyring.go of Kubernetes
func Match(pattern, image string) bool {
	p, err := parseURL(pattern)
	if err != nil {
		return false
	}
	i, err := parseURL(image)
	return err == nil && strings.HasPrefix(i.Path, p.Path) && compare(p, i, func(a, b string) bool {
		ok, err := path.Match(a, b)
		return ok && err == nil
	})
}

// Overlap reports whether an image can match both patterns. For IPv6 addresses, it may return true if there is no such
// image.
func Overlap(a, b string) bool {
	x, err := parseURL(a)
	if err != nil {
		return false
	}
	y, err := parseURL(b)
	return err == nil && (strings.HasPrefix(x.Path, y.Path) || strings.HasPrefix(y.Path, x.Path)) && compare(x, y, overlapsLabel)
}

// overlapsLabel reports whether two label patterns overlap. It is exact for "*", the only wildcard of path.Match in
// the host of a URL. For path.Match, the brackets of an IPv6 address are a character class, so labels with brackets
// count as overlapping.
func overlapsLabel(a, b string) bool {
	return strings.Contains(a+b, "[") || wildcard.Overlap(a, b)
}

func compare(a, b *url.URL, label func(a, b string) bool) bool {
	aHost, aPort := split(a)
	bHost, bPort := split(b)
	return aPort == bPort && slices.EqualFunc(strings.Split(aHost, "."), strings.Split(bHost, "."), label)
}

func split(u *url.URL) (host, port string) {
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil {
		return u.Host, ""
	}
	return host, port
}

func parseURL(s string) (*url.URL, error) { return url.Parse("https://" + s) }

// Image returns the name of an image as kubelet passes it to providers: with the registry host, without tag and
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

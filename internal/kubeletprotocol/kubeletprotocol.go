// Package kubeletprotocol contains the parts of the credential provider protocol that the fast path needs too. Package
// credentials/kubelet implements the protocol.
//
// It imports little, because package fastpath uses it: see there.
package kubeletprotocol

import (
	"slices"
	"strings"
	"time"

	"ecrlogin/internal/lifetime"
)

// The kinds of the protocol's objects, and the group of their API.
const (
	RequestKind  = "CredentialProviderRequest"
	ResponseKind = "CredentialProviderResponse"
	group        = "credentialprovider.kubelet.k8s.io/"
)

// Versions are the supported versions of the protocol. They do not differ in the fields used here.
var Versions = []string{group + "v1", group + "v1beta1", group + "v1alpha1"}

// A Request contains the fields that every request has.
type Request struct {
	APIVersion string // one of Versions
	Image      string // not empty
}

// ParseRequest parses the form in which the kubelet sends a request without a service account: an object with the
// fields kind, apiVersion and image, once each, whose values are strings of printable ASCII characters without escapes.
// ok is false for any other input, including valid requests; encoding/json parses those. Source:
// CredentialProviderRequest in k8s.io/kubelet/pkg/apis/credentialprovider, whose other fields are omitted if they are
// empty
func ParseRequest(input string) (r Request, ok bool) {
	rest, ok := cutToken(input, "{")
	if !ok {
		return Request{}, false
	}
	var kind string
	fields := map[string]*string{"kind": &kind, "apiVersion": &r.APIVersion, "image": &r.Image}
	for len(fields) > 0 {
		var name, value string
		if name, rest, ok = cutString(rest); !ok || fields[name] == nil {
			return Request{}, false
		}
		if rest, ok = cutToken(rest, ":"); !ok {
			return Request{}, false
		}
		if value, rest, ok = cutString(rest); !ok {
			return Request{}, false
		}
		*fields[name] = value
		delete(fields, name)
		after := ","
		if len(fields) == 0 {
			after = "}"
		}
		if rest, ok = cutToken(rest, after); !ok {
			return Request{}, false
		}
	}
	return r, trimSpace(rest) == "" && kind == RequestKind && slices.Contains(Versions, r.APIVersion) && r.Image != ""
}

// cutToken removes a token of one character, and the white space before it.
func cutToken(s, token string) (rest string, ok bool) { return strings.CutPrefix(trimSpace(s), token) }

// cutString removes a string of printable ASCII characters without escapes, and the white space before it.
func cutString(s string) (value, rest string, ok bool) {
	s, ok = cutToken(s, `"`)
	for i := 0; ok && i < len(s) && s[i] >= ' ' && s[i] <= '~' && s[i] != '\\'; i++ {
		if s[i] == '"' {
			return s[:i], s[i+1:], true
		}
	}
	return "", "", false
}

// trimSpace removes leading white space, as RFC 8259 defines it.
func trimSpace(s string) string { return strings.TrimLeft(s, " \t\r\n") }

// Host returns the registry host of an image name, including the port, or docker.io for a name without a host.
// Source: the reference grammar of github.com/distribution/reference
func Host(image string) string {
	host, _, ok := strings.Cut(image, "/")
	if !ok || !strings.ContainsAny(host, ".:") && host != "localhost" {
		return "docker.io"
	}
	return host
}

// soon is how long the kubelet may cache a token that could not be renewed, so that it gets a newer one soon
// after.
const soon = 5 * time.Minute

// CacheDuration returns how long the kubelet may cache a token of a region from now on: until it is renewed, see
// lifetime.Renewal. The token may be hours old, because it may come from a cache. A token that should have been
// renewed, but could not, is cached for a short time, which ends at half of its life at the latest, unless that has
// passed. No token is cached after it expires.
func CacheDuration(issued, expiry time.Time, region string, now time.Time) time.Duration {
	left := expiry.Sub(now)
	fresh := lifetime.Renewal(issued, expiry, region).Sub(now)
	if fresh <= 0 {
		fresh = min(soon, left/2)
		if half := issued.Add(expiry.Sub(issued) / 2).Sub(now); half > 0 {
			fresh = min(fresh, half)
		}
	}
	return max(0, min(fresh, left)).Truncate(time.Second)
}

package registry

import (
	"strings"
	"unicode"
)

// maxShown is the longest text that Shown returns, in bytes, without its mark at the end.
const maxShown = 300

// Shown returns a host, an image or a URL, as a user or a client gave it, in a form that an error or a log may contain. User
// information, which may be a password, is replaced with "…", a query is cut off, and what cannot be printed becomes "�". All in
// front of the last "@" counts as user information, since a password may contain every character that ends one in a URL.
func Shown(given string) string {
	given = strings.TrimSpace(given)
	digest := ""
	if i := strings.LastIndexByte(given, '@'); i >= 0 && isDigest(given[i+1:]) && strings.Contains(given[:i], "/") {
		given, digest = given[:i], given[i:]
	}
	if i := strings.LastIndexByte(given, '@'); i >= 0 {
		given = "…" + given[i:]
	}
	if i := strings.IndexAny(given, "?#&"); i >= 0 {
		given = given[:i]
	}
	given = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, given+digest)
	if len(given) > maxShown {
		return strings.ToValidUTF8(given[:maxShown], "") + "…"
	}
	return given
}

// isDigest reports whether s is what follows "@" in the name of an image, such as sha256:0123…
func isDigest(s string) bool {
	algorithm, hex, ok := strings.Cut(s, ":")
	return ok && algorithm != "" && len(hex) >= 32 && strings.Trim(hex, "0123456789abcdefABCDEF") == ""
}

// maxHost is the longest host that there can be (RFC 1035), with a port.
const maxHost = 253 + len(":65535")

// ShownHost is like Shown and returns the host and the port alone; "" if there is nothing that could be a host.
func ShownHost(given string) string {
	host := strings.TrimPrefix(Shown(given), "…@")
	if _, rest, ok := strings.Cut(host, "://"); ok {
		host = rest
	}
	host, _, _ = strings.Cut(host, "/")
	if len(host) > maxHost || strings.ContainsFunc(host, func(r rune) bool { return r == ' ' || r == unicode.ReplacementChar }) {
		return ""
	}
	return host
}

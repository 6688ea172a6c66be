package registry

import (
	"strings"
	"unicode"
)

// maxShown is the maximum length of the text that Shown returns, in bytes, not counting the "…" that marks a cut.
const maxShown = 300

// hidden replaces user information.
const hidden = "…@"

// Shown returns a host, an image or a URL from a user or a client in a form that is safe for errors and logs. User
// information, which may be a password, is replaced with "…", a query is removed, and characters that are not
// printable become "�". Everything before the last "@" is treated as user information, because a password may contain
// any of the characters that end the user information in a URL.
func Shown(given string) string {
	given = strings.TrimSpace(given)
	digest := ""
	if i := strings.LastIndexByte(given, '@'); i >= 0 && isDigest(given[i+1:]) && strings.Contains(given[:i], "/") {
		given, digest = given[:i], given[i:]
	}
	if i := strings.LastIndexByte(given, '@'); i >= 0 {
		given = hidden + given[i+1:]
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

// isDigest reports whether s is an image digest, such as sha256:0123…
func isDigest(s string) bool {
	algorithm, hex, ok := strings.Cut(s, ":")
	return ok && algorithm != "" && len(hex) >= 32 && strings.Trim(hex, "0123456789abcdefABCDEF") == ""
}

// maxHost is the maximum length of a host name (RFC 1035) with a port.
const maxHost = 253 + len(":65535")

// ShownHost is like Shown but returns only the host and the port; "" if given contains no possible host.
func ShownHost(given string) string {
	host := strings.TrimPrefix(Shown(given), hidden)
	if _, rest, ok := strings.Cut(host, "://"); ok {
		host = rest
	}
	host, _, _ = strings.Cut(host, "/")
	if len(host) > maxHost || strings.ContainsFunc(host, func(r rune) bool { return r == ' ' || r == unicode.ReplacementChar }) {
		return ""
	}
	return host
}

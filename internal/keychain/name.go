package keychain

import (
	"encoding/hex"
	"strings"

	"ecrlogin/internal/store"
)

// domain is the host of all entry names. The top-level domain .invalid is reserved (RFC 2606), so the names cannot
// collide with the password of a registry.
const domain = "ecr-login.invalid"

// prefix makes names URLs, because osxkeychain and wincred parse names as URLs, and osxkeychain lists them with a
// scheme. secretservice accepts any text, and pass uses the name in base64 as a file name, which limits names to 190
// bytes.
const prefix = "https://" + domain + "/"

// name returns the name of an entry, which the helper takes as the server URL.
func name(host string, id store.Key) string {
	return prefix + host + "/" + id.String()
}

// parse parses the name of an entry; ok is false for any other name.
func parse(serverURL string) (host string, id store.Key, ok bool) {
	rest, ok := strings.CutPrefix(serverURL, prefix)
	if !ok {
		return "", id, false
	}
	host, digits, _ := strings.Cut(rest, "/")
	if len(digits) != hex.EncodedLen(len(id)) || host == "" {
		return "", id, false
	}
	_, err := hex.Decode(id[:], []byte(digits))
	return host, id, err == nil
}

// Owned reports whether a server URL, in any spelling, is in the domain of the entry names. Clients must not get these
// entries. osxkeychain and wincred ignore user information, a query and a fragment.
func Owned(serverURL string) bool {
	rest := strings.ToLower(strings.TrimSpace(serverURL))
	if _, after, ok := strings.Cut(rest, "//"); ok {
		rest = after
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	host := rest[strings.LastIndexByte(rest, '@')+1:]
	return strings.TrimSuffix(host, ":") == domain
}

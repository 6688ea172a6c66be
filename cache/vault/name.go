package vault

import (
	"encoding/hex"
	"strings"

	"ecrlogin/cache/store"
)

// domain is where the names of entries are. Nothing can be reached by a name that ends in invalid (RFC 2606), so no
// registry's password is ever there.
const domain = "ecr-login.invalid"

// prefix makes names URLs, because osxkeychain and wincred split names as such, and osxkeychain lists them with a scheme.
// secretservice takes any text, and pass makes a file name of it in base64, for which 190 bytes are the limit.
const prefix = "https://" + domain + "/"

// name returns the name of an entry, in the place of a server's address.
func name(host string, id store.Identity) string {
	return prefix + host + "/" + id.String()
}

// parse tells what an entry's name says; ok is false for every other name.
func parse(serverURL string) (host string, id store.Identity, ok bool) {
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

// Owned reports whether a server address is one of those under which entries are kept, however it is written. There is
// nothing for clients under these.
func Owned(serverURL string) bool {
	rest := strings.ToLower(strings.TrimSpace(serverURL))
	if _, after, ok := strings.Cut(rest, "://"); ok {
		rest = after
	}
	host, _, _ := strings.Cut(rest, "/")
	return host == domain
}

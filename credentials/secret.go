package credentials

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// Withheld replaces a message from another program or server that may contain a secret, according to Reveals or to
// other words in the message.
const Withheld = "message withheld, because it may contain credentials"

// A text reveals a secret if it contains telling consecutive characters of it. Secrets shorter than shortest are not
// searched for, because ordinary words may contain them.
const (
	telling  = 16
	shortest = 8
)

// Reveals reports whether text contains one of the secrets, or at least 16 consecutive characters of one: unchanged,
// in base64, or URL-encoded. It takes milliseconds, so use it for text that is about to be shown rather than for
// whole responses. Secrets of fewer than 8 characters are not found.
func Reveals(text string, secrets ...string) bool {
	text += "\n" + unescape.Replace(text)
	for _, secret := range secrets {
		if len(secret) < shortest {
			continue
		}
		for _, form := range forms(secret) {
			if overlaps(text, form) {
				return true
			}
		}
	}
	return false
}

// unescape decodes the base64 characters that are escaped in a URL or in JSON.
var unescape = strings.NewReplacer("%2B", "+", "%2b", "+", "%2F", "/", "%2f", "/", "%3D", "=", "%3d", "=", `\/`, "/")

// forms returns the encodings of a secret. In base64 there are three, because the encoding depends on the number of
// bytes before the secret, such as those of a user name.
func forms(secret string) []string {
	all := []string{secret, url.QueryEscape(secret), url.PathEscape(secret)}
	for before := range 3 {
		bytes := append(make([]byte, before), secret...)
		bytes = bytes[:len(bytes)/3*3] // the bytes after the secret are unknown too
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			encoded := encoding.EncodeToString(bytes)
			if before > 0 {
				encoded = encoded[4:]
			}
			all = append(all, encoded)
		}
	}
	return all
}

// overlaps reports whether text contains telling consecutive characters of a form, or all of a shorter one.
func overlaps(text, form string) bool {
	length := min(telling, len(form))
	if length < shortest {
		return false
	}
	for i := 0; i+length <= len(form); i++ {
		if strings.Contains(text, form[i:i+length]) {
			return true
		}
	}
	return false
}

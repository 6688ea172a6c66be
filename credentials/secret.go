package credentials

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// Withheld stands for a message of someone else's that is not shown, since Reveals or its other words say that it may have a secret.
const Withheld = "message withheld, because it may contain credentials"

// Text reveals a secret that it has telling characters of in succession. No secret of fewer than shortest is looked for, since
// ordinary words contain those.
const (
	telling  = 16
	shortest = 8
)

// Reveals reports whether text contains one of the secrets, or 16 or more characters of one in succession: as it is, in base64,
// or encoded as in a URL. It takes milliseconds, so it is for text that is about to be shown and not for whole answers. A secret of
// fewer than 8 characters is not found.
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

// unescape decodes what base64 has and a URL encodes.
var unescape = strings.NewReplacer("%2B", "+", "%2b", "+", "%2F", "/", "%2f", "/", "%3D", "=", "%3d", "=", `\/`, "/")

// forms returns the ways in which a secret may be written. In base64 there are three, since it depends on how many bytes are before
// it, such as those of a user name.
func forms(secret string) []string {
	all := []string{secret, url.QueryEscape(secret), url.PathEscape(secret)}
	for before := range 3 {
		bytes := append(make([]byte, before), secret...)
		bytes = bytes[:len(bytes)/3*3] // what follows the secret is not known either
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

// overlaps reports whether text has telling successive characters of a form, or all of a shorter one.
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

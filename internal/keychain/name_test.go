package keychain

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/docker/docker-credential-helpers/registryurl"

	"ecrlogin/internal/store"
	"ecrlogin/registry"
)

// A name can be parsed, is not a registry, and is valid in every credential store.
func TestNames(t *testing.T) {
	hosts, err := os.Open("../../registry/testdata/registry-hosts.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer hosts.Close()
	id := store.Key(sha256.Sum256([]byte("dev")))
	n := 0
	for lines := bufio.NewScanner(hosts); lines.Scan(); n++ {
		var row struct{ Host string }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		for _, id := range []store.Key{id, store.Login} {
			name := name(row.Host, id)
			if host, parsed, ok := parse(name); host != row.Host || parsed != id || !ok {
				t.Errorf("parse(%q) = %q, %s, %v", name, host, parsed, ok)
			}
			if _, err := registry.Parse(name); err == nil || !Owned(name) {
				t.Errorf("%q may be a registry", name)
			}
			if u, err := registryurl.Parse(name); err != nil || u.String() != name {
				t.Errorf("osxkeychain and wincred convert %[2]q to %[1]q, %[3]v", u, name, err)
			}
			if file := base64.URLEncoding.EncodeToString([]byte(name)); len(file) > 255 {
				t.Errorf("the file name of pass has %d characters for %q", len(file), name)
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d hosts were tested", n)
	}
}

func TestParse(t *testing.T) {
	digits := store.Login.String()
	for _, name := range []string{
		"", "https://index.docker.io/v1/", domain, prefix, prefix + "host", prefix + "host/", prefix + "host/" + digits[1:], prefix + "host/" + digits + "0",
		prefix + "host/" + digits[1:] + "x", prefix + "/" + digits, "http://" + domain + "/host/" + digits, "https://example.com/host/" + digits,
	} {
		if host, id, ok := parse(name); ok {
			t.Errorf("parse(%q) = %q, %s", name, host, id)
		}
	}
}

func TestOwned(t *testing.T) {
	for _, serverURL := range []string{domain, " https://" + domain + "\n", "http://" + strings.ToUpper(domain) + "/v2/", prefix + "other",
		"//" + domain + "/x", "user@" + domain, "https://user:p@ss@" + domain + "/x", domain + ":", "https://" + domain + "?a/b", domain + "#a"} {
		if !Owned(serverURL) {
			t.Errorf("Owned(%q) = false", serverURL)
		}
	}
	for _, serverURL := range []string{"", "https://", "example.com", "https://example.com/" + domain, "a." + domain, domain + ".example.com", domain + ":443"} {
		if Owned(serverURL) {
			t.Errorf("Owned(%q) = true", serverURL)
		}
	}
}

// FuzzOwned compares Owned with the parser of osxkeychain and wincred, which return the entry for the host and the path
// of a URL.
func FuzzOwned(f *testing.F) {
	for _, s := range []string{prefix + "host/x", "USER:p@" + domain, "//" + domain + ":/", domain + "?/", "https://" + domain + "#@example.com", domain + ":443"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, serverURL string) {
		u, err := registryurl.Parse(strings.TrimSpace(serverURL)) // as the protocol does
		if err == nil && strings.EqualFold(u.Hostname(), domain) && u.Port() == "" && !Owned(serverURL) {
			t.Errorf("%q is %s, and not in the domain", serverURL, u)
		}
	})
}

// FuzzParse checks that every name that is parsed is the name of its parts.
func FuzzParse(f *testing.F) {
	f.Add(prefix + "host/" + store.Login.String())
	f.Add(prefix + "host/" + strings.ToUpper(store.Key{0xab}.String()))
	f.Add(prefix + "a/b/" + store.Login.String())
	f.Fuzz(func(t *testing.T, in string) {
		if host, id, ok := parse(in); ok && (!strings.EqualFold(name(host, id), in) || strings.Contains(host, "/")) {
			t.Errorf("%q is parsed as %q, %s", in, host, id)
		}
	})
}

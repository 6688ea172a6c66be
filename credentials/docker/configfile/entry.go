package configfile

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/tailscale/hujson"

	"ecrlogin/registry"
)

// The keys of an entry of "auths" that hold a password or a token.
var secretKeys = []string{"auth", "identitytoken", "registrytoken", "password"}

func secretName(name string) bool {
	return slices.ContainsFunc(secretKeys, foldName(name))
}

// An Entry is a member of "auths", without what must not be shown.
type Entry struct {
	Key    string // as it is written in the file, perhaps with scheme and path
	Host   string // without these, as Docker does it
	Secret bool   // whether it has a password or token; docker login leaves an entry without one when a helper keeps it
}

// Entries returns the members of "auths" in the order of the file.
func (f *File) Entries() []Entry {
	var entries []Entry
	for _, m := range members(f.top(auths)) {
		e := Entry{Key: text(&m.Name), Host: hostOf(text(&m.Name))}
		for _, field := range members(&m.Value) {
			e.Secret = e.Secret || secretName(text(&field.Name)) && text(&field.Value) != ""
		}
		entries = append(entries, e)
	}
	return entries
}

// RemoveEntry removes the member of "auths" with that key, and with the last of them "auths".
func (f *File) RemoveEntry(key string) { f.removeFrom(auths, key) }

// hostOf returns the host of a key with its port: docker login wrote URLs in former times.
// Source: ConvertToHostname in cli/config/credentials/file_store.go of github.com/docker/cli.
func hostOf(key string) string {
	if u, err := url.Parse(key); err == nil && u.Hostname() != "" && strings.Contains(key, "://") {
		if u.Port() == "" {
			return u.Hostname()
		}
		return net.JoinHostPort(u.Hostname(), u.Port())
	}
	if _, rest, ok := strings.Cut(key, "://"); ok {
		key = rest
	}
	host, _, _ := strings.Cut(key, "/")
	return host
}

// A login is what an entry holds.
type login struct {
	username, secret string
}

// tokenUser is the user name by which clients and helpers tell that the secret is an identity token.
// Source: cli/config/credentials/native_store.go of github.com/docker/cli.
const tokenUser = "<token>"

// login reads the entry with that key; ok is false if it has no secret that a helper can hand on.
func (f *File) login(key string) (l login, ok bool, err error) {
	entries := f.top(auths)
	if entries == nil || entries.Value.Kind() != '{' {
		return login{}, false, nil
	}
	entry := find(entries.Value.(*hujson.Object), exactName(key))
	if entry == nil || entry.Value.Kind() != '{' {
		return login{}, false, nil
	}
	field := func(name string) string { return text(find(entry.Value.(*hujson.Object), foldName(name))) }
	l = login{field("username"), field("password")}
	if auth := field("auth"); auth != "" {
		if l, err = decodeAuth(auth); err != nil {
			return login{}, false, fmt.Errorf(`%s: "auth" of %s %w; log in again to replace it`, f.text.Path, registry.ShownHost(key), err)
		}
	}
	if token := field("identitytoken"); token != "" {
		l = login{tokenUser, token}
	}
	return l, l.secret != "", nil
}

// setLogin writes an entry as Docker does.
func (f *File) setLogin(key string, l login) {
	entry := new(hujson.Object)
	name, value := "auth", base64.StdEncoding.EncodeToString([]byte(l.username+":"+l.secret))
	if l.username == tokenUser {
		name, value = "identitytoken", l.secret
	}
	layout := f.layout()
	layout.set(entry, 3, name, hujson.String(value))
	layout.set(f.object(auths), 2, key, entry)
}

// decodeAuth reads base64 of "USER:PASSWORD". Docker cuts NUL characters off, which some tools have padded with.
// Source: decodeAuth in cli/config/configfile/file.go of github.com/docker/cli.
func decodeAuth(auth string) (login, error) {
	decoded, err := base64.StdEncoding.DecodeString(auth)
	if err != nil {
		return login{}, errors.New("is not base64") // err may tell a part of it
	}
	username, password, ok := strings.Cut(string(decoded), ":")
	if !ok || username == "" {
		return login{}, errors.New("is not base64 of USER:PASSWORD")
	}
	return login{username, strings.Trim(password, "\x00")}, nil
}

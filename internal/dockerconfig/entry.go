package dockerconfig

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/docker/cli/cli/config/credentials"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/jsonedit"
	"ecrlogin/registry"
)

// secretKeys are the keys of an entry of "auths" that contain a password or a token.
var secretKeys = []string{"auth", "identitytoken", "registrytoken", "password"}

func secretName(name string) bool {
	return slices.ContainsFunc(secretKeys, func(key string) bool { return strings.EqualFold(key, name) })
}

// An Entry is a member of "auths" without its secrets.
type Entry struct {
	Key    string // key as written in the file, possibly with scheme and path
	Host   string // host without scheme and path; older versions of docker login wrote URLs as keys
	Secret bool   // has a password or token; with a helper, docker login writes entries without one
}

// Entries returns the members of "auths" in the order of the file.
func (f *File) Entries() []Entry {
	var entries []Entry
	for _, m := range jsonedit.Members(f.top(auths)) {
		key := jsonedit.Text(&m.Name)
		e := Entry{Key: key, Host: credentials.ConvertToHostname(key)}
		for _, field := range jsonedit.Members(&m.Value) {
			e.Secret = e.Secret || secretName(jsonedit.Text(&field.Name)) && jsonedit.Text(&field.Value) != ""
		}
		entries = append(entries, e)
	}
	return entries
}

// RemoveEntry removes the member of "auths" with that key. With the last member, it removes "auths" too.
func (f *File) RemoveEntry(key string) { f.removeFrom(auths, key) }

// A login is the user name and password or token of an entry.
type login struct {
	username, secret string
}

// tokenUser is the user name that marks the secret as an identity token.
// Source: cli/config/credentials/native_store.go of github.com/docker/cli.
const tokenUser = "<token>"

// login returns the login of the entry with that key. ok is false if the entry has no secret that a helper can return.
func (f *File) login(key string) (l login, ok bool, err error) {
	entry := jsonedit.Members(f.json.Find(f.key(auths), key))
	field := func(name string) string {
		for _, m := range entry {
			if strings.EqualFold(jsonedit.Text(&m.Name), name) {
				return jsonedit.Text(&m.Value)
			}
		}
		return ""
	}
	l = login{field("username"), field("password")}
	if auth := field("auth"); auth != "" {
		if l, err = decodeAuth(auth); err != nil {
			return login{}, false, advice.Errorf(`%s: "auth" of %s %w`, f.text.Path, registry.ShownHost(key), err).
				Then("log in again to replace it")
		}
	}
	if token := field("identitytoken"); token != "" {
		l = login{tokenUser, token}
	}
	return l, l.secret != "", nil
}

// SetLogin sets the user name and password of the entry with that key. It preserves the members of the entry that
// contain neither.
func (f *File) SetLogin(key, username, password string) { f.setLogin(key, login{username, password}) }

// setLogin sets an entry in the format of Docker.
func (f *File) setLogin(key string, l login) {
	name, value := "auth", base64.StdEncoding.EncodeToString([]byte(l.username+":"+l.secret))
	if l.username == tokenUser {
		name, value = "identitytoken", l.secret
	}
	path := []string{f.key(auths), key}
	for _, m := range slices.Clone(jsonedit.Members(f.json.Find(path...))) {
		field := jsonedit.Text(&m.Name)
		if field != name && (secretName(field) || strings.EqualFold(field, "username")) {
			f.json.Remove(append(path, field)...)
		}
	}
	f.json.Set(value, append(path, name)...)
}

// decodeAuth decodes base64 of "USER:PASSWORD". Like Docker, it removes NUL characters, which some tools add as
// padding.
// Source: decodeAuth in cli/config/configfile/file.go of github.com/docker/cli.
func decodeAuth(auth string) (login, error) {
	decoded, err := base64.StdEncoding.DecodeString(auth)
	if err != nil {
		return login{}, errors.New("is not base64") // err may quote a part of it
	}
	username, password, ok := strings.Cut(string(decoded), ":")
	if !ok || username == "" {
		return login{}, errors.New("is not base64 of USER:PASSWORD")
	}
	return login{username, strings.Trim(password, "\x00")}, nil
}

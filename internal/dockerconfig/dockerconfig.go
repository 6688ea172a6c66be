// Package dockerconfig edits Docker's config.json and Podman's auth.json, which has the same format. It preserves the
// bytes of everything that it does not change, including unknown keys, which the commands of the clients drop. It also
// reads and writes the passwords in these files.
package dockerconfig

import (
	"bytes"
	"os/user"
	"path/filepath"
	"strings"

	"github.com/tailscale/hujson"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/environ"
	"ecrlogin/internal/jsonedit"
	"ecrlogin/internal/userfile"
)

// Path returns the path of Docker's config.json: in the directory DOCKER_CONFIG if it is set, or else in .docker of
// the home directory. Like Docker, it looks up the home directory of the user if HOME is not set.
func Path(env environ.Env) (string, error) {
	if dir := env.Get("DOCKER_CONFIG"); dir != "" {
		return filepath.Join(dir, "config.json"), nil
	}
	home, err := env.Home()
	if err != nil {
		u, lookupErr := user.Current()
		if lookupErr != nil || u.HomeDir == "" {
			return "", advice.Errorf("finding Docker's config.json: %w", err).Then("set HOME or DOCKER_CONFIG")
		}
		home = u.HomeDir
	}
	return filepath.Join(home, ".docker", "config.json"), nil
}

// A File is a config.json or auth.json in memory. Save writes the changes.
type File struct {
	text   *userfile.File
	json   *jsonedit.Document
	parsed []byte // json as it was read
}

// Open reads a file. A missing or empty file has no keys. The error for an invalid file contains the path, line and
// column, but no content of the file, which may contain passwords.
func Open(path string) (*File, error) {
	text, err := userfile.Read(path)
	if err != nil {
		return nil, err
	}
	return open(text)
}

// Parse is like Open for a caller that has read the file and will write Bytes itself. The content is nil if there is no
// file.
func Parse(path string, content []byte) (*File, error) {
	return open(&userfile.File{Path: path, Target: path, Content: content})
}

func open(text *userfile.File) (*File, error) {
	doc, err := parse(text)
	if err != nil {
		return nil, err
	}
	return &File{text, doc, doc.Bytes()}, nil
}

// Text returns the file as it was read, for backup copies.
func (f *File) Text() *userfile.File { return f.text }

// Bytes returns the content that Save would write. Without changes, that is the content that was read, or nil if there
// was no file. It may contain passwords.
func (f *File) Bytes() []byte {
	if content := f.json.Bytes(); !bytes.Equal(content, f.parsed) {
		return content
	}
	return f.text.Content
}

// Save writes the file if it has changes. Its errors are those of userfile.File.Replace.
func (f *File) Save() error {
	if f.changed() {
		return f.text.Replace(f.Bytes())
	}
	return nil
}

func (f *File) changed() bool { return !bytes.Equal(f.Bytes(), f.text.Content) }

// String returns the path, so that printing a File does not show its content.
func (f *File) String() string { return f.text.Path }

// key returns a top-level key as written in the file, in any letter case, or name if the file does not contain it.
func (f *File) key(name string) string {
	for _, m := range jsonedit.Members(&f.json.Root) {
		if key := jsonedit.Text(&m.Name); strings.EqualFold(key, name) {
			return key
		}
	}
	return name
}

// top returns the value of a top-level key, or nil.
func (f *File) top(name string) *hujson.Value { return f.json.Find(f.key(name)) }

// CredHelpers returns the helper of each registry. The keys are the registries as written in the file.
func (f *File) CredHelpers() map[string]string {
	helpers := map[string]string{}
	for _, m := range jsonedit.Members(f.top(credHelpers)) {
		helpers[jsonedit.Text(&m.Name)] = jsonedit.Text(&m.Value)
	}
	return helpers
}

// HelperOf returns the name of the helper that clients run for a registry instead of reading "auths", and the key that
// configures it. Both are "" if there is none. An empty name in "credHelpers" exempts a registry from "credsStore".
// Source: getConfiguredCredentialStore in cli/config/configfile/file.go of github.com/docker/cli.
func (f *File) HelperOf(registry string) (name, key string) {
	name, ok := f.CredHelpers()[registry]
	switch {
	case name != "":
		return name, credHelpers
	case !ok && f.CredsStore() != "":
		return f.CredsStore(), credsStore
	}
	return "", ""
}

// SetCredHelper sets the helper of a registry.
func (f *File) SetCredHelper(host, name string) { f.json.Set(name, f.key(credHelpers), host) }

// RemoveCredHelper removes the helper of a registry. With the last helper, it removes "credHelpers" too.
func (f *File) RemoveCredHelper(host string) { f.removeFrom(credHelpers, host) }

// CredsStore returns the helper for all other registries, or "" if there is none.
func (f *File) CredsStore() string { return jsonedit.Text(f.top(credsStore)) }

// SetCredsStore sets the helper for all registries without their own helper.
func (f *File) SetCredsStore(name string) { f.json.Set(name, f.key(credsStore)) }

// removeFrom removes a member of a top-level object. With the last member, it removes the object too.
func (f *File) removeFrom(object, name string) {
	if f.json.Remove(f.key(object), name) && len(jsonedit.Members(f.top(object))) == 0 {
		f.json.Remove(f.key(object))
	}
}

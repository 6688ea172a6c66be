// Package dockerconfig edits Docker's config.json and Podman's auth.json, which has the same format. It preserves the
// bytes of everything that it does not change, including unknown keys, which the commands of the clients drop. It also
// reads and writes the passwords in these files.
package dockerconfig

import (
	"bytes"
	"fmt"
	"os"
	"os/user"
	"path/filepath"

	"github.com/tailscale/hujson"

	"ecrlogin/internal/userfile"
)

// Path returns the path of Docker's config.json: in the directory DOCKER_CONFIG if it is set, or else in .docker of
// the home directory. Like Docker, it looks up the home directory of the user if HOME is not set.
func Path() (string, error) {
	if dir := os.Getenv("DOCKER_CONFIG"); dir != "" {
		return filepath.Join(dir, "config.json"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		u, lookupErr := user.Current()
		if lookupErr != nil || u.HomeDir == "" {
			return "", fmt.Errorf("finding Docker's config.json: %w; set HOME or DOCKER_CONFIG", err)
		}
		home = u.HomeDir
	}
	return filepath.Join(home, ".docker", "config.json"), nil
}

// A File is a config.json or auth.json in memory. Save writes the changes.
type File struct {
	text   *userfile.File
	root   hujson.Value
	parsed []byte // root as it was read
}

// Open reads a file. A missing or empty file has no keys. The error for an invalid file contains the path, line and
// column, but no content of the file, which may contain passwords.
func Open(path string) (*File, error) {
	text, err := userfile.Read(path)
	if err != nil {
		return nil, err
	}
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	return &File{text, root, root.Pack()}, nil
}

// Text returns the file as it was read, for backup copies.
func (f *File) Text() *userfile.File { return f.text }

// Bytes returns the content that Save would write. Without changes, that is the content that was read, or nil if there
// was no file. It may contain passwords.
func (f *File) Bytes() []byte {
	if content := f.root.Pack(); !bytes.Equal(content, f.parsed) {
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

// CredHelpers returns the helper of each registry. The keys are the registries as written in the file.
func (f *File) CredHelpers() map[string]string {
	helpers := map[string]string{}
	for _, m := range members(f.top(credHelpers)) {
		helpers[text(&m.Name)] = text(&m.Value)
	}
	return helpers
}

// CredsStore returns the helper for all other registries, or "" if there is none.
func (f *File) CredsStore() string { return text(f.top(credsStore)) }

// SetCredHelper sets the helper of a registry.
func (f *File) SetCredHelper(host, name string) {
	f.layout().set(f.object(credHelpers), 2, host, hujson.String(name))
}

// RemoveCredHelper removes the helper of a registry. With the last helper, it removes "credHelpers" too.
func (f *File) RemoveCredHelper(host string) { f.removeFrom(credHelpers, host) }

// SetCredsStore sets the helper for all registries without their own helper; "" removes it.
func (f *File) SetCredsStore(name string) {
	top := f.root.Value.(*hujson.Object)
	if name == "" {
		remove(top, foldName(credsStore))
		return
	}
	if v := f.top(credsStore); v != nil {
		if text(v) != name {
			v.Value = hujson.String(name)
		}
		return
	}
	f.layout().set(top, 1, credsStore, hujson.String(name))
}

// removeFrom removes a member of a top-level object. With the last member, it removes the object too.
func (f *File) removeFrom(key, name string) {
	v := f.top(key)
	if v == nil || v.Value.Kind() != '{' {
		return
	}
	obj := v.Value.(*hujson.Object)
	if remove(obj, exactName(name)) && len(obj.Members) == 0 {
		remove(f.root.Value.(*hujson.Object), foldName(key))
	}
}

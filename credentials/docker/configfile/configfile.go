// Package configfile edits Docker's config.json and Podman's auth.json, which has the same shape, without losing anything
// of them: what is not changed keeps its bytes, and so do keys that nobody here knows, which the clients' own commands
// drop. It also reads and writes the passwords that stand in such files.
package configfile

import (
	"bytes"
	"fmt"
	"os"
	"os/user"
	"path/filepath"

	"github.com/tailscale/hujson"

	"ecrlogin/credentials/docker/configfile/textfile"
)

// Path returns Docker's config.json: that in DOCKER_CONFIG if it is set, or in .docker below the user's home. As Docker does, it
// looks the home up when HOME is not set.
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

// A File is such a file in memory. What is set in it is written by Save.
type File struct {
	text   *textfile.File
	root   hujson.Value
	parsed []byte // root as it was read
}

// Open reads a file. One that does not exist, or is empty, is one without any keys. An error says where it is wrong, with
// path, line and column, and repeats nothing of the file, which may hold passwords.
func Open(path string) (*File, error) {
	text, err := textfile.Read(path)
	if err != nil {
		return nil, err
	}
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	return &File{text, root, root.Pack()}, nil
}

// Text returns the file as it was read, for whoever keeps copies.
func (f *File) Text() *textfile.File { return f.text }

// Bytes returns what Save would write: what was read, nil if there was no file, when nothing is changed. It may hold
// passwords.
func (f *File) Bytes() []byte {
	if content := f.root.Pack(); !bytes.Equal(content, f.parsed) {
		return content
	}
	return f.text.Content
}

// Save writes what has been set, and nothing if that changes nothing. Its errors are those of textfile.File.Replace.
func (f *File) Save() error {
	if f.changed() {
		return f.text.Replace(f.Bytes())
	}
	return nil
}

func (f *File) changed() bool { return !bytes.Equal(f.Bytes(), f.text.Content) }

// String returns the path and nothing else.
func (f *File) String() string { return f.text.Path }

// CredHelpers returns which helper each registry has, by the registry as it is written in the file.
func (f *File) CredHelpers() map[string]string {
	helpers := map[string]string{}
	for _, m := range members(f.top(credHelpers)) {
		helpers[text(&m.Name)] = text(&m.Value)
	}
	return helpers
}

// CredsStore returns the helper for all other registries, "" for none.
func (f *File) CredsStore() string { return text(f.top(credsStore)) }

// SetCredHelper names the helper of a registry.
func (f *File) SetCredHelper(host, name string) {
	f.layout().set(f.object(credHelpers), 2, host, hujson.String(name))
}

// RemoveCredHelper takes the helper from a registry, and with the last of them the key that held them.
func (f *File) RemoveCredHelper(host string) { f.removeFrom(credHelpers, host) }

// SetCredsStore names the helper for all registries that have none of their own; "" takes it away.
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

// removeFrom removes a member of one of the objects at the top, and the object with its last member.
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

package configfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"time"

	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/credentials/docker/configfile/textfile"
	"ecrlogin/registry"
)

// Auths is a credential helper that keeps passwords as Docker does without one: unencrypted, in "auths" of a file.
//
// It reads Docker's own file too and writes another. What it wrote into Docker's would be lost: docker login reads its
// file, runs the helper, and then writes what it had read, with an empty entry for that registry (measured with Docker
// 28.2). It may be used by many goroutines and processes at once.
type Auths struct {
	Path    string    // the file that passwords are written to; see AuthsPath
	Docker  string    // Docker's config.json, whose passwords count where Path has none; "" for none
	Notices io.Writer // gets a line for what a user should know although it succeeds; nil discards it
}

var _ helper.Helper = (*Auths)(nil)

// AuthsPath returns the file for Auths, beside Docker's config.json.
func AuthsPath(docker string) string {
	return filepath.Join(filepath.Dir(docker), "ecr-login-auths.json")
}

// hub is Docker Hub's key, for all the names that clients have for it.
const hub = "https://index.docker.io/v1/"

func key(serverURL string) string {
	switch serverURL {
	case "docker.io", "index.docker.io":
		return hub
	}
	return serverURL
}

// Get returns user name and password for a registry. An identity token comes with the user name "<token>". The error is
// the protocol's "not found" if there is none; others tell what is wrong with the file.
func (a *Auths) Get(serverURL string) (username, password string, err error) {
	for _, path := range a.paths() {
		f, err := Open(path)
		if err != nil {
			return "", "", err
		}
		l, ok, err := f.lookUp(key(serverURL))
		if err != nil || ok {
			return l.username, l.secret, err
		}
	}
	return "", "", helper.NewErrCredentialsNotFound()
}

// paths returns the files in the order in which they count.
func (a *Auths) paths() []string {
	if a.Docker == "" {
		return []string{a.Path}
	}
	return []string{a.Path, a.Docker}
}

// lookUp finds the entry of that key or, if there is no such entry, of one that is a URL of that host.
func (f *File) lookUp(key string) (l login, ok bool, err error) {
	entries := f.Entries()
	if slices.ContainsFunc(entries, func(e Entry) bool { return e.Key == key }) {
		return f.login(key)
	}
	for _, e := range entries {
		if e.Host == key && e.Secret {
			return f.login(e.Key)
		}
	}
	return login{}, false, nil
}

// List returns the registries that have a password, each with its user name. A file that cannot be read costs its own
// passwords only, since docker build loses all registries' when a list fails.
func (a *Auths) List() (map[string]string, error) {
	all := map[string]string{}
	for _, path := range a.paths() {
		users, err := list(path)
		if err != nil {
			a.notice("%v", err)
		}
		maps.Copy(users, all) // those of the first file count
		all = users
	}
	return all, nil
}

func list(path string) (map[string]string, error) {
	users := map[string]string{}
	f, err := Open(path)
	if err != nil {
		return users, err
	}
	for _, e := range f.Entries() {
		l, ok, entryErr := f.login(e.Key)
		err = cmp.Or(err, entryErr)
		if ok {
			users[e.Key] = l.username
		}
	}
	return users, err
}

// Add keeps a password.
func (a *Auths) Add(c *helper.Credentials) error {
	k, l := key(c.ServerURL), login{c.Username, c.Secret}
	var known bool
	err := a.edit(a.Path, func(f *File) {
		old, ok, err := f.login(k)
		if known = err == nil && ok && old == l; !known {
			f.setLogin(k, l)
		}
	})
	if err != nil || known {
		return err
	}
	a.notice(`%s: password stored unencrypted in %s; set "fallback" to a keychain helper to encrypt it`, registry.ShownHost(k), a.Path)
	return nil
}

// Delete forgets all that Get would find for a registry, in Docker's file too. There being nothing is no error.
func (a *Auths) Delete(serverURL string) error {
	k := key(serverURL)
	is := func(e Entry) bool { return e.Key == k || e.Host == k }
	var failure error
	for _, path := range a.paths() {
		f, err := Open(path)
		if err == nil && slices.ContainsFunc(f.Entries(), is) {
			err = a.edit(path, func(f *File) {
				for _, e := range f.Entries() {
					if is(e) {
						f.RemoveEntry(e.Key)
					}
				}
			})
		}
		failure = cmp.Or(failure, err)
	}
	return failure
}

const (
	attempts = 10               // to write a file that others write too
	lockTime = 20 * time.Second // for which a writer waits for others of its kind
)

// edit changes a file. Of writers of this kind one waits for the other; what Docker writes meanwhile is read again. What changes
// nothing needs no lock.
func (a *Auths) edit(path string, change func(*File)) error {
	f, err := Open(path)
	if err != nil {
		return err
	}
	if change(f); !f.changed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lockTime)
	defer cancel()
	unlock, err := textfile.Lock(ctx, a.Path+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	for range attempts {
		if f, err = Open(path); err != nil {
			return err
		}
		change(f)
		if err = f.Save(); !errors.Is(err, textfile.ErrChanged) {
			return err
		}
	}
	return fmt.Errorf("%w; another process keeps changing the file", err)
}

func (a *Auths) notice(format string, args ...any) {
	if a.Notices != nil {
		fmt.Fprintf(a.Notices, format+"\n", args...)
	}
}

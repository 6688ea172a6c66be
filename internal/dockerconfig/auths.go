package dockerconfig

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/internal/advice"
	"ecrlogin/internal/userfile"
	"ecrlogin/registry"
)

// Auths is a credential helper that stores passwords as Docker does without a helper: unencrypted, in "auths" of a
// file.
//
// It reads Docker's config.json too, but stores passwords in a separate file. Docker would overwrite passwords stored
// in config.json: docker login reads that file, runs the helper, and then writes what it read before, with an empty
// entry for the registry (measured with Docker 28.2). Auths is safe for concurrent use by several goroutines and
// processes.
type Auths struct {
	Path    string    // file in which passwords are stored; see AuthsPath
	Docker  string    // Docker's config.json, used for registries that Path does not contain; "" means none
	Notices io.Writer // receives notices about actions that succeed, one per line; nil discards them
}

var _ helper.Helper = (*Auths)(nil)

// AuthsPath returns the path of the file for Auths, in the directory of Docker's config.json.
func AuthsPath(docker string) string {
	return filepath.Join(filepath.Dir(docker), "ecr-login-auths.json")
}

// hub is the key of Docker Hub, for all host names that clients use for it.
const hub = "https://index.docker.io/v1/"

func key(serverURL string) string {
	switch serverURL {
	case "docker.io", "index.docker.io":
		return hub
	}
	return serverURL
}

// Get returns the user name and password for a registry. The user name of an identity token is "<token>". The error is
// the protocol's "not found" if there is no password. Other errors report an invalid or unreadable file.
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

// paths returns the files in order of precedence.
func (a *Auths) paths() []string {
	if a.Docker == "" {
		return []string{a.Path}
	}
	return []string{a.Path, a.Docker}
}

// lookUp returns the login of the entry with that key or, if there is none, of an entry whose key is a URL with that
// host.
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

// List returns the registries that have a password, each with its user name. It reports a file that cannot be read as
// a notice and skips it, because docker build loses the passwords of all registries when a list fails.
func (a *Auths) List() (map[string]string, error) {
	users := map[string]string{}
	for _, path := range slices.Backward(a.paths()) { // the first file takes precedence
		if err := addUsers(users, path); err != nil {
			a.notice("%v", err)
		}
	}
	return users, nil
}

// addUsers adds the users of one file. After an invalid entry, it continues with the others.
func addUsers(users map[string]string, path string) error {
	f, err := Open(path)
	if err != nil {
		return err
	}
	for _, e := range f.Entries() {
		l, ok, entryErr := f.login(e.Key)
		err = cmp.Or(err, entryErr)
		if ok {
			users[e.Key] = l.username
		}
	}
	return err
}

// Add stores a password in Path.
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

// Delete deletes all entries that Get would find for a registry, including those in Docker's file. It is not an error
// if there are none.
func (a *Auths) Delete(serverURL string) error {
	k := key(serverURL)
	var failure error
	for _, path := range a.paths() {
		err := a.edit(path, func(f *File) {
			for _, e := range f.Entries() {
				if e.Key == k || e.Host == k {
					f.RemoveEntry(e.Key)
				}
			}
		})
		failure = cmp.Or(failure, err)
	}
	return failure
}

const (
	attempts = 10               // attempts to write a file that other processes change
	lockTime = 20 * time.Second // how long to wait for the lock
)

// edit changes a file while it holds a lock against other processes of this program. If Docker changes the file
// meanwhile, edit reads it again. It takes no lock if there is nothing to change.
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
	unlock, err := userfile.Lock(ctx, a.Path+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	for range attempts {
		if f, err = Open(path); err != nil {
			return err
		}
		change(f)
		if err = f.Save(); !errors.Is(err, userfile.ErrChanged) {
			return err
		}
	}
	return advice.Errorf("%w", err).Then("another process keeps changing the file")
}

func (a *Auths) notice(format string, args ...any) {
	if a.Notices != nil {
		fmt.Fprintf(a.Notices, format+"\n", args...)
	}
}

package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"ecrlogin/cache/store"
	"ecrlogin/cache/vault"
	"ecrlogin/credentials"
	"ecrlogin/internal/filelock"
	"ecrlogin/registry"
)

// Keep keeps a token that a user has brought along. Until it expires or is dropped, it comes before every other for the
// registry, whatever the AWS identity is. A token that is kept already stays what it is: it is the answer to an earlier get,
// which docker login hands back. The error says why nothing can be kept.
func (c *Cache) Keep(r registry.Registry, t credentials.Token) error {
	if c.Dir == "" {
		return errors.New("the cache is switched off or has no folder")
	}
	kept, err := c.entries(func(host string, _ store.Identity) bool { return host == r.Host })
	if err != nil {
		return err
	}
	for _, k := range kept {
		if k.Password == t.Password {
			return nil
		}
	}
	if c.Vault != nil {
		err := c.withStore((*store.Store).RemoveTokens) // as in key.save
		return errors.Join(err, c.Vault.Save(context.Background(), entry(r, t), store.Login))
	}
	s, err := store.Create(c.Dir)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Save(entry(r, t), store.Login)
}

// Hosts returns the registries with a valid token for this process's identity, each with its user name. It is empty when
// nothing can be read.
func (c *Cache) Hosts() map[string]string {
	hosts := map[string]string{}
	inputs, err := store.Gather(c.Config, c.Variables...)
	if err != nil {
		return hosts
	}
	own := inputs.Identity()
	kept, err := c.entries(func(_ string, id store.Identity) bool { return id == own || id == store.Login })
	if errors.Is(err, vault.ErrUnavailable) {
		err = fmt.Errorf("kept tokens are not listed, because %w", err)
	}
	c.notice(err)
	for _, k := range kept {
		if k.Valid(c.now()) {
			hosts[k.Host] = k.Username
		}
	}
	return hosts
}

// Owns reports whether a name in a credential store is that of a token which is kept there, by a Vault of this Cache or
// another.
func (c *Cache) Owns(serverURL string) bool { return vault.Owned(serverURL) }

// Entries returns what is kept for all identities, also what has expired. None is no error, nor is a folder that is not
// there.
func (c *Cache) Entries() ([]store.Kept, error) {
	return c.entries(func(string, store.Identity) bool { return true })
}

// entries returns what is wanted of it. A Vault is asked for that alone.
func (c *Cache) entries(wanted func(host string, id store.Identity) bool) ([]store.Kept, error) {
	switch {
	case c.Dir == "":
		return nil, nil
	case c.Vault != nil:
		return c.Vault.Entries(context.Background(), wanted)
	}
	var kept []store.Kept
	err := c.withStore(func(s *store.Store) error {
		all, err := s.Entries()
		kept = slices.DeleteFunc(all, func(k store.Kept) bool { return !wanted(k.Host, k.For) })
		return err
	})
	return kept, err
}

// Drop forgets a host's tokens for all identities.
func (c *Cache) Drop(host string) error {
	err := c.withStore(func(s *store.Store) error { return s.Erase(host) })
	if c.Dir != "" && c.Vault != nil {
		err = errors.Join(err, c.Vault.Erase(context.Background(), host))
	}
	return err
}

// Clear forgets all tokens.
func (c *Cache) Clear() error {
	err := c.withStore((*store.Store).Clear)
	if c.Dir != "" && c.Vault != nil {
		err = errors.Join(err, c.Vault.Clear(context.Background()))
	}
	return err
}

// Check returns why tokens cannot be kept in the directory, which it creates if it does not exist. It leaves nothing there.
func (c *Cache) Check() error {
	return store.Probe(c.Dir, func(f *os.File) error {
		_, err := filelock.TryLock(f) // that another process has locked it is no failure
		return err
	})
}

// withStore runs f with the folder, if there is one.
func (c *Cache) withStore(f func(*store.Store) error) error {
	if c.Dir == "" {
		return nil
	}
	s, err := store.Open(c.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer s.Close()
	return f(s)
}

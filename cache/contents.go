package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"ecrlogin/credentials"
	"ecrlogin/internal/filelock"
	"ecrlogin/internal/keychain"
	"ecrlogin/internal/store"
	"ecrlogin/registry"
)

// Keep stores a token that the user provided. Until it expires or is dropped, it takes precedence over all other
// tokens for the registry, for every AWS identity. A token that is already in the cache is not changed: it is the
// result of an earlier get, which docker login passes back. The error reports why the token cannot be stored.
func (c *Cache) Keep(r registry.Registry, t credentials.Token) error {
	if c.Dir == "" {
		return errors.New("the cache is disabled or has no directory")
	}
	kept, err := c.entries(func(host string, _ store.Key) bool { return host == r.Host })
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

// Hosts returns the registries with a valid token for this process's identity, and the user name of each token. It is
// empty if the cache cannot be read.
func (c *Cache) Hosts() map[string]string {
	hosts := map[string]string{}
	inputs, err := store.Gather(c.Config, c.Variables...)
	if err != nil {
		return hosts
	}
	own := inputs.Key()
	kept, err := c.entries(func(_ string, id store.Key) bool { return id == own || id == store.Login })
	if errors.Is(err, keychain.ErrUnavailable) {
		err = fmt.Errorf("cached tokens are not listed: %w", err)
	}
	c.notice(err)
	for _, k := range kept {
		if k.Valid(c.now()) {
			hosts[k.Host] = k.Username
		}
	}
	return hosts
}

// Owns reports whether a name in a credential store is the name of a token that a Vault, of this Cache or another,
// stores there.
func (c *Cache) Owns(serverURL string) bool { return keychain.Owned(serverURL) }

// Entries returns the cached tokens of all identities, including expired ones. A missing directory is not an error.
func (c *Cache) Entries() ([]store.Kept, error) {
	return c.entries(func(string, store.Key) bool { return true })
}

// entries returns the entries for which wanted returns true. It does not read any others from a Vault.
func (c *Cache) entries(wanted func(host string, id store.Key) bool) ([]store.Kept, error) {
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

// Drop removes a host's tokens for all identities.
func (c *Cache) Drop(host string) error {
	err := c.withStore(func(s *store.Store) error { return s.Erase(host) })
	if c.Dir != "" && c.Vault != nil {
		err = errors.Join(err, c.Vault.Erase(context.Background(), host))
	}
	return err
}

// Clear removes all tokens.
func (c *Cache) Clear() error {
	err := c.withStore((*store.Store).Clear)
	if c.Dir != "" && c.Vault != nil {
		err = errors.Join(err, c.Vault.Clear(context.Background()))
	}
	return err
}

// Check returns an error if tokens cannot be stored in the directory, which it creates if it is missing. It removes
// the files that it writes.
func (c *Cache) Check() error {
	return store.Probe(c.Dir, func(f *os.File) error {
		_, err := filelock.TryLock(f) // a lock held by another process is not a failure
		return err
	})
}

// withStore calls f with the opened directory, if there is one.
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

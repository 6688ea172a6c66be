package cache

import (
	"errors"
	"io/fs"

	"ecrlogin/cache/store"
	"ecrlogin/credentials"
	"ecrlogin/registry"
)

// Keep keeps a token that a user has brought along. Until it expires or is dropped, it comes before every other for the
// registry, whatever the AWS identity is. A token that is kept already stays what it is: it is the answer to an earlier get,
// which docker login hands back. The error says why nothing can be kept.
func (c *Cache) Keep(r registry.Registry, t credentials.Token) error {
	if c.Dir == "" {
		return errors.New("the cache is switched off or has no folder")
	}
	kept, err := c.Entries()
	if err != nil {
		return err
	}
	for _, k := range kept {
		if k.Host == r.Host && k.Password == t.Password {
			return nil
		}
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
	inputs, err := store.Gather()
	if err != nil {
		return hosts
	}
	kept, err := c.Entries()
	if err != nil {
		c.notice(err)
	}
	for _, k := range kept {
		if (k.For == inputs.Identity() || k.For == store.Login) && k.Valid(c.now()) {
			hosts[k.Host] = k.Username
		}
	}
	return hosts
}

// Owns reports whether a name in a credential store is that of a token which is kept there.
func (c *Cache) Owns(serverURL string) bool { return false }

// Entries returns what is kept for all identities, also what has expired. None is no error, nor is a folder that is not
// there.
func (c *Cache) Entries() ([]store.Kept, error) {
	var kept []store.Kept
	err := c.withStore(func(s *store.Store) (err error) {
		kept, err = s.Entries()
		return err
	})
	return kept, err
}

// Drop forgets a host's tokens for all identities.
func (c *Cache) Drop(host string) error {
	return c.withStore(func(s *store.Store) error { return s.Erase(host) })
}

// Clear forgets all tokens.
func (c *Cache) Clear() error {
	return c.withStore((*store.Store).Clear)
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

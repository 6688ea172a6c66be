package cache

import (
	"errors"
	"io/fs"

	"ecrlogin/cache/store"
)

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
		if k.For == inputs.Identity() && k.Valid(c.now()) {
			hosts[k.Host] = k.Username
		}
	}
	return hosts
}

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

package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"ecrlogin/credentials"
	"ecrlogin/internal/keychain"
	"ecrlogin/internal/store"
	"ecrlogin/registry"
)

// Keep stores a token that the user provided. Until it expires or is dropped, it takes precedence over all other
// tokens for the registry, for every AWS identity. A token that is already in the cache, for this registry or another
// one with the same API, is not changed: it is the result of an earlier get, which docker login passes back. The error
// reports why the token cannot be stored.
func (c *Cache) Keep(r registry.Registry, t credentials.Token) error {
	if c.Dir == "" {
		return errors.New("the cache is disabled or has no directory")
	}
	kept, err := c.entries(func(host string, _ store.Key) bool {
		other, err := registry.Parse(host)
		return host == r.Host || host == r.API() || err == nil && other.API() == r.API()
	})
	if err != nil {
		return err
	}
	for _, k := range kept {
		if k.Password == t.Password {
			return nil
		}
	}
	s, err := store.Create(c.Dir, c.env())
	if err != nil {
		return err
	}
	defer s.Close()
	return c.backend(files{Store: s}).save(context.Background(), entry(r, t), store.Login)
}

// Hosts returns the registries with a valid token for this process's identity, and the user name of each token. It is
// empty if the cache cannot be read.
func (c *Cache) Hosts() map[string]string {
	hosts := map[string]string{}
	inputs, err := c.inputs()
	if err != nil {
		return hosts
	}
	kept, err := c.entries(func(host string, id store.Key) bool {
		r, err := registry.Parse(host)
		return id == store.Login || err == nil && id == c.identify(inputs, r).Key()
	})
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

// Entries returns the cached tokens of all registries and identities, including expired ones. A missing directory is
// not an error.
func (c *Cache) Entries() ([]store.Kept, error) {
	return c.entries(func(host string, _ store.Key) bool { return !isAPI(host) })
}

// Shared returns the cached tokens of all APIs and identities, as Entries does those of registries. A registry without
// a token gets that of its API. The Host of an entry is a registry.API.
func (c *Cache) Shared() ([]store.Kept, error) {
	return c.entries(func(host string, _ store.Key) bool { return isAPI(host) })
}

// Failures returns the last failure for each registry and identity whose last request failed. A missing directory is
// not an error.
func (c *Cache) Failures() (failed []store.Failed, err error) {
	if c.Dir == "" {
		return nil, nil
	}
	s, err := store.Open(c.Dir, c.env())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer s.Close()
	all, err := s.Failures()
	for _, f := range all {
		if !isAPI(f.Host) {
			failed = append(failed, f)
		}
	}
	return failed, err
}

// isAPI reports whether the host of an entry is a registry.API, which begins with "ecr" and contains the region.
func isAPI(host string) bool {
	_, err := registry.Parse(host)
	return err != nil && strings.HasPrefix(host, "ecr")
}

// entries returns the entries for which wanted returns true.
func (c *Cache) entries(wanted func(host string, id store.Key) bool) (kept []store.Kept, err error) {
	err = c.contents(func(b backend) error {
		kept, err = b.entries(context.Background(), wanted)
		return err
	})
	return kept, err
}

// Drop removes a host's tokens for all identities. It also removes the tokens of the host's API, so that the next call
// of Token requests a new one. Other hosts of the API keep theirs.
func (c *Cache) Drop(host string) error {
	hosts := []string{host}
	if r, err := registry.Parse(host); err == nil && !r.Public {
		// In this order, because the host could get the token of the API again.
		hosts = []string{r.API(), host}
	}
	return c.contents(func(b backend) error { return b.erase(context.Background(), hosts...) })
}

// Clear removes all tokens.
func (c *Cache) Clear() error { return c.Drop(store.AllHosts) }

// contents calls f with the backend of an existing cache, unless the cache is disabled.
func (c *Cache) contents(f func(backend) error) error {
	if c.Dir == "" {
		return nil
	}
	s, err := store.Open(c.Dir, c.env())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if s != nil {
		defer s.Close()
	}
	return f(c.backend(files{s, err}))
}

// Check returns an error if tokens cannot be stored in the directory, which it creates if it is missing. It removes
// the files that it writes.
func (c *Cache) Check() error { return store.Probe(c.Dir, c.env()) }

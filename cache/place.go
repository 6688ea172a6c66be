package cache

import (
	"context"
	"errors"
	"fmt"

	"ecrlogin/cache/store"
	"ecrlogin/cache/vault"
)

// load returns the entry that is kept for the registry and an identity.
func (k *key) load(ctx context.Context, id store.Identity) (store.Entry, error) {
	switch {
	case k.Vault == nil:
		return k.store.Load(k.registry.Host, id)
	case k.lost != nil:
		return store.Entry{}, k.lost
	}
	e, err := k.Vault.Load(ctx, k.registry.Host, id)
	k.lose(err)
	return e, err
}

// save keeps an entry for the key's identity. With a Vault no token is left in the folder, also none from before there was
// a Vault.
func (k *key) save(ctx context.Context, e store.Entry) error {
	if k.Vault == nil {
		return k.store.Save(e, k.id)
	}
	if err := k.store.Clear(); err != nil {
		k.log().Debug("clearing the folder", "error", err)
	}
	if k.lost != nil {
		return k.lost
	}
	if err := k.Vault.Save(ctx, e, k.id); err != nil {
		k.lose(err)
		return err
	}
	if err := k.Vault.Sweep(ctx, k.now()); err != nil {
		k.log().Debug("sweeping the vault", "error", err)
	}
	return nil
}

// lose gives the Vault up for this call when it is not available, and tells the user: once, and without waiting for it
// again.
func (k *key) lose(err error) {
	if !errors.Is(err, vault.ErrUnavailable) {
		return
	}
	k.lost = err
	k.notice(fmt.Errorf("%s: going on without kept tokens, because %w", k.registry.Host, err))
}

package cache

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// lastLookTime is for a last look into the Vault when ctx has ended, within what the program keeps back of its deadline.
const lastLookTime = 200 * time.Millisecond

// lastLook returns the entry for the key's identity when the Source has failed, perhaps because ctx has ended. That the Vault does
// not answer in this time is not worth a line beside the Source's error.
func (k *key) lastLook(ctx context.Context) (store.Entry, error) {
	if k.Vault == nil || k.lost != nil {
		return k.load(ctx, k.id)
	}
	v := *k.Vault
	h := *v.Helper
	h.Timeout, v.Helper = lastLookTime, &h
	return v.Load(context.WithoutCancel(ctx), k.registry.Host, k.id)
}

// Why an answer is not kept.
var (
	errErased  = errors.New("the host was erased, as docker logout does, while its token was fetched")
	errChanged = errors.New("the AWS files, the configuration or a credential_process changed while the token was fetched")
)

// outdated returns why an answer must not be kept that the Source gave just now: a user wants none, or nobody can tell whose it is.
func (k *key) outdated() error {
	switch {
	case k.erased():
		return errErased
	case !k.before.Holds(k.Config, k.Variables):
		return errChanged
	}
	return nil
}

// erased reports whether the host was erased since this process began to ask for its token.
func (k *key) erased() bool { return k.store.Generation(k.registry.Host) != k.generation }

// save keeps an entry for the key's identity, unless the host is erased meanwhile. With a Vault no token is left in the folder,
// also none from before there was a Vault.
func (k *key) save(ctx context.Context, e store.Entry) error {
	if k.Vault == nil {
		if err := k.store.Save(e, k.id); err != nil {
			if errors.Is(err, store.ErrUnusable) {
				k.notice(err)
			}
			return err
		}
		if k.erased() { // since outdated
			return errors.Join(errErased, k.store.Remove(e.Host, k.id))
		}
		return nil
	}
	if err := k.store.RemoveTokens(); err != nil {
		k.log().Debug("clearing the folder", "error", err)
	}
	if k.lost != nil {
		return k.lost
	}
	if err := k.Vault.Save(ctx, e, k.id); err != nil {
		k.lose(err)
		return err
	}
	if k.erased() {
		return errors.Join(errErased, k.Vault.Remove(context.WithoutCancel(ctx), e.Host, k.id))
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

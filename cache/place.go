package cache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ecrlogin/internal/keychain"
	"ecrlogin/internal/store"
)

// load returns the cached entry for the registry and an identity.
func (k *key) load(ctx context.Context, id store.Key) (store.Entry, error) {
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

// lastLookTime is the timeout of lastLook, which may run after ctx has ended, in the time that the program reserves
// before its deadline.
const lastLookTime = 200 * time.Millisecond

// lastLook returns the entry for the key's identity after the Source has failed, possibly because ctx has ended. If
// the Vault does not respond in time, no notice is printed in addition to the Source's error.
func (k *key) lastLook(ctx context.Context) (store.Entry, error) {
	if k.Vault == nil || k.lost != nil {
		return k.load(ctx, k.id)
	}
	v := *k.Vault
	h := *v.Helper
	h.Timeout, v.Helper = lastLookTime, &h
	return v.Load(context.WithoutCancel(ctx), k.registry.Host, k.id)
}

// The reasons why a result is not stored.
var (
	errErased  = errors.New("the host's tokens were removed, for example by docker logout, while a new one was fetched")
	errChanged = errors.New("the AWS files, the configuration or a credential_process changed while the token was fetched")
)

// outdated returns why a new result of the Source must not be stored: the user removed the host's tokens, or the
// identity of the result is uncertain.
func (k *key) outdated() error {
	switch {
	case k.erased():
		return errErased
	case !k.before.Holds(k.Config, k.Variables):
		return errChanged
	}
	return nil
}

// erased reports whether the host's tokens were removed since this process started to fetch one.
func (k *key) erased() bool { return k.store.Generation(k.registry.Host) != k.generation }

// save stores an entry for the key's identity, unless the host is erased in the meantime. With a Vault, it removes all
// tokens from the directory, including those from before the Vault was configured.
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
		k.log().Debug("removing tokens from the cache directory", "error", err)
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
		k.log().Debug("sweeping the keychain", "error", err)
	}
	return nil
}

// lose stops using the Vault for this call if it is unavailable. It prints one notice, and later steps do not wait
// for the Vault again.
func (k *key) lose(err error) {
	if !errors.Is(err, keychain.ErrUnavailable) {
		return
	}
	k.lost = err
	k.notice(fmt.Errorf("%s: continuing without the token cache: %w", k.registry.Host, err))
}

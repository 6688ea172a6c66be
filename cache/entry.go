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
	e, err := k.tokens.load(ctx, k.registry.Host, id)
	k.reportUnavailable(err)
	return e, err
}

// lastLookTime is the timeout of lastLook, which may run after ctx has ended, in the time that the program reserves
// before its deadline. A keychain takes at most a third of it.
const lastLookTime = 600 * time.Millisecond

// lastLook returns the entry for the key's identity after the Source has failed, possibly because ctx has ended. If
// the keychain does not respond in time, no notice is printed in addition to the Source's error.
func (k *key) lastLook(ctx context.Context) (store.Entry, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLookTime)
	defer cancel()
	return k.tokens.load(ctx, k.registry.Host, k.id)
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
	case !k.before.Unchanged():
		return errChanged
	}
	return nil
}

// erased reports whether the host's tokens were removed since this process started to fetch one.
func (k *key) erased() bool { return k.store.Generation(k.registry.Host) != k.generation }

// save stores an entry for the key's identity, unless the host is erased in the meantime.
func (k *key) save(ctx context.Context, e store.Entry) error {
	err := k.tokens.save(ctx, e, k.id)
	k.reportUnavailable(err)
	if errors.Is(err, store.ErrUnusable) {
		k.notice(err)
	}
	if k.erased() { // since outdated
		return errors.Join(err, errErased, k.tokens.remove(context.WithoutCancel(ctx), e.Host, k.id))
	}
	return err
}

// reportUnavailable prints a notice if err reports that the keychain is unavailable, once per call.
func (k *key) reportUnavailable(err error) {
	if k.unavailable || !errors.Is(err, keychain.ErrUnavailable) {
		return
	}
	k.unavailable = true
	k.notice(fmt.Errorf("%s: continuing without the token cache: %w", k.registry.Host, err))
}

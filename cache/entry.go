package cache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ecrlogin/internal/keychain"
	"ecrlogin/internal/store"
)

// load returns the cached entry of an identity.
func (l *level) load(ctx context.Context, id store.Key) (store.Entry, error) {
	e, err := l.tokens.load(ctx, l.host, id)
	l.reportUnavailable(err)
	return e, err
}

// lastLookTime is the timeout of lastLook, which may run after ctx has ended, in the time that the program reserves
// before its deadline. A keychain takes at most a third of it.
const lastLookTime = 600 * time.Millisecond

// lastLook returns the entry for the key's identity after the Source has failed, possibly because ctx has ended. If
// the keychain does not respond in time, no notice is printed in addition to the Source's error.
func (l *level) lastLook(ctx context.Context) (store.Entry, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLookTime)
	defer cancel()
	return l.tokens.load(ctx, l.host, l.id)
}

// The reasons why a result is not stored.
var (
	errErased  = errors.New("the host's tokens were removed, for example by docker logout, while a new one was fetched")
	errChanged = errors.New("the AWS files, the configuration or a credential_process changed while the token was fetched")
)

// outdated returns why a new result of the Source must not be stored: the user removed the host's tokens, or the
// identity of the result is uncertain.
func (l *level) outdated() error {
	switch {
	case l.erased():
		return errErased
	case l.changed:
		return errChanged
	}
	return nil
}

// erased reports whether the tokens of the registry, or those of the level, were removed since the call began.
func (l *level) erased() bool {
	return l.store.Generation(l.host) != l.generation || l.downstream != nil && l.downstream.erased()
}

// save stores an entry for the key's identity, unless the host is erased in the meantime.
func (l *level) save(ctx context.Context, e store.Entry) error {
	err := l.tokens.save(ctx, e, l.id)
	l.reportUnavailable(err)
	if errors.Is(err, store.ErrUnusable) {
		l.notice(err)
	}
	if l.erased() { // since outdated
		return errors.Join(err, errErased, l.tokens.remove(context.WithoutCancel(ctx), e.Host, l.id))
	}
	return err
}

// reportUnavailable prints a notice if err reports that the keychain is unavailable, once per call.
func (l *level) reportUnavailable(err error) {
	if l.unavailable || !errors.Is(err, keychain.ErrUnavailable) {
		return
	}
	l.unavailable = true
	l.notice(fmt.Errorf("%s: continuing without the token cache: %w", l.registry.Host, err))
}

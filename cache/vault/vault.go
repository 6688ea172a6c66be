// Package vault keeps tokens in the credential store of the operating system, or any other, by way of its helper: the
// program docker-credential-NAME that Docker uses for passwords.
package vault

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/cache/store"
	"ecrlogin/credentials/program"
)

// ErrUnavailable is what errors are, for errors.Is, that say why the credential store cannot be asked: its helper is missing or does not
// answer, or the keychain is locked.
var ErrUnavailable = errors.New("not available")

// A Vault keeps entries. It may be used by many processes and goroutines at once.
type Vault struct {
	Helper *program.Helper // required; one call takes no longer than its Timeout
}

// Load returns the entry of a host and identity, whether or not it has expired. The error is fs.ErrNotExist when there is
// none, ErrUnavailable when nobody can tell, and store.ErrLater when it must be left alone. Any other error says what is wrong
// with an entry that may be written over. A third of the time until ctx's deadline is the longest that it takes.
func (v *Vault) Load(ctx context.Context, host string, id store.Identity) (store.Entry, error) {
	h, err := v.helper(ctx)
	if err != nil {
		return store.Entry{}, err
	}
	_, secret, err := h.Get(name(host, id))
	if err != nil {
		return store.Entry{}, explain(err)
	}
	return decode(secret, host)
}

// Save keeps an entry, in place of the one before. It does not write over one of a later version. It takes up to two thirds of
// the time until ctx's deadline.
func (v *Vault) Save(ctx context.Context, e store.Entry, id store.Identity) error {
	secret, err := encode(e)
	if err != nil {
		return err
	}
	if _, err := v.Load(ctx, e.Host, id); errors.Is(err, store.ErrLater) || errors.Is(err, ErrUnavailable) {
		return err
	}
	h, err := v.helper(ctx)
	if err != nil {
		return err
	}
	return explain(h.Add(&helper.Credentials{ServerURL: name(e.Host, id), Username: e.Username, Secret: secret}))
}

// share is the part of the remaining time that one call gets: the rest is for asking AWS, or for the next call.
const share = 3

// helper returns the helper, if it can be asked, with what ctx leaves to it of its time.
func (v *Vault) helper(ctx context.Context) (*program.Helper, error) {
	if err := v.Helper.Check(); err != nil { // a Get would say "not found", and a List would be empty
		return nil, &unavailable{err}
	}
	h := *v.Helper
	if h.Timeout == 0 {
		h.Timeout = program.DefaultTimeout
	}
	if deadline, ok := ctx.Deadline(); ok {
		h.Timeout = max(min(h.Timeout, time.Until(deadline)/share), time.Millisecond)
	}
	return &h, nil
}

// explain tells what an error of the helper means for an entry.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case helper.IsErrCredentialsNotFound(err):
		return fs.ErrNotExist
	}
	if reason := errors.Unwrap(err); reason != nil { // the rest of it is about a password for a host, and would mislead
		err = reason
	}
	return &unavailable{err}
}

// An unavailable is an ErrUnavailable that says nothing but the reason.
type unavailable struct{ reason error }

func (u *unavailable) Error() string        { return u.reason.Error() }
func (u *unavailable) Is(target error) bool { return target == ErrUnavailable }

// An entry is one line in the store, since some of them know only lines. Windows lets a secret have 2,560 bytes
// (CRED_MAX_CREDENTIAL_BLOB_SIZE of wincred.h), of which a token takes some 2,000.
const separator = "\t"

// encode writes an entry as a secret. One with a tab or a line break in it is an error.
func encode(e store.Entry) (string, error) {
	b, err := e.Encode()
	switch {
	case err != nil:
		return "", err
	case strings.Contains(string(b), separator):
		return "", errors.New("a value with a tab cannot be kept")
	}
	return strings.ReplaceAll(strings.TrimSuffix(string(b), "\n"), "\n", separator), nil
}

// decode reads a secret that encode wrote. Its errors are those of store.Decode.
func decode(secret, host string) (store.Entry, error) {
	return store.Decode([]byte(strings.ReplaceAll(secret, separator, "\n")+"\n"), host)
}

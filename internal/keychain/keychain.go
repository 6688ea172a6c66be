// Package keychain stores tokens in the credential store of the operating system, or any other, via its credential
// helper: the program docker-credential-NAME that Docker uses for passwords.
package keychain

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	helper "github.com/docker/docker-credential-helpers/credentials"

	"ecrlogin/internal/nativehelper"
	"ecrlogin/internal/store"
)

// ErrUnavailable reports that the credential store is missing, locked or not responding.
var ErrUnavailable = errors.New("not available")

// A Store stores entries. It is safe for concurrent use by processes and goroutines.
type Store struct {
	Helper *nativehelper.Helper // required; its Timeout limits each call
}

// Load returns the entry of a host and identity, even if it has expired. The error is fs.ErrNotExist if there is no
// entry, ErrUnavailable if the credential store cannot be read, and store.ErrLater if a later version of this program
// wrote the entry, which must not be changed. Any other error reports an invalid entry, which may be overwritten.
// Load takes at most a third of the time until ctx's deadline.
func (s *Store) Load(ctx context.Context, host string, id store.Key) (store.Entry, error) {
	h, err := s.helper(ctx)
	if err != nil {
		return store.Entry{}, err
	}
	_, secret, err := h.Get(name(host, id))
	if err != nil {
		return store.Entry{}, explain(err)
	}
	return decode(secret, host)
}

// Save writes an entry, replacing the previous one, unless a later version of this program wrote that. It takes at
// most two thirds of the time until ctx's deadline.
func (s *Store) Save(ctx context.Context, e store.Entry, id store.Key) error {
	secret, err := encode(e)
	if err != nil {
		return err
	}
	if _, err := s.Load(ctx, e.Host, id); errors.Is(err, store.ErrLater) || errors.Is(err, ErrUnavailable) {
		return err
	}
	h, err := s.helper(ctx)
	if err != nil {
		return err
	}
	return explain(h.Add(&helper.Credentials{ServerURL: name(e.Host, id), Username: e.Username, Secret: secret}))
}

// share limits one call to 1/share of the remaining time; the rest is for the request to AWS or the next call.
const share = 3

// helper returns the helper, if it is available, with a timeout within ctx's deadline.
func (s *Store) helper(ctx context.Context) (*nativehelper.Helper, error) {
	if err := s.Helper.Check(); err != nil { // otherwise Get would return "not found", and List an empty list
		return nil, &unavailable{err}
	}
	h := *s.Helper
	h.Timeout = cmp.Or(h.Timeout, nativehelper.DefaultTimeout)
	if deadline, ok := ctx.Deadline(); ok {
		h.Timeout = max(min(h.Timeout, time.Until(deadline)/share), time.Millisecond)
	}
	return &h, nil
}

// explain converts an error of the helper to fs.ErrNotExist or ErrUnavailable.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case helper.IsErrCredentialsNotFound(err):
		return fs.ErrNotExist
	}
	// The outer error is about a password for a host, which would be misleading.
	if reason := errors.Unwrap(err); reason != nil {
		err = reason
	}
	return &unavailable{err}
}

// An unavailable is an ErrUnavailable whose text is only the reason.
type unavailable struct{ reason error }

func (u *unavailable) Error() string        { return u.reason.Error() }
func (u *unavailable) Is(target error) bool { return target == ErrUnavailable }
func (u *unavailable) Unwrap() error        { return u.reason }

// separator joins the values of an entry to one line, because some credential stores only support lines. Windows
// limits a secret to 2,560 bytes (CRED_MAX_CREDENTIAL_BLOB_SIZE of wincred.h); a token takes about 2,000.
const separator = "\t"

// encode encodes an entry as a secret. An entry that contains a tab or a line break is an error.
func encode(e store.Entry) (string, error) {
	b, err := e.Encode()
	switch {
	case err != nil:
		return "", err
	case strings.Contains(string(b), separator):
		return "", errors.New("token contains a tab")
	}
	return strings.ReplaceAll(strings.TrimSuffix(string(b), "\n"), "\n", separator), nil
}

// decode decodes a secret that encode returned. Its errors are those of store.Decode.
func decode(secret, host string) (store.Entry, error) {
	return store.Decode([]byte(strings.ReplaceAll(secret, separator, "\n")+"\n"), host)
}

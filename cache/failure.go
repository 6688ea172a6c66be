package cache

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/store"
)

// failure returns what is stored of an error of the Source.
func failure(err error) store.Failure {
	f := store.Failure{Cause: err.Error(), NoIdentity: errors.Is(err, credentials.ErrNoIdentity)}
	if e, ok := errors.AsType[*credentials.Error](err); ok {
		f.Cause, f.Next = e.Cause, e.Next
	}
	return f
}

// errorOf returns the error of the Source that another process, or an earlier call, received.
func (k *key) errorOf(f store.Failure) *credentials.Error {
	e := &credentials.Error{Host: k.registry.Host, Cause: f.Cause, Next: f.Next}
	if f.NoIdentity {
		e.Err = credentials.ErrNoIdentity
	}
	return e
}

// cachedError is errorOf with the age of the error.
func (k *key) cachedError(f store.Failure) error {
	age := k.age(f).Round(time.Second)
	return fmt.Errorf("%w (cached error, %s old; retry in %s)", k.errorOf(f), age, failureTTL-age)
}

// age returns how long ago f ended. A failure from the future, recorded before the clock was set back, is very old.
func (k *key) age(f store.Failure) time.Duration {
	age := k.now().Sub(time.Unix(0, f.Ended))
	if age < 0 {
		return math.MaxInt64
	}
	return age
}

// endedSince reports whether f ended after a time and not in the future. It compares wall clock times, as recorded in
// f, because an age is wrong if the clock was set in between.
func (k *key) endedSince(f store.Failure, began time.Time) bool {
	ended := time.Unix(0, f.Ended)
	return ended.After(began.Round(0)) && !ended.After(k.now().Round(0))
}

// mended reports whether the user may have fixed the cause of f, by a login that wrote a file in one of these
// directories. The AWS files themselves are part of the key.
func (k *key) mended(f store.Failure) bool {
	home, err := k.env().Home()
	if err != nil {
		return false
	}
	since := time.Unix(0, f.Ended)
	for _, dir := range []string{"sso/cache", "cli/cache", "login/cache"} {
		dir = filepath.Join(home, ".aws", filepath.FromSlash(dir))
		files, _ := os.ReadDir(dir) // nil if it does not exist
		for _, file := range files {
			if info, err := os.Stat(filepath.Join(dir, file.Name())); err == nil && info.ModTime().After(since) {
				return true
			}
		}
	}
	return false
}

package cache

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"ecrlogin/cache/store"
	"ecrlogin/credentials"
)

// A failure is one that another process, or this one before, got from the Source.
type failure struct {
	store.Failure
	age time.Duration // 0 when it is the answer that this process waited for
}

func (f *failure) Error() string {
	if f.age == 0 {
		return f.Line
	}
	return fmt.Sprintf("%s (found %s ago; the next try is made %s after that)", f.Line, f.age.Round(time.Second), remembered)
}

// Is makes errors.Is find credentials.ErrNoIdentity, as it does in the error that was remembered.
func (f *failure) Is(target error) bool {
	return f.NoIdentity && target == credentials.ErrNoIdentity
}

// age returns how long ago f ended. A failure from the future, as a clock that was set back leaves it, is very old.
func (k *key) age(f store.Failure) time.Duration {
	age := k.now().Sub(time.Unix(0, f.Ended))
	if age < 0 {
		return math.MaxInt64
	}
	return age
}

// endedSince reports whether f ended after a time and not in the future, by the wall clock that f's times are of: how long ago that was says
// less if the clock has been set meanwhile.
func (k *key) endedSince(f store.Failure, began time.Time) bool {
	ended := time.Unix(0, f.Ended)
	return ended.After(began.Round(0)) && !ended.After(k.now().Round(0))
}

// mended reports whether anything has changed since f that could have mended it and is not a part of the key: a login
// leaves a file in one of these folders. The AWS files themselves are a part of the key.
func mended(f store.Failure) bool {
	home, err := os.UserHomeDir()
	if err != nil {
		return false
	}
	since := time.Unix(0, f.Ended)
	for _, dir := range []string{"sso/cache", "cli/cache", "login/cache"} {
		dir = filepath.Join(home, ".aws", filepath.FromSlash(dir))
		files, _ := os.ReadDir(dir) // none if it is not there
		for _, file := range files {
			if info, err := os.Stat(filepath.Join(dir, file.Name())); err == nil && info.ModTime().After(since) {
				return true
			}
		}
	}
	return false
}

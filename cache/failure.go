package cache

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"ecrlogin/credentials"
	"ecrlogin/internal/store"
)

// A failure is an error of the Source that another process, or an earlier call, received.
type failure struct {
	store.Failure
	age time.Duration // 0 if this process waited for the result
}

func (f *failure) Error() string {
	if f.age == 0 {
		return f.Line
	}
	age := f.age.Round(time.Second)
	return fmt.Sprintf("%s (cached error, %s old; retry in %s)", f.Line, age, failureTTL-age)
}

// Is makes errors.Is report credentials.ErrNoIdentity if the cached error wrapped it.
func (f *failure) Is(target error) bool {
	return f.NoIdentity && target == credentials.ErrNoIdentity
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
func mended(f store.Failure) bool {
	home, err := os.UserHomeDir()
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

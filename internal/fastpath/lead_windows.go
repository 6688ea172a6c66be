package fastpath

import (
	"time"

	"ecrlogin/internal/store"
)

// lead does nothing on Windows, where the standard library has no file locks. Package cache takes the lock.
func lead(*store.Store, string, time.Duration) (waited bool, unlock func()) { return false, nil }

package hit

import (
	"time"

	"ecrlogin/cache/store"
)

// lead leaves locks to package cache on Windows, where the standard library has none.
func lead(*store.Store, string, time.Duration) (waited bool, unlock func()) { return false, nil }

package hit

import "time"

// lead leaves locks to package cache on Windows, where the standard library has none.
func lead(string, time.Duration) (waited bool, unlock func()) { return false, nil }

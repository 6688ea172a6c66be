//go:build unix

package cache

import "syscall"

// noFollow keeps a lock file that is a link from being created elsewhere.
const noFollow = syscall.O_NOFOLLOW

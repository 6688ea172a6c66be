//go:build unix

package atomicfile

import "syscall"

// nonBlocking keeps an open of a named pipe from waiting for its other end.
const nonBlocking = syscall.O_NONBLOCK

// split divides an absolute path after the top directory.
func split(path string) (top, rest string, ok bool) {
	if path == "" || path[0] != '/' {
		return "", "", false
	}
	return "/", path[1:], true
}

package fastpath

import (
	"io"
	"os"
	"syscall"
	"time"
)

// read fills a buffer from standard input until the end or until longest has passed, and then as long as more returns.
// It returns the input, whether that is all of it, and a reader of the rest. It does not use a second thread, which
// would make a hit slower: during package initialization, the main goroutine is locked to its thread.
func read(buffer []byte, longest time.Duration, more func() time.Duration) (input []byte, ended bool, rest io.Reader) {
	end := time.Now().Add(longest)
	n := 0
	for n < len(buffer) {
		if !readable(end) {
			if more == nil {
				break
			}
			end, more = end.Add(more()), nil
			continue
		}
		m, err := os.Stdin.Read(buffer[n:])
		n += m
		if err != nil {
			return buffer[:n], err == io.EOF, ending{err}
		}
	}
	return buffer[:n], false, os.Stdin
}

// readable waits until standard input can be read without blocking, or until the time end. It reports whether input
// can be read.
func readable(end time.Time) bool {
	for {
		var set syscall.FdSet
		set.Bits[0] = 1 // file descriptor 0
		left := syscall.NsecToTimeval(max(0, time.Until(end).Nanoseconds()))
		n, err := syscall.Select(1, &set, nil, nil, &left)
		if err != syscall.EINTR {
			return err != nil || n > 0 // a read reports the error again
		}
	}
}

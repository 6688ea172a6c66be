package hit

import (
	"io"
	"os"
	"syscall"
	"time"
)

// read fills a buffer from standard input until that ends or longest has passed. It returns what it read, whether that is
// all there is, and a reader of the rest. It needs no second thread, which would make a hit slower: while packages are
// initialized, the goroutine that does it cannot leave its own.
func read(buffer []byte, longest time.Duration) (input []byte, ended bool, rest io.Reader) {
	end := time.Now().Add(longest)
	n := 0
	for n < len(buffer) && readable(end) {
		m, err := os.Stdin.Read(buffer[n:])
		n += m
		if err != nil {
			return buffer[:n], err == io.EOF, ending{err}
		}
	}
	return buffer[:n], false, os.Stdin
}

// readable waits until standard input can be read without blocking, or the end has come. It reports which.
func readable(end time.Time) bool {
	for {
		var set syscall.FdSet
		set.Bits[0] = 1 // the descriptor 0
		left := syscall.NsecToTimeval(max(0, time.Until(end).Nanoseconds()))
		n, err := syscall.Select(1, &set, nil, nil, &left)
		if err != syscall.EINTR {
			return err != nil || n > 0 // whoever reads meets an error again
		}
	}
}

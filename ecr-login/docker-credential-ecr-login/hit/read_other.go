//go:build !linux

package hit

import (
	"io"
	"os"
	"time"
)

// read fills a buffer from standard input until the end or until longest has passed. It returns the input, whether
// that is all of it, and a reader of the rest.
func read(buffer []byte, longest time.Duration) (input []byte, ended bool, rest io.Reader) {
	p := pend(os.Stdin, buffer)
	select {
	case <-p.done:
		return p.input, p.err == io.EOF, p.rest()
	case <-time.After(longest):
		return nil, false, p
	}
}

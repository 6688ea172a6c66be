//go:build !linux

package fastpath

import (
	"io"
	"os"
	"time"
)

// read fills a buffer from standard input until the end or until longest has passed, and then as long as more returns.
// It returns the input, whether that is all of it, and a reader of the rest.
func read(buffer []byte, longest time.Duration, more func() time.Duration) (input []byte, ended bool, rest io.Reader) {
	p := pend(os.Stdin, buffer)
	for _, limit := range []func() time.Duration{func() time.Duration { return longest }, more} {
		select {
		case <-p.done:
			return p.input, p.err == io.EOF, p.rest()
		case <-time.After(limit()):
		}
	}
	return nil, false, p
}

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"time"

	"ecrlogin/internal/timelimit"
)

// maxInput is the limit for standard input, in bytes. It is larger than the limits of packages docker and kubelet.
const maxInput = 1<<20 + 1

// readInput reads standard input to its end, within the deadline. If standard input is a terminal, readInput prints
// what to type and waits without a limit; the deadline starts afterward.
func (s *setting) readInput(a action) ([]byte, error) {
	if a.reads == "" {
		return nil, nil
	}
	read := func() ([]byte, error) {
		input, err := io.ReadAll(io.LimitReader(s.Stdin, maxInput))
		if failed, ok := errors.AsType[*fs.PathError](err); ok {
			err = fmt.Errorf("%s: standard input cannot be read: %w; write %s to it%s", a.name, failed.Err, a.reads, a.next)
		}
		return input, err
	}
	if isTerminal(s.Stdin) {
		keys := "Enter and Ctrl-D"
		if runtime.GOOS == "windows" {
			keys = "Enter, Ctrl-Z and Enter"
		}
		fmt.Fprintf(s.Stderr, "%s: reading %s from the terminal; type it, then press %s\n", a.name, a.reads, keys)
		input, err := read()
		s.began = time.Now()
		return input, err
	}
	var input []byte
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		input, err = read()
	}()
	select {
	case <-done:
		return input, err
	case <-time.After(s.remaining()):
		return nil, fmt.Errorf("%s: standard input was still open after %s; write %s and close standard input%s",
			a.name, s.timeout+timelimit.Reserve, a.reads, a.next)
	}
}

// replay returns a reader that yields the results of readInput, including the error.
func replay(input []byte, err error) io.Reader {
	if err == nil {
		return bytes.NewReader(input)
	}
	r, w := io.Pipe()
	w.CloseWithError(err)
	return r
}
